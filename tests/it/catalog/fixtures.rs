//! What the tests of catalogs write and ask.

use std::time::Duration;

use jiff::Timestamp;
use offprint::testing::archive::{
    ArticleId, ArticleState, Catalog, CatalogError, CompletedJob, Job, JobResult, Lease, NewReference, Revocation,
    RunId, ThumbnailRow, UrlId, Worker, WriteOutcome,
};
use offprint::testing::config::ChangedImages;
use offprint::testing::model::{
    ArticleKey, ArticleVersion, Asset, Digest, Edit, Ending, Exchange, Failure, Fingerprint, Format, HostState,
    KeptBody, MediaType, Reason, ReferenceKind, ReferencePlace, Span, Validators,
};
use url::Url;

/// URLs of one host.
pub(crate) const A: &str = "https://images.example/a.jpg";
pub(crate) const B: &str = "https://images.example/b.jpg";
pub(crate) const C: &str = "https://images.example/c.jpg";

/// How long the tests lease hosts for.
pub(crate) const TTL: Duration = Duration::from_secs(60);

/// Longer than any wait of these tests.
pub(crate) const HORIZON: Duration = Duration::from_secs(365 * 86_400);

/// Articles go on showing what they showed first.
pub(crate) const FIRST: ChangedImages = ChangedImages::First;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(crate) fn link(text: &str) -> Url {
    Url::parse(text).unwrap()
}

pub(crate) fn key(path: &str) -> ArticleKey {
    ArticleKey { source: "posts".parse().unwrap(), path: path.parse().unwrap() }
}

pub(crate) fn version(path: &str) -> ArticleVersion {
    ArticleVersion {
        key: key(path),
        original: Digest::of(format!("the original of {path}").as_bytes()),
        fingerprint: Fingerprint { size: 7, modified: 1_234_567_890_123_456_789, inode: u64::MAX },
        format: Format::Markdown,
        encoding: Some("UTF-8".into()),
        settings: Digest::of(b"settings"),
        title: Some("标题".into()),
        published: Some(at(-86_400)),
        url: Some(link("https://paper.example/story")),
        read_at: at(0),
    }
}

pub(crate) fn reference(start: usize, url: &str) -> NewReference {
    NewReference {
        place: ReferencePlace {
            span: Span::new(start, start + 10),
            kind: ReferenceKind::Image,
            name: "src".into(),
            image_group: u32::try_from(start).unwrap(),
            reveal: None,
            link_wrap: None,
        },
        url: Some(link(url)),
        unfetched: None,
    }
}

/// The same reference at another place.
pub(crate) fn placed(reference: NewReference, place: impl FnOnce(ReferencePlace) -> ReferencePlace) -> NewReference {
    NewReference { place: place(reference.place), ..reference }
}

/// Records an article that shows these URLs.
pub(crate) async fn record(catalog: &dyn Catalog, path: &str, urls: &[&str]) -> ArticleId {
    record_version(catalog, &version(path), urls).await
}

pub(crate) async fn record_version(catalog: &dyn Catalog, version: &ArticleVersion, urls: &[&str]) -> ArticleId {
    let references: Vec<_> = urls.iter().enumerate().map(|(at, url)| reference(at * 20, url)).collect();
    catalog.record_article(version, 7, &references).await.unwrap().0
}

/// Records a mirror as it is planned now.
pub(crate) async fn record_mirror(catalog: &dyn Catalog, article: ArticleId, digest: Digest, edits: &[Edit]) {
    let planned = catalog.article_by_id(article).await.unwrap().unwrap().revision;
    assert_eq!(catalog.record_mirror(article, planned, digest, edits).await.unwrap(), WriteOutcome::Applied);
}

/// Writes an article's mirror.
pub(crate) async fn mirror(catalog: &dyn Catalog, article: ArticleId) {
    record_mirror(catalog, article, Digest::of(b"mirror"), &[]).await;
    catalog.finish_mirror(article, Fingerprint { size: 9, modified: 5, inode: 6 }).await.unwrap();
}

pub(crate) async fn state(catalog: &dyn Catalog, article: ArticleId) -> ArticleState {
    catalog.article_by_id(article).await.unwrap().unwrap().state
}

