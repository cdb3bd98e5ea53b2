//! A walk over everything that the pages lead to.

use std::collections::{BTreeSet, VecDeque};

use offprint::testing::model::Digest;
use reqwest::header::HeaderMap;
use url::Url;

use super::html::Page;
use super::{ARCHIVED, Shown};

/// The policy of what came out of the archive, and that of our own pages.
fn is_archived_policy(headers: &HeaderMap) -> bool {
    let policy = headers["content-security-policy"].to_str().unwrap();
    policy.starts_with("default-src 'none'; ")
        && policy.ends_with("; frame-ancestors 'self'; sandbox")
        && !policy.contains("script-src")
        && headers["cross-origin-resource-policy"] == "cross-origin"
        && headers["x-content-type-options"] == "nosniff"
        && headers["referrer-policy"] == "no-referrer"
}

fn is_own_policy(headers: &HeaderMap) -> bool {
    let policy = headers["content-security-policy"].to_str().unwrap();
    policy.starts_with("default-src 'none'; ")
        && policy.contains("script-src 'self'; ")
        && policy.contains("frame-ancestors 'none'")
        && !policy.contains("unsafe")
        && headers["cross-origin-opener-policy"] == "same-origin"
        && headers["x-content-type-options"] == "nosniff"
}

/// The digests of all files that the archive keeps for articles to show.
fn kept(shown: &Shown) -> BTreeSet<Digest> {
    let folders = ["store/blobs", "store/thumbnails", "store/articles"];
    folders.into_iter().flat_map(|folder| shown.sandbox.digests(folder).into_values()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_well_formed_and_all_that_was_archived_has_its_policy() {
    let shown = Shown::new();
    let (kept, root) = (kept(&shown), Url::parse(&shown.server.url()).unwrap());
    let found = root.join("search?q=rain").unwrap();
    let (mut waiting, mut seen) = (VecDeque::from([root.clone(), found]), BTreeSet::from([root.clone()]));
    let (mut pages, mut archived) = (0, 0);
    while let Some(url) = waiting.pop_front() {
        let response = crate::origin::client().get(url.clone()).send().await.unwrap();
        assert_eq!(response.status(), 200, "{url}");
        let (headers, body) = (response.headers().clone(), response.bytes().await.unwrap());
        let text = String::from_utf8_lossy(&body);
        let is_archived = ["/blobs/", "/thumbnails/", "/mirror/"].iter().any(|start| url.path().starts_with(start));
        if is_archived || kept.contains(&Digest::of(&body)) || text.contains(ARCHIVED) {
            assert!(is_archived && is_archived_policy(&headers), "{url}: {headers:?}");
            archived += 1;
            continue;
        }
        assert!(is_own_policy(&headers), "{url}: {headers:?}");
        if !headers["content-type"].to_str().unwrap().starts_with("text/html") {
            continue;
        }
        pages += 1;
        for link in Page::read(url.as_str(), &text).links {
            let to = url.join(&link).unwrap();
            if to.origin() == root.origin() && seen.insert(to.clone()) {
                waiting.push_back(to);
            }
        }
    }
    assert!(pages > 25 && archived > 8, "{pages} pages, {archived} archived files: {seen:#?}");
    for kind in ["/article/", "/image/", "/runs/2", "/mirror/", "/blobs/", "/thumbnails/", "/feed.atom", "/search"] {
        assert!(seen.iter().any(|url| url.path().starts_with(kind)), "{kind} is reached");
    }
    for path in ["/missing", "/opensearch.xml"] {
        assert!(seen.iter().any(|url| url.path() == path), "{path} is reached");
    }
    assert!(seen.iter().any(|url| url.query() == Some("q=rain&sort=best")), "what is found can be sorted");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_is_json_too() {
    let shown = Shown::new();
    for (path, list, count) in [
        ("/?format=json", "articles", 3),
        ("/articles?format=json", "articles", 3),
        ("/images?format=json", "images", 3),
        ("/missing?format=json", "urls", 2),
        ("/hosts?format=json", "hosts", 1),
        ("/runs?format=json", "runs", 1),
        ("/search?q=rain&format=json", "articles", 1),
        ("/search?format=json", "articles", 0),
        ("/article/posts/rain.md?view=images&format=json", "images", 3),
        ("/article/posts/rain.md?view=history&format=json", "versions", 1),
        ("/article/posts/rain.md?view=diff&format=json", "changes", 2),
    ] {
        let json = shown.json(path).await;
        assert!(json[list].as_array().is_some_and(|list| list.len() >= count), "{path}: {json}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_is_atom_with_every_article_and_what_was_lost() {
    let shown = Shown::new();
    let text = shown.text("/feed.atom").await;
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut names, mut depth) = (Vec::new(), 0_i32);
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(tag) => {
                names.push(tag.name().as_ref().to_owned());
                depth += 1;
            }
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!((names.iter().filter(|name| *name == "entry").count(), depth), (4, 0), "{text}");
    assert!(text.contains("newly missing") && text.contains("雨天"), "{text}");
}
