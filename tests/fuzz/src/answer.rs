//! A host that answers with any bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use offprint::testing::config::{Config, FetchConfig, Size};
use offprint::testing::fetch::{Fetcher, Judge, Purpose, Request};
use offprint::testing::model::{Failure, Validators};
use offprint::testing::staging::Staged;
use tokio::runtime::Runtime;
use url::Url;

/// More than is ever received of one answer.
const LONGEST: u64 = 1 << 20;

static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// An answer that takes longer asked for patience: the next one would be waited for.
const AT_ONCE: Duration = Duration::from_millis(100);

struct World {
    runtime: Runtime,
    config: FetchConfig,
    fetcher: Mutex<Option<Fetcher>>,
    address: SocketAddr,
    staging: tempfile::TempDir,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let answer = ANSWER.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&answer);
        }
    });
    let staging = tempfile::tempdir().expect("a temporary folder can be made");
    let config = FetchConfig {
        allow_net: vec!["127.0.0.0/8".parse().expect("it is a network")],
        delay: Duration::ZERO,
        retries: 0,
        max_redirects: 0,
        max_bytes: Size(LONGEST),
        breaker_failures: 0,
        ..Config::default().fetch
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    World { runtime, config, fetcher: Mutex::default(), address, staging }
});

impl World {
    fn new_fetcher(&self) -> Fetcher {
        Fetcher::new(&self.config, self.staging.path()).expect("the settings work")
    }
}

struct Anything;

impl Judge for Anything {
    type Accepted = ();

    async fn judge(&self, _: &Staged, _: Option<&str>) -> Result<(), Failure> {
        Ok(())
    }
}

/// Fetches from a host that answers so, and checks that what is on record has its bounds.
pub fn fetch(bytes: &[u8]) {
    *ANSWER.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
    let url: Url = format!("http://{}/a.jpg", WORLD.address).parse().expect("it is a URL");
    let validators = Validators { etag: Some("\"a\"".into()), last_modified: None };
    let request =
        Request { url: &url, purpose: Purpose::Media, article: None, validators: &validators, judge: &Anything };
    let mut kept = WORLD.fetcher.lock().unwrap_or_else(PoisonError::into_inner);
    let fetcher = kept.take().unwrap_or_else(|| WORLD.new_fetcher());
    let started = Instant::now();
    let fetched = WORLD.runtime.block_on(fetcher.fetch(&request));
    if started.elapsed() < AT_ONCE {
        *kept = Some(fetcher);
    }
    for exchange in &fetched.exchanges {
        assert!(exchange.response_head.as_ref().is_none_or(|head| head.len() <= 256 << 10), "{}", exchange.url);
        assert!(exchange.length <= LONGEST + (64 << 10), "{} bytes", exchange.length);
    }
}
