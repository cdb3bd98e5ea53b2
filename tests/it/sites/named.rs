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

#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_asks_for_its_own_images_and_for_nothing_else() {
    let origin = origin(&[("/p", "<img src=/3.png>".to_owned())]);
    let sandbox = Sandbox::new();
    sandbox.settings("recheck = \"1ms\"\n");
    sandbox.write("posts/a.md", format!("![]({})", origin.url("/1.png")));
    sandbox.write("more/b.md", format!("![]({})", origin.url("/2.png")));
    sandbox.run(&["run"]).expect(0);
    sandbox.run(&["mirror", "more"]).expect(0);
    assert_eq!(asked(&origin), ["/1.png", "/2.png"]);
    for (place, requests) in
        [(origin.url("/p"), &["/3.png", "/p"][..]), ("more".to_owned(), &["/2.png"]), ("posts".to_owned(), &["/1.png"])]
    {
        let planned = sandbox.json(&["mirror", &place, "--dry-run"])["fetch"].as_array().unwrap().len();
        sandbox.run(&["mirror", &place]).expect(0);
        assert_eq!(asked(&origin), requests, "{place}");
        assert_eq!(planned, 1, "{place}: the page itself, or the image that is due");
    }
    sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/1.png", "/2.png", "/3.png"], "the schedule asks for all of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_lists_what_a_source_begins_with() {
    let origin = origin(&[("/a", "<a href=/b>x</a>".to_owned())]);
    let sandbox = Sandbox::new();
    sandbox.write("urls.txt", format!("{}\n{}\n", origin.url("/a"), origin.url("/1.png")));
    sandbox.write("feeds.txt", format!("{}\n", origin.url("/feed")));
    let source =
        |name: &str, kind: &str, more: &str| format!("[[source]]\nname = \"{name}\"\nkind = \"{kind}\"\n{more}\n");
    sandbox.settings(&format!(
        "{}{}{}{}",
        source("site", "sitemap", &format!("url = \"{}\"", origin.url("/map"))),
        source("page", "page", &format!("url = \"{}\"", origin.url("/p"))),
        source("list", "list", "path = \"urls.txt\""),
        source("feeds", "feeds", "path = \"feeds.txt\""),
    ));
    let planned = sandbox.json(&["run", "--dry-run"]);
    let expected = ["/map", "/p", "/a", "/1.png", "/feed"].map(|path| origin.url(path));
    assert_eq!(planned["fetch"], serde_json::json!(expected));
    assert_eq!(asked(&origin), [""; 0]);
    let ran = sandbox.run(&["-v", "mirror", &origin.url("/x"), "--dry-run"]).expect(0);
    assert!(ran.stdout.contains(&format!("would fetch {}\n", origin.url("/x"))), "{ran:?}");
}
