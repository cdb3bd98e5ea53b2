//! Whether a host lets a URL be crawled: its robots.txt, asked for once a day.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::Url;

use super::attempt::Attempt;
use super::robots::{READ, Robots};
use super::{Answer, Inner, Judge, Purpose, Request};
use crate::config;
use crate::model::{Failure, Reason, RefererStrategy, Validators};
use crate::staging::Staged;

/// How long a file is believed (RFC 9309, section 2.4).
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long it is believed that there is no saying.
const KEPT_UNKNOWN: Duration = Duration::from_secs(5 * 60);

type Known = Arc<(Instant, OnceCell<Result<Arc<Robots>, Failure>>)>;

/// What is known of robots.txt, by origin.
#[derive(Default)]
pub(super) struct Permissions {
    known: Mutex<HashMap<String, Known>>,
}

impl Permissions {
    fn entry(&self, origin: String) -> Known {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, entry| entry.0.elapsed() < kept(&entry.1));
        Arc::clone(known.entry(origin).or_insert_with(|| Arc::new((Instant::now(), OnceCell::new()))))
    }
}

fn kept(cell: &OnceCell<Result<Arc<Robots>, Failure>>) -> Duration {
    if cell.get().is_some_and(Result::is_err) { KEPT_UNKNOWN } else { KEPT }
}

/// Takes any body.
struct Anything;

impl Judge for Anything {
    fn judge(&self, _: &Staged, _: Option<&str>) -> Result<(), Reason> {
        Ok(())
    }
}

impl Inner {
    /// Refuses what robots.txt forbids: always for pages, for media where that is configured. The host is asked no faster
    /// than the file wants.
    pub(super) async fn permit(&self, request: &Request<'_>) -> Result<(), Failure> {
        if request.purpose == Purpose::Media && self.config.robots == config::Robots::Ignore {
            return Ok(());
        }
        let robots = self.robots(request.url).await?;
        if let Some(delay) = robots.crawl_delay() {
            self.host(request.url)?.pace().space_out(delay);
        }
        if robots.allows(&request.url[url::Position::BeforePath..url::Position::AfterQuery]) {
            return Ok(());
        }
        Err(Failure::new(Reason::Robots, "robots.txt of the host forbids it"))
    }

    /// The robots.txt that holds for a URL.
    pub(super) async fn robots(&self, url: &Url) -> Result<Arc<Robots>, Failure> {
        self.guard.judge_url(url)?;
        let known = self.permissions.entry(url.origin().ascii_serialization());
        known.1.get_or_init(|| self.ask_for_robots(url)).await.clone()
    }

    async fn ask_for_robots(&self, url: &Url) -> Result<Arc<Robots>, Failure> {
        let mut url = url.clone();
        url.set_path("/robots.txt");
        url.set_query(None);
        let validators = Validators::default();
        let request =
            Request { url: &url, purpose: Purpose::Page, article: None, validators: &validators, judge: &Anything };
        match Attempt::new(self, &request).only(RefererStrategy::Omit).await {
            Ok(Answer::Body { staged, .. }) => Ok(Arc::new(read(&staged))),
            Ok(Answer::NotModified) => Ok(Arc::default()),
            Err(failure) => without(failure).map(Arc::new),
        }
    }
}

fn read(staged: &Staged) -> Robots {
    use std::io::Read;
    let mut file = Vec::new();
    let opened = std::fs::File::open(&staged.path);
    // A file of ours that cannot be read back is treated as one that forbids nothing only where it is empty.
    match opened.and_then(|opened| opened.take(READ as u64).read_to_end(&mut file)) {
        Ok(_) => Robots::parse(&file),
        Err(_) => Robots::parse(b"user-agent: *\ndisallow: /"),
    }
}

/// What holds where no file was got (section 2.3.1): where there is none, all is allowed; where the host cannot say,
/// nothing is. Why it could not is what is told, unless it answered.
fn without(failure: Failure) -> Result<Robots, Failure> {
    match (failure.reason, failure.status) {
        (Reason::HttpStatus, Some(400..=428 | 430..=499)) | (Reason::TooManyRedirects, _) => Ok(Robots::default()),
        (Reason::HttpStatus, _) => {
            let detail = format!("robots.txt of the host cannot be had: {}", failure.detail);
            Err(Failure { reason: Reason::Robots, detail, ..failure })
        }
        _ => Err(failure),
    }
}
