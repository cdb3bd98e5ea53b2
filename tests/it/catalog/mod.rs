//! What every catalog promises. Another implementation joins with one line: `suite!(name, how to open it)`.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

mod model;
mod shared;

use std::ops::Deref;
use std::time::Duration;

use jiff::Timestamp;
use offprint::testing::archive::{
    self, Archive, ArticleId, ArticleState, Catalog, CatalogError, CompletedJob, Job, JobResult, Lease, Mode,
    NewReference, RefusedBody, RenditionRow, RunId, ThumbnailRow, UrlId, UrlState, Worker, WriteOutcome,
};
use offprint::testing::config::ChangedImages;
use offprint::testing::model::{
    ArticleKey, ArticleVersion, Asset, Digest, Edit, Ending, Exchange, Failure, Fingerprint, Format, HostKey,
    HostState, MediaType, Reason, ReferenceKind, RefererStrategy, Span, Validators,
};
use tempfile::TempDir;
use url::Url;

use self::shared::{
    a_stand_in_is_taken_back_and_asked_for_again, the_newest_refused_body_is_referred_to_and_no_other,
    twins_are_told_with_what_they_showed_before, what_displaced_a_picture_gives_it_back_and_is_remembered,
};

/// An empty catalog, and whatever must live as long as it does.
struct Fresh {
    archive: Archive,
    _folder: TempDir,
}

impl Deref for Fresh {
    type Target = dyn Catalog;

    fn deref(&self) -> &Self::Target {
        &*self.archive.catalog
    }
}

/// The local catalog.
fn local() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    Fresh { archive: archive::open(folder.path(), Mode::Create).unwrap(), _folder: folder }
}

macro_rules! suite {
    ($name:ident, $open:expr, [$($test:ident)*]) => {
        mod $name {
            $(
                #[tokio::test]
                async fn $test() {
                    let catalog = $open;
                    super::$test(&*catalog).await;
                }
            )*
        }
    };
}

suite!(sqlite, super::local(), [
    a_run_is_open_until_it_is_finished_with_its_report
    an_article_is_found_by_its_key_and_by_its_row_as_it_was_recorded
    articles_come_in_pages_in_the_order_of_their_keys
    an_article_without_references_is_ready_at_once
    recording_again_replaces_version_and_references_and_keeps_the_row
    a_touched_article_keeps_everything_but_its_fingerprint
    a_vanished_article_is_marked_until_it_comes_back
    references_come_back_in_order_with_what_is_known_of_their_urls
    a_mirror_counts_once_it_has_appeared
    an_article_that_changes_while_its_mirror_is_written_stays_stale
    a_mirror_planned_before_the_article_became_stale_again_is_not_recorded
    one_url_is_one_job_however_many_articles_show_it
    a_job_tells_where_and_how_its_image_is_shown
    the_last_outcome_of_an_article_makes_it_ready
    a_stale_epoch_is_not_heard
    a_released_lease_is_not_heard_and_what_was_learned_is_kept
    a_leased_host_is_leased_again_only_after_its_time
    a_renewed_lease_lasts_longer
    hosts_that_may_not_be_asked_are_not_leased
    hosts_that_waited_longest_come_first
    jobs_come_in_pages
    an_outcome_is_heard_once
    a_failure_never_displaces_a_good_capture
    failures_count_until_something_good_comes
    a_retired_url_is_never_queued_again
    a_deferred_url_is_no_failure
    not_modified_keeps_the_asset_and_renews_its_date
    mirrored_articles_go_on_showing_the_bytes_that_new_ones_replace
    new_bytes_make_an_article_stale_that_is_not_mirrored_yet
    a_version_is_shown_as_long_as_the_article_shows_its_url
    a_lost_version_is_shown_no_longer
    twins_are_told_with_what_they_showed_before
    a_stand_in_is_taken_back_and_asked_for_again
    what_displaced_a_picture_gives_it_back_and_is_remembered
    the_newest_refused_body_is_referred_to_and_no_other
    the_same_bytes_again_leave_the_articles_alone
    a_first_good_capture_makes_a_mirrored_article_stale_again
    only_what_is_due_is_queued
    a_url_that_no_article_shows_any_more_leaves_the_queue
    articles_that_show_the_newest_become_stale_with_new_bytes
    captures_are_appended_with_their_heads
    the_same_bytes_under_two_urls_are_one_asset
    failing_urls_come_in_pages_with_their_reasons
    a_blob_is_on_record_with_its_kind_and_size
    an_original_is_on_record_as_what_it_is
    thumbnails_are_recorded_made_or_not
    totals_add_up
    a_kept_image_that_the_mirror_does_not_show_is_remote
    a_whole_catalog_finds_nothing_wrong_with_itself
    assets_are_on_record_shard_by_shard
    blobs_and_thumbnails_are_on_record_shard_by_shard
    a_blob_knows_its_urls_also_after_newer_bytes_came
    an_original_knows_its_articles_also_in_older_versions
    every_version_of_an_article_is_told_oldest_first
    articles_can_be_made_stale
    forgotten_thumbnails_make_the_articles_stale_that_show_the_blob
    a_lost_asset_is_asked_for_again_and_its_articles_are_stale
    only_what_nothing_refers_to_and_is_old_enough_is_unreferenced
    a_forgotten_blob_is_gone_and_a_referenced_one_is_not_forgotten
    a_refused_call_leaves_others_alone
    many_calls_at_once_are_all_heard
]);

