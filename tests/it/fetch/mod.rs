//! The fetcher against an origin that goes wrong in every way it knows, seen from both ends: what the origin was sent,
//! and what the fetcher gave back.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic, in its own functions as well")]

mod accept;
mod archives;
mod bounds;
pub(crate) mod dead;
mod guard;
mod hostile;
mod hostile_hosts;
mod memory;
mod pace;
mod pywb;
mod referer;
mod resolve;
mod resume;
mod robots;
mod secrets;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use offprint::testing::config::{Config, FetchConfig};
use offprint::testing::fetch::{Answer, Fetcher, Judge, Lookup, Purpose, Request};
use offprint::testing::model::{Exchange, Failure, Reason, Validators};
use offprint::testing::staging::Staged;
use url::Url;

type Fetched = offprint::testing::fetch::Fetched<()>;

/// A fetcher with its folder.
struct Guest {
    fetcher: Fetcher,
    staging: tempfile::TempDir,
}

/// Settings for loopback: quick, but patient with a busy machine, and with `127.0.0.0/8` opened.
fn quick() -> FetchConfig {
    let base = Config::default().fetch;
    FetchConfig {
        delay: Duration::ZERO,
        retry_wait: Duration::from_millis(1),
        connect_timeout: Duration::from_secs(2),
        read_timeout: Duration::from_secs(1),
        timeout: Duration::from_secs(8),
        allow_net: vec!["127.0.0.0/8".parse().unwrap()],
        ..base
    }
}

impl Guest {
    fn new(config: &FetchConfig) -> Self {
        let staging = tempfile::tempdir().unwrap();
        Self { fetcher: Fetcher::new(config, staging.path()).unwrap(), staging }
    }

    fn with_lookup(config: &FetchConfig, lookup: impl Lookup + 'static) -> Self {
        let staging = tempfile::tempdir().unwrap();
        Self { fetcher: Fetcher::with_lookup(config, staging.path(), lookup).unwrap(), staging }
    }

    async fn get(&self, url: &str) -> Fetched {
        self.get_for(url, None).await
    }

    async fn get_for(&self, url: &str, article: Option<&str>) -> Fetched {
        let article = article.map(|article| Url::parse(article).unwrap());
        self.ask(url, article.as_ref(), &Validators::default()).await
    }

    async fn ask(&self, url: &str, article: Option<&Url>, validators: &Validators) -> Fetched {
        let url = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        let request = Request { url: &url, purpose: Purpose::Media, article, validators, judge: &ByContent };
        self.fetcher.fetch(&request).await
    }

    /// Waits until a part of a body lies in the staging folder.
    async fn until_staged(&self) {
        while self.staged_files() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn staged_files(&self) -> usize {
        std::fs::read_dir(self.staging.path()).unwrap().count()
    }
}

/// Knows images by their first bytes, whole JPEGs by their last, and trackers by their size.
struct ByContent;

impl Judge for ByContent {
    type Accepted = ();

    async fn judge(&self, staged: &Staged, _: Option<&str>) -> Result<(), Failure> {
        let bytes = staged.read().unwrap();
        let reason = match &bytes[..] {
            [0xff, 0xd8, .., 0xff, 0xd9] => return Ok(()),
            [0xff, 0xd8, ..] => Reason::Truncated,
            [b'G', b'I', b'F', b'8', _, _, 0..=3, 0, 0..=3, 0, ..] => Reason::TrackingPixel,
            [0x89, b'P', b'N', b'G', ..] | [b'G', b'I', b'F', b'8', ..] => return Ok(()),
            _ => Reason::NotAnImage,
        };
        Err(Failure::new(reason, "it is not what the test wants"))
    }
}

fn bytes(fetched: &Fetched) -> Vec<u8> {
    match &fetched.outcome {
        Ok(Answer::Body { staged, .. }) => staged.read().unwrap(),
        other => panic!("no body: {other:?}"),
    }
}

fn failure(fetched: &Fetched) -> &Failure {
    fetched.outcome.as_ref().expect_err("it should have failed")
}

fn reason(fetched: &Fetched) -> Option<Reason> {
    fetched.outcome.as_ref().err().map(|failure| failure.reason)
}

fn request_head(exchange: &Exchange) -> String {
    String::from_utf8(exchange.request_head.clone()).unwrap()
}

fn response_head(exchange: &Exchange) -> String {
    String::from_utf8(exchange.response_head.clone().unwrap_or_default()).unwrap()
}

/// Gives one address for every name.
struct Always(SocketAddr);

#[async_trait::async_trait]
impl Lookup for Always {
    async fn lookup(&self, _: &str) -> std::io::Result<Vec<SocketAddr>> {
        Ok(vec![self.0])
    }
}

fn loopback(last: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, last])
}

const ARGUMENT: &str = "OFFPRINT_TEST_ARGUMENT";

/// Runs one ignored test in a process of its own, and gives what it wrote.
async fn rerun(test: &str, variables: &[(&str, &str)], argument: &str) -> String {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(ARGUMENT, argument);
    command.envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{test}: {said}");
    said
}

fn rerun_argument() -> String {
    std::env::var(ARGUMENT).unwrap()
}
