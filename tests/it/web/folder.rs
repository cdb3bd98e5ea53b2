//! A folder is shown without letting anything in or out.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic, in its own functions as well")]

use std::fs;

use offprint::testing::web::{self, Server};

use crate::origin::client;

fn folder_server() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("post.md"), "\n---\ntitle: 'Rain'\n---\n\n<div><img src=\"a.png\"></div>\n").unwrap();
    fs::write(folder.path().join("a.png"), vec![7; 100_000]).unwrap();
    fs::write(folder.path().join("catalog.db"), "SQLite").unwrap();
    let server = web::serve_folder(folder.path(), ([127, 0, 0, 1], 0).into()).unwrap();
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
        assert!(web::serve_folder(&path, ([127, 0, 0, 1], 0).into()).is_err());
    }
}
