//! Every way in which hosts go wrong, as a client meets it.

use std::io::Read;
use std::time::Duration;

use offprint::testing::demo::photo::Photo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{builder, client, get, header, image, origin};
use crate::testserver::{Behaviour, Condition, Content, End, Gate, Origin, Portion, Site};

/// Everything the origin sends in answer to a plain request, and how the connection ended.
async fn raw(origin: &Origin) -> (Vec<u8>, std::io::Result<usize>) {
    let mut stream = TcpStream::connect(origin.address()).await.unwrap();
    stream.write_all(b"GET /a.jpg HTTP/1.1\r\nHost: a.example\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await;
    (bytes, end)
}

fn body(answer: &[u8]) -> &[u8] {
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    &answer[head + 4..]
}

#[tokio::test]
async fn a_protected_image_wants_its_own_referer() {
    let fine = Behaviour::serve(image());
    let origin = origin(fine.only_if(Condition::no_foreign_referer(), Behaviour::status(403)));
    let ask = async |referer: Option<&str>| {
        let request = client().get(origin.url("/a.jpg")).header("Host", "img.example");
        let request = referer.iter().fold(request, |request, referer| request.header("Referer", *referer));
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask(None).await, 200);
    assert_eq!(ask(Some("https://img.example/")).await, 200);
    assert_eq!(ask(Some("https://reader.example/post")).await, 403);
}

#[tokio::test]
async fn conditions_read_headers() {
    let cookie = Condition::is("cookie", "session=1");
    let referer = Condition::referer_starts("https://paper.example/");
    let inner = Behaviour::status(200).only_if(referer, Behaviour::status(401));
    let origin = origin(inner.only_if(cookie, Behaviour::status(403)));
    for (name, value, expected) in
        [("Cookie", "session=2", 403), ("Referer", "https://paper.example/", 403), ("Cookie", "session=1", 401)]
    {
        let response = client().get(origin.url("/a.jpg")).header(name, value).send().await.unwrap();
        assert_eq!(response.status(), expected, "{name}: {value}");
    }
    origin.set("/a.jpg", Behaviour::status(400).only_if(Condition::has("referer"), Behaviour::status(200)));
    assert_eq!(get(&origin).await.unwrap().status(), 200);
    origin.set("/a.jpg", Behaviour::status(400).only_if(!Condition::has("referer"), Behaviour::status(200)));
    assert_eq!(get(&origin).await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_page_says_it_is_an_image() {
    let response = get(&origin(Behaviour::html_as("image/jpeg"))).await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (200, Some("image/jpeg")));
    assert!(response.text().await.unwrap().starts_with("<!DOCTYPE html>"));
}

#[tokio::test]
async fn a_tracking_pixel_is_a_valid_gif_of_one_pixel() {
    let bytes = get(&origin(Behaviour::tracking_pixel())).await.unwrap().bytes().await.unwrap();
    let image = image::load_from_memory_with_format(&bytes, image::ImageFormat::Gif).unwrap();
    assert_eq!((image.width(), image.height()), (1, 1));
}

#[tokio::test]
async fn a_body_is_cut_with_an_honest_length() {
    let whole = image();
    for percent in (0..100).step_by(10) {
        let origin = origin(Behaviour::serve(whole.clone()).cut(Portion::Percent(percent)));
        let bytes = get(&origin).await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes.len(), whole.bytes().len() * usize::from(percent) / 100);
        assert!(whole.bytes().starts_with(&bytes));
    }
}

#[tokio::test]
async fn a_body_breaks_off_before_its_length() {
    let half = image().bytes().len() / 2;
    let broken = |end| Behaviour::serve(image()).breaks_off(Portion::Percent(50), end);

    let closed = origin(broken(End::Close));
    assert!(get(&closed).await.unwrap().bytes().await.is_err());
    let (answer, end) = raw(&closed).await;
    assert_eq!(body(&answer).len(), half);
    assert!(end.is_ok(), "an orderly end");

    let reset = origin(broken(End::Reset));
    assert!(get(&reset).await.unwrap().bytes().await.is_err());
    let (_, end) = raw(&reset).await;
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);

    let chunked = origin(broken(End::Close).chunked());
    assert!(get(&chunked).await.unwrap().bytes().await.is_err());
}

