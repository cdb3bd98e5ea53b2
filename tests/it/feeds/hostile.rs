//! Feeds that mean harm: refused within limits, each with its reason.

use std::fmt::Write as _;

use super::{Item, origin, posts, rss, sandbox, serve};
use crate::testserver::Behaviour;

/// What the report says of a feed with this behaviour: the reason and the detail.
fn refused(behaviour: Behaviour) -> (String, String) {
    let origin = origin(&[]);
    origin.set("/feed", behaviour);
    let sandbox = sandbox(&origin.url("/feed"), "[feed]\nmax_bytes = \"2 MiB\"\nmax_tag = \"64 KiB\"");
    let report = sandbox.json(&["run"]);
    let source = &report["sources"][0];
    assert_eq!(source["outcome"], "failed", "{report}");
    (source["reason"].as_str().unwrap().to_owned(), source["detail"].as_str().unwrap().to_owned())
}

fn check(body: &str, detail: &str) {
    let (reason, printed) = refused(serve(body));
    assert_eq!(reason, "not_a_feed", "{printed}");
    assert!(printed.contains(detail), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_that_grow_or_lead_out_are_refused() {
    let laughs = (1..10).fold("<!ENTITY a0 \"ha\">".to_owned(), |mut text, at| {
        let before = format!("&a{};", at - 1).repeat(10);
        write!(text, "<!ENTITY a{at} \"{before}\">").unwrap();
        text
    });
    check(
        &format!("<!DOCTYPE rss [{laughs}]><rss><channel><title>&a9;</title></channel></rss>"),
        "more than plain text",
    );
    let outside =
        "<!DOCTYPE rss [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><rss><channel><title>&x;</title></channel></rss>";
    check(outside, "outside of the document");
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_and_long_documents_are_refused() {
    check(&format!("<rss>{}", "<a>".repeat(100_000)), "feed.max_depth");
    check(&format!("<rss a=\"{}\"/>", "x".repeat(100_000)), "feed.max_tag");
    let (reason, detail) = refused(serve(&format!("<rss>{}</rss>", " ".repeat(3 << 20))));
    assert_eq!(reason, "too_large", "{detail}");
    assert_eq!(refused(Behaviour::gzip_bomb(100)).0, "too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_feed_says_what_it_is() {
    check("<urlset/>", "its first element is <urlset>");
    check("{\"a\": 1}", "no JSON Feed");
    check("plain text", "neither XML nor JSON");
    assert!(refused(serve("")).1.ends_with("it is empty"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_breaks_off_gives_its_whole_entries() {
    let feed = rss("", &[Item::new("1", "whole", "x"), Item::new("2", "half", "0123456789")]);
    let origin = origin(&[("/feed", feed.split("56789").next().unwrap().to_owned())]);
    let sandbox = sandbox(&origin.url("/feed"), "");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(posts(&sandbox), ["whole.md"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_and_categories_never_lead_out_of_the_source() {
    let titles = ["../../../x", "/etc/passwd", "..", "a\u{0}b", "C:\\x", "NUL", &"长".repeat(300)];
    let items: Vec<_> = titles.iter().enumerate().map(|(at, title)| Item::new(&at.to_string(), title, "x")).collect();
    let origin = origin(&[("/feed", rss("", &items))]);
    let sandbox = sandbox(&origin.url("/feed"), "categories = [\"..\", \"a/../../b\"]");
    sandbox.run(&["run"]).expect(0);
    let posts = posts(&sandbox);
    assert_eq!(posts.len(), titles.len(), "{posts:?}");
    assert!(posts.iter().all(|post| post.starts_with("_/a_.._.._b/") && post.matches('/').count() == 2), "{posts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_never_reads_files_of_this_machine() {
    let sandbox_of_files = tempfile::tempdir().unwrap();
    let file = sandbox_of_files.path().join("secret.png");
    std::fs::write(&file, crate::testserver::bulk::tiny(1)).unwrap();
    let body = format!("<img src=\"file://{}\"><img src=\"../../../../secret.png\">", file.display());
    let origin = origin(&[("/feed", rss("", &[Item::new("1", "a", &body)]))]);
    let sandbox = sandbox(&origin.url("/feed"), "");
    let report = sandbox.json(&["run"]);
    assert_eq!(report["blobs"]["new"], 0, "{report}");
    assert_eq!(report["references"]["local"], 0, "{report}");
}