// What the tests write.

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn link(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn key(path: &str) -> ArticleKey {
    ArticleKey { source: "posts".parse().unwrap(), path: path.parse().unwrap() }
}

fn version(path: &str) -> ArticleVersion {
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

fn reference(start: usize, url: &str) -> NewReference {
    NewReference {
        span: Span::new(start, start + 10),
        kind: ReferenceKind::Image,
        name: "src".into(),
        image_group: u32::try_from(start).unwrap(),
        reveal: None,
        link_wrap: None,
        url: Some(link(url)),
        unfetched: None,
    }
}

/// Records an article that shows these URLs.
async fn record(catalog: &dyn Catalog, path: &str, urls: &[&str]) -> ArticleId {
    record_version(catalog, &version(path), urls).await
}

async fn record_version(catalog: &dyn Catalog, version: &ArticleVersion, urls: &[&str]) -> ArticleId {
    let references: Vec<_> = urls.iter().enumerate().map(|(at, url)| reference(at * 20, url)).collect();
    catalog.record_article(version, 7, &references).await.unwrap().0
}

/// Records a mirror as it is planned now.
async fn record_mirror(catalog: &dyn Catalog, article: ArticleId, digest: Digest, edits: &[Edit]) {
    let planned = catalog.article_by_id(article).await.unwrap().unwrap().revision;
    assert_eq!(catalog.record_mirror(article, planned, digest, edits).await.unwrap(), WriteOutcome::Applied);
}

/// Writes an article's mirror.
async fn mirror(catalog: &dyn Catalog, article: ArticleId) {
    record_mirror(catalog, article, Digest::of(b"mirror"), &[]).await;
    catalog.finish_mirror(article, Fingerprint { size: 9, modified: 5, inode: 6 }).await.unwrap();
}

async fn state(catalog: &dyn Catalog, article: ArticleId) -> ArticleState {
    catalog.article_by_id(article).await.unwrap().unwrap().state
}

/// The articles that are ready.
async fn ready_articles(catalog: &dyn Catalog) -> Vec<ArticleId> {
    let mut ready = Vec::new();
    for id in catalog.stale_articles(None, 100).await.unwrap() {
        if catalog.article_by_id(id).await.unwrap().unwrap().waiting == 0 {
            ready.push(id);
        }
    }
    ready
}

/// Longer than any wait of these tests.
const HORIZON: Duration = Duration::from_secs(365 * 86_400);

const FIRST: ChangedImages = ChangedImages::First;

const TTL: Duration = Duration::from_secs(60);

fn worker(name: &str) -> Worker {
    Worker(name.into())
}

async fn lease_all(catalog: &dyn Catalog, now: Timestamp) -> Vec<Lease> {
    catalog.lease(&worker("first"), 100, TTL, now).await.unwrap()
}

/// Leases the one host that has jobs, and gives these.
async fn take_jobs(catalog: &dyn Catalog, now: Timestamp) -> (Lease, Vec<Job>) {
    let mut leases = lease_all(catalog, now).await;
    assert_eq!(leases.len(), 1, "one host has jobs");
    let lease = leases.remove(0);
    let jobs = catalog.jobs(&lease, None, 1000).await.unwrap();
    (lease, jobs)
}

fn exchange(url: &Url, second: i64, status: u16) -> Exchange {
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

fn asset(media_type: MediaType) -> Asset {
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

fn kept(bytes: &str) -> JobResult {
    JobResult::Kept {
        digest: Digest::of(bytes.as_bytes()),
        size: bytes.len() as u64,
        asset: asset(MediaType::Jpeg),
        validators: Validators { etag: Some("\"1\"".into()), last_modified: None },
        next_attempt: None,
    }
}

fn not_found() -> Failure {
    Failure::new(Reason::HttpStatus, "the answer was 404 Not Found").with_status(404)
}

fn failed(next_attempt: Option<Timestamp>) -> JobResult {
    JobResult::Failed { failure: not_found(), next_attempt }
}

fn outcome(job: &Job, second: i64, settlement: JobResult) -> CompletedJob {
    let status = if matches!(settlement, JobResult::Failed { .. }) { 404 } else { 200 };
    CompletedJob {
        job: job.id,
        url: job.url.id,
        exchanges: vec![exchange(&job.url.url, second, status)],
        result: settlement,
        refused: None,
    }
}

async fn run(catalog: &dyn Catalog) -> RunId {
    catalog.begin_run(at(0)).await.unwrap()
}

/// Fetches everything in the queue of one host at a moment, each with the same end, and gives what became ready.
async fn settle_all(catalog: &dyn Catalog, second: i64, settlement: JobResult) -> Vec<ArticleId> {
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(second)).await;
    let outcomes = jobs.iter().map(|job| outcome(job, second, settlement.clone())).collect();
    let (claim, ready) = catalog.complete_jobs(&lease, run, outcomes, FIRST).await.unwrap();
    assert_eq!(claim, WriteOutcome::Applied);
    assert_eq!(catalog.release(&lease, &HostState::default()).await.unwrap(), WriteOutcome::Applied);
    ready.ready_articles
}

const A: &str = "https://images.example/a.jpg";
const B: &str = "https://images.example/b.jpg";
const C: &str = "https://images.example/c.jpg";

// Runs.

async fn a_run_is_open_until_it_is_finished_with_its_report(catalog: &dyn Catalog) {
    let first = catalog.begin_run(at(0)).await.unwrap();
    let second = catalog.begin_run(at(10)).await.unwrap();
    catalog.finish_run(second, at(20), "{\"run\":1}").await.unwrap();
    let runs = catalog.runs(10).await.unwrap();
    let rows: Vec<_> = runs.iter().map(|run| (run.id, run.began, run.ended, run.report.as_str())).collect();
    assert_eq!(rows, [(second, at(10), Some(at(20)), "{\"run\":1}"), (first, at(0), None, "")]);
    assert_eq!(catalog.runs(1).await.unwrap().len(), 1);
}

// Articles.

async fn an_article_is_found_by_its_key_and_by_its_row_as_it_was_recorded(catalog: &dyn Catalog) {
    let id = record(catalog, "2026/a.md", &[]).await;
    let found = catalog.article(&key("2026/a.md")).await.unwrap().unwrap();
    assert_eq!((found.id, &found.version, found.state), (id, &version("2026/a.md"), ArticleState::Stale));
    assert_eq!(found.mirror, None);
    assert_eq!(catalog.article_by_id(id).await.unwrap(), Some(found));
    assert_eq!(catalog.article(&key("2026/b.md")).await.unwrap(), None);
    assert_eq!(catalog.article_by_id(ArticleId(id.0 + 1)).await.unwrap(), None);
}

async fn articles_come_in_pages_in_the_order_of_their_keys(catalog: &dyn Catalog) {
    for path in ["b", "a", "c"] {
        record(catalog, path, &[]).await;
    }
    let other = ArticleVersion {
        key: ArticleKey { source: "feed".parse().unwrap(), path: "z".parse().unwrap() },
        ..version("z")
    };
    record_version(catalog, &other, &[]).await;
    let page = async |source, after: Option<&ArticleKey>, limit| {
        let rows = catalog.articles(source, after, limit).await.unwrap();
        rows.into_iter().map(|row| row.version.key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(page(None, None, 9).await, ["feed/z", "posts/a", "posts/b", "posts/c"]);
    assert_eq!(page(None, Some(&other.key), 2).await, ["posts/a", "posts/b"]);
    assert_eq!(page(Some("posts"), Some(&key("a")), 9).await, ["posts/b", "posts/c"]);
    assert_eq!(page(Some("posts"), Some(&other.key), 9).await, ["posts/a", "posts/b", "posts/c"]);
    assert_eq!(page(Some("feed"), Some(&key("a")), 9).await, [""; 0]);
    assert_eq!(page(Some("feed"), None, 9).await, ["feed/z"]);
    assert_eq!(page(Some("none"), None, 9).await, [""; 0]);
}

async fn an_article_without_references_is_ready_at_once(catalog: &dyn Catalog) {
    let unresolved = NewReference { url: None, ..reference(0, A) };
    let (id, ready) = catalog.record_article(&version("a"), 7, &[unresolved]).await.unwrap();
    assert_eq!(ready.ready_articles, [id]);
    assert_eq!(ready_articles(catalog).await, [id]);
    assert_eq!(catalog.stale_articles(Some(id), 9).await.unwrap(), []);
}

async fn recording_again_replaces_version_and_references_and_keeps_the_row(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A, B]).await;
    let newer = ArticleVersion { original: Digest::of(b"newer"), title: None, read_at: at(9), ..version("a") };
    assert_eq!(record_version(catalog, &newer, &[C]).await, id);
    assert_eq!(catalog.article_by_id(id).await.unwrap().unwrap().version, newer);
    let references = catalog.references(id).await.unwrap();
    let urls: Vec<_> = references.iter().map(|row| row.url.as_ref().unwrap().url.as_str()).collect();
    assert_eq!(urls, [C]);
}

async fn a_touched_article_keeps_everything_but_its_fingerprint(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[]).await;
    mirror(catalog, id).await;
    let fingerprint = Fingerprint { size: 7, modified: -1, inode: 3 };
    catalog.touch_article(id, fingerprint).await.unwrap();
    let found = catalog.article_by_id(id).await.unwrap().unwrap();
    assert_eq!(found.version, ArticleVersion { fingerprint, ..version("a") });
    assert_eq!(found.state, ArticleState::Mirrored);
}

async fn a_vanished_article_is_marked_until_it_comes_back(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[]).await;
    let stays = record(catalog, "b", &[]).await;
    mirror(catalog, id).await;
    mirror(catalog, stays).await;
    catalog.mark_vanished(&[id]).await.unwrap();
    assert_eq!(state(catalog, id).await, ArticleState::Vanished);
    assert_eq!(state(catalog, stays).await, ArticleState::Mirrored);
    assert_eq!(catalog.totals().await.unwrap().vanished, 1);
    catalog.touch_article(id, version("a").fingerprint).await.unwrap();
    assert_eq!(state(catalog, id).await, ArticleState::Mirrored);
    catalog.mark_vanished(&[id]).await.unwrap();
    record(catalog, "a", &[]).await;
    mirror(catalog, id).await;
    assert_eq!(state(catalog, id).await, ArticleState::Mirrored);
}

async fn references_come_back_in_order_with_what_is_known_of_their_urls(catalog: &dyn Catalog) {
    let references = [
        reference(0, A),
        NewReference { kind: ReferenceKind::FrontMatter, name: "thumbnail".into(), url: None, ..reference(30, B) },
        NewReference { kind: ReferenceKind::Srcset, image_group: 0, ..reference(60, B) },
    ];
    let (id, _) = catalog.record_article(&version("a"), 7, &references).await.unwrap();
    settle_all(catalog, 5, kept("bytes")).await;
    let rows = catalog.references(id).await.unwrap();
    for (row, given) in rows.iter().zip(&references) {
        assert_eq!(
            (row.span, row.kind, &row.name, row.image_group),
            (given.span, given.kind, &given.name, given.image_group)
        );
        assert_eq!(row.url.as_ref().map(|row| &row.url), given.url.as_ref());
    }
    let known = rows[2].url.as_ref().unwrap();
    assert_eq!((known.state, known.good), (UrlState::Good, Some((at(5), at(5)))));
    assert_eq!(known.asset, Some((Digest::of(b"bytes"), 5, asset(MediaType::Jpeg))));
    assert_eq!(known.validators.etag.as_deref(), Some("\"1\""));
}

async fn a_mirror_counts_once_it_has_appeared(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[]).await;
    let edits = [
        Edit { span: Span::new(3, 9), raw: b"http:\xff".to_vec(), replacement: b"../a".to_vec() },
        Edit { span: Span::at(12), raw: Vec::new(), replacement: b" src=x".to_vec() },
    ];
    let digest = Digest::of(b"mirrored");
    record_mirror(catalog, id, digest, &edits).await;
    let found = catalog.article_by_id(id).await.unwrap().unwrap();
    assert_eq!((found.state, found.mirror), (ArticleState::Stale, None));
    let fingerprint = Fingerprint { size: 40, modified: 8, inode: 1 << 63 };
    catalog.finish_mirror(id, fingerprint).await.unwrap();
    let found = catalog.article_by_id(id).await.unwrap().unwrap();
    assert_eq!((found.state, found.mirror), (ArticleState::Mirrored, Some((digest, fingerprint))));
    assert_eq!(catalog.edits(id).await.unwrap(), edits);
    assert_eq!(ready_articles(catalog).await, []);
    record_mirror(catalog, id, digest, &edits[1..]).await;
    assert_eq!(catalog.edits(id).await.unwrap(), &edits[1..]);
}

