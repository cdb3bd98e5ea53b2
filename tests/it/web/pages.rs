//! What the pages show.

use super::{Shown, TITLE, photo};
use crate::sandbox::Sandbox;

#[tokio::test(flavor = "multi_thread")]
async fn the_start_page_shows_the_newest_articles_and_how_the_run_went() {
    let shown = Shown::new();
    let page = shown.text("/").await;
    assert!(page.contains("3 articles read, 3 new"), "{page}");
    let json = shown.json("/?format=json").await;
    let titles: Vec<_> =
        json["articles"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect();
    assert!(titles.contains(&TITLE) && titles.contains(&"雨天"), "{titles:?}");
    assert!(page.contains("Rain &#38; &#60;b&#62;雨&#60;/b&#62;"), "titles are text: {page}");
    assert_eq!(json["counts"]["images"], 3);
    assert!(json["counts"]["missing"].as_u64().is_some_and(|missing| missing >= 2), "{json}");
    assert!(json["articles"].as_array().unwrap().iter().any(|item| item["image"]["src"].is_string()), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_narrowed_by_what_is_asked_for() {
    let shown = Shown::new();
    let host = format!("127.0.0.1:{}", shown.origin.address().port());
    for (path, list, count) in [
        ("/articles?source=posts&format=json".to_owned(), "articles", 3),
        ("/articles?source=none&format=json".to_owned(), "articles", 0),
        ("/articles?missing=1&format=json".to_owned(), "articles", 2),
        ("/articles?month=2024-11&host=&source=&format=json".to_owned(), "articles", 2),
        (format!("/articles?host={host}&format=json"), "articles", 3),
        ("/images?type=svg&format=json".to_owned(), "images", 1),
        ("/images?wider=901&format=json".to_owned(), "images", 0),
        (format!("/images?host={host}&wider=&type=&format=json"), "images", 3),
        ("/images?month=2001-01&format=json".to_owned(), "images", 0),
        ("/missing?reason=http_status&format=json".to_owned(), "urls", 2),
        ("/missing?reason=robots&format=json".to_owned(), "urls", 0),
        (format!("/missing?host={host}&format=json"), "urls", 2),
    ] {
        let json = shown.json(&path).await;
        assert_eq!(json[list].as_array().unwrap().len(), count, "{path}: {json}");
    }
    let missing = shown.json("/missing?format=json").await;
    assert_eq!(
        missing["urls"][0]["articles"][0]["href"].as_str().map(|href| href.starts_with("/article/posts/")),
        Some(true)
    );
    let articles = shown.text("/articles?missing=1&month=2024-11").await;
    assert!(articles.contains("2024-11") && articles.contains(" checked>"), "the form keeps what was asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_is_shown_with_its_images_and_what_was_changed() {
    let shown = Shown::new();
    let mirror = shown.text("/mirror/posts/rain.md").await;
    assert_eq!(mirror.matches("src=\"/blobs/sha256/").count(), 2, "{mirror}");
    assert!(mirror.contains("/gone.jpg"), "what is missing stays remote: {mirror}");
    let deep = shown.text("/mirror/posts/deep/%E9%9B%A8%20%E5%A4%A9.md").await;
    assert!(deep.contains("src=\"/blobs/sha256/"), "{deep}");
    let changes = shown.json("/article/posts/rain.md?view=diff&format=json").await;
    let change = &changes["changes"][0];
    assert_eq!((&change["line"], &change["before"], &change["after"]), (&6.into(), &"![](".into(), &")".into()));
    assert!(
        change["old"].as_str().unwrap().ends_with("/1.jpg") && change["new"].as_str().unwrap().contains("blobs/sha256")
    );
    let images = shown.json("/article/posts/rain.md?view=images&format=json").await;
    let kept: Vec<_> = images["images"].as_array().unwrap().iter().map(|item| item["image"].is_object()).collect();
    assert_eq!((kept, &images["images"][2]["reason"]), (vec![true, true, false], &"http_status".into()));
    assert_eq!(images["images"][1]["image"]["alt"], "2.jpg");
    let page = shown.text("/article/posts/deep/%E9%9B%A8%20%E5%A4%A9.md").await;
    assert!(page.contains("<h1 lang=\"zh\"><bdi>雨天</bdi></h1>"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_has_all_its_versions_and_what_differs() {
    let shown = Shown::new();
    let text = shown.sandbox.text("posts/rain.md");
    shown.sandbox.write("posts/rain.md", format!("{text}\nA later line.\n"));
    shown.sandbox.run(&["run"]);
    let history = shown.json("/article/posts/rain.md?view=history&format=json").await;
    let versions = history["versions"].as_array().unwrap();
    assert_eq!((versions.len(), &versions[0]["diff"]), (2, &serde_json::Value::Null));
    let diff = versions[1]["diff"].as_str().unwrap();
    let page = shown.text(diff).await;
    assert!(page.contains("A later line."), "{page}");
    let json = shown.json(&format!("{diff}&format=json")).await;
    let new: Vec<_> = json["lines"].as_array().unwrap().iter().filter(|line| line["kind"] == "new").collect();
    assert_eq!(new.iter().filter(|line| line.to_string().contains("A later line.")).count(), 1, "{json}");
    assert_eq!(shown.get("/article/posts/rain.md?view=diff&from=1&to=9").await.status(), 404);
    assert_eq!(shown.get("/article/posts/rain.md?view=diff&from=0&to=1").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_shown_with_all_that_is_known_of_it() {
    let shown = Shown::new();
    let images = shown.json("/article/posts/rain.md?view=images&format=json").await;
    let page = images["images"][0]["image"]["href"].as_str().unwrap();
    let json = shown.json(&format!("{page}&format=json")).await;
    assert_eq!((&json["width"], &json["height"], &json["media_type"]), (&900.into(), &600.into(), &"jpg".into()));
    assert_eq!(json["urls"][0]["url"], shown.origin.url("/1.jpg").as_str());
    let capture = &json["urls"][0]["captures"][0];
    assert_eq!(
        (&capture["status"], capture["heads"].as_str().map(|heads| heads.starts_with("HTTP/1.1 200"))),
        (&200.into(), Some(true))
    );
    assert_eq!(json["articles"].as_array().unwrap().len(), 3, "every article that shows it: {json}");
    assert_eq!((json["thumbnails"].as_array().unwrap().len(), &json["compared_all"]), (1, &true.into()));
    assert_eq!(json["next"].as_str(), images["images"][1]["image"]["href"].as_str(), "the next one of the article");
    assert_eq!(json["previous"], serde_json::Value::Null);
    let digest = json["sha256"].as_str().unwrap();
    assert_eq!(shown.get(&format!("/image/{}", "0".repeat(64))).await.status(), 404);
    assert!(shown.text(&format!("/image/{digest}")).await.contains(digest));
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_have_pages_that_show_everything_once() {
    let shown = Shown::new();
    for number in 0..130 {
        shown.sandbox.write(&format!("posts/many/{number}.md"), format!("# {number}\n"));
    }
    shown.sandbox.run(&["run"]);
    let (mut path, mut seen, mut pages) = ("/articles?format=json&source=posts".to_owned(), Vec::new(), 0);
    loop {
        let json = shown.json(&path).await;
        let articles = json["articles"].as_array().unwrap();
        seen.extend(articles.iter().map(|item| item["path"].as_str().unwrap().to_owned()));
        pages += 1;
        match json["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((all, seen.len(), pages), (133, 133, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_current_while_runs_write() {
    let shown = Shown::new();
    let before = shown.json("/?format=json").await;
    shown.sandbox.write("posts/later.md", format!("![]({})\n", shown.origin.url("/3.jpg")));
    let run = shown.sandbox.command(&["run", "-q"]).spawn();
    let mut run = run.unwrap();
    let mut asked = 0;
    while run.try_wait().unwrap().is_none() {
        assert_eq!(shown.get("/articles").await.status(), 200);
        assert_eq!(shown.get("/images").await.status(), 200);
        asked += 1;
    }
    assert_eq!(run.wait().unwrap().code(), Some(0), "the archive is not held by who reads it");
    let after = shown.json("/?format=json").await;
    let count = |json: &serde_json::Value| json["counts"]["articles"].as_u64().unwrap();
    assert_eq!((count(&before), count(&after)), (3, 4), "asked {asked} times meanwhile");
    assert!(shown.text("/mirror/posts/later.md").await.contains("src=\"/blobs/sha256/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mirrors_outside_of_the_archive_show_their_images_too() {
    let origin = crate::testserver::Origin::start(crate::testserver::Site::new().on("/1.jpg", photo(1))).unwrap();
    let sandbox = Sandbox::new();
    sandbox
        .settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"site/content\"\nlinks = \"/media/\"\n");
    sandbox.write("posts/a.md", format!("![]({})\n", origin.url("/1.jpg")));
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.text("site/content/a.md").contains("/media/blobs/"));
    let address = ([127, 0, 0, 1], 0).into();
    let server = super::web::serve(sandbox.archive(), address, super::Access::default(), 9).unwrap();
    let shown = super::Shown { sandbox, origin, server };
    let page = shown.text("/mirror/posts/a.md").await;
    assert!(page.contains("src=\"/blobs/sha256/"), "{page}");
}
