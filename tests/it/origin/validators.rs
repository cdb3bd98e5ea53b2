//! Conditional requests, ranges and digests.

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::{client, header, image, origin};
use crate::testserver::{Behaviour, Content};

const DATE: &str = "Sun, 01 Nov 2026 10:00:00 GMT";
const LATER: &str = "Mon, 02 Nov 2026 10:00:00 GMT";
const EARLIER: &str = "Sat, 31 Oct 2026 10:00:00 GMT";

/// The status, and the length of the body, of the answer to a request with these headers.
async fn check(content: &Content, headers: &[(&str, &str)], expected: (u16, usize)) {
    let origin = origin(Behaviour::serve(content.clone()));
    let mut request = client().get(origin.url("/a.jpg"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let length = response.bytes().await.unwrap().len();
    assert_eq!((status, length), expected, "{headers:?}");
}

#[tokio::test]
async fn what_has_not_changed_is_answered_with_304() {
    let plain = image();
    let whole = (200, plain.bytes().len());
    let origin = origin(Behaviour::serve(plain.clone().etagged().modified(DATE)));
    let response = client().get(origin.url("/a.jpg")).send().await.unwrap();
    let etag = header(&response, "etag").unwrap();
    assert_eq!(header(&response, "last-modified"), Some(DATE));

    let both = plain.clone().etagged().modified(DATE);
    check(&both, &[("If-None-Match", etag)], (304, 0)).await;
    check(&both, &[("If-None-Match", &format!("\"other\", W/{etag}"))], (304, 0)).await;
    check(&both, &[("If-None-Match", "\"other\"")], whole).await;
    check(&both, &[("If-None-Match", "\"other\""), ("If-Modified-Since", LATER)], whole).await;
    check(&both, &[("If-Modified-Since", DATE)], (304, 0)).await;
    check(&both, &[("If-Modified-Since", EARLIER)], whole).await;
    check(&plain, &[("If-None-Match", etag), ("If-Modified-Since", LATER)], whole).await;
}

#[tokio::test]
async fn a_range_is_answered_with_206_while_the_content_is_the_same() {
    let content = Content::new("image/png", vec![7; 1000]).etagged().modified(DATE).ranged();
    check(&content, &[("Range", "bytes=0-99")], (206, 100)).await;
    check(&content, &[("Range", "bytes=900-")], (206, 100)).await;
    check(&content, &[("Range", "bytes=-10")], (206, 10)).await;
    check(&content, &[("Range", "bytes=990-2000")], (206, 10)).await;
    check(&content, &[("Range", "bytes=900-"), ("If-Range", DATE)], (206, 100)).await;
    check(&content, &[("Range", "bytes=900-"), ("If-Range", "\"other\"")], (200, 1000)).await;
    check(&content, &[("Range", "bytes=1000-")], (416, 0)).await;
    check(&content, &[("Range", "rows=1-2")], (200, 1000)).await;
    check(&Content::new("image/png", vec![7; 1000]), &[("Range", "bytes=900-")], (200, 1000)).await;
}

#[tokio::test]
async fn a_part_says_where_it_belongs() {
    let content = Content::new("text/plain", "0123456789").ranged();
    let origin = origin(Behaviour::serve(content));
    let response = client().get(origin.url("/a.jpg")).header("Range", "bytes=4-6").send().await.unwrap();
    assert_eq!(header(&response, "content-range"), Some("bytes 4-6/10"));
    assert_eq!(response.text().await.unwrap(), "456");
}

#[tokio::test]
async fn the_digest_field_is_that_of_the_bytes() {
    let content = image();
    let origin = origin(Behaviour::serve(content.clone()).with_header("Content-Digest", &content.digest_field()));
    let response = client().get(origin.url("/a.jpg")).send().await.unwrap();
    let field = header(&response, "content-digest").unwrap().to_owned();
    let digest = BASE64.encode(&Sha256::digest(response.bytes().await.unwrap()));
    assert_eq!(field, format!("sha-256=:{digest}:"));
}