async fn an_article_that_changes_while_its_mirror_is_written_stays_stale(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[]).await;
    record_mirror(catalog, id, Digest::of(b"old"), &[]).await;
    record(catalog, "a", &[]).await;
    catalog.finish_mirror(id, version("a").fingerprint).await.unwrap();
    assert_eq!(state(catalog, id).await, ArticleState::Stale);
}

async fn a_mirror_planned_before_the_article_became_stale_again_is_not_recorded(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A]).await;
    let planned = catalog.article_by_id(id).await.unwrap().unwrap().revision;
    assert_eq!(settle_all(catalog, 5, kept("bytes")).await, [id]);
    assert_eq!(catalog.record_mirror(id, planned, Digest::of(b"old"), &[]).await.unwrap(), WriteOutcome::Conflict);
    mirror(catalog, id).await;
    assert_eq!(state(catalog, id).await, ArticleState::Mirrored);
    for again in 0..2 {
        let planned = catalog.article_by_id(id).await.unwrap().unwrap().revision;
        match again {
            0 => catalog.make_stale(&[id]).await.unwrap(),
            _ => drop(record(catalog, "a", &[A]).await),
        }
        assert_eq!(catalog.record_mirror(id, planned, Digest::of(b"old"), &[]).await.unwrap(), WriteOutcome::Conflict);
    }
}

// The queue.

async fn one_url_is_one_job_however_many_articles_show_it(catalog: &dyn Catalog) {
    record(catalog, "a", &[A, B, A]).await;
    record(catalog, "b", &[A]).await;
    assert_eq!(catalog.queued().await.unwrap(), 2);
    let (_, jobs) = take_jobs(catalog, at(0)).await;
    assert_eq!(jobs.iter().map(|job| job.url.url.as_str()).collect::<Vec<_>>(), [A, B]);
}

async fn a_job_tells_where_and_how_its_image_is_shown(catalog: &dyn Catalog) {
    let shown = NewReference { kind: ReferenceKind::Poster, ..reference(0, A) };
    catalog.record_article(&version("a"), 7, &[shown]).await.unwrap();
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    assert_eq!(lease.host.as_str(), "images.example");
    assert_eq!(
        (jobs[0].kind, &jobs[0].article_url),
        (ReferenceKind::Poster, &Some(link("https://paper.example/story")))
    );
    assert_eq!(jobs[0].article_published, version("a").published);
    assert_eq!((jobs[0].url.state, jobs[0].url.attempts, &jobs[0].url.asset), (UrlState::New, 0, &None));
}

async fn the_last_outcome_of_an_article_makes_it_ready(catalog: &dyn Catalog) {
    let (both, ready) =
        catalog.record_article(&version("both"), 7, &[reference(0, A), reference(20, B)]).await.unwrap();
    assert_eq!(ready.ready_articles, []);
    let only_b = record(catalog, "only b", &[B]).await;
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    let settle = async |job: usize, settlement| {
        let outcomes = vec![outcome(&jobs[job], 1, settlement)];
        catalog.complete_jobs(&lease, run, outcomes, FIRST).await.unwrap()
    };
    assert_eq!(settle(0, kept("a")).await.1.ready_articles, []);
    let (claim, ready) = settle(1, failed(Some(at(600)))).await;
    assert_eq!((claim, ready.ready_articles), (WriteOutcome::Applied, vec![both, only_b]));
    assert_eq!(ready_articles(catalog).await, [both, only_b]);
    assert_eq!(catalog.queued().await.unwrap(), 0);
}

