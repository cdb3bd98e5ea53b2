//! What is on record of the requests for feeds and for the pages of their entries.

use offprint::testing::model::{Capture, CaptureKind, MediaType};

use super::{Item, origin, rss, sandbox, serve};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content};

async fn captures(sandbox: &Sandbox) -> Vec<Capture> {
    sandbox.archive().catalog.captures_after(None, 100).await.unwrap()
}

/// The captures of one kind.
async fn of_kind(sandbox: &Sandbox, kind: CaptureKind) -> Vec<Capture> {
    captures(sandbox).await.into_iter().filter(|capture| capture.kind == kind).collect()
}

/// The body that the last exchange of a capture keeps.
async fn body(sandbox: &Sandbox, capture: &Capture) -> Option<(MediaType, String)> {
    let kept = capture.exchanges.last()?.body.as_ref()?;
    let bytes = sandbox.archive().read_verified(kept.digest, kept.media_type).await.unwrap();
    Some((kept.media_type, String::from_utf8(bytes).unwrap()))
}

async fn text(sandbox: &Sandbox, capture: &Capture) -> Option<String> {
    body(sandbox, capture).await.map(|(_, text)| text)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_of_a_feed_is_kept_once_with_all_that_was_sent() {
    let origin = origin(&[]);
    let feeds = ["one", "two"].map(|title| rss("", &[Item::new("1", title, "x")]));
    origin.set("/old", Behaviour::redirect(302, "/feed"));
    let tagged = |feed: &str| Behaviour::serve(super::xml(feed).etagged());
    origin.set("/feed", tagged(&feeds[0]));
    let sandbox = sandbox(&origin.url("/old"), "");
    for _ in 0..3 {
        sandbox.run(&["run"]).expect(0);
    }
    origin.set("/feed", tagged(&feeds[1]));
    sandbox.run(&["run"]).expect(0);
    let found = of_kind(&sandbox, CaptureKind::Feed).await;
    assert_eq!(found.len(), 2, "{found:#?}");
    for (capture, feed) in found.iter().zip(&feeds) {
        assert_eq!((capture.url.path(), capture.source.as_ref().unwrap().as_str()), ("/old", "news"));
        let way: Vec<_> = capture.exchanges.iter().map(|exchange| (exchange.url.path(), exchange.status)).collect();
        assert_eq!(way, [("/old", Some(302)), ("/feed", Some(200))]);
        assert!(capture.exchanges.iter().all(|exchange| exchange.peer.is_some() && exchange.response_head.is_some()));
        assert_eq!(text(&sandbox, capture).await.as_ref(), Some(feed));
        assert!(capture.at <= capture.exchanges[1].at);
    }
    assert_eq!((found[0].revisits.len(), found[1].revisits.len()), (2, 0));
    assert!(found[0].revisits.iter().all(|revisit| revisit.run > found[0].run && revisit.run < found[1].run));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_fails_and_the_page_of_an_entry_are_on_record_and_robots_txt_is_too() {
    let origin = origin(&[]);
    let page = "<!doctype html><title>t</title><article><p>The whole text of the entry is on its page.</article>";
    origin.set("/page", Behaviour::serve(Content::new("text/html", page.as_bytes().to_vec())));
    let item = format!("<item><guid>1</guid><title>a</title><link>{}</link></item>", origin.url("/page"));
    origin.set("/feed", serve(&rss(&item, &[])));
    let sandbox = sandbox(&origin.url("/feed"), "full_text = true");
    sandbox.run(&["run"]).expect(0);
    let pages = of_kind(&sandbox, CaptureKind::Page).await;
    assert_eq!((pages.len(), pages[0].url.path()), (1, "/page"));
    assert_eq!(body(&sandbox, &pages[0]).await, Some((MediaType::Html, page.to_owned())));
    let robots = of_kind(&sandbox, CaptureKind::Robots).await;
    assert_eq!((robots.len(), robots[0].url.path(), &robots[0].source), (1, "/robots.txt", &None));
    assert_eq!(robots[0].exchanges[0].status, Some(404));
    origin.set("/feed", Behaviour::status(503));
    sandbox.run(&["run"]).expect(1);
    let failed = of_kind(&sandbox, CaptureKind::Feed).await.remove(1);
    assert_eq!(failed.exchanges.last().unwrap().status, Some(503));
    assert_eq!(text(&sandbox, &failed).await.as_deref(), Some("status 503\n"));
    sandbox.settings("[run]\ngrace = \"0\"\n");
    sandbox.run(&["gc"]).expect(0);
    sandbox.run(&["verify"]).expect(0);
    for capture in captures(&sandbox).await.iter().filter(|capture| capture.kind != CaptureKind::Media) {
        assert!(body(&sandbox, capture).await.is_some(), "gc keeps it: {capture:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takedown_leaves_no_feed_with_the_text_of_its_article() {
    let feed = rss("", &[Item::new("1", "secret", "a secret"), Item::new("2", "b", "x")]);
    let origin = origin(&[("/feed", feed)]);
    let sandbox = sandbox(&origin.url("/feed"), "");
    sandbox.run(&["run"]).expect(0);
    let has_secret = |sandbox: &Sandbox| {
        let folders = ["store/blobs", "store/articles"].map(|folder| sandbox.path(folder));
        let mut kept = folders.iter().flat_map(|folder| crate::corpus::files(folder));
        kept.any(|file| std::fs::read_to_string(file).is_ok_and(|text| text.contains("a secret")))
    };
    assert!(has_secret(&sandbox));
    sandbox.run(&["forget", "news/secret.md"]).expect(0);
    assert!(!has_secret(&sandbox), "neither the post nor the feed");
    sandbox.run(&["run"]).expect(0);
    assert!(!has_secret(&sandbox));
    let found = of_kind(&sandbox, CaptureKind::Feed).await;
    assert_eq!((found.len(), body(&sandbox, &found[0]).await), (1, None), "that it was requested is on record");
    sandbox.run(&["verify"]).expect(0);
}
