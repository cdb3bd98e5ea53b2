//! The full text of entries: the main text of the page that each leads to, which is kept beside its post.

use std::collections::BTreeMap;

use encoding_rs::{Encoding, GBK, SHIFT_JIS};
use serde_json::Value;

use super::{original, posts, xml};
use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// An entry: its id, which is its title, its link and its summary.
type Entry<'a> = (&'a str, &'a str, &'a str);

fn feed(entries: &[Entry<'_>]) -> Behaviour {
    let item = |(id, link, summary): &Entry<'_>| {
        let link = if link.is_empty() { String::new() } else { format!("<link>{link}</link>") };
        format!(
            "<item><guid isPermaLink='false'>{id}</guid><title>{id}</title>{link}<description>{summary}</description></item>"
        )
    };
    let items: String = entries.iter().map(item).collect();
    Behaviour::serve(xml(&format!("<rss version='2.0'><channel><title>T</title>{items}</channel></rss>")).etagged())
}

/// A page with navigation, an article that says this often enough, and an image of the article.
fn page_of(words: &str) -> String {
    let text = format!("<p>{}</p>", format!("{words}, ").repeat(30)).repeat(3);
    format!(
        "<!doctype html><title>Page</title><nav><ul><li><a href=/>Home</a><li><a href=/about>About us</a></ul></nav>\
         <article><h1>Page</h1>{text}<p><img src=\"../1.png\" width=600 height=400></p></article><footer>Imprint</footer>"
    )
}

fn html(body: &str) -> Behaviour {
    Behaviour::serve(Content::new("text/html; charset=utf-8", body.as_bytes().to_vec()).etagged())
}

fn encoded(body: &str, encoding: &'static Encoding) -> Behaviour {
    let mime = format!("text/html; charset={}", encoding.name());
    Behaviour::serve(Content::new(&mime, encoding.encode(body).0.into_owned()))
}

fn origin() -> Origin {
    Origin::start(Site::new().on("/1.png", Behaviour::serve(Content::new("image/png", tiny(1))))).unwrap()
}

/// A source with full text and these further settings of it, after these of the program.
fn source(sandbox: &Sandbox, settings: &str, origin: &Origin, more: &str) {
    let url = origin.url("/feed");
    sandbox.settings(&format!("{settings}\n[[source]]\nname = \"news\"\nkind = \"feed\"\nurl = \"{url}\"\n{more}\n"));
}

const FULL: &str = "full_text = true";
/// What failed is due again in the next run.
const DUE_AT_ONCE: &str = "retries = 0\n[run]\nretry_schedule = [\"1ms\"]";

/// Paths that were asked for since the log was cleared, in order, but for robots.txt and the image.
fn asked(origin: &Origin) -> Vec<String> {
    let mut paths: Vec<_> = origin.log().requests().into_iter().map(|logged| logged.request.target.clone()).collect();
    origin.log().clear();
    paths.retain(|path| path != "/robots.txt" && path != "/1.png");
    paths.sort();
    paths
}

fn counts(report: &Value) -> [u64; 3] {
    ["new", "changed", "unchanged"].map(|count| report["articles"][count].as_u64().unwrap())
}

/// The articles that the report says have no full text, with what it says.
fn without(report: &Value) -> BTreeMap<String, String> {
    let problems = report["problems"].as_array().unwrap().iter();
    let named = problems.filter(|problem| problem["reason"] == "no_full_text");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    named.map(|problem| (text(&problem["article"]), text(&problem["message"]))).collect()
}