async fn a_stale_epoch_is_not_heard(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let run = run(catalog).await;
    let (old, jobs) = take_jobs(catalog, at(0)).await;
    let newer = catalog.lease(&worker("second"), 1, TTL, at(61)).await.unwrap().remove(0);
    assert!(newer.epoch > old.epoch);
    let late = catalog.complete_jobs(&old, run, vec![outcome(&jobs[0], 62, kept("a"))], FIRST).await.unwrap();
    assert_eq!((late.0, late.1.ready_articles.len()), (WriteOutcome::Conflict, 0));
    assert_eq!(catalog.url(&link(A)).await.unwrap().unwrap().state, UrlState::New);
    assert_eq!(catalog.captures(jobs[0].url.id).await.unwrap(), []);
    assert_eq!(catalog.blob(Digest::of(b"a")).await.unwrap(), None);
    assert_eq!(catalog.queued().await.unwrap(), 1);
    assert_eq!(catalog.release(&old, &HostState::default()).await.unwrap(), WriteOutcome::Conflict);
    assert_eq!(catalog.renew(&old, TTL, at(62)).await.unwrap(), None);
    assert_eq!(catalog.jobs(&old, None, 9).await.unwrap(), []);
    let heard = catalog.complete_jobs(&newer, run, vec![outcome(&jobs[0], 63, kept("a"))], FIRST).await.unwrap();
    assert_eq!(heard.0, WriteOutcome::Applied);
}

async fn a_released_lease_is_not_heard_and_what_was_learned_is_kept(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    assert_eq!(lease.state, HostState::default());
    let learned = HostState {
        referer: RefererStrategy::Article,
        failures: 3,
        open_until: Some(at(10)),
        not_before: Some(at(20)),
        delay: Duration::from_millis(750),
    };
    assert_eq!(catalog.release(&lease, &learned).await.unwrap(), WriteOutcome::Applied);
    let late = catalog.complete_jobs(&lease, run, vec![outcome(&jobs[0], 1, kept("a"))], FIRST).await.unwrap();
    assert_eq!(late.0, WriteOutcome::Conflict);
    let hosts = catalog.hosts().await.unwrap();
    assert_eq!(hosts, [(HostKey::of(&link(A)).unwrap(), learned.clone())]);
    assert_eq!(lease_all(catalog, at(20)).await[0].state, learned);
}

async fn a_leased_host_is_leased_again_only_after_its_time(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    assert_eq!(lease_all(catalog, at(0)).await[0].until, at(60));
    assert_eq!(lease_all(catalog, at(59)).await, []);
    assert_eq!(lease_all(catalog, at(60)).await.len(), 1);
}

async fn a_renewed_lease_lasts_longer(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let lease = lease_all(catalog, at(0)).await.remove(0);
    let renewed = catalog.renew(&lease, TTL, at(50)).await.unwrap().unwrap();
    assert_eq!((renewed.until, renewed.epoch), (at(110), lease.epoch));
    assert_eq!(lease_all(catalog, at(109)).await, []);
}

async fn hosts_that_may_not_be_asked_are_not_leased(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    for (state, from) in [
        (HostState { open_until: Some(at(100)), ..HostState::default() }, 100),
        (HostState { not_before: Some(at(200)), ..HostState::default() }, 200),
    ] {
        let lease = lease_all(catalog, at(0)).await;
        let lease = if lease.is_empty() { lease_all(catalog, at(100)).await } else { lease };
        catalog.release(&lease[0], &state).await.unwrap();
        assert_eq!(lease_all(catalog, at(from - 1)).await, []);
        let lease = lease_all(catalog, at(from)).await;
        assert_eq!(lease.len(), 1);
        catalog.release(&lease[0], &state).await.unwrap();
    }
}

async fn hosts_that_waited_longest_come_first(catalog: &dyn Catalog) {
    let urls = ["https://late.example/1", "https://first.example/1", "https://second.example/1"];
    record(catalog, "a", &urls).await;
    let all = lease_all(catalog, at(0)).await;
    for lease in &all {
        let late = (lease.host.as_str() == "late.example").then(|| at(5));
        catalog.release(lease, &HostState { not_before: late, ..HostState::default() }).await.unwrap();
    }
    let two = catalog.lease(&worker("first"), 2, TTL, at(9)).await.unwrap();
    assert_eq!(two.iter().map(|lease| lease.host.as_str()).collect::<Vec<_>>(), ["first.example", "second.example"]);
    let rest = lease_all(catalog, at(9)).await;
    assert_eq!(rest.iter().map(|lease| lease.host.as_str()).collect::<Vec<_>>(), ["late.example"]);
}

async fn jobs_come_in_pages(catalog: &dyn Catalog) {
    record(catalog, "a", &[A, B, C]).await;
    let (lease, all) = take_jobs(catalog, at(0)).await;
    let first = catalog.jobs(&lease, None, 2).await.unwrap();
    let rest = catalog.jobs(&lease, Some(first[1].id), 2).await.unwrap();
    assert_eq!([first, rest].concat(), all);
}

async fn an_outcome_is_heard_once(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    for _ in 0..2 {
        let settled =
            catalog.complete_jobs(&lease, run, vec![outcome(&jobs[0], 1, failed(Some(at(9))))], FIRST).await.unwrap();
        assert_eq!(settled.0, WriteOutcome::Applied);
    }
    assert_eq!(catalog.captures(jobs[0].url.id).await.unwrap().len(), 1);
    assert_eq!(catalog.url(&link(A)).await.unwrap().unwrap().attempts, 1);
}

// What becomes of URLs.

async fn a_failure_never_displaces_a_good_capture(catalog: &dyn Catalog) {
    let good = JobResult::Kept {
        digest: Digest::of(b"good"),
        size: 4,
        asset: asset(MediaType::Jpeg),
        validators: Validators::default(),
        next_attempt: Some(at(100)),
    };
    record(catalog, "a", &[A]).await;
    settle_all(catalog, 5, good).await;
    assert_eq!(catalog.enqueue_due(at(100), HORIZON).await.unwrap(), 1);
    settle_all(catalog, 105, failed(Some(at(200)))).await;
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!((row.state, row.reason, row.status), (UrlState::Failed, Some(Reason::HttpStatus), Some(404)));
    assert_eq!((row.good, row.asset.map(|asset| asset.0)), (Some((at(5), at(5))), Some(Digest::of(b"good"))));
}

async fn failures_count_until_something_good_comes(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    for round in 1..=3 {
        settle_all(catalog, round * 10, failed(Some(at(round * 10 + 5)))).await;
        let row = catalog.url(&link(A)).await.unwrap().unwrap();
        assert_eq!((i64::from(row.attempts), row.next_attempt), (round, Some(at(round * 10 + 5))));
        assert_eq!(catalog.enqueue_due(at(round * 10 + 5), HORIZON).await.unwrap(), 1);
    }
    settle_all(catalog, 100, kept("good")).await;
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!((row.attempts, row.state, row.reason, row.next_attempt), (0, UrlState::Good, None, None));
    assert_eq!(row.status, Some(200));
}

async fn a_retired_url_is_never_queued_again(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    settle_all(catalog, 5, failed(None)).await;
    assert_eq!(catalog.url(&link(A)).await.unwrap().unwrap().state, UrlState::Retired);
    assert_eq!(catalog.enqueue_due(at(1_000_000), HORIZON).await.unwrap(), 0);
    let later = ArticleVersion { read_at: at(1_000_000), ..version("b") };
    record_version(catalog, &later, &[A]).await;
    assert_eq!(catalog.queued().await.unwrap(), 0);
}