/// The articles that are ready.
pub(crate) async fn ready_articles(catalog: &dyn Catalog) -> Vec<ArticleId> {
    let mut ready = Vec::new();
    for id in catalog.stale_articles(None, 100).await.unwrap() {
        if catalog.article_by_id(id).await.unwrap().unwrap().waiting == 0 {
            ready.push(id);
        }
    }
    ready
}

pub(crate) fn worker(name: &str) -> Worker {
    Worker(name.into())
}

pub(crate) async fn lease_all(catalog: &dyn Catalog, now: Timestamp) -> Vec<Lease> {
    catalog.lease(&worker("first"), 100, TTL, now).await.unwrap()
}

/// Leases the one host that has jobs, and gives these.
pub(crate) async fn take_jobs(catalog: &dyn Catalog, now: Timestamp) -> (Lease, Vec<Job>) {
    let mut leases = lease_all(catalog, now).await;
    assert_eq!(leases.len(), 1, "one host has jobs");
    let lease = leases.remove(0);
    let jobs = catalog.jobs(&lease, None, 1000).await.unwrap();
    (lease, jobs)
}

pub(crate) fn exchange(url: &Url, second: i64, status: u16) -> Exchange {
    Exchange {
        url: url.clone(),
        at: at(second),
        elapsed: Duration::from_millis(1234),
        request_head: b"GET /a.jpg HTTP/1.1\r\nHost: images.example\r\n\r\n".to_vec(),
        response_head: Some([format!("HTTP/1.1 {status} ").as_bytes(), b"\xff\r\n\r\n"].concat()),
        status: Some(status),
        peer: Some("[2001:db8::1]:443".parse().unwrap()),
        protocol: Some("h2"),
        coding: String::new(),
        digest: None,
        length: 42,
        body: None,
        reason: None,
    }
}

pub(crate) fn asset(media_type: MediaType) -> Asset {
    Asset {
        width: 640,
        height: 480,
        orientation: 6,
        frames: 3,
        alpha: true,
        bit_depth: 8,
        color_space: "rgb".into(),
        icc_name: Some("Display P3".into()),
        taken: Some("2026:11:22 03:00:00".into()),
        ending: Ending::NoEndMarker,
        perceptual_hash: Some(u64::MAX - 1),
        ..Asset::of_type(media_type)
    }
}

pub(crate) fn kept(bytes: &str) -> JobResult {
    JobResult::Kept {
        digest: Digest::of(bytes.as_bytes()),
        size: bytes.len() as u64,
        asset: asset(MediaType::Jpeg),
        validators: Validators { etag: Some("\"1\"".into()), last_modified: None },
        next_attempt: None,
    }
}

pub(crate) fn not_found() -> Failure {
    Failure::new(Reason::HttpStatus, "the answer was 404 Not Found").with_status(404)
}

pub(crate) fn failed(next_attempt: Option<Timestamp>) -> JobResult {
    JobResult::Failed { failure: not_found(), next_attempt }
}

pub(crate) fn outcome(job: &Job, second: i64, result: JobResult) -> CompletedJob {
    let status = if matches!(result, JobResult::Failed { .. }) { 404 } else { 200 };
    CompletedJob {
        job: job.id,
        url: job.url.id,
        at: at(second),
        exchanges: vec![exchange(&job.url.url, second, status)],
        result,
    }
}

pub(crate) async fn run(catalog: &dyn Catalog) -> RunId {
    catalog.begin_run(at(0)).await.unwrap()
}

/// Fetches everything in the queue of one host at a moment, each with the same end, and gives what became ready.
pub(crate) async fn complete_all(catalog: &dyn Catalog, second: i64, result: JobResult) -> Vec<ArticleId> {
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(second)).await;
    let outcomes = jobs.iter().map(|job| outcome(job, second, result.clone())).collect();
    let (claim, ready) = catalog.complete_jobs(&lease, run, outcomes, FIRST).await.unwrap();
    assert_eq!(claim, WriteOutcome::Applied);
    assert_eq!(catalog.release(&lease, &HostState::default()).await.unwrap(), WriteOutcome::Applied);
    ready.ready_articles
}

