//! Getting the robots.txt of a host.

use std::sync::Arc;

use url::Url;

use super::robots::rules::{READ, Robots};
use crate::fetch::attempt::Attempt;
use crate::fetch::request::{Answer, Fetched, Judge, Purpose, Request};
use crate::fetch::session::Session;
use crate::model::{Failure, Reason, RefererStrategy, Validators};
use crate::staging::Staged;

/// Accepts any body.
struct Anything;

impl Judge for Anything {
    type Accepted = ();

    async fn judge(&self, _: &Staged, _: Option<&str>) -> Result<(), Failure> {
        Ok(())
    }
}

/// The robots.txt that holds for a URL, from the cache or from the host.
///
/// # Errors
/// The file could not be fetched, although there may be one.
pub(crate) async fn robots_of(session: &Session, url: &Url) -> Result<Arc<Robots>, Failure> {
    session.connections.guard().judge_url(url)?;
    session.robots.get(url.origin().ascii_serialization(), request(session, url)).await
}

async fn request(session: &Session, url: &Url) -> Result<Arc<Robots>, Failure> {
    let mut url = url.clone();
    url.set_path("/robots.txt");
    url.set_query(None);
    let validators = Validators::default();
    let request =
        Request { url: &url, purpose: Purpose::Page, article: None, validators: &validators, judge: &Anything };
    let mut attempt = Attempt::new(session, request);
    let outcome = attempt.run_only(RefererStrategy::Omit).await;
    let (fetched, _) = attempt.finish(outcome);
    log(session, &url, &fetched).await;
    match fetched.outcome {
        Ok(Answer::Body { staged, .. }) => {
            let read = tokio::task::spawn_blocking(move || read(&staged));
            Ok(Arc::new(read.await.expect("reading a file does not panic")))
        }
        Ok(Answer::NotModified) => Ok(Arc::default()),
        Err(failure) => unavailable(failure).map(Arc::new),
    }
}

/// Hands on what came. A body is no longer than what is read of such a file.
async fn log(session: &Session, url: &Url, fetched: &Fetched<()>) {
    let log = session.robots_log.lock().clone();
    if let Some(log) = log {
        let bodies: Vec<_> = fetched.bodies().filter(|staged| staged.length <= READ as u64).collect();
        log.received(url, &fetched.exchanges, &bodies).await;
    }
}

fn read(staged: &Staged) -> Robots {
    match staged.head(READ) {
        Ok(file) => Robots::parse(&file),
        // The host has a file, and it cannot be read back. So nothing is allowed.
        Err(_) => Robots::parse(b"user-agent: *\ndisallow: /"),
    }
}

/// The rules when robots.txt is unavailable (RFC 9309, section 2.3.1): a 4xx allows everything, anything else nothing. A
/// failed connection keeps its own reason.
fn unavailable(failure: Failure) -> Result<Robots, Failure> {
    match (failure.reason, failure.status) {
        (Reason::HttpStatus, Some(400..=428 | 430..=499)) | (Reason::TooManyRedirects, _) => Ok(Robots::default()),
        (Reason::HttpStatus, _) => {
            let detail = format!("the host's robots.txt is unavailable: {}", failure.detail);
            Err(Failure { reason: Reason::Robots, detail, ..failure })
        }
        _ => Err(failure),
    }
}