async fn a_deferred_url_is_no_failure(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    let settlement = JobResult::Deferred { failure: Failure::new(Reason::Budget, "used up"), next_attempt: at(50) };
    let untried =
        CompletedJob { job: jobs[0].id, url: jobs[0].url.id, exchanges: Vec::new(), result: settlement, refused: None };
    let (_, ready) = catalog.complete_jobs(&lease, run, vec![untried], FIRST).await.unwrap();
    assert_eq!(ready.ready_articles.len(), 1);
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!((row.state, row.reason, row.attempts), (UrlState::Deferred, Some(Reason::Budget), 0));
    assert_eq!(catalog.totals().await.unwrap().captures, 0);
    catalog.release(&lease, &HostState::default()).await.unwrap();
    assert_eq!(
        (catalog.enqueue_due(at(49), HORIZON).await.unwrap(), catalog.enqueue_due(at(50), HORIZON).await.unwrap()),
        (0, 1)
    );
}

async fn not_modified_keeps_the_asset_and_renews_its_date(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A]).await;
    settle_all(catalog, 5, due_again(kept("good"), 100)).await;
    mirror(catalog, id).await;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    let ready = settle_all(catalog, 101, JobResult::NotModified { next_attempt: Some(at(200)) }).await;
    assert_eq!(ready, []);
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!((row.state, row.good, row.next_attempt), (UrlState::Good, Some((at(5), at(101))), Some(at(200))));
    assert_eq!(row.asset.unwrap().0, Digest::of(b"good"));
    assert_eq!(row.validators.etag.as_deref(), Some("\"1\""));
}

/// A good capture that is asked for again.
fn due_again(kept: JobResult, second: i64) -> JobResult {
    let JobResult::Kept { digest, size, asset, validators, .. } = kept else { return kept };
    JobResult::Kept { digest, size, asset, validators, next_attempt: Some(at(second)) }
}

/// What an article showed of its only URL before that one's bytes changed.
async fn shown_first(catalog: &dyn Catalog, article: ArticleId) -> Option<Digest> {
    let mut references = catalog.references(article).await.unwrap();
    references.remove(0).shown_first.map(|(digest, ..)| digest)
}

/// A mirrored article whose URL got new bytes twice, and another that came between.
async fn changed_twice(catalog: &dyn Catalog) -> (ArticleId, ArticleId) {
    let first = record(catalog, "a", &[A]).await;
    settle_all(catalog, 5, due_again(kept("old"), 100)).await;
    mirror(catalog, first).await;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    assert_eq!(settle_all(catalog, 101, due_again(kept("new"), 200)).await, []);
    let second = record(catalog, "b", &[A]).await;
    mirror(catalog, second).await;
    catalog.enqueue_due(at(200), HORIZON).await.unwrap();
    assert_eq!(settle_all(catalog, 201, kept("newest")).await, []);
    (first, second)
}

async fn mirrored_articles_go_on_showing_the_bytes_that_new_ones_replace(catalog: &dyn Catalog) {
    let (first, second) = changed_twice(catalog).await;
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!((row.good, row.asset.unwrap().0), (Some((at(5), at(201))), Digest::of(b"newest")));
    for (article, bytes) in [(first, "old"), (second, "new")] {
        assert_eq!(state(catalog, article).await, ArticleState::Mirrored);
        assert_eq!(shown_first(catalog, article).await, Some(Digest::of(bytes.as_bytes())));
        assert!(catalog.blob(Digest::of(bytes.as_bytes())).await.unwrap().is_some());
    }
    let third = record(catalog, "c", &[A]).await;
    assert_eq!(shown_first(catalog, third).await, None);
}

async fn new_bytes_make_an_article_stale_that_is_not_mirrored_yet(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A]).await;
    settle_all(catalog, 5, due_again(kept("old"), 100)).await;
    let planned = catalog.article_by_id(id).await.unwrap().unwrap().revision;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    assert_eq!(settle_all(catalog, 101, kept("new")).await, [id]);
    assert_eq!(shown_first(catalog, id).await, None);
    assert_ne!(catalog.article_by_id(id).await.unwrap().unwrap().revision, planned);
}

async fn a_version_is_shown_as_long_as_the_article_shows_its_url(catalog: &dyn Catalog) {
    let (first, second) = changed_twice(catalog).await;
    record(catalog, "a", &[A, B]).await;
    assert_eq!(shown_first(catalog, first).await, Some(Digest::of(b"old")));
    record(catalog, "a", &[B]).await;
    record(catalog, "a", &[A]).await;
    assert_eq!(shown_first(catalog, first).await, None);
    assert_eq!(shown_first(catalog, second).await, Some(Digest::of(b"new")));
}

async fn a_lost_version_is_shown_no_longer(catalog: &dyn Catalog) {
    let (first, second) = changed_twice(catalog).await;
    catalog.lose_asset(Digest::of(b"old"), at(300)).await.unwrap();
    assert_eq!((state(catalog, first).await, shown_first(catalog, first).await), (ArticleState::Stale, None));
    assert_eq!(state(catalog, second).await, ArticleState::Mirrored);
    assert_eq!(catalog.integrity().await.unwrap(), [""; 0]);
}

async fn the_same_bytes_again_leave_the_articles_alone(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A]).await;
    settle_all(catalog, 5, due_again(kept("same"), 100)).await;
    mirror(catalog, id).await;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    assert_eq!(settle_all(catalog, 101, kept("same")).await, []);
    assert_eq!(state(catalog, id).await, ArticleState::Mirrored);
}

async fn a_first_good_capture_makes_a_mirrored_article_stale_again(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A]).await;
    assert_eq!(settle_all(catalog, 5, failed(Some(at(100)))).await, [id]);
    mirror(catalog, id).await;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    assert_eq!(state(catalog, id).await, ArticleState::Mirrored);
    assert_eq!(settle_all(catalog, 101, kept("at last")).await, [id]);
    assert_eq!(state(catalog, id).await, ArticleState::Stale);
}

async fn only_what_is_due_is_queued(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    settle_all(catalog, 5, failed(Some(at(100)))).await;
    let read = async |second| {
        let (_, ready) = catalog
            .record_article(&ArticleVersion { read_at: at(second), ..version("b") }, 7, &[reference(0, A)])
            .await
            .unwrap();
        (catalog.queued().await.unwrap(), ready.ready_articles.len())
    };
    assert_eq!(read(99).await, (0, 1));
    assert_eq!(read(100).await, (1, 0));
    assert_eq!(catalog.enqueue_due(at(500), HORIZON).await.unwrap(), 0, "it is queued already");
}

async fn a_url_that_no_article_shows_any_more_leaves_the_queue(catalog: &dyn Catalog) {
    record(catalog, "a", &[A, B]).await;
    record(catalog, "b", &[B]).await;
    record(catalog, "a", &[C]).await;
    let (_, jobs) = take_jobs(catalog, at(0)).await;
    assert_eq!(jobs.iter().map(|job| job.url.url.as_str()).collect::<Vec<_>>(), [B, C]);
    assert_eq!(catalog.queued().await.unwrap(), 2);
}

