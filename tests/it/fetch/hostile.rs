//! One row for each way in which a host goes wrong: what is recorded, how often it was asked, and that a good answer
//! afterwards is still taken.

use std::io::Write;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use offprint::testing::config::{FetchConfig, Size};
use offprint::testing::model::{Exchange, Reason};

use super::{Fetched, Guest, bytes, quick, reason, request_head};
use crate::corpus::say;
use crate::origin::image;
use crate::origin::tls::{Authority, Flaw};
use crate::testserver::{Behaviour, Content, End, Gate, Origin, Portion, Site, Version};

const PATH: &str = "/a.jpg";

/// A way to go wrong, and what comes of it: the reason, `None` for a good capture, and the number of requests.
struct Row {
    what: &'static str,
    behaviour: Behaviour,
    recorded: Option<Reason>,
    requests: usize,
}

fn row(what: &'static str, behaviour: Behaviour, recorded: impl Into<Option<Reason>>, requests: usize) -> Row {
    Row { what, behaviour, recorded: recorded.into(), requests }
}

fn photo() -> Behaviour {
    Behaviour::serve(image())
}

/// Three requests are one and two further tries; two are one without and one with a Referer (there is no article).
fn rows() -> Vec<Row> {
    [bodies(), codings(), statuses()].into_iter().flatten().collect()
}

fn bodies() -> Vec<Row> {
    use Reason::{DigestMismatch, NotAnImage, Protocol, Timeout, TooLarge, TooSlow, TrackingPixel, Truncated};
    vec![
        row("a good photo", photo(), None, 1),
        row("good, in chunks", photo().chunked(), None, 1),
        row("good, until the connection closes", photo().until_close(), None, 1),
        row("HTML as image/jpeg", page(), NotAnImage, 2),
        row("a tracking pixel", Behaviour::tracking_pixel(), TrackingPixel, 1),
        row("an endless body", Behaviour::endless("image/jpeg", &b"\xff\xd8\xff"[..]), TooLarge, 1),
        row("a length above the limit", photo().claims(1 << 40), TooLarge, 1),
        row("one byte at a time, slowly", photo().drips(1, Duration::from_millis(50)), TooSlow, 1),
        row("a body that stops coming", photo().breaks_off(Portion::Percent(50), End::Hang), Timeout, 3),
        row("no answer", Behaviour::stop(End::Hang), Timeout, 3),
        row("a body reset half-way", photo().breaks_off(Portion::Percent(50), End::Reset), Truncated, 3),
        row("a body closed half-way", photo().breaks_off(Portion::Percent(50), End::Close), Truncated, 3),
        row("chunks that break off", photo().chunked().breaks_off(Portion::Percent(50), End::Close), Truncated, 3),
        row("a length too short", photo().claims_percent(50), Truncated, 3),
        row("a length too long", photo().claims_percent(150), Truncated, 3),
        row("many long headers", Behaviour::many_headers(image(), 90, 1000), Protocol, 1),
        row("a digest that does not match", photo().with_header("Content-Digest", &wrong_digest()), DigestMismatch, 3),
        row("a digest that matches", photo().with_header("Repr-Digest", &image().digest_field()), None, 1),
    ]
}

fn codings() -> Vec<Row> {
    use Reason::{Protocol, TooLarge, Truncated};
    vec![
        row("gzip of 1 GiB of zeros", Behaviour::gzip_bomb(1024), TooLarge, 1),
        row("a coding that is unknown", photo().with_header("Content-Encoding", "utf-8"), None, 1),
        row("a page in a coding nobody asked for", page().with_header("Content-Encoding", "zstd"), Protocol, 1),
        row("Brotli that is none", photo().with_header("Content-Encoding", "br"), Protocol, 1),
        row("a coding that is not there", photo().with_header("Content-Encoding", "gzip"), None, 1),
        row("a photo in gzip", coded("gzip", gzip()), None, 1),
        row("a photo in deflate", coded("deflate", deflate()), None, 1),
        row("a photo in deflate without zlib", coded("deflate", raw_deflate()), None, 1),
        row("a photo in gzip, and more bytes", coded("gzip", [gzip(), b"\r\n".to_vec()].concat()), None, 1),
        row("gzip without its end", coded("gzip", gzip()).cut(Portion::Percent(90)), Truncated, 3),
        row("deflate without its end", coded("deflate", raw_deflate()).cut(Portion::Percent(90)), Truncated, 3),
    ]
}

