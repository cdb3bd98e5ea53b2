//! The queue.

use std::time::Duration;

use offprint::testing::archive::{Catalog, CatalogError, RunId, UrlState, WriteOutcome};
use offprint::testing::model::{ArticleVersion, ReferenceKind, ReferencePlace};

use super::fixtures::{
    A, B, C, FIRST, HORIZON, at, complete_all, failed, kept, key, link, outcome, placed, ready_articles, record,
    reference, run, take_jobs, version,
};

suite! {
    one_url_is_one_job_however_many_articles_show_it
    a_job_says_where_and_how_its_image_is_shown
    the_last_completed_job_of_an_article_makes_it_ready
    jobs_come_in_pages
    completing_a_job_is_idempotent
    only_what_is_due_is_queued
    a_url_that_no_article_shows_any_more_leaves_the_queue
    a_failed_call_leaves_others_alone
    many_concurrent_calls_all_succeed
    a_job_is_shown_as_in_its_first_article
    a_due_time_beyond_the_horizon_counts_as_passed
}

async fn one_url_is_one_job_however_many_articles_show_it(catalog: &dyn Catalog) {
    record(catalog, "a", &[A, B, A]).await;
    record(catalog, "b", &[A]).await;
    assert_eq!(catalog.queued().await.unwrap(), 2);
    let (_, jobs) = take_jobs(catalog, at(0)).await;
    assert_eq!(jobs.iter().map(|job| job.url.url.as_str()).collect::<Vec<_>>(), [A, B]);
}

async fn a_job_says_where_and_how_its_image_is_shown(catalog: &dyn Catalog) {
    let shown = placed(reference(0, A), |place| ReferencePlace { kind: ReferenceKind::Poster, ..place });
    catalog.record_article(&version("a"), 7, &[shown]).await.unwrap();
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    assert_eq!(lease.host.as_str(), "images.example");
    assert_eq!(
        (jobs[0].kind, &jobs[0].article_url),
        (ReferenceKind::Poster, &Some(link("https://paper.example/story")))
    );
    assert_eq!(jobs[0].article_published, version("a").published);
    assert_eq!((jobs[0].url.facts.state, jobs[0].url.facts.attempts, &jobs[0].url.asset), (UrlState::New, 0, &None));
}

async fn the_last_completed_job_of_an_article_makes_it_ready(catalog: &dyn Catalog) {
    let (both, ready) =
        catalog.record_article(&version("both"), 7, &[reference(0, A), reference(20, B)]).await.unwrap();
    assert_eq!(ready.ready_articles, []);
    let only_b = record(catalog, "only b", &[B]).await;
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    let complete = async |job: usize, result| {
        let outcomes = vec![outcome(&jobs[job], 1, result)];
        catalog.complete_jobs(&lease, run, outcomes, FIRST).await.unwrap()
    };
    assert_eq!(complete(0, kept("a")).await.1.ready_articles, []);
    let (claim, ready) = complete(1, failed(Some(at(600)))).await;
    assert_eq!((claim, ready.ready_articles), (WriteOutcome::Applied, vec![both, only_b]));
    assert_eq!(ready_articles(catalog).await, [both, only_b]);
    assert_eq!(catalog.queued().await.unwrap(), 0);
}

async fn jobs_come_in_pages(catalog: &dyn Catalog) {
    record(catalog, "a", &[A, B, C]).await;
    let (lease, all) = take_jobs(catalog, at(0)).await;
    let first = catalog.jobs(&lease, None, 2).await.unwrap();
    let rest = catalog.jobs(&lease, Some(first[1].id), 2).await.unwrap();
    assert_eq!([first, rest].concat(), all);
}

async fn completing_a_job_is_idempotent(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    for _ in 0..2 {
        let settled =
            catalog.complete_jobs(&lease, run, vec![outcome(&jobs[0], 1, failed(Some(at(9))))], FIRST).await.unwrap();
        assert_eq!(settled.0, WriteOutcome::Applied);
    }
    assert_eq!(catalog.captures(jobs[0].url.id).await.unwrap().len(), 1);
    assert_eq!(catalog.url(&link(A)).await.unwrap().unwrap().facts.attempts, 1);
}

async fn only_what_is_due_is_queued(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    complete_all(catalog, 5, failed(Some(at(100)))).await;
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

async fn a_failed_call_leaves_others_alone(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    // A run that was never begun: half of the outcome is written when that is found out.
    let refused = catalog.complete_jobs(&lease, RunId(999), vec![outcome(&jobs[0], 1, kept("a"))], FIRST);
    let (refused, _) = tokio::join!(refused, record(catalog, "b", &[B]));
    assert!(matches!(refused, Err(CatalogError::Database { .. })), "{refused:?}");
    assert_eq!(catalog.queued().await.unwrap(), 2, "the job is still there");
    assert!(catalog.article(&key("b")).await.unwrap().is_some());
}

async fn many_concurrent_calls_all_succeed(catalog: &dyn Catalog) {
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

async fn a_job_is_shown_as_in_its_first_article(catalog: &dyn Catalog) {
    for (path, kind) in [("b", ReferenceKind::Poster), ("a", ReferenceKind::Image)] {
        let url = Some(link(&format!("https://paper.example/{path}")));
        let shown =
            [ReferenceKind::Meta, kind].map(|kind| placed(reference(0, A), |place| ReferencePlace { kind, ..place }));
        let shown = &shown[usize::from(path == "a")..];
        catalog.record_article(&ArticleVersion { url, ..version(path) }, 7, shown).await.unwrap();
    }
    let (_, jobs) = take_jobs(catalog, at(0)).await;
    let article = jobs[0].article_url.as_ref().unwrap();
    assert_eq!((article.as_str(), jobs[0].kind), ("https://paper.example/b", ReferenceKind::Meta));
}

async fn a_due_time_beyond_the_horizon_counts_as_passed(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let day = Duration::from_secs(86_400);
    complete_all(catalog, 5, failed(Some(at(86_401)))).await;
    assert_eq!(catalog.enqueue_due(at(1), day).await.unwrap(), 0, "as far ahead as any wait");
    assert_eq!(catalog.enqueue_due(at(0), day).await.unwrap(), 1, "no wait is so long");
}