#[tokio::test]
async fn a_body_that_hangs_is_in_flight_until_the_client_leaves() {
    let origin = origin(Behaviour::serve(image()).breaks_off(Portion::Bytes(10), End::Hang));
    let mut response = get(&origin).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap().len(), 10);
    assert!(origin.log().requests()[0].ended.is_none());
    drop(response);
    origin.log().wait_for_ended(1).await.unwrap();
}

#[tokio::test]
async fn http_2_resets_the_stream_and_keeps_the_connection() {
    let client = builder().http2_prior_knowledge().build().unwrap();
    for end in [End::Close, End::Reset] {
        let broken = Behaviour::serve(image()).breaks_off(Portion::Percent(50), end);
        let origin = origin(Behaviour::in_turn([broken, Behaviour::stop(end), Behaviour::serve(image())]));
        let first = client.get(origin.url("/a.jpg")).send().await.unwrap();
        assert!(first.bytes().await.is_err());
        assert!(client.get(origin.url("/a.jpg")).send().await.is_err());
        assert_eq!(client.get(origin.url("/a.jpg")).send().await.unwrap().status(), 200);
        assert_eq!(origin.log().connections(), 1);
    }
}

#[tokio::test]
async fn no_answer_comes() {
    assert!(get(&origin(Behaviour::stop(End::Close))).await.is_err());
    let (bytes, end) = raw(&origin(Behaviour::stop(End::Reset))).await;
    assert!(bytes.is_empty());
    assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    let (bytes, _) = raw(&origin(Behaviour::raw("SMTP ready\r\n"))).await;
    assert_eq!(bytes, b"SMTP ready\r\n");
}

#[tokio::test]
async fn a_length_is_wrong_both_ways() {
    let length = image().bytes().len();
    let long = origin(Behaviour::serve(image()).claims_percent(110));
    let response = get(&long).await.unwrap();
    assert_eq!(response.content_length(), Some(length as u64 * 110 / 100));
    assert!(response.bytes().await.is_err());

    let short = origin(Behaviour::serve(image()).claims(100));
    assert_eq!(get(&short).await.unwrap().bytes().await.unwrap().len(), 100);
    let (answer, _) = raw(&short).await;
    assert_eq!(body(&answer).len(), length, "everything is sent all the same");
}

#[tokio::test]
async fn lengths_can_be_left_out() {
    for plain in [Behaviour::serve(image()).chunked(), Behaviour::serve(image()).until_close()] {
        let origin = origin(plain);
        let response = get(&origin).await.unwrap();
        assert_eq!(response.content_length(), None);
        assert_eq!(&response.bytes().await.unwrap(), image().bytes());
    }
}

#[tokio::test]
async fn an_endless_body_starts_as_configured_and_goes_on() {
    for client in [client(), builder().http2_prior_knowledge().build().unwrap()] {
        let origin = origin(Behaviour::endless("image/jpeg", "\u{ff}"));
        let mut response = client.get(origin.url("/a.jpg")).send().await.unwrap();
        let mut received = response.chunk().await.unwrap().unwrap().to_vec();
        while received.len() < 5_000_000 {
            received.extend_from_slice(&response.chunk().await.unwrap().unwrap());
        }
        assert!(received.starts_with("\u{ff}UUUU".as_bytes()));
        drop(response);
        origin.log().wait_for_ended(1).await.unwrap();
    }
}

