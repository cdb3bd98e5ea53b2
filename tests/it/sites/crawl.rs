//! What pages link to: how far it is followed, and what is left out.

use std::fmt::Write as _;

use super::{asked, counts, mirrors, origin, page, source};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Site};

fn links(to: &[&str]) -> String {
    to.iter().fold(String::new(), |mut html, to| {
        write!(html, "<a href='{to}'>x</a>").unwrap();
        html
    })
}

fn robots(rules: &str) -> Behaviour {
    Behaviour::serve(Content::new("text/plain", format!("User-agent: *\n{rules}").into_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_followed_as_deep_and_wide_as_the_settings_say() {
    let pages = [
        ("/", links(&["/a", "/b#top", "/a?", "/skip/1", "http://other.invalid/", "/1.png", "/file.zip"])),
        ("/a", links(&["/", "/a/1", "mailto:x@example.org"])),
        ("/b", links(&["/gone"])),
        ("/a/1", links(&["/a/2"])),
        ("/a/2", String::new()),
    ];
    let origin = origin(&pages);
    let sandbox = Sandbox::new();
    let settings = |depth: u32| {
        let url = origin.url("/");
        source(&sandbox, "page", &format!("url = \"{url}\"\ndepth = {depth}\nexclude = [\"/skip/**\"]"));
    };
    settings(1);
    let ran = sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/", "/a", "/b"]);
    assert!(ran.stderr.contains("2 URLs not followed: further away than depth = 1, such as http"), "{ran:?}");
    settings(2);
    let ran = sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/", "/a", "/a/1", "/b", "/gone"]);
    assert!(ran.stderr.contains("1 URL not read: http_status 404, such as"), "{ran:?}");
    assert_eq!(mirrors(&sandbox), ["a/1.html", "a.html", "b.html", "index.html"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_are_obeyed_also_behind_redirects() {
    let origin = origin(&[("/", links(&["/open", "/closed/1", "/to-closed", "/quiet"])), ("/open", String::new())]);
    origin.set("/closed/1", page("secret"));
    origin.set("/to-closed", Behaviour::redirect(302, "/closed/2"));
    origin.set("/quiet", page("<meta name=robots content=nofollow><a href=/never>x</a>"));
    origin.set("/robots.txt", robots("Disallow: /closed/\n"));
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"\ndepth = 3", origin.url("/")));
    let ran = sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/", "/open", "/quiet", "/to-closed"]);
    assert!(ran.stderr.contains("2 URLs not asked for: robots.txt forbids it"), "{ran:?}");
    assert!(ran.stderr.contains("1 page whose links are not followed"), "{ran:?}");
    let report = sandbox.json(&["run", "--ignore-robots"]);
    assert_eq!(report["ignored_robots"], true);
    assert!(asked(&origin).contains(&"/closed/1".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_lead_to_each_page_once() {
    let origin = origin(&[("/", links(&["/old", "/older", "/new", "/out", "/round"])), ("/new", String::new())]);
    origin.set("/old", Behaviour::redirect(301, "/new"));
    origin.set("/older", Behaviour::redirect(301, "/old"));
    origin.set("/out", Behaviour::redirect(302, "http://other.invalid/"));
    origin.set("/round", Behaviour::redirect(302, "/round"));
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"\ndepth = 2", origin.url("/")));
    let ran = sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/", "/new", "/old", "/older", "/out", "/round"]);
    assert!(ran.stderr.contains("1 URL on other hosts not asked for"), "{ran:?}");
    assert_eq!(mirrors(&sandbox), ["index.html", "new.html"]);
    assert_eq!(counts(&sandbox), [0, 0, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_the_user_names_may_lead_to_another_host() {
    let origin = origin(&[]);
    let localhost = origin.url("/there").replace("127.0.0.1", "localhost");
    origin.set("/", Behaviour::redirect(301, &localhost));
    origin.set("/there", page(&links(&["/more"])));
    origin.set("/more", page("x"));
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"\ndepth = 1", origin.url("/")));
    let ran = sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/", "/there"], "the page itself is read");
    assert!(ran.stderr.contains("1 named page leads to another site, whose links are not followed"), "{ran:?}");
    assert!(ran.stderr.contains(&localhost), "{ran:?}");
    for more in [format!("url = \"{}\"\nsame_host = false", origin.url("/")), {
        let urls = [origin.url("/"), localhost.replace("/there", "/more")];
        format!("urls = [\"{}\", \"{}\"]", urls[0], urls[1])
    }] {
        source(&sandbox, "page", &format!("{more}\ndepth = 1"));
        let ran = sandbox.run(&["run"]).expect(0);
        assert!(!ran.stderr.contains("another site"), "{ran:?}");
        assert_eq!(asked(&origin), ["/", "/more", "/there"], "{more}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_with_other_queries_are_their_canonical_page() {
    let origin = origin(&[("/", links(&["/p?sort=up", "/p?sort=down", "/q?id=1"]))]);
    origin.set("/p", page("<link rel=canonical href=/p><p>the page"));
    origin.set("/q", page("<link rel=canonical href=/><p>a page whose author erred"));
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"\ndepth = 1", origin.url("/")));
    let ran = sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/", "/p", "/p?sort=down", "/p?sort=up", "/q?id=1"]);
    assert!(ran.stderr.contains("2 pages not kept: their canonical URL is another"), "{ran:?}");
    assert_eq!(mirrors(&sandbox), ["index.html", "p.html", "q_id=1.html"]);
}

/// The canonical page may be missing, forbidden, left out, no page, or lead back to its copy.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_whose_canonical_page_is_none_is_kept() {
    let copy = |own: &str| page(&format!("<link rel=canonical href={own}><p>x"));
    let to = [
        "/gone",
        "/gone?a=1",
        "/gone?a=2",
        "/closed?a=1",
        "/skip?a=1",
        "/image?a=1",
        "/back?a=1",
        "/one?a=1",
        "/two?a=1",
    ];
    let origin = origin(&[("/", links(&to))]);
    origin.change(|site| {
        *site = site.clone().otherwise(move |request| {
            let (path, is_copy) = (request.path().to_owned(), request.target.contains('?'));
            match path.as_str() {
                "/image" if !is_copy => {
                    Some(Behaviour::serve(Content::new("image/png", crate::testserver::bulk::tiny(1))))
                }
                "/back" if !is_copy => Some(Behaviour::redirect(302, "/back?a=1")),
                "/one" if !is_copy => Some(copy("/one?a=1")),
                "/two" if !is_copy => Some(Behaviour::redirect(302, "/three")),
                "/three" => Some(page("x")),
                "/gone" if !is_copy => None,
                path if is_copy => Some(copy(path)),
                _ => None,
            }
        });
    });
    origin.set("/robots.txt", robots("Disallow: /closed$\n"));
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"\ndepth = 1\nexclude = [\"/skip\"]", origin.url("/")));
    let ran = sandbox.run(&["run"]).expect(0);
    let kept = ["back_a=1", "closed_a=1", "gone_a=1", "gone_a=2", "image_a=1", "index", "one_a=1", "skip_a=1", "three"];
    assert_eq!(mirrors(&sandbox), kept.map(|name| format!("{name}.html")), "{ran:?}");
    assert!(ran.stderr.contains("kept although their canonical URL is another: that gave no page"), "{ran:?}");
    assert!(ran.stderr.contains("1 URL not read: http_status 404"), "{ran:?}");
    assert_eq!(counts(&sandbox), [0, 0, 9], "and stays");
    asked(&origin);
    origin.set("/gone", page("the page is back"));
    assert_eq!(counts(&sandbox)[0], 1);
    assert!(mirrors(&sandbox).contains(&"gone.html".to_owned()));
}

/// Every page of the traps links on, forever.
fn traps(site: Site) -> Site {
    site.otherwise(|request| {
        let (path, target) = (request.path(), request.target.as_str());
        let number = |text: &str| text.rsplit(['/', '=']).next().and_then(|end| end.parse::<u64>().ok()).unwrap_or(1);
        let next = number(target) + 1;
        match path.split('/').nth(1)? {
            "calendar" => Some(page(&links(&[&format!("/calendar/{next}")]))),
            "session" => Some(page(&links(&[
                &format!("/session/x?PHPSESSID={next}"),
                &format!("/session/{next}?sid={next:032x}"),
            ]))),
            "search" => Some(page(&links(&[&format!("/search?q={next}"), &format!("/search?q={}", next * 1000)]))),
            "loop" => Some(page(&links(&["loop/", "./loop/../loop/"]))),
            "redirect" => Some(Behaviour::redirect(302, &format!("/redirect/{next}"))),
            _ => None,
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn traps_end_at_their_limits_and_are_reported() {
    let origin = origin(&[("/", links(&["/calendar/1", "/session/x", "/search?q=1", "/loop/", "/redirect/1"]))]);
    origin.change(|site| *site = traps(site.clone()));
    let sandbox = Sandbox::new();
    let url = origin.url("/");
    source(&sandbox, "page", &format!("url = \"{url}\"\ndepth = 10\n[crawl]\nmax_queries = 20"));
    let ran = sandbox.run(&["run"]).expect(0);
    let asked = asked(&origin);
    let count = |start: &str| asked.iter().filter(|path| path.starts_with(start)).count();
    assert_eq!((count("/calendar/"), count("/search"), count("/loop/")), (10, 20, 3), "{asked:?}");
    assert_eq!(count("/redirect/"), 11, "fetch.max_redirects");
    assert!(count("/session/") <= 11 && !asked.iter().any(|path| path.contains("SESSID")), "{asked:?}");
    for limit in ["depth = 10", "crawl.max_queries (20)", "crawl.max_repeats (3)", "too_many_redirects"] {
        assert!(ran.stderr.contains(limit), "{limit}: {ran:?}");
    }
    source(&sandbox, "page", &format!("url = \"{url}\"\ndepth = 10\nlimit = 5"));
    let ran = sandbox.run(&["run"]).expect(0);
    assert!(ran.stderr.contains("more than 5 pages (limit)"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_that_a_budget_ends_goes_on_in_the_next_run() {
    let pages: Vec<_> = (0..30).map(|at| (format!("/{at}"), links(&[&format!("/{}", at + 1)]))).collect();
    let pages: Vec<_> = pages.iter().map(|(path, body)| (path.as_str(), body.clone())).collect();
    let origin = origin(&pages);
    let sandbox = Sandbox::new();
    let settings = |budget: &str| {
        source(
            &sandbox,
            "page",
            &format!("url = \"{}\"\ndepth = 29\n[run]\nmax_requests = {budget}", origin.url("/0")),
        );
    };
    settings("12");
    let report = sandbox.json(&["run"]);
    assert_eq!(report["stopped_by"], "max_requests", "{report}");
    let first = asked(&origin);
    assert!((11..15).contains(&first.len()), "{first:?}");
    settings("0");
    let report = sandbox.json(&["run"]);
    assert_eq!(report["stopped_by"], serde_json::Value::Null);
    let second = asked(&origin);
    assert_eq!(first.len() + second.len(), 30, "each page once: {second:?}");
    assert_eq!(mirrors(&sandbox).len(), 30);
    assert_eq!(counts(&sandbox), [0, 0, 30]);
    assert_eq!(asked(&origin).len(), 30, "the next night asks for all of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_taken_down_is_not_asked_for_again() {
    let origin = origin(&[("/", links(&["/a"])), ("/a", String::new())]);
    let sandbox = Sandbox::new();
    source(&sandbox, "page", &format!("url = \"{}\"\ndepth = 1", origin.url("/")));
    sandbox.run(&["run"]).expect(0);
    asked(&origin);
    sandbox.run(&["forget", &format!("site/{}/a.html", super::host(&origin))]).expect(0);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(asked(&origin), ["/"]);
    assert_eq!(mirrors(&sandbox), ["index.html"]);
}
