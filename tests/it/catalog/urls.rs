//! What becomes of URLs.

use offprint::testing::archive::{Catalog, CompletedJob, JobResult, UrlState};
use offprint::testing::model::{ArticleVersion, Digest, Failure, HostState, MediaType, Reason, Validators};

use super::fixtures::{
    A, B, C, FIRST, HORIZON, asset, at, complete_all, due_again, failed, kept, link, mirror, record, record_version,
    run, take_jobs, version,
};

suite! {
    a_failure_never_replaces_a_good_capture
    failures_count_until_something_good_comes
    a_retired_url_is_never_queued_again
    a_deferred_url_is_no_failure
    not_modified_keeps_the_asset_and_renews_its_date
    failing_urls_come_in_pages_with_their_reasons
    the_detail_of_a_failure_is_kept_until_something_good_comes
}

async fn a_failure_never_replaces_a_good_capture(catalog: &dyn Catalog) {
    let good = JobResult::Kept {
        digest: Digest::of(b"good"),
        size: 4,
        asset: asset(MediaType::Jpeg),
        validators: Validators::default(),
        next_attempt: Some(at(100)),
    };
    record(catalog, "a", &[A]).await;
    complete_all(catalog, 5, good).await;
    assert_eq!(catalog.enqueue_due(at(100), HORIZON).await.unwrap(), 1);
    complete_all(catalog, 105, failed(Some(at(200)))).await;
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!(
        (row.facts.state, row.facts.reason, row.facts.status),
        (UrlState::Failed, Some(Reason::HttpStatus), Some(404))
    );
    assert_eq!(
        (row.facts.good, row.asset.map(|asset| asset.digest)),
        (Some((at(5), at(5))), Some(Digest::of(b"good")))
    );
}

async fn failures_count_until_something_good_comes(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    for round in 1..=3 {
        complete_all(catalog, round * 10, failed(Some(at(round * 10 + 5)))).await;
        let row = catalog.url(&link(A)).await.unwrap().unwrap();
        assert_eq!((i64::from(row.facts.attempts), row.facts.next_attempt), (round, Some(at(round * 10 + 5))));
        assert_eq!(catalog.enqueue_due(at(round * 10 + 5), HORIZON).await.unwrap(), 1);
    }
    complete_all(catalog, 100, kept("good")).await;
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!(
        (row.facts.attempts, row.facts.state, row.facts.reason, row.facts.next_attempt),
        (0, UrlState::Good, None, None)
    );
    assert_eq!(row.facts.status, Some(200));
}

async fn a_retired_url_is_never_queued_again(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    complete_all(catalog, 5, failed(None)).await;
    assert_eq!(catalog.url(&link(A)).await.unwrap().unwrap().facts.state, UrlState::Retired);
    assert_eq!(catalog.enqueue_due(at(1_000_000), HORIZON).await.unwrap(), 0);
    let later = ArticleVersion { read_at: at(1_000_000), ..version("b") };
    record_version(catalog, &later, &[A]).await;
    assert_eq!(catalog.queued().await.unwrap(), 0);
}

async fn a_deferred_url_is_no_failure(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    let result = JobResult::Deferred { failure: Failure::new(Reason::Budget, "used up"), next_attempt: at(50) };
    let untried = CompletedJob { job: jobs[0].id, url: jobs[0].url.id, at: at(0), exchanges: Vec::new(), result };
    let (_, ready) = catalog.complete_jobs(&lease, run, vec![untried], FIRST).await.unwrap();
    assert_eq!(ready.ready_articles.len(), 1);
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!((row.facts.state, row.facts.reason, row.facts.attempts), (UrlState::Deferred, Some(Reason::Budget), 0));
    assert_eq!(catalog.totals().await.unwrap().captures, 0);
    catalog.release(&lease, &HostState::default()).await.unwrap();
    assert_eq!(
        (catalog.enqueue_due(at(49), HORIZON).await.unwrap(), catalog.enqueue_due(at(50), HORIZON).await.unwrap()),
        (0, 1)
    );
}

async fn not_modified_keeps_the_asset_and_renews_its_date(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A]).await;
    complete_all(catalog, 5, due_again(kept("good"), 100)).await;
    mirror(catalog, id).await;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    let ready = complete_all(catalog, 101, JobResult::NotModified { next_attempt: Some(at(200)) }).await;
    assert_eq!(ready, []);
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!(
        (row.facts.state, row.facts.good, row.facts.next_attempt),
        (UrlState::Good, Some((at(5), at(101))), Some(at(200)))
    );
    assert_eq!(row.asset.unwrap().digest, Digest::of(b"good"));
    assert_eq!(row.facts.validators.etag.as_deref(), Some("\"1\""));
}

async fn failing_urls_come_in_pages_with_their_reasons(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    complete_all(catalog, 5, kept("good")).await;
    record(catalog, "b", &[B]).await;
    complete_all(catalog, 6, failed(None)).await;
    record(catalog, "c", &[C]).await;
    let failing = catalog.failing_urls(None, 9).await.unwrap();
    let listed: Vec<_> = failing.iter().map(|row| (row.url.as_str(), row.facts.state, row.facts.reason)).collect();
    assert_eq!(listed, [(B, UrlState::Retired, Some(Reason::HttpStatus)), (C, UrlState::New, None)]);
    let rest = catalog.failing_urls(Some(failing[0].id), 9).await.unwrap();
    assert_eq!(rest, &failing[1..]);
    assert_eq!(catalog.failing_urls(None, 1).await.unwrap(), &failing[..1]);
}

async fn the_detail_of_a_failure_is_kept_until_something_good_comes(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    complete_all(catalog, 5, failed(Some(at(100)))).await;
    let detail = async || catalog.url(&link(A)).await.unwrap().unwrap().facts.detail;
    assert_eq!(detail().await.as_deref(), Some("the answer was 404 Not Found"));
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    complete_all(catalog, 101, due_again(kept("good"), 200)).await;
    assert_eq!(detail().await, None);
}
