//! Captures of what sources read, and of robots.txt.

use offprint::testing::archive::{Catalog, DocumentCapture, TakedownTarget, UrlState};
use offprint::testing::model::{
    ArticleVersion, Capture, CaptureKind, Digest, Exchange, HostKey, KeptBody, MediaType, Revisit, RunId,
};

use super::fixtures::{A, at, complete_all, exchange, failed, kept, key, link, record, record_version, run, version};

suite! {
    every_kind_is_listed_in_order_beside_captures_of_images
    what_is_as_it_was_is_noted_at_its_capture
    a_document_is_no_image_that_is_missing
    an_image_and_a_document_may_have_one_url
    a_body_is_kept_while_its_capture_is
    a_takedown_reaches_what_was_requested_for_it
    nothing_of_what_was_taken_down_is_recorded_again
}

const FEED: &str = "https://images.example/feed";
const PAGE: &str = "https://images.example/page";

/// A response with these bytes, which are kept.
fn given(url: &str, second: i64, bytes: &str) -> Exchange {
    let digest = Digest::of(bytes.as_bytes());
    let body = Some(KeptBody { digest, media_type: MediaType::Text, length: bytes.len() as u64 });
    Exchange { digest: Some(digest), body, ..exchange(&link(url), second, 200) }
}

fn document(url: &str, kind: CaptureKind, exchanges: Vec<Exchange>) -> DocumentCapture {
    let source = (kind != CaptureKind::Robots).then(|| "posts".parse().unwrap());
    DocumentCapture { url: link(url), kind, source, exchanges }
}

async fn captured(catalog: &dyn Catalog, run: RunId, url: &str, kind: CaptureKind, bytes: &str, second: i64) {
    let document = document(url, kind, vec![given(url, second, bytes)]);
    catalog.record_document(run, &document).await.unwrap();
}

async fn all(catalog: &dyn Catalog) -> Vec<Capture> {
    catalog.captures_after(None, 99).await.unwrap()
}

async fn every_kind_is_listed_in_order_beside_captures_of_images(catalog: &dyn Catalog) {
    let run = run(catalog).await;
    let kinds = [CaptureKind::Robots, CaptureKind::Feed, CaptureKind::Page, CaptureKind::Sitemap];
    for (at, kind) in (1..).zip(kinds) {
        captured(catalog, run, &format!("{PAGE}/{at}"), kind, kind.as_str(), at).await;
    }
    record(catalog, "a", &[A]).await;
    complete_all(catalog, 9, kept("image")).await;
    let captures = all(catalog).await;
    let listed: Vec<_> = captures.iter().map(|capture| (capture.kind, capture.at, capture.source.is_some())).collect();
    let expected =
        [(kinds[0], at(1), false), (kinds[1], at(2), true), (kinds[2], at(3), true), (kinds[3], at(4), true)];
    assert_eq!(listed, [&expected[..], &[(CaptureKind::Media, at(9), false)]].concat());
    for (at, kind) in (1..).zip(kinds) {
        let url = format!("{PAGE}/{at}");
        let row = catalog.url(&link(&url)).await.unwrap().unwrap();
        let capture = catalog.captures(row.id).await.unwrap().remove(0);
        assert_eq!(capture.exchanges, [given(&url, at, kind.as_str())]);
        assert_eq!(catalog.blob(Digest::of(kind.as_str().as_bytes())).await.unwrap().unwrap().0, MediaType::Text);
    }
    assert_eq!(catalog.totals().await.unwrap().captures, 5);
}

async fn what_is_as_it_was_is_noted_at_its_capture(catalog: &dyn Catalog) {
    let first = run(catalog).await;
    captured(catalog, first, FEED, CaptureKind::Feed, "one", 1).await;
    let second = run(catalog).await;
    let unchanged = document(FEED, CaptureKind::Feed, vec![exchange(&link(FEED), 2, 304)]);
    catalog.record_document(second, &unchanged).await.unwrap();
    captured(catalog, second, FEED, CaptureKind::Feed, "one", 3).await;
    captured(catalog, second, FEED, CaptureKind::Feed, "two", 4).await;
    catalog.record_document(second, &document(FEED, CaptureKind::Feed, Vec::new())).await.unwrap();
    let captures = all(catalog).await;
    let revisit = |second_of, status| Revisit { run: second, at: at(second_of), status };
    assert_eq!(captures[0].revisits, [revisit(2, 304), revisit(3, 200)]);
    assert_eq!((captures.len(), captures[1].revisits.len(), captures[1].at), (2, 0, at(4)));
    assert_eq!(catalog.document(&link(FEED), None).await.unwrap().newest.as_ref(), Some(&captures[1]));
}

async fn a_document_is_no_image_that_is_missing(catalog: &dyn Catalog) {
    let run = run(catalog).await;
    captured(catalog, run, FEED, CaptureKind::Feed, "one", 1).await;
    let row = catalog.url(&link(FEED)).await.unwrap().unwrap();
    assert_eq!(row.facts.state, UrlState::Document);
    assert_eq!(catalog.failing_urls(None, 9).await.unwrap(), []);
    assert_eq!((catalog.totals().await.unwrap().urls, catalog.enqueue(&[row.id]).await.unwrap()), (0, 0));
    assert_eq!(catalog.integrity().await.unwrap(), [""; 0]);
}

