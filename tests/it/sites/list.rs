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
    let ran = sandbox.run(&["run"]).expect(3);
    assert!(ran.stderr.contains("line 2: \"not\" is no URL"), "{ran:?}");
    assert!(ran.stderr.contains("/gone of the source \"site\": the host answered 404"), "{ran:?}");
    assert_eq!(mirrors(&sandbox), ["a.html"]);
    let report = sandbox.json(&["run"]);
    assert_eq!(report["sources"][0]["outcome"], "unchanged", "the source was read: {report}");
    let problems = report["problems"].as_array().unwrap();
    assert_eq!(problems.iter().filter(|problem| problem["reason"] == "unread_address").count(), 2, "{report}");
    std::fs::remove_file(sandbox.path("urls.txt")).unwrap();
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["sources"][0]["reason"], &report["articles"]["unchanged"]), (&"unreadable".into(), &1.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_which_nothing_can_be_read_fails() {
    let origin = origin(&[]);
    let sandbox = Sandbox::new();
    sandbox.write("urls.txt", format!("{}\n{}\n", origin.url("/gone"), origin.url("/gone-too")));
    source(&sandbox, "list", "path = \"urls.txt\"");
    let ran = sandbox.run(&["run"]).expect(1);
    assert!(ran.stderr.contains("/gone of the source") && ran.stderr.contains("/gone-too of the source"), "{ran:?}");
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

/// A page that the user hands over is one of a source whose crawl goes on in the next run.
#[tokio::test(flavor = "multi_thread")]
async fn a_rendered_page_leaves_a_crawl_where_it_is() {
    let links = |to: usize| format!("<link rel=stylesheet href=/s/{to}.css><a href=/{to}>x</a>");
    let pages: Vec<_> = (0..12).map(|at| (format!("/{at}"), links(at + 1))).collect();
    let origin = origin(&pages.iter().map(|(path, body)| (path.as_str(), body.clone())).collect::<Vec<_>>());
    let sandbox = Sandbox::new();
    let settings = |budget: u32| {
        let url = origin.url("/0");
        source(&sandbox, "page", &format!("url = \"{url}\"\ndepth = 11\nlimit = 12\n[run]\nmax_requests = {budget}"));
    };
    settings(9);
    sandbox.run(&["run"]).expect(3);
    let first = asked(&origin);
    settings(0);
    let rendered = b"<title>t</title><link rel=stylesheet href=/s/other.css><p>rendered";
    run_with(&sandbox, &["mirror", "--html", "-", "--base-url", &origin.url("/0")], rendered).expect(0);
    assert_eq!(asked(&origin), ["/s/other.css"]);
    sandbox.run(&["run"]).expect(0);
    let mut all = [first, asked(&origin)].concat();
    all.retain(|path| !path.starts_with("/s/"));
    all.sort();
    assert_eq!(all.len(), 13, "each page once, but for the one that was handed over: {all:?}");
    assert_eq!(mirrors(&sandbox).len(), 12);
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
    assert!(ran.stderr.contains("is no URL of a page"), "{ran:?}");
}
