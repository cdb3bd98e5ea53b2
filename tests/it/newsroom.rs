//! The newsrooms serve what their articles show, and a folder is shown without letting anything in or out.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic, in its own functions as well")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use offprint::config::Config;
use offprint::extract::{ExtractOptions, extract};
use offprint::model::{Digest, Format};
use offprint::newsroom::folder::FolderServer;
use offprint::newsroom::origin::{Behaviour, Origin};
use offprint::newsroom::{Bulk, Gazette, Post};
use reqwest::{Client, Response};
use url::Url;

use crate::origin::client;

/// Every image URL of the posts, as the program finds it.
fn urls<'a>(posts: impl IntoIterator<Item = &'a Post>) -> Vec<Url> {
    let options = ExtractOptions::new(&Config::default().rewrite, None);
    let found = posts.into_iter().flat_map(|post| {
        extract(post.text.as_bytes(), Format::Markdown, &options).references.into_iter().filter_map(|it| it.url)
    });
    found.filter(|url| url.scheme() == "http").collect()
}

/// Asks the origin for what stands at a URL, whose name no resolver knows.
async fn get(client: &Client, origin: &Origin, url: &Url, referer: Option<&str>) -> Response {
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let target = &url[url::Position::BeforePath..];
    let request = client.get(origin.url(target)).header("Host", authority);
    referer.iter().fold(request, |request, referer| request.header("Referer", *referer)).send().await.unwrap()
}

#[tokio::test]
async fn the_gazette_shows_dozens_of_pictures_and_one_is_lost() {
    let client = client();
    let gazette = Gazette::open().unwrap();
    let posts = gazette.posts();
    let all = urls(&posts);
    let different: BTreeSet<_> = all.iter().collect();
    assert_eq!((posts.len(), all.len(), different.len()), (12, 54, 30));
    let hosts: BTreeSet<_> = different.iter().filter_map(|url| url.host_str()).collect();
    assert_eq!(hosts, Gazette::HOSTS.into_iter().collect());

    let mut statuses = BTreeMap::new();
    for url in different {
        let status = get(&client, gazette.origin(), url, None).await.status().as_u16();
        statuses.entry(status).or_insert_with(Vec::new).push(url.path());
    }
    assert_eq!(statuses[&404], ["/letters/third.jpg"]);
    assert_eq!(statuses[&404].len(), Gazette::LOST);
    assert_eq!(statuses[&301], ["/2019/bridge.jpg"]);
    assert_eq!(statuses[&503], ["/clocks/gears.jpg"]);
    assert_eq!(statuses[&403], ["/press/type.jpg"]);
    assert_eq!(statuses[&200].len(), 26);
}

#[tokio::test]
async fn the_hosts_of_the_gazette_have_their_tempers() {
    let client = client();
    let gazette = Gazette::open().unwrap();
    let origin = gazette.origin();
    let port = origin.address().port();
    let url = |host: &str, path: &str| Url::parse(&format!("http://{host}:{port}{path}")).unwrap();

    let type_picture = url("members.example", "/press/type.jpg");
    let own = format!("http://members.example:{port}/");
    assert_eq!(get(&client, origin, &type_picture, Some(&own)).await.status(), 200);
    let train = url("strict.example", "/train/window.jpg");
    assert_eq!(get(&client, origin, &train, Some("https://reader.example/")).await.status(), 403);
    let gears = url("busy.example", "/clocks/gears.jpg");
    assert_eq!(get(&client, origin, &gears, None).await.headers()["retry-after"], "1");
    assert_eq!(get(&client, origin, &gears, None).await.status(), 200);
    let moved = get(&client, origin, &url("old.gazette.example", "/2019/bridge.jpg"), None).await;
    let moved = Url::parse(moved.headers()["location"].to_str().unwrap()).unwrap();
    assert_eq!(get(&client, origin, &moved, None).await.status(), 200);

    let copy = get(&client, origin, &url("cdn.gazette.example", "/copies/oven.jpg?width=full"), None).await;
    let first = get(&client, origin, &url("photos.gazette.example", "/bakery/oven.jpg"), None).await;
    assert_eq!(copy.bytes().await.unwrap(), first.bytes().await.unwrap());
    let lever = get(&client, origin, &url("photos.gazette.example", "/press/lever.gif"), None).await;
    assert_eq!(lever.headers()["content-type"], "image/gif");
}

#[test]
fn posts_have_the_form_of_the_seed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let gazette = Gazette::open().unwrap();
    let folder = tempfile::tempdir().unwrap();
    gazette.write_posts(folder.path()).unwrap();
    for Post { path, text } in gazette.posts() {
        assert_eq!(fs::read_to_string(folder.path().join(&path)).unwrap(), text);
        assert!(text.starts_with("\n---\ntitle: '"), "{path}");
        for key in ["\ncategories: \n - ", "\nheadimg: 'http://", "\nauthor: ", "\ndate: ", "\nthumbnail: 'http://"] {
            assert!(text.contains(key), "{path} has no {key:?}");
        }
        assert!(path.ends_with("tides.md") || text.contains("referrerpolicy=\"no-referrer\">"), "{path}");
    }
}