fn page_path(origin: &Origin, path: &str) -> String {
    format!("_pages/127.0.0.1_{}{path}", origin.address().port())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_has_the_main_text_of_its_page_which_is_kept_beside_it() {
    let origin = origin();
    let page = page_of("the whole {{ story }} of the day");
    origin.set("/p/1", html(&page));
    origin.set("/feed", feed(&[("One", &origin.url("/p/1"), "A summary.")]));
    let sandbox = Sandbox::new();
    source(&sandbox, "", &origin, FULL);
    let report = sandbox.json(&["run"]);
    assert_eq!((counts(&report), without(&report).len()), ([2, 0, 0], 0), "{report:#}");
    assert_eq!(posts(&sandbox), ["One.md".to_owned(), page_path(&origin, "/p/1.html")]);
    let post = original(&sandbox, "One.md");
    assert!(post.contains("the whole &#123;&#123; story &#125;&#125; of the day"), "{post}");
    assert!(post.contains(&origin.url("/1.png")), "the address of the image is absolute: {post}");
    assert!(!post.contains("Home") && !post.contains("Imprint") && !post.contains("A summary"), "{post}");
    assert_eq!(original(&sandbox, &page_path(&origin, "/p/1.html")), page);
    for name in posts(&sandbox) {
        let mirror = sandbox.text(&format!("store/articles/news/{name}"));
        assert!(mirror.contains("/blobs/sha256/") && !mirror.contains("1.png"), "{name}: {mirror}");
    }
    sandbox.run(&["check", "--strict"]);
    sandbox.run(&["verify"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_asked_for_again_when_its_entry_changes_and_not_before() {
    let origin = origin();
    let links = [origin.url("/p/1"), origin.url("/p/2")];
    origin.set("/p/1", html(&page_of("the first page")));
    origin.set("/p/2", html(&page_of("the second page")));
    origin.set("/feed", feed(&[("One", &links[0], "1"), ("Two", &links[1], "2")]));
    let sandbox = Sandbox::new();
    source(&sandbox, "", &origin, FULL);
    assert_eq!(counts(&sandbox.json(&["run"])), [4, 0, 0]);
    assert_eq!(asked(&origin), ["/feed", "/p/1", "/p/2"]);
    let before = (sandbox.tree("store/articles"), sandbox.tree("store/blobs"));
    // Nothing new: one conditional request.
    assert_eq!(counts(&sandbox.json(&["run"])), [0, 0, 4]);
    assert_eq!(asked(&origin), ["/feed"]);
    assert_eq!((sandbox.tree("store/articles"), sandbox.tree("store/blobs")), before);
    // The page changes, and its entry does not.
    origin.set("/p/2", html(&page_of("the second page, edited")));
    origin.set("/feed", feed(&[("One", &links[0], "1, edited"), ("Two", &links[1], "2"), ("Three", &links[0], "3")]));
    assert_eq!(counts(&sandbox.json(&["run"])), [1, 0, 4], "the text of the page is as it was");
    assert_eq!(origin.log().of("/p/1").iter().map(|logged| logged.status).collect::<Vec<_>>(), [Some(304)]);
    assert_eq!(asked(&origin), ["/feed", "/p/1"], "one page of two entries is asked for once");
    assert!(original(&sandbox, "Three.md").contains("the first page"));
    origin.set("/feed", feed(&[("One", &links[0], "1, edited"), ("Two", &links[1], "2, edited")]));
    assert_eq!(counts(&sandbox.json(&["run"])), [0, 2, 3]);
    assert_eq!(asked(&origin), ["/feed", "/p/2"]);
    assert!(original(&sandbox, "Two.md").contains("the second page, edited"));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_reach_posts_without_another_request_for_their_pages() {
    let origin = origin();
    origin.set("/p/1", html(&page_of("the whole story")));
    origin.set("/feed", feed(&[("One", &origin.url("/p/1"), "A summary.")]));
    let sandbox = Sandbox::new();
    source(&sandbox, "", &origin, "");
    sandbox.run(&["run"]).expect(0);
    assert_eq!((asked(&origin), original(&sandbox, "One.md").contains("A summary.")), (vec!["/feed".to_owned()], true));
    source(&sandbox, "", &origin, FULL);
    assert_eq!(counts(&sandbox.json(&["run"])), [1, 1, 0]);
    assert_eq!(asked(&origin), ["/feed", "/p/1"]);
    source(&sandbox, "", &origin, &format!("{FULL}\nauthor = \"Somebody\""));
    assert_eq!(counts(&sandbox.json(&["run"])), [0, 1, 1]);
    assert_eq!(asked(&origin), ["/feed"]);
    let post = original(&sandbox, "One.md");
    assert!(post.contains("author: Somebody") && post.contains("the whole story"), "{post}");
    source(&sandbox, "", &origin, "");
    assert_eq!(counts(&sandbox.json(&["run"])), [0, 1, 1]);
    assert_eq!((asked(&origin), original(&sandbox, "One.md").contains("A summary.")), (vec!["/feed".to_owned()], true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_fails_is_reported_and_asked_for_again_by_the_schedule() {
    let origin = origin();
    let link = origin.url("/p/1");
    origin.set("/p/1", Behaviour::status(503));
    origin.set("/feed", feed(&[("One", &link, "A summary.")]));
    let sandbox = Sandbox::new();
    source(&sandbox, "retries = 0", &origin, FULL);
    let report = sandbox.json(&["run"]);
    let message = &without(&report)["news/One.md"];
    assert!(
        message.contains("(http_status)") && message.contains("503") && message.contains("again from"),
        "{message}"
    );
    assert!(original(&sandbox, "One.md").contains("A summary."));
    assert_eq!(asked(&origin), ["/feed", "/p/1"]);
    assert_eq!(counts(&sandbox.json(&["run"])), [0, 0, 1]);
    assert_eq!(asked(&origin), ["/feed"], "it is not due");
    // Due at once, and there: the feed is asked for as a whole, because its entries stand in it alone.
    source(&sandbox, DUE_AT_ONCE, &origin, &format!("{FULL}\nauthor = \"Somebody\""));
    origin.set("/feed", feed(&[("One", &link, "A summary, edited.")]));
    assert_eq!(without(&sandbox.json(&["run"])).len(), 1);
    origin.set("/p/1", html(&page_of("the whole story")));
    origin.log().clear();
    assert_eq!(counts(&sandbox.json(&["run"])), [1, 1, 0]);
    assert_eq!(asked(&origin), ["/feed", "/p/1"]);
    assert!(original(&sandbox, "One.md").contains("the whole story"));
    // What is kept of it is not given up for an error.
    origin.set("/p/1", Behaviour::status(500));
    origin.set("/feed", feed(&[("One", &link, "Edited once more.")]));
    assert_eq!(without(&sandbox.json(&["run"])).len(), 1);
    assert!(original(&sandbox, "One.md").contains("the whole story"));
}

/// What is at the end of a link, and what the report says of it; empty where the post has the words `full text`.
fn odd_pages() -> Vec<(&'static str, Behaviour, &'static str)> {
    let page = page_of("the full text of it");
    let pdf = Content::new("application/pdf", b"%PDF-1.7 the full text of it".to_vec());
    vec![
        ("plain", html(&page), ""),
        ("fragment", html(&page_of("the full text of it").replace("<!doctype html>", "")), ""),
        ("gbk", encoded(&page_of("新闻 the full text of it"), GBK), ""),
        ("shift_jis", encoded(&page_of("ニュース the full text of it"), SHIFT_JIS), ""),
        ("moved", Behaviour::redirect(302, "http://other.example/p/elsewhere"), ""),
        ("pdf", Behaviour::serve(pdf), "(not_a_page)"),
        ("image", Behaviour::serve(Content::new("image/png", tiny(2))), "(not_a_page)"),
        ("json", Behaviour::serve(Content::new("application/json", b"{}".to_vec())), "(not_a_page)"),
        ("nothing", html(""), "("),
        ("no_text", html("<!doctype html><title>x</title><script>render()</script>"), "(no_main_text)"),
        ("huge", html(&page.repeat(200)), "(too_large)"),
        ("endless", Behaviour::endless("text/html", "<!doctype html><p>"), "(too_large)"),
        ("deep", html(&"<div>".repeat(1000)), "(no_main_text)"),
        ("wide", html(&format!("<b>{}", "<p>x".repeat(30_000))), "(no_main_text)"),
        ("forbidden", Behaviour::status(403), "(http_status)"),
        ("missing", Behaviour::status(404), "(http_status)"),
        ("gone", Behaviour::status(410), "(http_status)"),
        ("private", html(&page), "(robots)"),
        ("loop", Behaviour::redirect(302, "/p/loop"), "(too_many_redirects)"),
        ("inside", Behaviour::redirect(302, "http://10.0.0.1/"), "(forbidden_address)"),
    ]
}

/// A feed of odd pages that was read once, and what the report says.
fn read_odd_pages(odd: &[(&'static str, Behaviour, &'static str)]) -> (Origin, Sandbox, Value) {
    let origin = origin();
    let robots = b"User-agent: *\nDisallow: /p/private\n".to_vec();
    origin.set("/robots.txt", Behaviour::serve(Content::new("text/plain", robots)));
    origin.set("/p/elsewhere", html(&page_of("the full text of it")));
    for (name, behaviour, _) in odd {
        origin.set(&format!("/p/{name}"), behaviour.clone());
    }
    let links: Vec<_> = odd.iter().map(|(name, ..)| (*name, origin.url(&format!("/p/{name}")))).collect();
    let mut entries: Vec<Entry<'_>> = links.iter().map(|(name, link)| (*name, link.as_str(), "own words")).collect();
    let others = [("unlinked", ""), ("mail", "mailto:a@b.example"), ("relative", "/p/plain")];
    entries.extend(others.map(|(name, link)| (name, link, "own words")));
    origin.set("/feed", feed(&entries));
    let sandbox = Sandbox::new();
    let settings = format!(
        "retries = 0\nmax_bytes = \"1 MiB\"\n[fetch.resolve]\n\"other.example\" = \"{}\"\n\
         [rewrite]\nmax_article = \"256 KiB\"\n[feed]\nmax_page_nodes = 50000",
        origin.address()
    );
    source(&sandbox, &settings, &origin, FULL);
    let report = sandbox.json(&["run"]);
    (origin, sandbox, report)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_link_leads_to_the_post_is_there_and_the_reason_is_named() {
    let odd = odd_pages();
    let (origin, sandbox, report) = read_odd_pages(&odd);
    let without = without(&report);
    for (name, _, expected) in &odd {
        let post = original(&sandbox, &format!("{name}.md"));
        match without.get(&format!("news/{name}.md")) {
            Some(message) => {
                assert!(!expected.is_empty() && message.contains(expected), "{name}: {message}");
                assert!(post.contains("own words"), "{name}: {post}");
            }
            None => assert!(expected.is_empty() && post.contains("the full text of it"), "{name}: {post}"),
        }
    }
    for (name, text) in [("unlinked", "own words"), ("mail", "own words"), ("relative", "the full text of it")] {
        assert!(original(&sandbox, &format!("{name}.md")).contains(text), "{name}");
    }
    assert!(original(&sandbox, "gbk.md").contains("新闻") && original(&sandbox, "shift_jis.md").contains("ニュース"));
    assert_eq!(report["sources"][0]["outcome"], "read", "a page that fails does not fail its source: {report:#}");
    assert!(origin.log().of("/p/private").is_empty());
    let names = posts(&sandbox);
    assert!(names.contains(&"_pages/other.example/p/elsewhere.html".to_owned()), "where it came from: {names:?}");
    sandbox.run(&["verify"]).expect(0);
    origin.log().clear();
    sandbox.run(&["run"]);
    assert_eq!(asked(&origin), ["/feed"], "none of them is due");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_two_feeds_is_one_article_and_one_that_was_taken_down_stays_away() {
    let origin = origin();
    let link = origin.url("/p/1#part");
    origin.set("/p/1", html(&page_of("the whole story")));
    for name in ["/a", "/b"] {
        origin.set(name, feed(&[("One", &link, "A summary.")]));
    }
    let sandbox = Sandbox::new();
    sandbox.write("feeds.txt", format!("{} a\n{} b\n", origin.url("/a"), origin.url("/b")));
    sandbox.settings("[[source]]\nname = \"news\"\nkind = \"feeds\"\npath = \"feeds.txt\"\nfull_text = true\n");
    assert_eq!(counts(&sandbox.json(&["run"])), [3, 0, 0]);
    assert_eq!(asked(&origin), ["/a", "/b", "/p/1"]);
    let page = page_path(&origin, "/p/1.html");
    sandbox.run(&["forget", &format!("news/{page}")]).expect(0);
    origin.set("/a", feed(&[("One", &link, "A summary, edited.")]));
    let report = sandbox.json(&["run"]);
    assert!(without(&report)["news/a/One.md"].contains("(taken_down)"), "{report:#}");
    assert_eq!(asked(&origin), ["/a", "/b"]);
    assert!(original(&sandbox, "a/One.md").contains("A summary, edited."));
    assert_eq!(posts(&sandbox), ["a/One.md", "b/One.md"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_leaves_pages_to_the_next_run() {
    let origin = origin();
    let links: Vec<_> = (0..4).map(|at| origin.url(&format!("/p/{at}"))).collect();
    let names: Vec<_> = (0..4).map(|at| format!("Entry {at}")).collect();
    let entries: Vec<Entry<'_>> =
        names.iter().zip(&links).map(|(name, link)| (name.as_str(), link.as_str(), "own")).collect();
    for at in 0..4 {
        origin.set(&format!("/p/{at}"), html(&page_of(&format!("the whole story {at}"))));
    }
    origin.set("/feed", feed(&entries));
    let sandbox = Sandbox::new();
    source(&sandbox, "[run]\nmax_requests = 3", &origin, FULL);
    sandbox.run(&["run"]);
    source(&sandbox, "", &origin, FULL);
    let report = sandbox.json(&["run"]);
    assert!(without(&report).is_empty(), "{report:#}");
    for (at, name) in names.iter().enumerate() {
        assert!(original(&sandbox, &format!("{name}.md")).contains(&format!("the whole story {at}")), "{name}");
    }
}
