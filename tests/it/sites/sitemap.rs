//! Sitemaps: indexes, packed ones, dates, images, what is none.

use std::io::Write as _;

use super::{asked, counts, mirror, mirrors, origin, source};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin};

fn xml(body: &str) -> Behaviour {
    Behaviour::serve(Content::new("application/xml", body.as_bytes().to_vec()))
}

/// A sitemap of these pages, each with what else is said of it.
fn urlset(origin: &Origin, pages: &[(&str, &str)]) -> String {
    let of = |(path, more): &(&str, &str)| format!("<url><loc>{}</loc>{more}</url>", origin.url(path));
    let pages = pages.iter().map(of).collect::<Vec<_>>().concat();
    format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' \
         xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'>{pages}</urlset>"
    )
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn sitemap(origin: &Origin, path: &str, more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    source(&sandbox, "sitemap", &format!("url = \"{}\"\n{more}", origin.url(path)));
    sandbox
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_leads_to_sitemaps_packed_or_not_in_xml_or_text() {
    let origin = origin(&[("/a", String::new()), ("/b", String::new()), ("/c", "<img src=/1.png>".to_owned())]);
    let of = |path: &str| format!("<sitemap><loc>{}</loc></sitemap>", origin.url(path));
    let parts = ["/a.xml", "/b.xml.gz", "/c.txt", "/index.xml"].map(of).concat();
    origin.set("/index.xml", xml(&format!("<sitemapindex>{parts}</sitemapindex>")));
    origin.set("/a.xml", xml(&format!("\u{feff}\n{}", urlset(&origin, &[("/a", ""), ("/a#x", "")]))));
    let b = packed(&urlset(&origin, &[("/b", "")]));
    origin.set("/b.xml.gz", Behaviour::serve(Content::new("application/x-gzip", b)));
    let c = format!("{}\n{}\n", origin.url("/c"), origin.url("/gone"));
    origin.set("/c.txt", Behaviour::serve(Content::new("text/plain", c.into_bytes())));
    let sandbox = sitemap(&origin, "/index.xml", "");
    let ran = sandbox.run(&["run"]).expect(0);
    assert!(ran.stderr.contains("1 URL not read: http_status 404"), "{ran:?}");
    assert_eq!(mirrors(&sandbox), ["a.html", "b.html", "c.html"]);
    assert!(mirror(&sandbox, &origin, "c.html").contains("blobs/"));
    let pages = ["/1.png", "/a", "/a.xml", "/b", "/b.xml.gz", "/c", "/c.txt", "/gone", "/index.xml"];
    assert_eq!(asked(&origin), pages, "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_lastmod_did_not_move_is_not_asked_for() {
    let origin = origin(&[("/old", "1".to_owned()), ("/new", "1".to_owned()), ("/undated", "1".to_owned())]);
    let of = |day: &str| {
        let old = "<lastmod>2026-01-01</lastmod>";
        urlset(&origin, &[("/old", old), ("/new", &format!("<lastmod>{day}</lastmod>")), ("/undated", "")])
    };
    origin.set("/sitemap.xml", xml(&of("2026-01-02")));
    let sandbox = sitemap(&origin, "/sitemap.xml", "");
    assert_eq!(counts(&sandbox), [3, 0, 0]);
    asked(&origin);
    assert_eq!(counts(&sandbox), [0, 0, 3]);
    assert_eq!(asked(&origin), ["/sitemap.xml", "/undated"]);
    origin.set("/sitemap.xml", xml(&of("2026-01-03")));
    origin.set("/new", super::page("2"));
    assert_eq!(counts(&sandbox), [0, 1, 2]);
    assert_eq!(asked(&origin), ["/new", "/sitemap.xml", "/undated"]);
    source(&sandbox, "sitemap", &format!("url = \"{}\"\nsince = \"2026-01-02\"", origin.url("/sitemap.xml")));
    origin.set("/sitemap.xml", xml(&of("2026-01-04")));
    assert_eq!(counts(&sandbox), [0, 0, 3], "what is older stays");
    assert_eq!(asked(&origin), ["/new", "/sitemap.xml", "/undated"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn images_of_a_sitemap_are_kept_beside_their_page() {
    let origin = origin(&[("/a", "<img src=/1.png>".to_owned())]);
    let images = ["/1.png", "/2.png?x=1&amp;y=2"]
        .map(|path| format!("<image:image><image:loc>{}</image:loc></image:image>", origin.url(path)))
        .concat();
    origin.set("/sitemap.xml", xml(&urlset(&origin, &[("/a", &images)])));
    let sandbox = sitemap(&origin, "/sitemap.xml", "");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/1.png", "/2.png?x=1&y=2", "/a", "/sitemap.xml"]);
    assert_eq!(mirrors(&sandbox), ["a.html", "a.images.html"]);
    assert_eq!(mirror(&sandbox, &origin, "a.images.html").matches("src=\"../../../blobs/").count(), 2);
    assert_eq!(counts(&sandbox), [0, 0, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_site_stands_for_what_its_robots_txt_names() {
    let origin = origin(&[("/a", String::new()), ("/b", String::new())]);
    let robots = format!("User-agent: *\nDisallow: /b\nSitemap: {}\nSitemap: /2.xml\n", origin.url("/1.xml"));
    origin.set("/robots.txt", Behaviour::serve(Content::new("text/plain", robots.into_bytes())));
    origin.set("/1.xml", xml(&urlset(&origin, &[("/a", "")])));
    origin.set("/2.xml", xml(&urlset(&origin, &[("/b", "")])));
    let sandbox = sitemap(&origin, "/", "");
    let ran = sandbox.run(&["run"]).expect(0);
    assert!(ran.stderr.contains("1 URL not asked for: robots.txt forbids it"), "{ran:?}");
    assert_eq!(asked(&origin), ["/1.xml", "/2.xml", "/a"]);
    origin.set("/robots.txt", Behaviour::status(404));
    origin.set("/sitemap.xml", xml(&urlset(&origin, &[("/b", "")])));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/b", "/sitemap.xml"], "the usual place, where it names none");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_of_the_host_are_read_unless_the_settings_say_otherwise() {
    let origin = origin(&[("/a", String::new())]);
    let elsewhere = origin.url("/a").replace("127.0.0.1", "localhost");
    origin.set("/sitemap.xml", xml(&format!("<urlset><url><loc>{elsewhere}</loc></url></urlset>")));
    let sandbox = sitemap(&origin, "/sitemap.xml", "");
    let ran = sandbox.run(&["run"]).expect(0);
    assert!(ran.stderr.contains("1 URL on other hosts not asked for (same_host)"), "{ran:?}");
    source(&sandbox, "sitemap", &format!("url = \"{}\"\nsame_host = false", origin.url("/sitemap.xml")));
    assert_eq!(counts(&sandbox), [1, 0, 0]);
}
