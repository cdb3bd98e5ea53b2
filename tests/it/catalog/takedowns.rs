//! What is taken down.

use offprint::testing::archive::{Catalog, TakedownTarget};
use offprint::testing::model::{Digest, Reason};

use super::fixtures::{
    A, B, HORIZON, at, complete_all, due_again, kept, key, link, mirror, record, replace_bytes, thumbnail_of, version,
};

suite! {
    an_article_goes_with_what_only_it_shows
    a_url_that_is_shown_is_retired_for_good
    a_host_and_a_source_are_taken_down_as_a_whole
}

async fn an_article_goes_with_what_only_it_shows(catalog: &dyn Catalog) {
    replace_bytes(catalog).await;
    record(catalog, "b", &[B]).await;
    complete_all(catalog, 102, kept("b's")).await;
    let digests = ["old", "new"].map(|bytes| Digest::of(bytes.as_bytes()));
    catalog.record_thumbnails(&[thumbnail_of(digests[1], "small")], &[]).await.unwrap();
    let target = TakedownTarget::Article(key("a"));
    let reach = catalog.takedown_reach(&target).await.unwrap();
    let mut blobs: Vec<_> = reach.blobs.iter().map(|row| row.digest).collect();
    blobs.sort_unstable();
    let mut expected = vec![digests[0], digests[1], version("a").original];
    expected.sort_unstable();
    assert_eq!((blobs, reach.urls.len(), reach.thumbnails.len()), (expected, 1, 1));
    assert!(!catalog.is_taken_down(&key("a")).await.unwrap());
    assert_eq!(catalog.take_down(&target, at(300), "asked to").await.unwrap(), reach);
    assert!(catalog.is_taken_down(&key("a")).await.unwrap() && !catalog.is_taken_down(&key("b")).await.unwrap());
    assert_eq!(catalog.article(&key("a")).await.unwrap(), None);
    assert_eq!(catalog.url(&link(A)).await.unwrap(), None);
    for digest in digests {
        assert_eq!(catalog.blob(digest).await.unwrap(), None);
    }
    let row = catalog.takedowns().await.unwrap().remove(0);
    assert_eq!((row.target, row.at, row.reason.as_str()), (target, at(300), "asked to"));
    assert_eq!(catalog.garbage_seen().await.unwrap().len(), 3, "the next collection deletes what is left");
    let totals = catalog.totals().await.unwrap();
    assert_eq!((totals.articles, totals.urls, totals.urls_good, totals.captures), (1, 1, 1, 1));
    assert_eq!(catalog.integrity().await.unwrap(), [""; 0]);
}

async fn a_url_that_is_shown_is_retired_for_good(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A, B]).await;
    complete_all(catalog, 5, due_again(kept("shared"), 100)).await;
    mirror(catalog, id).await;
    let reach = catalog.take_down(&TakedownTarget::Url(link(A)), at(50), "").await.unwrap();
    assert_eq!((reach.articles.len(), reach.urls.len(), reach.blobs.len()), (0, 1, 0), "B gave the same bytes");
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!((row.asset, row.facts.reason, row.facts.next_attempt), (None, Some(Reason::TakenDown), None));
    assert_eq!(catalog.captures(row.id).await.unwrap(), []);
    assert_eq!(catalog.enqueue(&[row.id]).await.unwrap(), 0);
    assert_eq!(catalog.enqueue_due(at(1_000), HORIZON).await.unwrap(), 1, "only B");
    assert_eq!(catalog.stale_articles(None, 9).await.unwrap(), [id]);
    record(catalog, "b", &[A]).await;
    assert_eq!(catalog.queued().await.unwrap(), 1);
    assert_eq!(catalog.integrity().await.unwrap(), [""; 0]);
}

async fn a_host_and_a_source_are_taken_down_as_a_whole(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    record(catalog, "b", &[B]).await;
    complete_all(catalog, 5, kept("bytes")).await;
    let host = offprint::testing::model::HostKey::of(&link(A)).unwrap();
    let reach = catalog.take_down(&TakedownTarget::Host(host), at(50), "").await.unwrap();
    assert_eq!((reach.urls.len(), reach.blobs.len()), (2, 1));
    record(catalog, "c", &["https://images.example/new.jpg"]).await;
    assert_eq!(catalog.queued().await.unwrap(), 0, "a new URL of that host is not asked for");
    let reach = catalog.take_down(&TakedownTarget::Source("posts".parse().unwrap()), at(60), "").await.unwrap();
    assert_eq!((reach.articles.len(), reach.urls.len()), (3, 3));
    assert_eq!(catalog.articles(None, None, 9).await.unwrap(), []);
    assert!(catalog.is_taken_down(&key("never seen")).await.unwrap());
    assert_eq!(catalog.totals().await.unwrap().urls, 0);
    assert_eq!(catalog.integrity().await.unwrap(), [""; 0]);
}
