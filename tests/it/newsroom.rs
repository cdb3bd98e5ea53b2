//! The newsroom of the demo serves what its articles show.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic, in its own functions as well")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;

use offprint::testing::config::Config;
use offprint::testing::demo::Newsroom;
use offprint::testing::demo::post::Post;
use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;
use reqwest::{Client, Response};
use url::Url;

use crate::origin::client;

/// Every image URL of the posts, as the program finds it.
pub(crate) fn urls<'a>(posts: impl IntoIterator<Item = &'a Post>) -> Vec<Url> {
    let options = ExtractOptions::new(&Config::default().rewrite, None);
    let found = posts.into_iter().flat_map(|post| {
        extract(post.text.as_bytes(), Format::Markdown, &options).references.into_iter().filter_map(|it| it.url.ok())
    });
    found.filter(|url| url.scheme() == "http").collect()
}

/// Requests a URL, whose host no resolver knows, from a server.
pub(crate) async fn get(client: &Client, server: SocketAddr, url: &Url, referer: Option<&str>) -> Response {
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let target = &url[url::Position::BeforePath..];
    let request = client.get(format!("http://{server}{target}")).header("Host", authority);
    referer.iter().fold(request, |request, referer| request.header("Referer", *referer)).send().await.unwrap()
}

#[tokio::test]
async fn the_articles_name_dozens_of_images_and_one_is_missing() {
    let client = client();
    let newsroom = Newsroom::open().unwrap();
    let posts = newsroom.posts();
    let all = urls(&posts);
    let different: BTreeSet<_> = all.iter().collect();
    assert_eq!((posts.len(), all.len(), different.len()), (12, 54, 30));
    let hosts: BTreeSet<_> = different.iter().filter_map(|url| url.host_str()).collect();
    assert_eq!(hosts, Newsroom::HOSTS.into_iter().collect());

    let mut statuses = BTreeMap::new();
    for url in different {
        let status = get(&client, newsroom.address(), url, None).await.status().as_u16();
        statuses.entry(status).or_insert_with(Vec::new).push(url.path());
    }
    assert_eq!(statuses[&404], ["/letters/third.jpg"]);
    assert_eq!(statuses[&404].len(), Newsroom::MISSING);
    assert_eq!(statuses[&301], ["/2019/bridge.jpg"]);
    assert_eq!(statuses[&503], ["/clocks/gears.jpg"]);
    assert_eq!(statuses[&403], ["/press/type.jpg"]);
    assert_eq!(statuses[&200].len(), 26);
}

#[tokio::test]
async fn each_host_serves_in_its_own_way() {
    let client = client();
    let newsroom = Newsroom::open().unwrap();
    let server = newsroom.address();
    let port = server.port();
    let url = |host: &str, path: &str| Url::parse(&format!("http://{host}:{port}{path}")).unwrap();

    let type_picture = url("members.example", "/press/type.jpg");
    let own = format!("http://members.example:{port}/");
    assert_eq!(get(&client, server, &type_picture, Some(&own)).await.status(), 200);
    let train = url("strict.example", "/train/window.jpg");
    assert_eq!(get(&client, server, &train, Some("https://reader.example/")).await.status(), 403);
    let gears = url("busy.example", "/clocks/gears.jpg");
    assert_eq!(get(&client, server, &gears, None).await.headers()["retry-after"], "1");
    assert_eq!(get(&client, server, &gears, None).await.status(), 200);
    let moved = get(&client, server, &url("old.gazette.example", "/2019/bridge.jpg"), None).await;
    let moved = Url::parse(moved.headers()["location"].to_str().unwrap()).unwrap();
    assert_eq!(get(&client, server, &moved, None).await.status(), 200);

    let copy = get(&client, server, &url("cdn.gazette.example", "/copies/oven.jpg?width=full"), None).await;
    let first = get(&client, server, &url("photos.gazette.example", "/bakery/oven.jpg"), None).await;
    assert_eq!(copy.bytes().await.unwrap(), first.bytes().await.unwrap());
    let lever = get(&client, server, &url("photos.gazette.example", "/press/lever.gif"), None).await;
    assert_eq!(lever.headers()["content-type"], "image/gif");
}

#[test]
fn posts_have_the_form_of_the_seed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let newsroom = Newsroom::open().unwrap();
    let folder = tempfile::tempdir().unwrap();
    newsroom.write_posts(folder.path()).unwrap();
    for Post { path, text } in newsroom.posts() {
        assert_eq!(fs::read_to_string(folder.path().join(&path)).unwrap(), text);
        assert!(text.starts_with("\n---\ntitle: '"), "{path}");
        for key in ["\ncategories: \n - ", "\nheadimg: 'http://", "\nauthor: ", "\ndate: ", "\nthumbnail: 'http://"] {
            assert!(text.contains(key), "{path} has no {key:?}");
        }
        assert!(path.ends_with("tides.md") || text.contains("referrerpolicy=\"no-referrer\">"), "{path}");
    }
}