async fn an_image_and_a_document_may_have_one_url(catalog: &dyn Catalog) {
    let first = run(catalog).await;
    captured(catalog, first, A, CaptureKind::Page, "a page", 1).await;
    record(catalog, "a", &[A]).await;
    assert_eq!(catalog.url(&link(A)).await.unwrap().unwrap().facts.state, UrlState::New);
    assert_eq!((catalog.totals().await.unwrap().urls, catalog.queued().await.unwrap()), (1, 1));
    complete_all(catalog, 5, failed(None)).await;
    captured(catalog, first, A, CaptureKind::Page, "another page", 6).await;
    assert_eq!(catalog.url(&link(A)).await.unwrap().unwrap().facts.state, UrlState::Retired);
    let kinds: Vec<_> = all(catalog).await.into_iter().map(|capture| capture.kind).collect();
    assert_eq!(kinds, [CaptureKind::Page, CaptureKind::Media, CaptureKind::Page]);
    assert_eq!(catalog.integrity().await.unwrap(), [""; 0]);
}

async fn a_body_is_kept_while_its_capture_is(catalog: &dyn Catalog) {
    let run = run(catalog).await;
    captured(catalog, run, FEED, CaptureKind::Feed, "one", 1).await;
    captured(catalog, run, FEED, CaptureKind::Feed, "two", 2).await;
    for bytes in ["one", "two"] {
        let digest = Digest::of(bytes.as_bytes());
        let shard = digest.as_bytes()[0];
        let on_record = catalog.blobs_on_record(shard).await.unwrap();
        assert!(on_record.into_iter().any(|row| row.unwrap().digest == digest), "verify checks it");
        let garbage = catalog.unreferenced_blobs(shard, at(1_000)).await.unwrap();
        assert!(garbage.iter().all(|row| row.digest != digest), "{bytes}");
    }
    catalog.take_down(&TakedownTarget::Url(link(FEED)), at(9), "").await.unwrap();
    assert_eq!(catalog.blob(Digest::of(b"one")).await.unwrap(), None);
    assert_eq!((all(catalog).await, catalog.url(&link(FEED)).await.unwrap()), (Vec::new(), None));
}

async fn a_takedown_reaches_what_was_requested_for_it(catalog: &dyn Catalog) {
    let run = run(catalog).await;
    for (article, bytes) in [("a", "text of a"), ("b", "text of b")] {
        let version = ArticleVersion { original: Digest::of(bytes.as_bytes()), ..version(article) };
        record_version(catalog, &version, &[]).await;
        captured(catalog, run, &format!("{PAGE}/{article}"), CaptureKind::Page, bytes, 1).await;
    }
    captured(catalog, run, FEED, CaptureKind::Feed, "both texts", 2).await;
    captured(catalog, run, "https://images.example/robots.txt", CaptureKind::Robots, "rules", 3).await;
    let reached = async |target| {
        let reach = catalog.takedown_reach(&target).await.unwrap();
        reach.urls.into_iter().map(|(_, url)| url.path().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(reached(TakedownTarget::Article(key("a"))).await, ["/page/a", "/feed"], "what has its text");
    assert_eq!(reached(TakedownTarget::Source("posts".parse().unwrap())).await, ["/page/a", "/page/b", "/feed"]);
    let host = TakedownTarget::Host(HostKey::of(&link(FEED)).unwrap());
    assert_eq!(reached(host).await, ["/page/a", "/page/b", "/feed", "/robots.txt"]);
    let taken = catalog.take_down(&TakedownTarget::Article(key("a")), at(9), "").await.unwrap();
    let mut expected = [b"text of a".as_slice(), b"both texts"].map(Digest::of);
    expected.sort_unstable();
    let mut blobs: Vec<_> = taken.blobs.iter().map(|row| row.digest).collect();
    blobs.dedup();
    assert_eq!(blobs, expected);
    let left: Vec<_> = all(catalog).await.into_iter().map(|capture| capture.url.path().to_owned()).collect();
    assert_eq!(left, ["/page/b", "/robots.txt"]);
    assert_eq!(catalog.totals().await.unwrap().captures, 2);
    assert_eq!(catalog.integrity().await.unwrap(), [""; 0]);
}

async fn nothing_of_what_was_taken_down_is_recorded_again(catalog: &dyn Catalog) {
    let run = run(catalog).await;
    catalog.take_down(&TakedownTarget::Url(link(FEED)), at(1), "").await.unwrap();
    captured(catalog, run, FEED, CaptureKind::Feed, "feed", 2).await;
    let host = HostKey::of(&link("https://gone.example/")).unwrap();
    catalog.take_down(&TakedownTarget::Host(host), at(1), "").await.unwrap();
    captured(catalog, run, "https://gone.example/robots.txt", CaptureKind::Robots, "rules", 2).await;
    assert_eq!(all(catalog).await, []);
    let posts = "posts".parse().unwrap();
    assert!(!catalog.document(&link(PAGE), Some(&posts)).await.unwrap().lacks_articles);
    catalog.take_down(&TakedownTarget::Article(key("a")), at(1), "").await.unwrap();
    let facts = catalog.document(&link(PAGE), Some(&posts)).await.unwrap();
    assert!(facts.lacks_articles && !facts.is_taken_down);
    assert!(!catalog.document(&link(PAGE), Some(&"post".parse().unwrap())).await.unwrap().lacks_articles, "another");
    catalog.take_down(&TakedownTarget::Source(posts.clone()), at(1), "").await.unwrap();
    assert!(catalog.document(&link(PAGE), Some(&posts)).await.unwrap().is_taken_down);
    captured(catalog, run, PAGE, CaptureKind::Page, "page", 2).await;
    assert_eq!(all(catalog).await, []);
}
