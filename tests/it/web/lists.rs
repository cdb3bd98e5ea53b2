//! Lists over HTTP, of archives in memory with rows as no run would make them.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use offprint::testing::archive::{Archive, Catalog, MemoryCatalog, MemoryObjects, NewReference};
use offprint::testing::model::{
    ArticleKey, ArticleVersion, Digest, Fingerprint, Format, ReferenceKind, ReferencePlace, Span,
};
use offprint::testing::web::{self, Access, Server};
use serde_json::Value;

use super::html::Page;
use crate::catalog::{complete_all, kept, record};
use crate::origin::client;

/// A server of an archive in memory.
struct Listed {
    catalog: Arc<dyn Catalog>,
    server: Server,
}

impl Listed {
    fn new() -> Self {
        let catalog: Arc<dyn Catalog> = Arc::new(MemoryCatalog::new());
        let objects = Arc::new(MemoryObjects::new().unwrap());
        let archive = Archive::new(Arc::clone(&catalog), objects);
        let server = web::serve(archive, ([127, 0, 0, 1], 0).into(), Access::default(), 16).unwrap();
        Self { catalog, server }
    }

    async fn record(&self, source: &str, path: &str, title: Option<&str>, second: i64, urls: &[&str]) {
        let version = ArticleVersion {
            key: ArticleKey { source: source.parse().unwrap(), path: path.parse().unwrap() },
            original: Digest::of(path.as_bytes()),
            fingerprint: Fingerprint { size: 1, modified: 1, inode: 1 },
            format: Format::Markdown,
            encoding: Some("UTF-8".to_owned()),
            settings: Digest::of(b"settings"),
            title: title.map(str::to_owned),
            published: Some(Timestamp::from_second(second).unwrap()),
            url: Some("https://paper.example/?a=1&b=<2>".parse().unwrap()),
            read_at: Timestamp::from_second(1_800_000_000).unwrap(),
        };
        let references: Vec<_> = urls.iter().enumerate().map(|(at, url)| reference(at, url)).collect();
        self.catalog.record_article(&version, 1, &references).await.unwrap();
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let response = client().get(self.server.url() + &path[1..]).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn json(&self, path: &str) -> Value {
        let (status, text) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// All rows of a list, over all of its pages.
    async fn all(&self, path: &str, list: &str) -> Vec<Value> {
        let (mut next, mut rows) = (Some(path.to_owned()), Vec::new());
        while let Some(path) = next {
            let page = self.json(&path).await;
            let found = page[list].as_array().unwrap();
            assert!(found.len() <= 60, "{path}: {}", found.len());
            rows.extend(found.iter().cloned());
            next = page["next"].as_str().map(str::to_owned);
        }
        rows
    }
}

fn reference(at: usize, url: &str) -> NewReference {
    NewReference {
        place: ReferencePlace {
            span: Span::new(at * 20, at * 20 + 10),
            kind: ReferenceKind::Image,
            name: "src".to_owned(),
            image_group: u32::try_from(at).unwrap(),
            reveal: None,
            link_wrap: None,
        },
        url: Some(url.parse().unwrap()),
        unfetched: None,
    }
}

#[tokio::test]
async fn every_list_is_complete_in_order_and_each_row_stands_once() {
    let listed = Listed::new();
    let mut seed = 7_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    let mut sources = [0_usize; 3];
    for number in 0..250 {
        let (source, second) = (random(3), i64::try_from(random(40) * 86_400).unwrap());
        sources[usize::try_from(source).unwrap()] += 1;
        let urls = [format!("https://host-{}.example/{number}.jpg", random(70))];
        let name = format!("source-{source}");
        listed.record(&name, &format!("{number}.md"), None, 1_700_000_000 + second, &[&urls[0]]).await;
    }
    let articles = listed.all("/articles?format=json", "articles").await;
    let dates: Vec<_> = articles.iter().map(|item| item["date"].as_str().unwrap().to_owned()).collect();
    assert!(dates.is_sorted_by(|one, next| one >= next), "newest first");
    let paths: BTreeSet<_> = articles.iter().map(|item| item["path"].as_str().unwrap()).collect();
    assert_eq!((articles.len(), paths.len()), (250, 250));
    for (source, count) in sources.into_iter().enumerate() {
        let path = format!("/articles?format=json&source=source-{source}");
        assert_eq!(listed.all(&path, "articles").await.len(), count, "{path}");
    }
    assert_eq!(listed.all("/articles?format=json&missing=1", "articles").await.len(), 250);
    assert_eq!(listed.all("/missing?format=json", "urls").await.len(), 250);
    let hosts = listed.all("/hosts?format=json", "hosts").await;
    let names: Vec<_> = hosts.iter().map(|item| item["host"].as_str().unwrap()).collect();
    assert!(names.is_sorted() && names.len() > 60, "{names:?}");
    let urls: u64 = hosts.iter().map(|item| item["urls"].as_u64().unwrap()).sum();
    assert_eq!(urls, 250);
    let host = names[0];
    let of_host = listed.all(&format!("/missing?format=json&host={host}"), "urls").await;
    assert_eq!(Some(of_host.len() as u64), hosts[0]["urls"].as_u64());
    let shown = listed.all(&format!("/articles?format=json&host={host}"), "articles").await;
    assert_eq!(shown.len(), of_host.len());
}

#[tokio::test]
async fn the_calendar_leads_to_all_articles_of_each_month() {
    let listed = Listed::new();
    for (number, second) in [1_700_000_000, 1_702_000_000, 1_702_000_001, 1_760_000_000].into_iter().enumerate() {
        listed.record("posts", &format!("{number}.md"), None, second, &[]).await;
    }
    let page = listed.json("/articles?format=json").await;
    let years = page["years"].as_array().unwrap();
    assert_eq!(years.iter().map(|year| year["year"].as_i64().unwrap()).collect::<Vec<_>>(), [2025, 2023]);
    let mut found = 0;
    for month in years.iter().flat_map(|year| year["months"].as_array().unwrap()) {
        if let Some(href) = month["href"].as_str() {
            found += listed.all(&format!("{href}&format=json"), "articles").await.len();
        }
    }
    assert_eq!(found, 4, "each article is in one month");
}

#[tokio::test]
async fn what_strangers_wrote_is_text_on_every_page() {
    let listed = Listed::new();
    let evil = "\"><script>alert(1)</script><img src=x onerror=alert(1)>&amp;'</title>";
    let path = "a\"><script>/b'&?#%.md";
    let urls = ["https://evil.example/\"><script>.jpg", "https://evil.example/'onerror='x.jpg"];
    listed.record("posts", path, Some(evil), 1_700_000_000, &urls).await;
    listed.record("posts", "blank.md", Some(" \n "), 1_700_000_001, &[]).await;
    listed.record("posts", "override.md", Some("\u{202e}gpj.exe\u{0}\u{7}"), 1_700_000_002, &[]).await;
    let catalog = &listed.catalog;
    let run = catalog.begin_run(Timestamp::from_second(1_700_000_000).unwrap()).await.unwrap();
    let report = serde_json::json!({
        "error": evil,
        "sources": [{"name": evil, "outcome": "failed", "reason": "", "detail": evil}],
        "failures": [{"url": evil, "articles": [evil, "posts/blank.md"], "reason": "dns", "detail": evil,
            "status": null, "attempts": 1, "next_attempt": null}],
        "missing": {"urls": 1, "new": [evil]},
    });
    catalog.finish_run(run, Timestamp::from_second(1_700_000_100).unwrap(), &report.to_string()).await.unwrap();
    let article = listed.json("/articles?format=json").await["articles"][2]["href"].as_str().unwrap().to_owned();
    let pages = [
        "/".to_owned(),
        "/articles".to_owned(),
        format!("/articles?source=posts&host={}", "%22%3E%3Cscript%3E"),
        "/articles?host=%22%3E%3Cscript%3E&missing=1".to_owned(),
        "/images?host=%22%3E%3Cscript%3E".to_owned(),
        "/missing".to_owned(),
        "/missing?host=%22%3E%3Cscript%3E".to_owned(),
        "/hosts".to_owned(),
        "/runs".to_owned(),
        "/runs/20231114T221320Z".to_owned(),
        article.clone(),
        format!("{article}?view=images"),
        format!("{article}?view=history"),
    ];
    for path in pages {
        let (status, text) = listed.get(&path).await;
        assert_eq!(status, 200, "{path}: {text}");
        assert!(!text.contains("<script>") && !text.contains("<img src=x"), "{path}: {text}");
        Page::read(&path, &text);
    }
    let (_, feed) = listed.get("/feed.atom").await;
    assert!(!feed.contains("<script>") && !feed.contains(['\u{0}', '\u{7}']), "{feed}");
}

#[tokio::test]
async fn a_page_that_cannot_be_shown_says_why_and_keeps_its_policy() {
    let listed = Listed::new();
    listed.record("posts", "a.md", Some("A"), 1_700_000_000, &[]).await;
    for (path, expected, words) in [
        ("/none", 404, "there is nothing here"),
        ("/article/posts/none.md", 404, "there is nothing here"),
        ("/image/0000000000000000000000000000000000000000000000000000000000000000", 404, "there is nothing here"),
        ("/runs/20200101T000000Z", 404, "there is nothing here"),
        ("/articles?month=2026-99", 400, "month"),
        ("/images?wider=-1", 400, "wider"),
        ("/article/posts/a.md?view=all", 400, "view"),
        ("/hosts?after=%00", 400, "after"),
        ("/runs?after=x", 400, "after"),
        // Its original is on record, and its blob is not there.
        ("/mirror/posts/a.md", 500, "cannot be read"),
        ("/article/posts/a.md?view=diff", 500, "cannot be read"),
    ] {
        let response = client().get(listed.server.url() + &path[1..]).send().await.unwrap();
        assert_eq!(response.status(), expected, "{path}");
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8", "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        let text = response.text().await.unwrap();
        assert!(text.contains(words), "{path}: {text}");
        Page::read(path, &text);
    }
}

#[tokio::test]
async fn an_empty_archive_has_pages_too() {
    let listed = Listed::new();
    for path in ["/", "/articles", "/images", "/missing", "/hosts", "/runs"] {
        let (status, text) = listed.get(path).await;
        assert_eq!(status, 200, "{path}");
        let page = Page::read(path, &text);
        for link in ["/articles", "/images", "/missing", "/hosts", "/runs", "/feed.atom", "/style.css"] {
            assert!(page.links.iter().any(|found| found == link), "{path} leads to {link}");
        }
    }
    let (status, feed) = listed.get("/feed.atom").await;
    assert!(status == 200 && !feed.contains("<entry>"), "{feed}");
}

#[tokio::test]
async fn pages_before_and_after_are_linked_for_programs_and_keys() {
    let listed = Listed::new();
    for number in 0..70_i64 {
        listed.record("posts", &format!("{number:02}.md"), None, 1_700_000_000 + number, &[]).await;
    }
    let (_, first) = listed.get("/articles").await;
    assert!(first.contains("<link rel=\"next\" href=\"/articles?after="), "{first}");
    assert!(!first.contains("rel=\"prev\""), "{first}");
    let next = first.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let (_, second) = listed.get(next).await;
    assert!(second.contains("<link rel=\"prev\" href=\"/articles\">"), "{second}");
    assert!(!second.contains("rel=\"next\""), "{second}");
    let (_, article) = listed.get("/article/posts/35.md").await;
    for link in ["rel=\"prev\" href=\"/article/posts/36.md\"", "rel=\"next\" href=\"/article/posts/34.md\""] {
        assert!(article.contains(&format!("<link {link}>")), "{link}: {article}");
    }
    assert!(article.contains("<link rel=\"up\" href=\"/articles?source=posts\">"), "{article}");
    let (_, newest) = listed.get("/article/posts/69.md").await;
    assert!(!newest.contains("rel=\"prev\"") && newest.contains("rel=\"next\""), "{newest}");
}

#[tokio::test]
async fn the_gallery_has_every_image_and_each_leads_to_the_next() {
    let listed = Listed::new();
    for number in 0..70_i64 {
        let url = format!("https://images.example/{number}.jpg");
        record(&*listed.catalog, &format!("{number}.md"), &[&url]).await;
        complete_all(&*listed.catalog, number, kept(&url)).await;
    }
    let images = listed.all("/images?format=json", "images").await;
    let digests: Vec<_> = images.iter().map(|image| image["sha256"].as_str().unwrap().to_owned()).collect();
    let newest = Digest::of(b"https://images.example/69.jpg").to_string();
    assert_eq!((digests.len(), digests[0].as_str()), (70, newest.as_str()), "the newest first");
    let (mut walked, mut next) = (Vec::new(), Some(format!("/image/{newest}")));
    while let Some(path) = next {
        let page = listed.json(&format!("{path}?format=json")).await;
        walked.push(page["sha256"].as_str().unwrap().to_owned());
        next = page["next"].as_str().map(str::to_owned);
        let previous = walked.len().checked_sub(2).map(|at| format!("/image/{}", walked[at]));
        assert_eq!(page["previous"].as_str(), previous.as_deref(), "{path}");
    }
    assert_eq!(walked, digests);
    let page = listed.json(&format!("/image/{newest}?format=json")).await;
    // The rows of these tests have one perceptual hash: all of them look alike.
    assert_eq!((page["alike"].as_array().unwrap().len(), &page["compared_all"]), (24, &true.into()));
    assert!(page["alike"].as_array().unwrap().iter().all(|image| image["sha256"] != newest.as_str()));
    assert_eq!((&page["width"], &page["height"]), (&480.into(), &640.into()), "it is shown upright");
    let (status, _) = listed.get(page["blob"].as_str().unwrap()).await;
    assert_eq!(status, 404, "a row without its blob");
    for (filter, count) in
        [("type=jpg", 70), ("type=png", 0), ("wider=640", 70), ("host=images.example", 70), ("host=x", 0)]
    {
        let path = format!("/images?format=json&{filter}");
        assert_eq!(listed.all(&path, "images").await.len(), count, "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_readers_at_once_are_all_answered_while_rows_are_written() {
    let listed = Arc::new(Listed::new());
    let mut readers = tokio::task::JoinSet::new();
    for reader in 0..100 {
        let listed = Arc::clone(&listed);
        readers.spawn(async move {
            let paths = ["/", "/articles", "/missing", "/hosts", "/feed.atom"];
            for path in paths.iter().cycle().skip(reader).take(10) {
                assert_eq!(listed.get(path).await.0, 200, "{path}");
            }
        });
    }
    for number in 0..200 {
        listed.record("posts", &format!("{number}.md"), None, 1_700_000_000, &["https://a.example/1.jpg"]).await;
    }
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
    assert_eq!(listed.all("/articles?format=json", "articles").await.len(), 200);
}

#[tokio::test]
async fn a_head_has_the_headers_of_a_page_and_no_body() {
    let listed = Listed::new();
    listed.record("posts", "a.md", Some("A"), 1_700_000_000, &[]).await;
    for path in ["", "articles", "feed.atom", "style.css", "keys.js", "icon.svg", "none"] {
        let url = listed.server.url() + path;
        let (got, head) = (client().get(&url).send().await.unwrap(), client().head(&url).send().await.unwrap());
        assert_eq!(got.status(), head.status(), "{path}");
        for name in ["content-type", "content-security-policy", "x-content-type-options", "content-length"] {
            assert_eq!(got.headers().get(name), head.headers().get(name), "{path}: {name}");
        }
        assert!(head.bytes().await.unwrap().is_empty() && !got.bytes().await.unwrap().is_empty(), "{path}");
    }
}