#[tokio::test]
async fn a_body_drips_as_the_test_wants() {
    for client in [client(), builder().http2_prior_knowledge().build().unwrap()] {
        let gate = Gate::new();
        let origin = origin(Behaviour::serve(Content::new("image/png", "abc")).drips(1, &gate));
        let mut response = client.get(origin.url("/a.jpg")).send().await.unwrap();
        for letter in ["a", "b", "c"] {
            gate.let_pass(1);
            assert_eq!(response.chunk().await.unwrap().unwrap(), letter);
        }
        assert!(response.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn time_passes_before_and_within_an_answer() {
    let step = Duration::from_millis(30);
    let content = Content::new("image/png", "abc");
    let origin = origin(Behaviour::serve(content).drips(1, step).after(step));
    assert_eq!(get(&origin).await.unwrap().text().await.unwrap(), "abc");
    let visit = &origin.log().wait_for_ended(1).await.unwrap()[0];
    assert!(visit.ended.unwrap() - visit.arrived >= 4 * step);
}

#[tokio::test]
async fn a_bomb_is_small_until_it_is_decompressed() {
    let response = get(&origin(Behaviour::gzip_bomb(8))).await.unwrap();
    assert_eq!(header(&response, "content-encoding"), Some("gzip"));
    let bytes = response.bytes().await.unwrap();
    assert!(bytes.len() < 16 * 1024);
    let mut inside = Vec::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut inside).unwrap();
    assert_eq!(inside.len(), 8 * 1024 * 1024);
}

#[tokio::test]
async fn a_busy_host_says_when_to_come_again_and_then_serves() {
    for retry_after in ["7", "Sun, 22 Nov 2026 22:00:00 GMT"] {
        let busy = Behaviour::status(503).with_header("Retry-After", retry_after);
        let origin = origin(busy.then(2, Behaviour::serve(image())));
        for _ in 0..2 {
            let response = get(&origin).await.unwrap();
            assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (503, Some(retry_after)));
        }
        assert_eq!(get(&origin).await.unwrap().status(), 200);
        assert_eq!(get(&origin).await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn redirects_loop_chain_and_lead_anywhere() {
    let site = Site::new()
        .on("/loop", Behaviour::redirect(302, "/loop"))
        .on("/file", Behaviour::redirect(301, "file:///etc/passwd"))
        .on("/private", Behaviour::redirect(307, "http://169.254.169.254/latest/"))
        .redirect_chain("/chain", 3, "/end");
    let origin = Origin::start(site).unwrap();
    for (path, status, to) in [
        ("/loop", 302, "/loop"),
        ("/file", 301, "file:///etc/passwd"),
        ("/private", 307, "http://169.254.169.254/latest/"),
        ("/chain/1", 302, "/chain/2"),
        ("/chain/2", 302, "/chain/3"),
        ("/chain/3", 302, "/end"),
    ] {
        let response = client().get(origin.url(path)).send().await.unwrap();
        assert_eq!((response.status().as_u16(), header(&response, "location")), (status, Some(to)), "{path}");
    }
}

#[tokio::test]
async fn an_image_changes_with_time() {
    let version = |seed| Behaviour::serve(Content::new("image/png", Photo::new(seed, 8, 8).png()));
    let origin = origin(Behaviour::in_turn([version(1), version(2)]));
    for seed in [1, 2, 2] {
        assert_eq!(get(&origin).await.unwrap().bytes().await.unwrap(), Photo::new(seed, 8, 8).png());
    }
}

#[tokio::test]
async fn heads_are_as_large_as_configured() {
    let origin = origin(Behaviour::many_headers(image(), 100, 1_000));
    let (answer, _) = {
        let mut stream = TcpStream::connect(origin.address()).await.unwrap();
        stream.write_all(b"GET /a.jpg HTTP/1.1\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut bytes = Vec::new();
        let end = stream.read_to_end(&mut bytes).await;
        (bytes, end)
    };
    assert!(answer.len() - body(&answer).len() > 100_000);
    assert_eq!(body(&answer), image().bytes());
}

#[tokio::test]
async fn a_head_request_gets_the_head_alone() {
    let origin = origin(Behaviour::serve(image()));
    for client in [client(), builder().http2_prior_knowledge().build().unwrap()] {
        let response = client.head(origin.url("/a.jpg")).send().await.unwrap();
        assert_eq!(header(&response, "content-length"), Some(image().bytes().len().to_string().as_str()));
        assert!(response.bytes().await.unwrap().is_empty());
        assert_eq!(client.get(origin.url("/a.jpg")).send().await.unwrap().bytes().await.unwrap(), image().bytes());
    }
}

#[tokio::test]
async fn an_origin_can_grow_worse_while_it_runs() {
    let origin = origin(Behaviour::serve(image()));
    assert_eq!(get(&origin).await.unwrap().status(), 200);
    origin.change(|site| site.change_all(|_, _| Behaviour::html_as("image/jpeg")));
    assert!(get(&origin).await.unwrap().text().await.unwrap().contains("Sign in"));
}