/// A good capture that is asked for again.
pub(crate) fn due_again(kept: JobResult, second: i64) -> JobResult {
    let JobResult::Kept { digest, size, asset, validators, .. } = kept else { return kept };
    JobResult::Kept { digest, size, asset, validators, next_attempt: Some(at(second)) }
}

/// What an article showed of its only URL before that one's bytes changed.
pub(crate) async fn shown_first(catalog: &dyn Catalog, article: ArticleId) -> Option<Digest> {
    let mut references = catalog.references(article).await.unwrap();
    references.remove(0).shown_first.map(|shown| shown.digest)
}

/// A mirrored article whose URL got new bytes twice, and another that came between.
pub(crate) async fn changed_twice(catalog: &dyn Catalog) -> (ArticleId, ArticleId) {
    let first = record(catalog, "a", &[A]).await;
    complete_all(catalog, 5, due_again(kept("old"), 100)).await;
    mirror(catalog, first).await;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    assert_eq!(complete_all(catalog, 101, due_again(kept("new"), 200)).await, []);
    let second = record(catalog, "b", &[A]).await;
    mirror(catalog, second).await;
    catalog.enqueue_due(at(200), HORIZON).await.unwrap();
    assert_eq!(complete_all(catalog, 201, kept("newest")).await, []);
    (first, second)
}

/// Records that a URL of an article gave a placeholder, which was revoked: it is kept in place of earlier ones of that URL.
pub(crate) async fn give_placeholder(catalog: &dyn Catalog, url: UrlId, body: &KeptBody, moment: Timestamp) {
    catalog.enqueue(&[url]).await.unwrap();
    let run = run(catalog).await;
    for lease in lease_all(catalog, moment).await {
        let jobs = catalog.jobs(&lease, None, 1000).await.unwrap();
        if let Some(job) = jobs.iter().find(|job| job.url.id == url) {
            let (digest, size, asset) = (body.digest, body.length, Asset::of_type(body.media_type));
            let validators = Validators::default();
            let result = JobResult::Kept { digest, size, asset, validators, next_attempt: Some(moment) };
            let exchange = Exchange { at: moment, ..exchange(&job.url.url, 0, 200) };
            let job = CompletedJob { exchanges: vec![exchange], ..outcome(job, 0, result) };
            catalog.complete_jobs(&lease, run, vec![job], FIRST).await.unwrap();
            let what = Revocation { digest, only: Some(vec![url]), next_attempt: Some(moment), requeue: false };
            assert_eq!(catalog.revoke(run, &lease.host, &what).await.unwrap().urls, [url]);
        }
        catalog.release(&lease, &HostState::default()).await.unwrap();
    }
}

pub(crate) fn body(bytes: &str) -> KeptBody {
    KeptBody { digest: Digest::of(bytes.as_bytes()), media_type: MediaType::Pdf, length: bytes.len() as u64 }
}

/// Records blobs that nothing refers to.
pub(crate) async fn record_orphans(catalog: &dyn Catalog, orphans: &[(&str, i64)]) {
    let url = "https://orphans.example/1";
    record(catalog, "orphans", &[url]).await;
    let url = catalog.url(&link(url)).await.unwrap().unwrap().id;
    for (bytes, second) in orphans.iter().chain(&[("not one", 0)]) {
        give_placeholder(catalog, url, &body(bytes), at(*second)).await;
    }
}

/// Every shard's answer.
pub(crate) async fn all_shards<T>(of: impl AsyncFn(u8) -> Result<Vec<T>, CatalogError>) -> Vec<T> {
    let mut all = Vec::new();
    for shard in 0..=u8::MAX {
        all.extend(of(shard).await.unwrap());
    }
    all
}

/// A URL whose first bytes were replaced by others.
pub(crate) async fn replace_bytes(catalog: &dyn Catalog) -> ArticleId {
    let id = record(catalog, "a", &[A]).await;
    complete_all(catalog, 5, due_again(kept("old"), 100)).await;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    complete_all(catalog, 101, kept("new")).await;
    mirror(catalog, id).await;
    id
}

pub(crate) fn thumbnail_of(original: Digest, name: &str) -> ThumbnailRow {
    ThumbnailRow { original, name: name.parse().unwrap(), recipe: Digest::of(b"480"), made: Err("broken".into()) }
}