async fn articles_that_show_the_newest_become_stale_with_new_bytes(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A]).await;
    settle_all(catalog, 5, due_again(kept("a"), 100)).await;
    mirror(catalog, id).await;
    let waiting = record(catalog, "b", &[A, B]).await;
    let url = catalog.url(&link(A)).await.unwrap().unwrap().id;
    assert_eq!(catalog.articles_of(url, 9).await.unwrap(), [key("a"), key("b")]);
    assert_eq!(catalog.articles_of(url, 1).await.unwrap(), [key("a")]);
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(100)).await;
    let changed = jobs.iter().find(|job| job.url.id == url).map(|job| outcome(job, 101, kept("newer"))).unwrap();
    let (_, changes) = catalog.complete_jobs(&lease, run, vec![changed], ChangedImages::Newest).await.unwrap();
    assert_eq!(changes.ready_articles, [id]);
    assert_eq!(state(catalog, id).await, ArticleState::Stale);
    assert_eq!(state(catalog, waiting).await, ArticleState::Stale);
    assert_eq!(shown_first(catalog, id).await, Some(Digest::of(b"a")), "in case the settings change back");
}

async fn captures_are_appended_with_their_heads(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    let unanswered = Exchange {
        response_head: None,
        status: None,
        peer: None,
        protocol: None,
        reason: Some(Reason::Connect),
        ..exchange(&link(A), 1, 200)
    };
    let good = Exchange { digest: Some(Digest::of(b"a")), ..exchange(&link(B), 2, 200) };
    let exchanges = vec![unanswered, exchange(&link(A), 1, 302), good];
    let settled = CompletedJob { exchanges: exchanges.clone(), ..outcome(&jobs[0], 1, kept("a")) };
    catalog.complete_jobs(&lease, run, vec![settled], FIRST).await.unwrap();
    let captures = catalog.captures(jobs[0].url.id).await.unwrap();
    assert_eq!(captures.into_iter().map(|capture| capture.exchanges).collect::<Vec<_>>(), [exchanges]);
    assert_eq!(catalog.totals().await.unwrap().captures, 1);
}

async fn the_same_bytes_under_two_urls_are_one_asset(catalog: &dyn Catalog) {
    record(catalog, "a", &[A, B]).await;
    settle_all(catalog, 5, kept("twins")).await;
    let totals = catalog.totals().await.unwrap();
    assert_eq!((totals.blobs, totals.bytes, totals.bytes_without_dedup), (1, 5, 10));
}

async fn failing_urls_come_in_pages_with_their_reasons(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    settle_all(catalog, 5, kept("good")).await;
    record(catalog, "b", &[B]).await;
    settle_all(catalog, 6, failed(None)).await;
    record(catalog, "c", &[C]).await;
    let failing = catalog.failing_urls(None, 9).await.unwrap();
    let told: Vec<_> = failing.iter().map(|row| (row.url.as_str(), row.state, row.reason)).collect();
    assert_eq!(told, [(B, UrlState::Retired, Some(Reason::HttpStatus)), (C, UrlState::New, None)]);
    let rest = catalog.failing_urls(Some(failing[0].id), 9).await.unwrap();
    assert_eq!(rest, &failing[1..]);
    assert_eq!(catalog.failing_urls(None, 1).await.unwrap(), &failing[..1]);
}

// Blobs and thumbnails.

/// Records that a URL of an article gave a body which is kept as evidence, in place of earlier ones of that URL.
pub(crate) async fn refuse(catalog: &dyn Catalog, url: UrlId, body: RefusedBody, moment: Timestamp) {
    catalog.enqueue(&[url]).await.unwrap();
    let run = run(catalog).await;
    for lease in lease_all(catalog, moment).await {
        let jobs = catalog.jobs(&lease, None, 1000).await.unwrap();
        if let Some(job) = jobs.iter().find(|job| job.url.id == url) {
            let exchange = Exchange { at: moment, ..exchange(&job.url.url, 0, 404) };
            let refused = Some(body);
            let job = CompletedJob { refused, exchanges: vec![exchange], ..outcome(job, 0, failed(Some(moment))) };
            catalog.complete_jobs(&lease, run, vec![job], FIRST).await.unwrap();
        }
        catalog.release(&lease, &HostState::default()).await.unwrap();
    }
}

fn body(bytes: &str) -> RefusedBody {
    RefusedBody { digest: Digest::of(bytes.as_bytes()), size: bytes.len() as u64, media_type: MediaType::Pdf }
}

/// Records blobs that nothing refers to.
async fn record_orphans(catalog: &dyn Catalog, orphans: &[(&str, i64)]) {
    let url = "https://orphans.example/1";
    record(catalog, "orphans", &[url]).await;
    let url = catalog.url(&link(url)).await.unwrap().unwrap().id;
    for (bytes, second) in orphans.iter().chain(&[("not one", 0)]) {
        refuse(catalog, url, body(bytes), at(*second)).await;
    }
}

async fn a_blob_is_on_record_with_its_kind_and_size(catalog: &dyn Catalog) {
    let digest = Digest::of(b"blob");
    assert_eq!(catalog.blob(digest).await.unwrap(), None);
    record_orphans(catalog, &[("blob", 0), ("blob", 0)]).await;
    assert_eq!(catalog.blob(digest).await.unwrap(), Some((MediaType::Pdf, 4)));
    assert_eq!(catalog.totals().await.unwrap().blobs, 0, "it is not media");
}

async fn an_original_is_on_record_as_what_it_is(catalog: &dyn Catalog) {
    for (format, media_type) in
        [(Format::Markdown, MediaType::Markdown), (Format::Html, MediaType::Html), (Format::Css, MediaType::Css)]
    {
        let version = ArticleVersion { format, ..version(media_type.as_str()) };
        record_version(catalog, &version, &[]).await;
        assert_eq!(catalog.blob(version.original).await.unwrap(), Some((media_type, 7)));
    }
}

async fn thumbnails_are_recorded_made_or_not(catalog: &dyn Catalog) {
    let original = Digest::of(b"original");
    let small = ThumbnailRow {
        original,
        name: "small".parse().unwrap(),
        recipe: Digest::of(b"480"),
        made: Ok(RenditionRow {
            media_type: MediaType::Jpeg,
            width: 480,
            height: 320,
            size: 9000,
            digest: Digest::of(b"thumbnail"),
        }),
    };
    let large = ThumbnailRow { name: "large".parse().unwrap(), made: Err("too many pixels".into()), ..small.clone() };
    catalog.record_thumbnails(&[small.clone(), large.clone()], &[]).await.unwrap();
    assert_eq!(catalog.thumbnails(&[original]).await.unwrap(), [large.clone(), small.clone()]);
    assert_eq!(catalog.totals().await.unwrap().thumbnails, 1);
    let again = ThumbnailRow { recipe: Digest::of(b"500"), made: Err("broken".into()), ..small };
    catalog.record_thumbnails(std::slice::from_ref(&again), &[]).await.unwrap();
    assert_eq!(catalog.thumbnails(&[original]).await.unwrap(), [large, again]);
    assert_eq!(catalog.thumbnails(&[Digest::of(b"other")]).await.unwrap(), []);
}

