//! Lists of addresses: pages and images, distinguished by what comes back.

use std::io::Write as _;
use std::process::Stdio;

use super::{asked, counts, html, mirrors, origin, source};
use crate::sandbox::{Ran, Sandbox};
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content};

#[tokio::test(flavor = "multi_thread")]
async fn pages_become_articles_and_images_are_kept_with_one_request_each() {
    let origin = origin(&[("/page.png", "<img src=/1.png>".to_owned())]);
    origin.set("/image.html", Behaviour::serve(Content::new("text/html", tiny(42)).etagged()));
    let sandbox = Sandbox::new();
    let list = ["# pages and images", "/page.png", "", "/image.html a remark", "/2.png", "/2.png"];
    let list = list.map(|line| if line.starts_with('/') { origin.url(line) } else { line.to_owned() });
    sandbox.write("urls.txt", list.join("\r\n"));
    source(&sandbox, "list", "path = \"urls.txt\"");
    assert_eq!(counts(&sandbox), [2, 0, 0]);
    assert_eq!(asked(&origin), ["/1.png", "/2.png", "/image.html", "/page.png"]);
    assert_eq!(mirrors(&sandbox), ["page.png.html", "images.html"]);
    assert_eq!(sandbox.text("store/articles/site/images.html").matches("<img src=\"../../blobs/").count(), 2);
    let history = sandbox.run(&["status", "--history", &origin.url("/image.html")]).expect(0).stdout;
    assert!(history.contains("200"), "what was sent and received is on record: {history}");
    let original = sandbox.run(&["restore", "site/images.html"]).expect(0).stdout;
    assert!(original.contains(&format!("<img src=\"{}\"", origin.url("/2.png"))));
    assert_eq!(counts(&sandbox), [0, 0, 2]);
    assert_eq!(asked(&origin), ["/page.png"], "an image is asked for as images are");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_no_address_is_reported_and_the_others_are_read() {
    let origin = origin(&[("/a", "x".to_owned())]);
    let sandbox = Sandbox::new();
    sandbox.write("urls.txt", format!("\u{feff}{}\nnot an address\n{}\n", origin.url("/a"), origin.url("/gone")));
    source(&sandbox, "list", "path = \"urls.txt\"");
    let ran = sandbox.run(&["run"]).expect(1);
    assert!(ran.stderr.contains("line 2: \"not\" is no address"), "{ran:?}");
    assert!(ran.stderr.contains("/gone of the source \"site\": the host answered 404"), "{ran:?}");
    assert_eq!(mirrors(&sandbox), ["a.html"]);
    std::fs::remove_file(sandbox.path("urls.txt")).unwrap();
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["sources"][0]["reason"], &report["articles"]["unchanged"]), (&"unreadable".into(), &1.into()));
}

/// Runs the program with this on its standard input.
fn run_with(sandbox: &Sandbox, arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = sandbox.command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    Ran::of(&child.wait_with_output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_comes_from_standard_input() {
    let origin = origin(&[("/a", "<img src=/1.png>".to_owned())]);
    let sandbox = Sandbox::new();
    let list = format!("{}\n{}\n", origin.url("/a"), origin.url("/3.png"));
    let ran = run_with(&sandbox, &["mirror", "-"], list.as_bytes()).expect(0);
    assert!(ran.stderr.contains("the mirror of - is"), "{ran:?}");
    source(&sandbox, "list", "path = \"-\"");
    run_with(&sandbox, &["run"], list.as_bytes()).expect(0);
    assert_eq!(mirrors(&sandbox), ["a.html", "images.html"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rendered_page_on_standard_input_becomes_an_article() {
    let origin = origin(&[]);
    origin.set("/app", Behaviour::serve(html("<script>render()</script>")));
    let sandbox = Sandbox::new();
    let url = origin.url("/app");
    let rendered = "<!doctype html><title>新闻</title><p>made by a script<img src=\"1.png\">";
    let ran = run_with(&sandbox, &["mirror", "--html", "-", "--base-url", &url], rendered.as_bytes()).expect(0);
    assert_eq!(asked(&origin), ["/1.png"], "the page itself is not asked for");
    let folder = ran.stderr.rsplit(" is ").next().unwrap().trim().to_owned();
    let name = folder.rsplit('/').find(|part| !part.is_empty()).unwrap().to_owned();
    let key = format!("{name}/{}/app.html", super::host(&origin));
    assert_eq!(sandbox.run(&["restore", &key]).expect(0).stdout, rendered);
    assert!(sandbox.text(&format!("store/articles/{key}")).contains("<img src=\"../../../blobs/"));
    sandbox.write("page.html", format!("{rendered}<p>more"));
    sandbox.run(&["mirror", "--html", "page.html", "--base-url", &url]).expect(0);
    assert!(sandbox.run(&["restore", &key]).expect(0).stdout.ends_with("<p>more"));
    assert!(sandbox.run(&["mirror", "--html", "page.html"]).expect(2).stderr.contains("--base-url"));
    let ran = sandbox.run(&["mirror", "--html", "page.html", "--base-url", "file:///x"]).expect(2);
    assert!(ran.stderr.contains("is no address of a page"), "{ran:?}");
}
