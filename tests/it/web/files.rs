//! Blobs and thumbnails are sent with validators and in ranges, as what they are.

use reqwest::header::{HeaderMap, HeaderValue};

use super::Shown;
use crate::origin::client;

/// The address of the first image of an article, and its bytes.
async fn image(shown: &Shown) -> (String, Vec<u8>) {
    let json = shown.json("/article/posts/rain.md?view=images&format=json").await;
    let digest = json["images"][0]["image"]["sha256"].as_str().unwrap().to_owned();
    let page = shown.json(&format!("/image/{digest}?format=json")).await;
    let path = page["blob"].as_str().unwrap().to_owned();
    let bytes = shown.sandbox.read(&format!("store{path}"));
    (path, bytes)
}

async fn with(shown: &Shown, path: &str, headers: &[(&'static str, &str)]) -> reqwest::Response {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect();
    client().get(shown.server.url() + &path[1..]).headers(headers).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_is_sent_once_and_then_known_by_its_digest() {
    let shown = Shown::new();
    let (path, bytes) = image(&shown).await;
    let first = with(&shown, &path, &[]).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    assert!(path.contains(tag.trim_matches('"')), "{tag}");
    assert_eq!(first.headers()["content-type"], "image/jpeg");
    assert_eq!(first.headers()["cache-control"], "private, max-age=31536000, immutable");
    assert_eq!(first.bytes().await.unwrap(), bytes);
    for tags in [tag.clone(), format!("\"x\", {tag}"), "*".to_owned()] {
        let again = with(&shown, &path, &[("if-none-match", &tags)]).await;
        assert_eq!((again.status().as_u16(), again.headers()["etag"].to_str().unwrap()), (304, &*tag), "{tags}");
        assert!(again.bytes().await.unwrap().is_empty());
    }
    let head = client().head(shown.server.url() + &path[1..]).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], bytes.len().to_string().as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_blob_is_sent_where_one_is_asked_for() {
    let shown = Shown::new();
    let (path, bytes) = image(&shown).await;
    let size = bytes.len();
    let all = 0..size;
    for (range, part) in
        [("bytes=0-", all.clone()), ("bytes=10-19", 10..20), ("bytes=-7", size - 7..size), ("bytes=-99999999", all)]
    {
        let response = with(&shown, &path, &[("range", range)]).await;
        let expected = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        assert_eq!(
            (response.status().as_u16(), response.headers()["content-range"].to_str().unwrap()),
            (206, &*expected)
        );
        assert_eq!(response.bytes().await.unwrap(), bytes[part], "{range}");
    }
    let beyond = with(&shown, &path, &[("range", "bytes=99999999-")]).await;
    assert_eq!(
        (beyond.status().as_u16(), beyond.headers()["content-range"].to_str().unwrap()),
        (416, &*format!("bytes */{size}"))
    );
    for headers in [&[("range", "bytes=0-1,5-6")][..], &[("range", "bytes=0-1"), ("if-range", "\"another\"")]] {
        let whole = with(&shown, &path, headers).await;
        assert_eq!((whole.status().as_u16(), whole.bytes().await.unwrap().len()), (200, size), "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_browser_could_run_is_text() {
    let shown = Shown::new();
    let json = shown.json("/article/posts/page.html?format=json").await;
    let original = shown.get(json["original"].as_str().unwrap()).await;
    assert_eq!(original.headers()["content-type"], "text/plain; charset=utf-8");
    let sent = original.bytes().await.unwrap();
    assert_eq!(sent, shown.sandbox.read("posts/page.html"), "byte for byte");
    shown.sandbox.write("posts/gbk.html", [&b"<meta charset=gbk><p>"[..], b"\xd3\xea"].concat());
    shown.sandbox.run(&["run"]);
    let json = shown.json("/article/posts/gbk.html?format=json").await;
    let original = shown.get(json["original"].as_str().unwrap()).await;
    assert_eq!(original.headers()["content-type"], "text/plain; charset=gbk");
    assert!(shown.text("/mirror/posts/gbk.html").await.contains("<p>雨"));
}
