//! Request and response heads as they are kept: in the form of HTTP/1.1, whatever version was used, because web archives
//! hold that form (WARC 1.1, section 6.3).

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use reqwest::{Response, Version};
use url::Url;

/// Replaces a configured secret.
const REDACTED: &[u8] = b"[redacted]";

/// The head of a GET request. The values of `secret` headers are redacted.
pub(crate) fn request(url: &Url, headers: &HeaderMap, secret: &[HeaderName]) -> Vec<u8> {
    let mut head = format!("GET {} HTTP/1.1\r\nhost: {}\r\n", request_target(url), authority(url)).into_bytes();
    push_fields(&mut head, headers, |name| secret.contains(name));
    head
}

/// The path and query of a URL: the origin-form of RFC 9112, section 3.2.1.
fn request_target(url: &Url) -> &str {
    &url[url::Position::BeforePath..url::Position::AfterQuery]
}

fn authority(url: &Url) -> &str {
    &url[url::Position::BeforeHost..url::Position::AfterPort]
}

/// The head of a response. Where the request held secrets, the cookies of its response may hold them too.
pub(crate) fn response(response: &Response, redact_cookies: bool) -> Vec<u8> {
    let status = response.status();
    let given = response.extensions().get::<hyper::ext::ReasonPhrase>().map(hyper::ext::ReasonPhrase::as_bytes);
    let phrase = given.unwrap_or_else(|| status.canonical_reason().unwrap_or_default().as_bytes());
    let version = if response.version() == Version::HTTP_10 { "1.0" } else { "1.1" };
    let mut head = format!("HTTP/{version} {} ", status.as_str()).into_bytes();
    head.extend_from_slice(phrase);
    head.extend_from_slice(b"\r\n");
    push_fields(&mut head, response.headers(), |name| redact_cookies && name == SET_COOKIE);
    head
}

fn push_fields(head: &mut Vec<u8>, headers: &HeaderMap, is_secret: impl Fn(&HeaderName) -> bool) {
    for (name, value) in headers {
        let value = if is_secret(name) { REDACTED } else { value.as_bytes() };
        for part in [name.as_str().as_bytes(), b": ", value, b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
}

/// The length of a head, as it counts against `fetch.max_head_bytes`.
pub(crate) fn size(headers: &HeaderMap) -> u64 {
    let field = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    headers.iter().map(field).sum::<usize>() as u64
}

/// The version of a response, as ALPN names it (RFC 7301).
pub(crate) fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "h2",
        Version::HTTP_10 => "http/1.0",
        _ => "http/1.1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{ACCEPT, AUTHORIZATION, COOKIE};

    #[test]
    fn a_request_is_written_as_http_1_1_without_its_secrets() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("image/*"));
        headers.insert(COOKIE, HeaderValue::from_static("session=hush"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Basic hush"));
        let url = Url::parse("https://img.example:8443/a%20b?c=d#e").unwrap();
        let head = request(&url, &headers, &[COOKIE, AUTHORIZATION]);
        let wanted = "GET /a%20b?c=d HTTP/1.1\r\nhost: img.example:8443\r\naccept: image/*\r\n\
                      cookie: [redacted]\r\nauthorization: [redacted]\r\n\r\n";
        assert_eq!(String::from_utf8(head).unwrap(), wanted);
    }

    #[test]
    fn the_authority_has_neither_credentials_nor_the_usual_port() {
        let host = |url: &str| authority(&Url::parse(url).unwrap()).to_owned();
        assert_eq!(host("https://example.org:443/"), "example.org");
        assert_eq!(host("http://me:pw@[::1]:8080/"), "[::1]:8080");
    }
}
