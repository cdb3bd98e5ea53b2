//! Pages that are named: kept as they came, with their images.

use super::{asked, counts, html, mirror, mirrors, origin, page, source};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_an_article_whose_original_is_what_came() {
    let body = "<base href=/deep/><link rel=canonical href=/own><img src=../1.png><a href=other>x</a>";
    let origin = origin(&[("/deep/a%20b", body.to_owned())]);
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"", origin.url("/deep/a%20b")));
    assert_eq!(counts(&sandbox), [1, 0, 0]);
    assert_eq!(mirrors(&sandbox), ["deep/a b.html"]);
    assert!(mirror(&sandbox, &origin, "deep/a b.html").contains("<img src=../../../../blobs/"));
    let path = format!("site/{}/deep/a b.html", super::host(&origin));
    let original = sandbox.run(&["restore", &path]).expect(0).stdout;
    assert_eq!(original, format!("<!doctype html><title>t</title>{body}"));
    sandbox.run(&["check"]).expect(0);
    sandbox.run(&["verify"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_did_not_change_costs_one_request_and_writes_nothing() {
    let origin = origin(&[("/plain", "<img src=/1.png>".to_owned())]);
    origin.set("/tagged", Behaviour::serve(html("<img src=/2.png>").etagged()));
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("urls = [\"{}\", \"{}\"]", origin.url("/plain"), origin.url("/tagged")));
    assert_eq!(counts(&sandbox), [2, 0, 0]);
    assert_eq!(asked(&origin), ["/1.png", "/2.png", "/plain", "/tagged"]);
    let before = (sandbox.tree("store/articles"), sandbox.tree("store/blobs"));
    assert_eq!(counts(&sandbox), [0, 0, 2]);
    let statuses: Vec<_> = origin.log().of("/tagged").iter().map(|logged| logged.status).collect();
    assert_eq!(statuses, [Some(304)]);
    assert_eq!(asked(&origin), ["/plain", "/tagged"]);
    assert_eq!((sandbox.tree("store/articles"), sandbox.tree("store/blobs")), before);
    origin.set("/plain", page("<img src=/3.png>"));
    assert_eq!(counts(&sandbox), [0, 1, 1]);
    assert_eq!(asked(&origin), ["/3.png", "/plain", "/tagged"]);
    // A setting reaches pages that are not sent again.
    source(&sandbox, "page", &format!("urls = [\"{}\"]\nlinks = \"/media/\"", origin.url("/tagged")));
    assert_eq!(counts(&sandbox), [0, 0, 2]);
    assert!(mirror(&sandbox, &origin, "plain.html").contains("<img src=/media/blobs/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_charset_of_the_response_counts_before_that_of_the_page() {
    let gbk = encoding_rs::GBK.encode("<meta charset=latin1><title>新闻</title><img src='/新?q=1'>").0.into_owned();
    let origin = origin(&[]);
    origin.set("/a", Behaviour::serve(Content::new("text/html; charset=\"GBK\"", gbk.clone())));
    origin.set("/%E6%96%B0", Behaviour::serve(Content::new("image/png", crate::testserver::bulk::tiny(1))));
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"", origin.url("/a")));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/%E6%96%B0?q=1", "/a"]);
    let mirror = sandbox.read(&format!("store/articles/site/{}/a.html", super::host(&origin)));
    assert!(encoding_rs::GBK.decode(&mirror).0.contains("<title>新闻</title><img src='../../../blobs/"));
    sandbox.run(&["verify"]).expect(0);
    source(&sandbox, "page", &format!("url = \"{}\"\nlinks = \"/m/\"", origin.url("/a")));
    sandbox.run(&["run"]).expect(0);
    let mirror = sandbox.read(&format!("store/articles/site/{}/a.html", super::host(&origin)));
    assert!(encoding_rs::GBK.decode(&mirror).0.contains("<title>新闻</title><img src='/m/blobs/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn style_sheets_are_kept_with_their_images() {
    let origin = origin(&[("/a/", "<link rel=stylesheet href=/s/main.css?v=1><p>x".to_owned())]);
    let sheet = Content::new("text/css", b"body { background: url(../4.png) }".to_vec());
    origin.set("/s/main.css", Behaviour::serve(sheet));
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"", origin.url("/a/")));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/4.png", "/a/", "/s/main.css?v=1"]);
    assert_eq!(mirrors(&sandbox), ["a/index.html", "s/main_v=1.css"]);
    assert!(mirror(&sandbox, &origin, "s/main_v=1.css").contains("url(../../../../blobs/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn style_sheets_do_not_count_as_pages() {
    let sheets = ["0", "1", "2", "3", "4"].map(|at| format!("<link rel=stylesheet href=/s/{at}.css>")).concat();
    let origin = origin(&[("/", format!("{sheets}<a href=/a>x</a><a href=/b>x</a>")), ("/a", String::new())]);
    for at in 0..5 {
        origin.set(&format!("/s/{at}.css"), Behaviour::serve(Content::new("text/css", b"a {}".to_vec())));
    }
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"\ndepth = 1\nlimit = 2", origin.url("/")));
    let ran = sandbox.run(&["run"]).expect(0);
    assert_eq!(mirrors(&sandbox).len(), 7, "{ran:?}");
    assert!(ran.stderr.contains("1 URL not asked for: there are more than 2 pages (limit)"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn next_pages_are_read_up_to_their_limit() {
    let origin = origin(&[]);
    for at in 1..20 {
        let next = at + 1;
        origin.set(&format!("/p/{at}"), page(&format!("<link rel=next href={next}><a href=/other/{at}>x</a>")));
    }
    let sandbox = Sandbox::new();
    let url = origin.url("/p/1");
    source(&sandbox, "page", &format!("url = \"{url}\"\n[crawl]\nmax_chain = 4"));
    let ran = sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/p/1", "/p/2", "/p/3", "/p/4", "/p/5"]);
    assert!(ran.stderr.contains("1 URL not asked for: after more than crawl.max_chain (4) next pages"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_or_not_there_fails_and_the_others_are_read() {
    let origin = origin(&[("/good", "x".to_owned())]);
    origin.set("/feed", Behaviour::serve(Content::new("text/html", b"<rss version='2.0'/>".to_vec())));
    origin.set("/file", Behaviour::serve(Content::new("text/html", b"%PDF-1.7\n".to_vec())));
    origin.set("/large", page(&"x".repeat(200_000)));
    let urls = ["/gone", "/feed", "/1.png", "/file", "/large", "/good"].map(|path| format!("\"{}\"", origin.url(path)));
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("urls = [{}]\n[rewrite]\nmax_article = \"100 kB\"", urls.join(", ")));
    let ran = sandbox.run(&["run"]).expect(3);
    for why in ["404", "kind \\\"feed\\\"", "it is an image", "neither a page nor an image", "rewrite.max_article"] {
        assert!(ran.stderr.replace('"', "\\\"").contains(why), "{why}: {ran:?}");
    }
    assert_eq!(mirrors(&sandbox), ["good.html"]);
}
