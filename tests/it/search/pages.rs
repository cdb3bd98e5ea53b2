//! Search in the pages.

use offprint::testing::web::{self, Access, Server};

use super::{post, three_posts};
use crate::origin::client;
use crate::sandbox::Sandbox;

struct Served {
    sandbox: Sandbox,
    server: Server,
}

impl Served {
    fn new(sandbox: Sandbox) -> Self {
        let server = web::serve(sandbox.archive(), ([127, 0, 0, 1], 0).into(), Access::default(), 16).unwrap();
        Self { sandbox, server }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let response = client().get(self.server.url() + &path[1..]).send().await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self'") && !policy.contains("sandbox"), "{path}: {policy}");
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn json(&self, path: &str) -> serde_json::Value {
        let (status, text) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

fn mirrored() -> Sandbox {
    let sandbox = three_posts();
    sandbox.write("posts/evil.md", post("<b>Bold</b> & \"sale\"", 19, "at `<script>alert(1)</script>` the bazaar"));
    sandbox.run(&["run"]).expect(3);
    sandbox
}

#[tokio::test]
async fn what_is_found_is_shown_with_what_was_searched_for_marked() {
    let served = Served::new(mirrored());
    let (status, page) = served.get("/search?q=night+market").await;
    assert_eq!(status, 200);
    assert!(
        page.contains("2 articles") && page.contains("<a class=\"title\" href=\"/article/posts/harbour.md\">"),
        "{page}"
    );
    assert!(page.contains("Rain over the <mark>night</mark> <mark>market</mark>."), "{page}");
    assert!(page.contains("value=\"night market\""), "the field keeps what was typed: {page}");
    let (_, page) = served.get("/search?q=%E6%93%8D%E4%BD%9C%E7%B3%BB%E7%BB%9F").await;
    assert!(page.contains("<mark>操作系统</mark>上部署") && page.contains("1 article"), "{page}");
    let (_, page) = served.get("/search?q=bold+bazaar").await;
    assert!(page.contains("&#60;b&#62;<mark>Bold</mark>&#60;/b&#62;") && !page.contains("<script>alert"), "{page}");
}

#[tokio::test]
async fn every_page_has_the_field_and_the_description_for_browsers() {
    let served = Served::new(mirrored());
    for path in ["/", "/articles", "/images", "/missing", "/search", "/article/posts/evil.md"] {
        let (_, page) = served.get(path).await;
        assert!(page.contains("<form class=\"search\" role=\"search\" action=\"/search\">"), "{path}");
        assert!(page.contains("<link rel=\"search\" href=\"/opensearch.xml\""), "{path}");
    }
    let (status, page) = served.get("/search").await;
    assert!(status == 200 && page.contains("What can be searched for") && page.contains("missing:yes"), "{page}");
    let response = client().get(served.server.url() + "opensearch.xml").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/opensearchdescription+xml");
    let description = response.text().await.unwrap();
    let template = format!("template=\"{}search?q={{searchTerms}}\"", served.server.url());
    assert!(description.contains(&template), "{description}");
}

#[tokio::test]
async fn a_search_is_json_page_by_page() {
    let sandbox = Sandbox::new();
    for (number, day) in (0..45).zip((1..29).cycle()) {
        sandbox.write(&format!("posts/{number}.md"), post("A day", day, &"fog ".repeat(1 + number)));
    }
    sandbox.run(&["run"]).expect(0);
    let served = Served::new(sandbox);
    for sort in ["newest", "best"] {
        let (mut next, mut paths, mut pages) = (Some(format!("/search?q=fog&sort={sort}&format=json")), Vec::new(), 0);
        while let Some(path) = next {
            let page = served.json(&path).await;
            assert_eq!((&page["count"], &page["more"]), (&45.into(), &false.into()), "{path}");
            let articles = page["articles"].as_array().unwrap();
            assert!(articles.len() <= 20, "{path}");
            paths.extend(articles.iter().map(|article| article["path"].as_str().unwrap().to_owned()));
            (next, pages) = (page["next"].as_str().map(str::to_owned), pages + 1);
        }
        assert_eq!((paths.len(), pages), (45, 3), "{sort}");
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), 45, "{sort}: none twice");
    }
    let first = served.json("/search?q=fog&format=json").await;
    let dates: Vec<_> =
        first["articles"].as_array().unwrap().iter().map(|article| article["date"].as_str().unwrap()).collect();
    assert!(dates.is_sorted_by(|one, next| one >= next), "{dates:?}");
}

#[tokio::test]
async fn what_cannot_be_searched_for_is_explained_on_the_page() {
    let served = Served::new(mirrored());
    let long = format!("/search?q={}", "a".repeat(60_000));
    for (path, status, way_out) in [
        ("/search?q=source:posts", 400, "no word to search for"),
        ("/search?q=%22night", 400, "close it with a quotation mark"),
        ("/search?q=%00", 400, "no letter and no digit"),
        ("/search?q=a+before:x", 400, "name a year"),
        (&long, 400, "up to 32 words"),
        ("/search?q=a&sort=worst", 400, "the parameter sort"),
        ("/search?q=a&after=AAAA", 400, "the parameter after"),
        ("/search?q=a&sort=best&after=bjEuMQ", 400, "the parameter after"),
    ] {
        let (found, page) = served.get(path).await;
        assert!(found == status && page.contains(way_out), "{path:.60}: {found} {page}");
    }
    let (_, page) = served.get("/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!page.contains("<script>alert"), "{page}");
    std::fs::remove_file(served.sandbox.path("store/search.db")).unwrap();
    let (status, page) = served.get("/search?q=market").await;
    assert!(status == 503 && page.contains("has no search index"), "{status} {page}");
    served.sandbox.run(&["run"]).expect(0);
    let (status, page) = served.get("/search?q=market").await;
    assert!(status == 200 && page.contains("2 articles"), "the index that a run makes is used at once: {page}");
}

#[tokio::test]
async fn filters_of_images_choose_among_what_is_found() {
    let served = Served::new(mirrored());
    let page = served.json("/search?q=rain+missing:yes&format=json").await;
    assert_eq!((page["articles"].as_array().unwrap().len(), &page["count"]), (1, &serde_json::Value::Null), "{page}");
    let page = served.json("/search?q=snow+missing:yes&format=json").await;
    assert_eq!((page["articles"].as_array().unwrap().len(), &page["next"]), (0, &serde_json::Value::Null), "{page}");
}