async fn totals_add_up(catalog: &dyn Catalog) {
    assert_eq!(catalog.totals().await.unwrap(), archive::Totals::default());
    record(catalog, "a", &[A, B]).await;
    settle_all(catalog, 5, kept("bytes")).await;
    record(catalog, "b", &[A, C]).await;
    settle_all(catalog, 6, failed(Some(at(9)))).await;
    let expected = archive::Totals {
        articles: 2,
        vanished: 0,
        references: 4,
        local: 3,
        urls: 3,
        urls_good: 2,
        blobs: 1,
        bytes: 5,
        bytes_without_dedup: 10,
        thumbnails: 0,
        captures: 3,
    };
    assert_eq!(catalog.totals().await.unwrap(), expected);
}

async fn a_kept_image_that_the_mirror_does_not_show_is_remote(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A, B]).await;
    settle_all(catalog, 5, kept("bytes")).await;
    let local = async || catalog.totals().await.unwrap().local;
    assert_eq!(local().await, 2);
    let spans: Vec<_> = catalog.references(id).await.unwrap().into_iter().map(|row| row.span).collect();
    let edit = |span: &Span| Edit { span: *span, raw: b"raw".into(), replacement: b"link".into() };
    record_mirror(catalog, id, Digest::of(b"mirror"), &[edit(&spans[1])]).await;
    assert_eq!(local().await, 1);
    record_mirror(catalog, id, Digest::of(b"mirror"), &[edit(&spans[0]), edit(&spans[1])]).await;
    assert_eq!(local().await, 2);
}

// What `verify` and `gc` ask and do.

async fn a_whole_catalog_finds_nothing_wrong_with_itself(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    settle_all(catalog, 5, kept("a")).await;
    assert_eq!(catalog.integrity().await.unwrap(), [""; 0]);
}

/// Every shard's answer.
async fn all_shards<T>(of: impl AsyncFn(u8) -> Result<Vec<T>, CatalogError>) -> Vec<T> {
    let mut all = Vec::new();
    for shard in 0..=u8::MAX {
        all.extend(of(shard).await.unwrap());
    }
    all
}

async fn assets_are_on_record_shard_by_shard(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    settle_all(catalog, 5, kept("bytes")).await;
    let assets = all_shards(|shard| catalog.assets_on_record(shard)).await;
    let (digest, size, asset) = catalog.url(&link(A)).await.unwrap().unwrap().asset.unwrap();
    assert_eq!(assets, [archive::AssetRow { digest, size, asset }]);
    let first = digest.to_string()[..2].to_owned();
    let shard = u8::from_str_radix(&first, 16).unwrap();
    assert_eq!(catalog.assets_on_record(shard).await.unwrap().len(), 1);
    assert_eq!(catalog.assets_on_record(!shard).await.unwrap(), []);
}

async fn blobs_and_thumbnails_are_on_record_shard_by_shard(catalog: &dyn Catalog) {
    let edges = [Digest::from_bytes([0; 32]), Digest::from_bytes([0x7f; 32]), Digest::from_bytes([0xff; 32])];
    for digest in edges {
        record(catalog, "a", &[A]).await;
        let url = catalog.url(&link(A)).await.unwrap().unwrap().id;
        refuse(catalog, url, RefusedBody { digest, size: 3, media_type: MediaType::Png }, at(9)).await;
        let made = Err("too many pixels".to_owned());
        let row = ThumbnailRow { original: digest, name: "small".parse().unwrap(), recipe: digest, made };
        catalog.record_thumbnails(&[row], &[]).await.unwrap();
    }
    let blobs = all_shards(|shard| catalog.blobs_on_record(shard)).await;
    let blobs: Vec<_> = blobs.into_iter().filter(|row| row.media_type == MediaType::Png).collect();
    let told: Vec<_> = blobs.iter().map(|row| (row.digest, row.media_type, row.size, row.created)).collect();
    assert_eq!(told, edges.map(|digest| (digest, MediaType::Png, 3, at(9))));
    assert_eq!(catalog.blobs_on_record(0x7f).await.unwrap(), &blobs[1..2]);
    let thumbnails = all_shards(|shard| catalog.thumbnails_on_record(shard)).await;
    assert_eq!(thumbnails.iter().map(|row| row.original).collect::<Vec<_>>(), edges);
    assert_eq!(catalog.thumbnails_on_record(0xff).await.unwrap(), &thumbnails[2..]);
}

/// A URL whose first bytes were replaced by others.
async fn replace_bytes(catalog: &dyn Catalog) -> ArticleId {
    let id = record(catalog, "a", &[A]).await;
    settle_all(catalog, 5, due_again(kept("old"), 100)).await;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    settle_all(catalog, 101, kept("new")).await;
    mirror(catalog, id).await;
    id
}

async fn a_blob_knows_its_urls_also_after_newer_bytes_came(catalog: &dyn Catalog) {
    replace_bytes(catalog).await;
    record(catalog, "b", &[B]).await;
    settle_all(catalog, 102, kept("old")).await;
    assert_eq!(catalog.urls_of(Digest::of(b"old")).await.unwrap(), [link(A), link(B)]);
    assert_eq!(catalog.urls_of(Digest::of(b"new")).await.unwrap(), [link(A)]);
    assert_eq!(catalog.urls_of(Digest::of(b"none")).await.unwrap(), []);
}

async fn an_original_knows_its_articles_also_in_older_versions(catalog: &dyn Catalog) {
    record(catalog, "a", &[]).await;
    let newer = ArticleVersion { original: Digest::of(b"newer"), ..version("a") };
    record_version(catalog, &newer, &[]).await;
    for digest in [version("a").original, newer.original] {
        assert_eq!(catalog.articles_of_original(digest).await.unwrap(), [key("a")]);
    }
    assert_eq!(catalog.articles_of_original(Digest::of(b"none")).await.unwrap(), []);
}

async fn every_version_of_an_article_is_told_oldest_first(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[]).await;
    record(catalog, "other", &[]).await;
    let newer = ArticleVersion { original: Digest::of(b"newer"), read_at: at(60), title: None, ..version("a") };
    record_version(catalog, &newer, &[]).await;
    // The same bytes with other settings are no version of their own.
    record_version(catalog, &ArticleVersion { settings: Digest::of(b"other"), ..newer.clone() }, &[]).await;
    let versions = catalog.versions(id).await.unwrap();
    let told: Vec<_> = versions.iter().map(|version| (version.original, version.read_at)).collect();
    assert_eq!(told, [(version("a").original, at(0)), (newer.original, at(60))]);
    assert_eq!(versions[0].title, version("a").title);
    assert_eq!(catalog.versions(ArticleId(-1)).await.unwrap(), []);
}

async fn articles_can_be_made_stale(catalog: &dyn Catalog) {
    let (first, second) = (record(catalog, "a", &[]).await, record(catalog, "b", &[]).await);
    mirror(catalog, first).await;
    mirror(catalog, second).await;
    catalog.make_stale(&[second]).await.unwrap();
    assert_eq!(ready_articles(catalog).await, [second]);
}

fn thumbnail_of(original: Digest, name: &str) -> ThumbnailRow {
    ThumbnailRow { original, name: name.parse().unwrap(), recipe: Digest::of(b"480"), made: Err("broken".into()) }
}

