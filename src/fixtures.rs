//! What unit tests put into an archive in memory.

use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use crate::archive::{Archive, ArticleId, CompletedJob, JobResult, NewReference, RunId, Worker};
use crate::config::ChangedImages;
use crate::model::{
    ArticleKey, ArticleVersion, Asset, Digest, Exchange, Failure, Fingerprint, Format, MediaType, Reason,
    ReferenceKind, ReferencePlace, Span, Validators,
};

/// An archive with nothing in it.
pub(crate) fn archive() -> Arc<Archive> {
    Arc::new(Archive::in_memory().unwrap())
}

/// A URL.
pub(crate) fn url(text: &str) -> Url {
    text.parse().unwrap()
}

/// So many seconds after 1970.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// An article of the source `posts`.
pub(crate) fn key(path: &str) -> ArticleKey {
    ArticleKey { source: "posts".parse().unwrap(), path: path.parse().unwrap() }
}

/// A version of it that was read then.
pub(crate) fn version(path: &str, text: &str, read_at: Timestamp) -> ArticleVersion {
    ArticleVersion {
        key: key(path),
        original: Digest::of(text.as_bytes()),
        fingerprint: Fingerprint { size: text.len() as u64, modified: 0, inode: 0 },
        format: Format::Markdown,
        encoding: Some("UTF-8".to_owned()),
        settings: Digest::of(b"settings"),
        title: Some(path.to_owned()),
        published: None,
        url: None,
        read_at,
    }
}

/// A reference to this URL.
pub(crate) fn reference(at: usize, url: Url) -> NewReference {
    NewReference {
        place: ReferencePlace {
            span: Span::new(at, at + 1),
            kind: ReferenceKind::Image,
            name: "src".to_owned(),
            image_group: u32::try_from(at).unwrap(),
            reveal: None,
            link_wrap: None,
        },
        url: Some(url),
        unfetched: None,
    }
}

/// Records an article that shows these URLs, which are queued where they are due.
pub(crate) async fn show(archive: &Archive, path: &str, urls: &[&str]) -> ArticleId {
    let references: Vec<_> = urls.iter().enumerate().map(|(at, text)| reference(at, url(text))).collect();
    let version = version(path, &urls.concat(), at(1_000));
    archive.catalog.record_article(&version, 7, &references).await.unwrap().0
}

/// A good capture of these bytes, never to be requested again.
pub(crate) fn kept(bytes: &str) -> JobResult {
    let asset = Asset { width: 6, height: 4, ..Asset::of_type(MediaType::Png) };
    let (digest, size) = (Digest::of(bytes.as_bytes()), bytes.len() as u64);
    JobResult::Kept { digest, size, asset, validators: Validators::default(), next_attempt: None }
}

/// No good capture; the next attempt is at this second.
pub(crate) fn failed(reason: Reason, status: Option<u16>, next: i64) -> JobResult {
    let failure = Failure { status, ..Failure::new(reason, "it failed") };
    JobResult::Failed { failure, next_attempt: Some(at(next)) }
}

/// An exchange about a URL, with this status.
pub(crate) fn exchange(url: &Url, second: i64, status: Option<u16>) -> Exchange {
    Exchange {
        url: url.clone(),
        at: at(second),
        elapsed: std::time::Duration::from_millis(3),
        request_head: b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        response_head: status.map(|status| format!("HTTP/1.1 {status} x\r\n\r\n").into_bytes()),
        status,
        peer: None,
        protocol: Some("http/1.1"),
        coding: String::new(),
        digest: None,
        length: 0,
        body: None,
        reason: None,
    }
}

/// Completes everything that is queued, at this second: `result` gives the result of each URL.
pub(crate) async fn complete(archive: &Archive, second: i64, result: impl Fn(&Url) -> JobResult) -> RunId {
    let catalog = &archive.catalog;
    let run = catalog.begin_run(at(second)).await.unwrap();
    let ttl = std::time::Duration::from_secs(60);
    for lease in catalog.lease(&Worker("test".to_owned()), 100, ttl, at(second)).await.unwrap() {
        let jobs = catalog.jobs(&lease, None, 1000).await.unwrap();
        let completed = jobs.into_iter().map(|job| {
            let result = result(&job.url.url);
            let status = match &result {
                JobResult::Failed { failure, .. } => failure.status,
                _ => Some(200),
            };
            let exchanges = vec![exchange(&job.url.url, second, status)];
            CompletedJob { job: job.id, url: job.url.id, at: at(second), exchanges, result }
        });
        let completed = completed.collect();
        catalog.complete_jobs(&lease, run, completed, ChangedImages::First).await.unwrap();
        catalog.release(&lease, &lease.state).await.unwrap();
    }
    run
}
