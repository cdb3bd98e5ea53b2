//! Versions of an image, and which one an article shows.

use offprint::testing::archive::{ArticleState, Catalog};
use offprint::testing::config::ChangedImages;
use offprint::testing::model::Digest;

use super::fixtures::{
    A, B, HORIZON, at, changed_twice, complete_all, due_again, failed, kept, key, link, mirror, outcome, record, run,
    shown_first, state, take_jobs,
};

suite! {
    mirrored_articles_go_on_showing_the_bytes_that_new_ones_replace
    new_bytes_make_an_article_stale_that_is_not_mirrored_yet
    a_version_is_shown_as_long_as_the_article_shows_its_url
    a_lost_version_is_shown_no_longer
    the_same_bytes_again_leave_the_articles_alone
    a_first_good_capture_makes_a_mirrored_article_stale_again
    articles_that_show_the_newest_become_stale_with_new_bytes
}

async fn mirrored_articles_go_on_showing_the_bytes_that_new_ones_replace(catalog: &dyn Catalog) {
    let (first, second) = changed_twice(catalog).await;
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!((row.facts.good, row.asset.unwrap().digest), (Some((at(5), at(201))), Digest::of(b"newest")));
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
    complete_all(catalog, 5, due_again(kept("old"), 100)).await;
    let planned = catalog.article_by_id(id).await.unwrap().unwrap().revision;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    assert_eq!(complete_all(catalog, 101, kept("new")).await, [id]);
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
    complete_all(catalog, 5, due_again(kept("same"), 100)).await;
    mirror(catalog, id).await;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    assert_eq!(complete_all(catalog, 101, kept("same")).await, []);
    assert_eq!(state(catalog, id).await, ArticleState::Mirrored);
}

async fn a_first_good_capture_makes_a_mirrored_article_stale_again(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A]).await;
    assert_eq!(complete_all(catalog, 5, failed(Some(at(100)))).await, [id]);
    mirror(catalog, id).await;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    assert_eq!(state(catalog, id).await, ArticleState::Mirrored);
    assert_eq!(complete_all(catalog, 101, kept("at last")).await, [id]);
    assert_eq!(state(catalog, id).await, ArticleState::Stale);
}

async fn articles_that_show_the_newest_become_stale_with_new_bytes(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A]).await;
    complete_all(catalog, 5, due_again(kept("a"), 100)).await;
    mirror(catalog, id).await;
    let waiting = record(catalog, "b", &[A, B]).await;
    let url = catalog.url(&link(A)).await.unwrap().unwrap().id;
    assert_eq!(catalog.articles_of(url, 9).await.unwrap(), [key("a"), key("b")]);
    assert_eq!(catalog.articles_of(url, 1).await.unwrap(), [key("a")]);
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(100)).await;
    let job_done = jobs.iter().find(|job| job.url.id == url).map(|job| outcome(job, 101, kept("newer"))).unwrap();
    let (_, changes) = catalog.complete_jobs(&lease, run, vec![job_done], ChangedImages::Newest).await.unwrap();
    assert_eq!(changes.ready_articles, [id]);
    assert_eq!(state(catalog, id).await, ArticleState::Stale);
    assert_eq!(state(catalog, waiting).await, ArticleState::Stale);
    assert_eq!(shown_first(catalog, id).await, Some(Digest::of(b"a")), "in case the settings change back");
}