fn statuses() -> Vec<Row> {
    use Reason::{BadUrl, ForbiddenAddress, HttpStatus, NotAnImage, TooManyRedirects};
    let busy = || Behaviour::status(503);
    vec![
        row("good, from a transforming proxy", photo().with_status(203), None, 1),
        row("good, and accepted", photo().with_status(202), None, 1),
        row("a page, and accepted", page().with_status(202), NotAnImage, 2),
        row("no content", photo().with_status(204), HttpStatus, 1),
        row("busy, then fine", busy().then(1, photo()), None, 2),
        row("always busy", busy(), HttpStatus, 3),
        row("429 once, 0 s", Behaviour::status(429).with_header("Retry-After", "0").then(1, photo()), None, 2),
        row("not found", Behaviour::status(404), HttpStatus, 1),
        row("gone", Behaviour::status(410), HttpStatus, 1),
        row("forbidden to everybody", Behaviour::status(403), HttpStatus, 2),
        row("304 that nobody asked for", photo().with_status(304), HttpStatus, 1),
        row("206 that nobody asked for", photo().with_status(206), None, 1),
        row("206 of all bytes", part("bytes 0-999/1000"), None, 1),
        row("206 of some bytes", part("bytes 0-999/2000"), HttpStatus, 1),
        row("206 of the last bytes", part("bytes 1000-1999/2000"), HttpStatus, 1),
        row("a redirect to itself", Behaviour::redirect(302, PATH), TooManyRedirects, 1),
        row("a redirect to nowhere", Behaviour::redirect(302, "http://[::"), BadUrl, 1),
        row("a redirect to file:", Behaviour::redirect(302, "file:///etc/passwd"), BadUrl, 1),
        row("a redirect to a private address", Behaviour::redirect(307, "http://10.0.0.1/"), ForbiddenAddress, 1),
        row("a redirect to metadata", Behaviour::redirect(301, "//169.254.169.254/"), ForbiddenAddress, 1),
        row("a redirect with a password", Behaviour::redirect(302, "http://a:b@127.0.0.1/"), BadUrl, 1),
    ]
}

fn page() -> Behaviour {
    Behaviour::html_as("image/jpeg")
}

/// A photo that claims to be these bytes of its file.
fn part(range: &str) -> Behaviour {
    photo().with_status(206).with_header("Content-Range", range)
}

fn coded(coding: &str, bytes: Vec<u8>) -> Behaviour {
    Behaviour::serve(Content::new("image/jpeg", bytes)).with_header("Content-Encoding", coding)
}

fn gzip() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(image().bytes()).unwrap();
    encoder.finish().unwrap()
}

fn deflate() -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(image().bytes()).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate() -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(image().bytes()).unwrap();
    encoder.finish().unwrap()
}

fn wrong_digest() -> String {
    Content::new("image/jpeg", "something else").digest_field()
}

fn config() -> FetchConfig {
    FetchConfig { max_bytes: Size(1 << 20), ..quick() }
}

/// Fetches what a row serves, and then a good photo from the same origin. Gives the row of the printed table.
async fn check(transport: &str, row: Row, config: FetchConfig, origin: Origin, url: &str) -> String {
    let guest = Guest::new(&config);
    origin.set(PATH, row.behaviour);
    let fetched = guest.get(url).await;
    let recorded = reason(&fetched);
    assert_eq!(recorded, row.recorded, "{transport}, {}: {:?}", row.what, fetched.outcome);
    assert_eq!(origin.log().count(), row.requests, "{transport}, {}: requests", row.what);
    assert_eq!(fetched.exchanges.len(), row.requests, "{transport}, {}: exchanges", row.what);
    assert_eq!(fetched.bodies().count(), usize::from(recorded.is_none()) + fetched.evidence.len());
    let files = fetched.bodies().filter(|staged| staged.held().is_none()).count();
    assert_eq!(guest.staged_files(), files, "{transport}, {}: files", row.what);
    let was_judged = |exchange: &Exchange| exchange.reason.is_some_and(|reason| reason != Reason::HttpStatus);
    let judged_digests =
        fetched.exchanges.iter().filter(|exchange| was_judged(exchange)).filter_map(|exchange| exchange.digest);
    let refused =
        judged_digests.into_iter().any(|digest| fetched.evidence.iter().any(|staged| staged.digest == digest));
    let judged = matches!(recorded, Some(Reason::NotAnImage | Reason::TrackingPixel))
        || row.what == "a page in a coding nobody asked for";
    assert!(refused == judged || recorded == Some(Reason::Truncated), "{transport}, {}: evidence", row.what);
    if recorded.is_none() {
        assert!(bytes(&fetched) == *image().bytes(), "{transport}, {}", row.what);
    }
    origin.set(PATH, photo());
    assert!(bytes(&guest.get(url).await) == *image().bytes(), "{transport}, after {}", row.what);
    line(transport, row.what, &fetched)
}

