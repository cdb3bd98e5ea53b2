//! Sitemaps that mean harm, and settings that cannot work: refused, each with its reason.

use std::fmt::Write as _;

use super::{asked, origin, source};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content};

/// What the report says of a sitemap with this behaviour: the reason and the detail.
fn refused(behaviour: Behaviour) -> (String, String) {
    let origin = origin(&[]);
    origin.set("/s.xml", behaviour);
    let sandbox = Sandbox::new();
    let more = "[crawl]\nmax_sitemap = \"2 MiB\"\n[feed]\nmax_tag = \"64 KiB\"";
    source(&sandbox, "sitemap", &format!("url = \"{}\"\n{more}", origin.url("/s.xml")));
    let report = sandbox.json(&["run"]);
    let source = &report["sources"][0];
    assert_eq!(source["outcome"], "failed", "{report}");
    (source["reason"].as_str().unwrap().to_owned(), source["detail"].as_str().unwrap().to_owned())
}

fn check(body: &str, detail: &str) {
    let (reason, found) = refused(Behaviour::serve(Content::new("application/xml", body.as_bytes().to_vec())));
    assert_eq!(reason, "not_a_sitemap", "{found}");
    assert!(found.contains(detail), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sitemaps_that_grow_or_lead_out_are_refused() {
    let laughs = (1..10).fold("<!ENTITY a0 \"ha\">".to_owned(), |mut text, at| {
        let before = format!("&a{};", at - 1).repeat(10);
        write!(text, "<!ENTITY a{at} \"{before}\">").unwrap();
        text
    });
    check(&format!("<!DOCTYPE urlset [{laughs}]><urlset>&a9;</urlset>"), "more than plain text");
    check("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><urlset>&a;</urlset>", "outside of the document");
    check(&format!("<urlset>{}", "<a>".repeat(100_000)), "feed.max_depth");
    check(&format!("<urlset a=\"{}\"/>", "x".repeat(100_000)), "feed.max_tag");
    check("<!doctype html><title>404</title>", "it is a page (HTML)");
    let (reason, detail) = refused(Behaviour::serve(Content::new("text/xml", vec![b' '; 3 << 20])));
    assert!(reason == "too_large" && detail.contains("crawl.max_sitemap"), "{reason} {detail}");
    assert_eq!(refused(Behaviour::gzip_bomb(100)).0, "too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn sitemaps_are_read_up_to_their_limits() {
    let origin = origin(&[]);
    let index = |parts: &[&str]| {
        let of = |path: &&str| format!("<sitemap><loc>{}</loc></sitemap>", origin.url(path));
        let parts = parts.iter().map(of).collect::<Vec<_>>().concat();
        Behaviour::serve(Content::new("application/xml", format!("<sitemapindex>{parts}</sitemapindex>").into_bytes()))
    };
    origin.set("/0", index(&["/1", "/0", "/a", "/b", "/c"]));
    origin.set("/1", index(&["/2"]));
    origin.set("/2", index(&["/3"]));
    for path in ["/a", "/b", "/c"] {
        origin.set(path, index(&[]));
    }
    let sandbox = Sandbox::new();
    let limits = "[crawl]\nmax_sitemaps = 4\nmax_nesting = 1";
    source(&sandbox, "sitemap", &format!("url = \"{}\"\n{limits}", origin.url("/0")));
    let ran = sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/0", "/1", "/a", "/b"].map(str::to_owned).to_vec());
    assert!(ran.stderr.contains("more than crawl.max_sitemaps (4)"), "{ran:?}");
    assert!(ran.stderr.contains("more than crawl.max_nesting (1)"), "{ran:?}");
}

#[test]
fn keys_that_do_nothing_for_a_kind_are_refused_with_their_line_and_the_way_out() {
    let sandbox = Sandbox::new();
    for (kind, more, line, way_out) in [
        ("folder", "path = \"posts\"\ndepth = 2", 9, "a folder has no depth: remove it, or write kind = \"page\""),
        ("sitemap", "url = \"https://a.example/\"\nurls = [\"https://a.example/\"]", 9, "a sitemap has no urls"),
        ("feed", "url = \"https://a.example/\"\nsame_host = false", 9, "kind = \"page\" or \"sitemap\""),
        ("page", "urls = [\"a.example\"]", 8, "https://example.org/"),
        ("page", "", 5, "a page needs its URL"),
        ("sitemap", "", 5, "a sitemap needs its URL"),
        ("list", "", 5, "path = \"urls.txt\""),
        ("page", "url = \"https://a.example/\"\noutput = \".\"", 9, "only a folder is mirrored in place"),
        ("page", "url = \"https://a.example/\"\nexclude = [\"[\"]", 9, "character class"),
        ("page", "url = \"https://a.example/\"\nexclude = [\"*.pdf\"]", 9, "no address of a page is like \"*.pdf\""),
        ("sitemap", "url = \"https://a.example/\"\ninclude = [\"a.example/**\"]", 9, "https://example.org/**"),
    ] {
        source(&sandbox, kind, more);
        let ran = sandbox.run(&["run"]).expect(2);
        let place = format!("config.toml:{line}: ");
        assert!(ran.stderr.contains(&place) && ran.stderr.contains(way_out), "{kind} {more}: {ran:?}");
    }
}
