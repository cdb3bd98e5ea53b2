//! What is on record of the requests for pages, sitemaps, style sheets and the lines of lists.

use offprint::testing::model::{Capture, CaptureKind};

use super::{html, mirrors, origin, page, source};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin};

async fn captures(sandbox: &Sandbox) -> Vec<Capture> {
    sandbox.archive().catalog.captures_after(None, 100).await.unwrap()
}

/// What was requested, in order, with its kind and the body that it ended with.
async fn listed(sandbox: &Sandbox) -> Vec<(CaptureKind, String, Option<String>)> {
    let mut found = Vec::new();
    for capture in captures(sandbox).await {
        let kept = capture.exchanges.last().and_then(|exchange| exchange.body.clone());
        let body = match kept {
            Some(kept) => Some(sandbox.archive().read_verified(kept.digest, kept.media_type).await.unwrap()),
            None => None,
        };
        let text = body.map(|bytes| String::from_utf8(bytes).unwrap());
        found.push((capture.kind, capture.url.path().to_owned(), text));
    }
    found
}

fn css(text: &str) -> Behaviour {
    Behaviour::serve(Content::new("text/css", text.as_bytes().to_vec()))
}

fn of_page(body: &str) -> String {
    format!("<!doctype html><title>t</title>{body}")
}

fn site() -> (Origin, &'static str) {
    let first = "<link rel=stylesheet href=/s.css><img src=/1.png><a href=/gone>x</a>";
    let origin = origin(&[("/", first.to_owned())]);
    origin.set("/s.css", css("p { color: red }"));
    origin.set("/robots.txt", Behaviour::serve(Content::new("text/plain", b"User-agent: *\nDisallow: /no\n".to_vec())));
    (origin, first)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_document_of_a_crawl_is_listed_with_its_body() {
    let (origin, first) = site();
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"\ndepth = 1", origin.url("/")));
    sandbox.run(&["run"]).expect(0);
    let found = listed(&sandbox).await;
    assert_eq!(found[0], (CaptureKind::Robots, "/robots.txt".into(), Some("User-agent: *\nDisallow: /no\n".into())));
    assert_eq!(found[1], (CaptureKind::Page, "/".into(), Some(of_page(first))));
    let mut rest = found[2..].to_vec();
    rest.sort();
    let expected = [
        (CaptureKind::Media, "/1.png".to_owned(), None),
        (CaptureKind::Page, "/gone".into(), Some("status 404\n".into())),
        (CaptureKind::Page, "/s.css".into(), Some("p { color: red }".into())),
    ];
    assert_eq!(rest, expected);
    let moments: Vec<_> = captures(&sandbox).await.into_iter().map(|capture| capture.at).collect();
    assert!(moments.is_sorted_by(|one, next| one.as_second() <= next.as_second() + 1), "{moments:?}");
    // A night with nothing new adds no capture, only that it found the same.
    sandbox.run(&["run"]).expect(0);
    assert_eq!(listed(&sandbox).await, found);
    let documents = captures(&sandbox).await.into_iter().filter(|capture| capture.kind != CaptureKind::Media);
    let revisits: Vec<_> = documents.map(|capture| capture.revisits.len()).collect();
    assert_eq!(revisits, [1, 1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sitemap_and_its_pages_are_listed_and_a_list_gives_pages_and_images() {
    let origin = origin(&[("/a", "a".to_owned()), ("/b", "b".to_owned())]);
    let sitemap = format!("<urlset><url><loc>{}</loc></url></urlset>", origin.url("/a"));
    origin.set("/map.xml", Behaviour::serve(Content::new("application/xml", sitemap.clone().into_bytes())));
    let sandbox = Sandbox::new();
    let list = "[[source]]\nname = \"list\"\nkind = \"list\"\npath = \"urls.txt\"\n";
    source(&sandbox, "sitemap", &format!("url = \"{}\"\n{list}", origin.url("/map.xml")));
    sandbox.write("urls.txt", format!("{}\n{}\n", origin.url("/b"), origin.url("/2.png")));
    sandbox.run(&["run"]).expect(0);
    let mut found = listed(&sandbox).await;
    found.retain(|(kind, _, _)| *kind != CaptureKind::Robots);
    found.sort();
    let expected = [
        (CaptureKind::Media, "/2.png".to_owned(), None),
        (CaptureKind::Page, "/a".into(), Some(of_page("a"))),
        (CaptureKind::Page, "/b".into(), Some(of_page("b"))),
        (CaptureKind::Sitemap, "/map.xml".into(), Some(sitemap)),
    ];
    assert_eq!(found, expected, "an image that a list names has one capture, that of its job");
    let sources = captures(&sandbox).await.into_iter().map(|capture| (capture.url.path().to_owned(), capture.source));
    let of = |path: &str| sources.clone().find(|(found, _)| found == path).unwrap().1.map(|name| name.to_string());
    assert_eq!((of("/a").as_deref(), of("/b").as_deref(), of("/2.png")), (Some("site"), Some("list"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_is_kept_within_the_limit_of_evidence_and_a_page_within_its_own() {
    let origin = origin(&[]);
    let long = |at: usize| "x".repeat(at);
    origin.set("/page", Behaviour::serve(html(&long(3000))));
    origin.set(
        "/file",
        Behaviour::serve(Content::new("application/pdf", format!("%PDF-1.7{}", long(3000)).into_bytes())),
    );
    origin.set("/short", Behaviour::serve(Content::new("application/pdf", b"%PDF-1.7".to_vec())));
    let urls = ["/page", "/file", "/short"].map(|path| format!("\"{}\"", origin.url(path))).join(", ");
    let sandbox = Sandbox::new();
    let one = format!("[[source]]\nname = \"site\"\nkind = \"page\"\nurls = [{urls}]\n");
    sandbox.settings(&format!("max_refused = \"1 KiB\"\n{one}"));
    sandbox.run(&["run"]).expect(3);
    let mut found = listed(&sandbox).await;
    found.retain(|(kind, _, _)| *kind == CaptureKind::Page);
    found.sort();
    let bodies: Vec<_> = found.iter().map(|(_, path, body)| (path.as_str(), body.as_ref().map(String::len))).collect();
    assert_eq!(bodies, [("/file", None), ("/page", Some(3031)), ("/short", Some(8))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_that_is_made_anew_lacks_no_page_and_a_host_goes_with_its_captures() {
    let (origin, _) = site();
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"\ndepth = 1", origin.url("/")));
    sandbox.run(&["run"]).expect(0);
    let kept = mirrors(&sandbox);
    std::fs::write(sandbox.path("store/catalog.db"), "no database").unwrap();
    sandbox.run(&["verify", "--rebuild"]).expect(0);
    sandbox.run(&["verify"]).expect(0);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(mirrors(&sandbox), kept);
    assert_eq!(listed(&sandbox).await.iter().filter(|(kind, _, _)| *kind == CaptureKind::Page).count(), 3);
    let host = format!("127.0.0.1:{}", origin.address().port());
    sandbox.run(&["forget", &host]).expect(0);
    assert_eq!(listed(&sandbox).await, []);
    origin.set("/", page("<p>new"));
    sandbox.run(&["run"]);
    assert_eq!(listed(&sandbox).await, [], "nothing of it is recorded again");
    sandbox.run(&["verify"]).expect(0);
}
