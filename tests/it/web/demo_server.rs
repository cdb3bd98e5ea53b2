//! The server of the demo serves what its articles show.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic, in its own functions as well")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;

use offprint::testing::config::Config;
use offprint::testing::demo::DemoServer;
use offprint::testing::demo::post::Post;
use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;
use reqwest::{Client, Response};
use url::Url;

use crate::origin::client;
use crate::sandbox::{Ran, Sandbox};

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
    let demo = DemoServer::open().unwrap();
    let posts = demo.posts();
    let all = urls(&posts);
    let different: BTreeSet<_> = all.iter().collect();
    assert_eq!((posts.len(), all.len(), different.len()), (12, 54, 30));
    let hosts: BTreeSet<_> = different.iter().filter_map(|url| url.host_str()).collect();
    assert_eq!(hosts, DemoServer::HOSTS.into_iter().collect());

    let mut statuses = BTreeMap::new();
    for url in different {
        let status = get(&client, demo.address(), url, None).await.status().as_u16();
        statuses.entry(status).or_insert_with(Vec::new).push(url.path());
    }
    assert_eq!(statuses[&404], ["/letters/third.jpg"]);

    assert_eq!(statuses[&301], ["/2019/bridge.jpg"]);
    assert_eq!(statuses[&503], ["/clocks/gears.jpg"]);
    assert_eq!(statuses[&403], ["/press/type.jpg"]);
    assert_eq!(statuses[&200].len(), 26);
}

#[tokio::test]
async fn each_host_serves_in_its_own_way() {
    let client = client();
    let demo = DemoServer::open().unwrap();
    let server = demo.address();
    let port = server.port();
    let url = |host: &str, path: &str| Url::parse(&format!("http://{host}:{port}{path}")).unwrap();

    let type_image = url("members.example", "/press/type.jpg");
    let own = format!("http://members.example:{port}/");
    assert_eq!(get(&client, server, &type_image, Some(&own)).await.status(), 200);
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
    let demo = DemoServer::open().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for post in demo.posts() {
        post.write(folder.path()).unwrap();
        let Post { path, text } = post;
        assert_eq!(fs::read_to_string(folder.path().join(&path)).unwrap(), text);
        assert!(text.starts_with("\n---\ntitle: '"), "{path}");
        for key in ["\ncategories: \n - ", "\nheadimg: 'http://", "\nauthor: ", "\ndate: ", "\nthumbnail: 'http://"] {
            assert!(text.contains(key), "{path} has no {key:?}");
        }
        assert!(text.contains("referrerpolicy=\"no-referrer\">"), "{path}");
    }
}

#[test]
fn the_demo_mirrors_everything_but_the_missing_image() {
    let sandbox = Sandbox::new();
    let report = sandbox.json(&["demo", "--once", "--store", "demo"]);
    assert_eq!((&report["articles"]["new"], &report["urls"]["failed"]), (&12.into(), &1.into()), "{report}");
    assert_eq!(report["failures"][0]["reason"], "http_status");
    assert_eq!((&report["references"]["found"], &report["references"]["local"]), (&54.into(), &53.into()));
    assert_eq!(report["sources"], serde_json::json!([{"name": "demo", "outcome": "read", "reason": "", "detail": ""}]));
}

/// From the feeds to posts that are what their authors wrote, byte for byte.
#[test]
fn the_demo_makes_the_posts_of_the_feeds_entries() {
    let sandbox = Sandbox::new();
    sandbox.json(&["demo", "--once", "--store", "store"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    for post in DemoServer::open().unwrap().posts() {
        let made = sandbox.run(&["restore", &format!("demo/{}", post.path)]).expect(0).stdout;
        assert_eq!(without_ports(&made), without_ports(&post.text), "{}", post.path);
    }
}

/// The system chooses the port of each server.
fn without_ports(text: &str) -> String {
    let mut parts = text.split(".example:");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + ".example" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[test]
fn the_demo_stays_out_of_the_archive_of_the_folder() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "text");
    sandbox.run(&["run"]).expect(0);
    let before = sandbox.digests("store");
    let mut command = sandbox.command(&["-q", "demo", "--once"]);
    let ran = Ran::of(&command.env("OFFPRINT_STORE", "store").output().unwrap()).expect(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    assert_eq!(sandbox.digests("store"), before);
    assert_eq!(sandbox.json(&["status"])["articles"], 1);
}

#[cfg(unix)]
#[test]
fn the_demo_serves_its_pages_until_it_is_stopped() {
    use std::io::{BufRead, BufReader};
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["demo", "--address", "127.0.0.1:0"]);
    command.env("TMPDIR", sandbox.path("")).stdout(std::process::Stdio::piped());
    let mut demo = command.spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), "Read 12 articles in their feeds, 12 of them new.");
    assert!(lines.any(|line| line.starts_with("missing: ") && line.contains("/letters/third.jpg (http_status 404)")));
    let line = lines.find(|line| line.starts_with("See the archive at ")).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let page = async |path: &str| client().get(format!("{url}{path}")).send().await.unwrap().text().await.unwrap();
    let ferry = "demo/Harbour/Mornings/The%20ferry%20that%20waits%20for%20the%20fog.md";
    let home = runtime.block_on(page(""));
    assert!(home.contains("12 articles read, 12 new") && home.contains("/article/demo/"), "{home}");
    let mirror = runtime.block_on(page(&format!("mirror/{ferry}")));
    assert!(mirror.contains("<h1>") && mirror.contains("src=\"/blobs/sha256/"), "{mirror}");
    let stopped = std::process::Command::new("kill").args(["-TERM", &demo.id().to_string()]).status().unwrap();
    assert!(stopped.success() && demo.wait().unwrap().success());
    let left = std::fs::read_dir(sandbox.path(""))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("offprint-demo-"));
    assert_eq!(left.count(), 0, "the temporary folder is removed");
}