/// The row of the printed table. `r` marks requests that said a Referer.
fn line(transport: &str, what: &str, fetched: &Fetched) -> String {
    let answers = fetched.exchanges.iter().map(|exchange| {
        let status = exchange.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let referer = if request_head(exchange).contains("\r\nreferer: ") { " r" } else { "" };
        status + referer
    });
    let answers = answers.collect::<Vec<_>>().join(", ");
    let recorded = reason(fetched).map_or("good capture", Reason::as_str);
    format!("| {transport:8} | {what:33} | {answers:13} | {recorded:18} |")
}

/// Not all, lest they keep each other waiting beyond the limits that they test.
async fn some_at_once(checks: impl Iterator<Item = impl Future<Output = String>>) -> Vec<String> {
    stream::iter(checks).buffered(8).collect().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_recorded_for_what_it_is() {
    let checks = rows().into_iter().map(|row| {
        let origin = Origin::start(Site::new()).unwrap();
        let url = origin.url(PATH);
        async move { check("http/1.1", row, config(), origin, &url).await }
    });
    say(&some_at_once(checks).await.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_recorded_over_http_2_as_well() {
    let authority = Authority::new();
    let ca_file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&ca_file, authority.pem()).unwrap();
    let checks = rows().into_iter().map(|row| {
        let origin = authority.origin(&["img.example"], Flaw::None, Site::new());
        let mut config = FetchConfig { ca_file: ca_file.path().to_owned(), ..config() };
        config.resolve.insert("img.example".to_owned(), origin.address());
        let log = origin.log().clone();
        async move {
            let line = check("h2", row, config, origin, "https://img.example/a.jpg").await;
            assert!(log.requests().iter().all(|visit| visit.request.version == Version::Http2), "{line}");
            line
        }
    });
    say(&some_at_once(checks).await.join("\n"));
}

#[tokio::test]
async fn a_body_cut_anywhere_is_no_good_capture() {
    let origin = Origin::start(Site::new()).unwrap();
    for percent in (0..100).step_by(10) {
        let guest = Guest::new(&quick());
        origin.set(PATH, photo().breaks_off(Portion::Percent(percent), End::Close));
        assert_eq!(reason(&guest.get(&origin.url(PATH)).await), Some(Reason::Truncated), "{percent} %");
        origin.set(PATH, photo().cut(Portion::Percent(percent)));
        let lying = reason(&guest.get(&origin.url(PATH)).await);
        let wanted = if percent == 0 { Reason::NotAnImage } else { Reason::Truncated };
        assert_eq!(lying, Some(wanted), "{percent} % with the length to match");
    }
}

#[tokio::test]
async fn redirects_are_read_as_browsers_read_them() {
    let origin = Origin::start(Site::new().on("/deep/b.jpg", photo())).unwrap();
    let guest = Guest::new(&quick());
    let (host, own) = (origin.address().to_string(), origin.url("/deep/b.jpg"));
    let absolute = format!("//{host}/deep/b.jpg#part");
    for location in ["b.jpg", "/deep/b.jpg", "./x/../b.jpg", &absolute, &own, " b.jpg "] {
        for status in [301, 302, 303, 307, 308] {
            origin.set("/deep/a", Behaviour::redirect(status, location));
            let fetched = guest.get(&origin.url("/deep/a")).await;
            assert_eq!(reason(&fetched), None, "{status} {location}: {:?}", fetched.outcome);
        }
    }
    for status in [300, 304, 305, 306] {
        origin.set("/deep/a", Behaviour::redirect(status, "b.jpg"));
        assert_eq!(reason(&guest.get(&origin.url("/deep/a")).await), Some(Reason::HttpStatus), "{status}");
    }
    origin.set("/deep/a", Behaviour::redirect(302, &format!("/{}", "x".repeat(9000))));
    assert_eq!(reason(&guest.get(&origin.url("/deep/a")).await), Some(Reason::BadUrl));
}

#[tokio::test]
async fn only_what_is_gone_is_worth_a_web_archive() {
    let (origin, guest) = (Origin::start(Site::new()).unwrap(), Guest::new(&quick()));
    for (behaviour, gone) in [
        (Behaviour::status(404), true),
        (Behaviour::status(410), true),
        (Behaviour::html_as("image/jpeg"), true),
        (Behaviour::status(403), false),
        (Behaviour::status(500), false),
        (Behaviour::tracking_pixel(), false),
    ] {
        origin.set(PATH, behaviour.clone());
        assert_eq!(super::failure(&guest.get(&origin.url(PATH)).await).is_gone(), gone, "{behaviour:?}");
    }
}

#[tokio::test]
async fn a_fetch_that_is_dropped_leaves_its_place_and_no_file() {
    let (gate, large) = (Gate::new(), Content::new("image/jpeg", vec![0xff; 1 << 20]));
    let origin = Origin::start(Site::new().on("/slow", Behaviour::serve(large).drips(300_000, &gate))).unwrap();
    origin.set(PATH, photo());
    let guest = Guest::new(&FetchConfig { per_host: 1, concurrency: 1, ..quick() });
    gate.let_pass(1);
    let slow = origin.url("/slow");
    tokio::select! {
        _ = guest.get(&slow) => panic!("the gate is closed"),
        () = guest.until_staged() => {}
    }
    assert!(bytes(&guest.get(&origin.url(PATH)).await) == *image().bytes());
    assert_eq!(guest.staged_files(), 0);
}

#[tokio::test]
async fn what_cannot_be_written_is_put_off_and_not_the_host_s_fault() {
    // Longer than what is held in memory.
    let long = [vec![0xff, 0xd8], vec![0; 300_000], vec![0xff, 0xd9]].concat();
    let site = Site::new().on(PATH, Behaviour::serve(Content::new("image/jpeg", long)));
    let (origin, guest) = (Origin::start(site).unwrap(), Guest::new(&quick()));
    std::fs::remove_dir(guest.staging.path()).unwrap();
    let fetched = guest.get(&origin.url(PATH)).await;
    let failure = super::failure(&fetched);
    assert_eq!(failure.reason, Reason::Budget, "{failure:?}");
    assert!(failure.retry_at.is_some() && failure.detail.contains("No such file"), "{failure:?}");
}

#[tokio::test]
async fn a_chain_is_followed_as_far_as_configured() {
    let site = Site::new().redirect_chain("/ten", 10, PATH).redirect_chain("/eleven", 11, PATH).on(PATH, photo());
    let (origin, guest) = (Origin::start(site).unwrap(), Guest::new(&quick()));
    let fetched = guest.get(&origin.url("/ten/1#fragment")).await;
    assert!(bytes(&fetched) == *image().bytes());
    assert_eq!(fetched.exchanges.len(), 11);
    assert_eq!(reason(&guest.get(&origin.url("/eleven/1")).await), Some(Reason::TooManyRedirects));
}

async fn check_flaw(flaw: Flaw, said: &str) {
    let authority = Authority::new();
    let origin = authority.origin(&["img.example"], flaw, Site::new().on(PATH, photo()));
    let ca_file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&ca_file, authority.pem()).unwrap();
    let mut config = FetchConfig { ca_file: ca_file.path().to_owned(), ..quick() };
    config.resolve.insert("img.example".to_owned(), origin.address());
    let fetched = Guest::new(&config).get("https://img.example/a.jpg").await;
    let failure = super::failure(&fetched);
    say(&format!("| tls      | {:34} | -           | {:18} |", format!("{flaw:?}"), failure.reason.as_str()));
    assert_eq!(failure.reason, Reason::Tls, "{flaw:?}: {}", failure.detail);
    assert!(failure.detail.contains(said), "{flaw:?}: {}", failure.detail);
    assert_eq!((origin.log().count(), origin.log().connections()), (0, 1), "{flaw:?}");
}

#[tokio::test]
async fn flawed_certificates_are_refused() {
    check_flaw(Flaw::Expired, "expired").await;
    check_flaw(Flaw::NotYetValid, "not valid yet").await;
    check_flaw(Flaw::WrongName, "not valid for").await;
    check_flaw(Flaw::SelfSigned, "UnknownIssuer").await;
}

#[tokio::test]
async fn what_is_no_http_is_a_breach_of_protocol() {
    let (origin, guest) = (Origin::start(Site::new()).unwrap(), Guest::new(&quick()));
    let headers = |count| "x: y\r\n".repeat(count);
    for raw in ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"] {
        origin.set(PATH, Behaviour::raw(raw));
        assert_eq!(reason(&guest.get(&origin.url(PATH)).await), Some(Reason::Protocol), "{raw}");
    }
    origin.set(PATH, Behaviour::raw(format!("HTTP/1.1 200 OK\r\n{}\r\n", headers(3000))));
    assert_eq!(reason(&guest.get(&origin.url(PATH)).await), Some(Reason::Protocol), "3000 headers");
}
