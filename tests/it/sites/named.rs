//! Addresses that are named on the command line: what each is, its content says.

use super::{asked, html, origin};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content};

fn serve(media_type: &str, body: &str) -> Behaviour {
    Behaviour::serve(Content::new(media_type, body.as_bytes().to_vec()))
}

/// The mirrors in the archive, without the folders of source and host.
fn mirrors(sandbox: &Sandbox) -> Vec<String> {
    let names = sandbox.tree("store/articles").into_keys();
    names.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_a_feed_a_sitemap_a_page_or_an_image_by_what_comes_back() {
    let origin = origin(&[("/p", "<img src=/3.png>".to_owned())]);
    let feed =
        "<rss version='2.0'><channel><title>T</title><item><title>Entry</title><guid>1</guid></item></channel></rss>";
    let sitemap = format!("<urlset><url><loc>{}</loc></url></urlset>", origin.url("/p"));
    origin.set("/feed.html", serve("text/html", feed));
    origin.set("/map", serve("text/plain", &sitemap));
    origin.set("/page.xml", Behaviour::serve(html("<img src=/1.png>")));
    for (path, expected, requests) in [
        ("/feed.html", vec!["Entry.md"], vec!["/feed.html"]),
        ("/map", vec!["p.html"], vec!["/3.png", "/map", "/p"]),
        ("/page.xml", vec!["page.xml.html"], vec!["/1.png", "/page.xml"]),
        ("/2.png", vec!["images.html"], vec!["/2.png"]),
    ] {
        let sandbox = Sandbox::new();
        let ran = sandbox.run(&["mirror", &origin.url(path)]).expect(0);
        assert!(ran.stderr.contains(&format!("the mirror of {} is", origin.url(path))), "{ran:?}");
        assert_eq!(mirrors(&sandbox), expected, "{path}");
        assert_eq!(asked(&origin), requests, "{path}");
        sandbox.run(&["mirror", &origin.url(path)]).expect(0);
        assert_eq!(mirrors(&sandbox), expected, "{path}");
        asked(&origin);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_gives_nothing_is_an_error_with_its_reason() {
    let origin = origin(&[]);
    origin.set("/file", serve("application/octet-stream", "\u{1}\u{2}"));
    for (path, why) in [("/gone", "404"), ("/file", "neither a page nor an image")] {
        let sandbox = Sandbox::new();
        let ran = sandbox.run(&["mirror", &origin.url(path)]).expect(1);
        assert!(ran.stderr.contains(why), "{ran:?}");
        assert_eq!(asked(&origin), [path], "it is asked for once");
    }
}
