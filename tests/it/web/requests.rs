//! Requests that are refused: for other hosts, to change something, for what is no name, too large, too slow, too many.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use offprint::testing::web::{self, Access, Server};

use crate::origin::client;
use crate::sandbox::Sandbox;

fn server(connections: usize) -> (Sandbox, Server) {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "# A\n");
    sandbox.run(&["run"]).expect(0);
    let server = web::serve(sandbox.archive(), ([127, 0, 0, 1], 0).into(), Access::default(), connections).unwrap();
    (sandbox, server)
}

fn connected(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// What comes until the server closes the connection.
fn sent(server: &Server, request: &str) -> String {
    let mut stream = connected(server);
    // A server that refuses a request may close before it has read all of it.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status and the head of the response to a request for a path at this server.
fn asked(server: &Server, method: &str, target: &str) -> (String, String) {
    let host = server.address();
    let answer = sent(server, &format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
    let (head, _) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{target}: {answer:?}"));
    (head.split(' ').nth(1).unwrap().to_owned(), head.to_ascii_lowercase())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_requests_for_this_server_are_answered() {
    let (_sandbox, server) = server(9);
    let port = server.address().port();
    for (host, status) in [
        (format!("localhost:{port}"), 200),
        (format!("127.0.0.1:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        ("localhost".to_owned(), 421),
        (format!("localhost:{}", port ^ 1), 421),
        (format!("localhost.evil.example:{port}"), 421),
        (format!("evil.example:{port}"), 421),
        (format!("127.0.0.1:{port}@evil.example"), 421),
        (String::new(), 421),
    ] {
        for path in ["", "healthz", "feed.atom", "style.css", "blobs/x"] {
            let response = client().get(server.url() + path).header("Host", &host).send().await.unwrap();
            let expected = if path == "blobs/x" && status == 200 { 404 } else { status };
            assert_eq!(response.status(), expected, "{host} {path}");
        }
    }
    let no_host = sent(&server, "GET / HTTP/1.0\r\n\r\n");
    assert!(no_host.starts_with("HTTP/1.0 421"), "{no_host}");
    let (status, _) = asked(&server, "GET", "http://evil.example/");
    assert_eq!(status, "421", "the target counts, and not the header");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_changed_and_nothing_leads_elsewhere() {
    let (sandbox, server) = server(9);
    let kept = || ["store/blobs", "store/articles", "store/runs"].map(|folder| sandbox.digests(folder));
    let before = kept();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let (status, head) = asked(&server, method, "/");
        assert!(status == "405" && head.contains("allow: get, head"), "{method}: {head}");
    }
    for target in [
        "//evil.example",
        "//evil.example/articles",
        "/\\evil.example",
        "/../../etc/passwd",
        "/blobs/../catalog.db",
        "/blobs/sha256/../../catalog.db",
        "/blobs/sha256/ab/../../../catalog.db",
        "/%2e%2e/catalog.db",
        "/mirror/posts/..%2f..%2fcatalog.db",
        "/mirror/posts/%2e%2e/%2e%2e/catalog.db",
        "/thumbnails/small/ab/catalog.db",
        "/thumbnails/../ab/x",
        "/catalog.db",
        "/search.db",
        "/runs/../catalog.db",
        "/article/posts/a.md%00.jpg",
        "/mirror/posts/none.md",
        "/search/",
        "/articles/",
    ] {
        let (status, head) = asked(&server, "GET", target);
        assert_eq!(status, "404", "{target}");
        assert!(!head.contains("location:") && head.contains("content-security-policy:"), "{target}: {head}");
    }
    for wrong in
        ["/articles?after=x", "/articles?month=x", "/articles?source=../x", "/images?type=exe", "/missing?reason=x"]
    {
        assert_eq!(asked(&server, "GET", wrong).0, "400", "{wrong}");
    }
    assert_eq!(asked(&server, "HEAD", "/articles").0, "200");
    assert_eq!(asked(&server, "GET", "/healthz").0, "200");
    assert_eq!(kept(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused() {
    let (_sandbox, server) = server(9);
    let host = server.address();
    let flood = format!("GET / HTTP/1.1\r\nHost: {host}\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\nHost: {host}\r\n{}\r\n", "X: x\r\n".repeat(2_000));
    for request in [flood, many] {
        let answer = sent(&server, &request);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    assert_eq!(asked(&server, "GET", "/").0, "200", "others are served");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_never_ends_is_given_up() {
    let (_sandbox, server) = server(9);
    let begun = Instant::now();
    let answer = sent(&server, "GET / HTTP/1.1\r\nHost: localhost");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_connections_are_served_than_are_allowed() {
    let (_sandbox, server) = server(1);
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.address());
    let mut first = connected(&server);
    first.write_all(request.as_bytes()).unwrap();
    let mut start = [0; 12];
    first.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    let mut second = connected(&server);
    second.write_all(request.as_bytes()).unwrap();
    second.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let early = second.read(&mut start).map_err(|error| error.kind());
    assert!(matches!(early, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{early:?}");
    drop(first);
    second.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    second.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200", "it waited for its turn");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_token_shows_nothing_without_it() {
    let sandbox = Sandbox::new();
    sandbox.run(&["init"]).expect(0);
    let access = Access::new(&["archive.example".to_owned()], Some("a long enough token"));
    let server = web::serve(sandbox.archive(), ([127, 0, 0, 1], 0).into(), access, 9).unwrap();
    for path in ["", "articles", "style.css", "healthz", "none"] {
        let url = server.url() + path;
        let without = client().get(&url).send().await.unwrap();
        assert_eq!(without.status(), 401, "{path}");
        assert!(without.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic "));
        let expected = if path == "none" { 404 } else { 200 };
        let with = client().get(&url).basic_auth("me", Some("a long enough token"));
        assert_eq!(with.send().await.unwrap().status(), expected, "{path}");
        let named = client().get(&url).bearer_auth("a long enough token").header("Host", "archive.example");
        assert_eq!(named.send().await.unwrap().status(), expected, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_takes_requests_one_after_the_other() {
    let (_sandbox, server) = server(1);
    let mut stream = connected(&server);
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.address());
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\nok\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_stopped_answers_nobody() {
    let (_sandbox, server) = server(9);
    let (url, address) = (server.url(), server.address());
    assert_eq!(client().get(&url).send().await.unwrap().status(), 200);
    let mut open = TcpStream::connect(address).unwrap();
    server.stop().await;
    assert!(client().get(&url).send().await.unwrap_err().is_connect());
    open.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut answer = Vec::new();
    let _ = open.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let _ = open.read_to_end(&mut answer);
    assert_eq!(answer, b"", "a connection that was open ends");
}