#[tokio::test]
async fn bulk_has_as_many_articles_urls_and_pictures_as_it_was_told() {
    let size = Bulk { articles: 20, urls: 90, pictures: 60, hosts: 4 };
    let client = client();
    let newsroom = size.open().unwrap();
    let posts: Vec<_> = newsroom.posts().collect();
    let all = urls(&posts);
    assert_eq!((posts.len(), all.len()), (20, 90));
    let hosts: BTreeSet<_> = all.iter().map(|url| url.host_str().unwrap().to_owned()).collect();
    assert_eq!(hosts, newsroom.hosts().into_iter().collect());

    let mut digests = BTreeSet::new();
    for url in &all {
        let bytes = get(&client, newsroom.origin(), url, None).await.bytes().await.unwrap();
        assert_eq!(image::guess_format(&bytes).unwrap(), image::ImageFormat::Png);
        digests.insert(Digest::of(&bytes).to_string());
    }
    assert_eq!(digests.len(), 60);
    let beyond = all[0].join("/bulk/90.png").unwrap();
    assert_eq!(get(&client, newsroom.origin(), &beyond, None).await.status(), 404);
}

#[tokio::test]
async fn ten_thousand_pictures_are_served_in_seconds() {
    let newsroom = Bulk { articles: 2_000, urls: 10_000, pictures: 6_667, hosts: 10 }.open().unwrap();
    let folder = tempfile::tempdir().unwrap();
    newsroom.write_posts(folder.path()).unwrap();
    let client = client();
    for number in (0..10_000).step_by(10) {
        let url = newsroom.origin().url(&format!("/bulk/{number}.png"));
        assert_eq!(client.get(url).send().await.unwrap().status(), 200);
    }
    assert_eq!(
        walkdir::WalkDir::new(folder.path())
            .into_iter()
            .filter(|it| it.as_ref().unwrap().file_type().is_file())
            .count(),
        2_000
    );
}

fn folder_server() -> (tempfile::TempDir, FolderServer) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("post.md"), "\n---\ntitle: 'Rain'\n---\n\n<div><img src=\"a.png\"></div>\n").unwrap();
    fs::write(folder.path().join("a.png"), vec![7; 100_000]).unwrap();
    fs::write(folder.path().join("catalog.db"), "SQLite").unwrap();
    let server = FolderServer::start(folder.path(), ([127, 0, 0, 1], 0).into()).unwrap();
    (folder, server)
}

#[tokio::test]
async fn a_folder_is_shown_under_a_policy() {
    let (_folder, server) = folder_server();
    for (path, status, mime, length) in [
        ("", 200, "text/html; charset=utf-8", None),
        ("post.md", 200, "text/html; charset=utf-8", None),
        ("a.png", 200, "image/png", Some(100_000)),
        ("catalog.db", 200, "application/octet-stream", Some(6)),
        ("none", 404, "text/plain; charset=utf-8", None),
    ] {
        let response = client().get(server.url() + path).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        let headers = response.headers();
        assert_eq!(headers["content-type"], mime, "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; img-src 'self' data:;") && policy.ends_with("; sandbox"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers.contains_key("content-disposition"), path == "catalog.db");
        let body = response.bytes().await.unwrap();
        assert!(length.is_none_or(|length| body.len() == length), "{path}");
    }
}

#[tokio::test]
async fn only_names_of_this_machine_are_answered() {
    let (_folder, server) = folder_server();
    let port = server.address().port();
    for (host, status) in [
        (format!("localhost:{port}"), 200),
        (format!("127.0.0.1:{port}"), 200),
        ("[::1]".to_owned(), 200),
        ("localhost.evil.example".to_owned(), 421),
        (format!("evil.example:{port}"), 421),
        ("127.0.0.1@evil.example".to_owned(), 421),
        (String::new(), 421),
    ] {
        let response = client().get(server.url()).header("Host", &host).send().await.unwrap();
        assert_eq!(response.status(), status, "{host}");
    }
}

#[tokio::test]
async fn a_folder_is_only_read() {
    let (folder, server) = folder_server();
    let url = server.url() + "a.png";
    for method in [reqwest::Method::POST, reqwest::Method::PUT, reqwest::Method::DELETE] {
        let response = client().request(method, &url).body("x").send().await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"GET, HEAD".parse().unwrap()));
    }
    let head = client().head(&url).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], "100000");
    assert_eq!(fs::read(folder.path().join("a.png")).unwrap(), vec![7; 100_000]);
    server.stop().await;
    assert!(client().get(&url).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn a_folder_that_is_none_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file, folder.path().join("none")] {
        assert!(FolderServer::start(&path, ([127, 0, 0, 1], 0).into()).is_err());
    }
}

#[tokio::test]
async fn an_origin_can_grow_worse_while_it_runs() {
    let client = client();
    let gazette = Gazette::open().unwrap();
    let url = urls(&gazette.posts()).remove(0);
    assert_eq!(get(&client, gazette.origin(), &url, None).await.status(), 200);
    gazette.origin().change(|site| site.change_all(|_, _| Behaviour::html_as("image/jpeg")));
    let worse = get(&client, gazette.origin(), &url, None).await;
    assert!(worse.text().await.unwrap().contains("Sign in"));
}