async fn forgotten_thumbnails_make_the_articles_stale_that_show_the_blob(catalog: &dyn Catalog) {
    let id = replace_bytes(catalog).await;
    let shown = Digest::of(b"new");
    catalog.record_thumbnails(&[thumbnail_of(shown, "large"), thumbnail_of(shown, "small")], &[]).await.unwrap();
    catalog.forget_thumbnails(&[(shown, "small".parse().unwrap())]).await.unwrap();
    assert_eq!(catalog.thumbnails(&[shown]).await.unwrap(), [thumbnail_of(shown, "large")]);
    assert_eq!(state(catalog, id).await, ArticleState::Stale);
}

async fn a_lost_asset_is_asked_for_again_and_its_articles_are_stale(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A, B]).await;
    settle_all(catalog, 5, kept("twins")).await;
    mirror(catalog, id).await;
    let digest = Digest::of(b"twins");
    catalog.record_thumbnails(&[thumbnail_of(digest, "small")], &[]).await.unwrap();
    catalog.lose_asset(digest, at(50)).await.unwrap();
    assert_eq!(state(catalog, id).await, ArticleState::Stale);
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!((row.asset, row.good, row.validators), (None, None, Validators::default()));
    assert_eq!(catalog.blob(digest).await.unwrap(), None);
    assert_eq!(catalog.thumbnails(&[digest]).await.unwrap(), []);
    assert_eq!(catalog.captures(row.id).await.unwrap().len(), 1);
    assert_eq!(
        (catalog.enqueue_due(at(49), HORIZON).await.unwrap(), catalog.enqueue_due(at(50), HORIZON).await.unwrap()),
        (0, 2)
    );
    settle_all(catalog, 51, kept("others")).await;
    assert_eq!(catalog.url(&link(A)).await.unwrap().unwrap().asset.unwrap().0, Digest::of(b"others"));
    assert_eq!(catalog.integrity().await.unwrap(), [""; 0]);
}

async fn only_what_nothing_refers_to_and_is_old_enough_is_unreferenced(catalog: &dyn Catalog) {
    replace_bytes(catalog).await;
    let newer = ArticleVersion { original: Digest::of(b"newer"), ..version("a") };
    record_version(catalog, &newer, &[A]).await;
    record_orphans(catalog, &[("old enough", 9), ("too new", 10)]).await;
    let found = all_shards(|shard| catalog.unreferenced_blobs(shard, at(10))).await;
    let digests: Vec<_> = found.iter().map(|row| row.digest).collect();
    assert_eq!(digests, [Digest::of(b"old enough")]);
}

async fn a_forgotten_blob_is_gone_and_a_referenced_one_is_not_forgotten(catalog: &dyn Catalog) {
    replace_bytes(catalog).await;
    for bytes in ["old", "new"] {
        assert!(!catalog.forget_blob(Digest::of(bytes.as_bytes()), MediaType::Jpeg).await.unwrap(), "{bytes}");
    }
    assert!(!catalog.forget_blob(version("a").original, MediaType::Markdown).await.unwrap());
    let digest = Digest::of(b"nobody's");
    record_orphans(catalog, &[("nobody's", 0)]).await;
    assert!(catalog.forget_blob(digest, MediaType::Pdf).await.unwrap());
    assert_eq!(catalog.blob(digest).await.unwrap(), None);
    assert!(!catalog.forget_blob(digest, MediaType::Pdf).await.unwrap());
}

// All calls.

async fn a_refused_call_leaves_others_alone(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    // A run that was never begun: half of the outcome is written when that is found out.
    let refused = catalog.complete_jobs(&lease, RunId(999), vec![outcome(&jobs[0], 1, kept("a"))], FIRST);
    let (refused, _) = tokio::join!(refused, record(catalog, "b", &[B]));
    assert!(matches!(refused, Err(CatalogError::Database { .. })), "{refused:?}");
    assert_eq!(catalog.queued().await.unwrap(), 2, "the job is still there");
    assert!(catalog.article(&key("b")).await.unwrap().is_some());
}

async fn many_calls_at_once_are_all_heard(catalog: &dyn Catalog) {
    let paths: Vec<_> = (0..500).map(|number| format!("{number:03}")).collect();
    let recorded = futures_util::future::join_all(paths.iter().map(|path| record(catalog, path, &[A]))).await;
    let ids: std::collections::BTreeSet<_> = recorded.into_iter().collect();
    assert_eq!(ids.len(), 500);
    assert_eq!(catalog.queued().await.unwrap(), 1);
    let read = futures_util::future::join_all(
        paths.iter().map(async |path| catalog.article(&key(path)).await.unwrap().unwrap().version.key.path.to_string()),
    );
    assert_eq!(read.await, paths);
}

/// `cargo test --test it -- --ignored --nocapture catalog::measurement`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measurement: not a promise"]
async fn measurement_of_speed() {
    let fresh = local();
    let catalog: &dyn Catalog = &*fresh;
    let urls: Vec<_> = (0..20_000).map(|number| format!("https://images.example/{number}.jpg")).collect();
    let begin = std::time::Instant::now();
    let recorded = urls.chunks(10).enumerate().map(async |(number, urls)| {
        let urls: Vec<_> = urls.iter().map(String::as_str).collect();
        record(catalog, &format!("{number:06}"), &urls).await
    });
    let count =
        futures_util::StreamExt::count(futures_util::StreamExt::buffered(futures_util::stream::iter(recorded), 64));
    tell("2,000 articles of 10 references, 64 at a time", begin, count.await);
    let run = run(catalog).await;
    let lease = lease_all(catalog, at(0)).await.remove(0);
    let begin = std::time::Instant::now();
    let jobs = catalog.jobs(&lease, None, 20_000).await.unwrap();
    tell("jobs read", begin, jobs.len());
    let outcome = |job: &Job| outcome(job, 1, kept(job.url.url.as_str()));
    for (batch, jobs) in [(1_usize, &jobs[..2_000]), (64, &jobs[2_000..12_000])] {
        let begin = std::time::Instant::now();
        for chunk in jobs.chunks(batch) {
            catalog.complete_jobs(&lease, run, chunk.iter().map(outcome).collect(), FIRST).await.unwrap();
        }
        tell(&format!("outcomes settled by {batch}, one call after the other"), begin, jobs.len());
    }
    let begin = std::time::Instant::now();
    let settled = jobs[12_000..].iter().map(|job| catalog.complete_jobs(&lease, run, vec![outcome(job)], FIRST));
    let count =
        futures_util::StreamExt::count(futures_util::StreamExt::buffered(futures_util::stream::iter(settled), 64));
    tell("outcomes settled singly, 64 at a time", begin, count.await);
    let begin = std::time::Instant::now();
    for number in 0..20_000 {
        catalog.article(&key(&format!("{:06}", number % 2000))).await.unwrap().unwrap();
    }
    tell("lookups, one after the other", begin, 20_000);
    let begin = std::time::Instant::now();
    let mut after = None;
    let mut seen = 0;
    loop {
        let page = catalog.articles(None, after.as_ref(), 500).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.version.key.clone());
        seen += page.len();
    }
    tell("articles paged by 500", begin, seen);
    let begin = std::time::Instant::now();
    catalog.totals().await.unwrap();
    tell("totals", begin, 1);
}

fn tell(what: &str, begin: std::time::Instant, count: usize) {
    let took = begin.elapsed();
    crate::corpus::say(&format!("{what}: {count} in {:.3} s", took.as_secs_f64()));
}
