//! Going on where a body broke off (RFC 9110, sections 13.1.5 and 14).

use reqwest::StatusCode;
use reqwest::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_RANGE, DATE, ETAG, HeaderMap, HeaderValue, LAST_MODIFIED,
};
use url::Url;

use super::staging::Staging;

/// Below this many bytes it is not worth it.
const WORTHWHILE: u64 = 64 << 10;

/// The part of a body that has arrived, and what tells that the rest still belongs to it.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) url: Url,
    pub(super) staging: Staging,
    pub(super) validator: HeaderValue,
}

impl Partial {
    /// Keeps what arrived of an answer, where the rest can be asked for.
    pub(super) fn keep(url: &Url, validator: Option<HeaderValue>, staging: Staging) -> Option<Self> {
        let worthwhile = staging.length() >= WORTHWHILE;
        validator.filter(|_| worthwhile).map(|validator| Self { url: url.clone(), staging, validator })
    }
}

/// What `If-Range` can send: a strong entity tag, or a date that is strong because the file was old enough when it
/// was sent (section 8.8.2.2). `None` where the server takes no ranges, or the bytes are not those of the file.
pub(super) fn validator(status: StatusCode, headers: &HeaderMap) -> Option<HeaderValue> {
    let ranges = headers.get(ACCEPT_RANGES).is_none_or(|value| value.as_bytes() != b"none");
    if !ranges || !matches!(status.as_u16(), 200 | 206) || headers.contains_key(CONTENT_ENCODING) {
        return None;
    }
    let strong = headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\""));
    strong.or_else(|| strong_date(headers)).cloned()
}

fn strong_date(headers: &HeaderMap) -> Option<&HeaderValue> {
    let read = |value: &HeaderValue| httpdate::parse_http_date(value.to_str().ok()?).ok();
    let modified = headers.get(LAST_MODIFIED)?;
    let age = read(headers.get(DATE)?)?.duration_since(read(modified)?).ok()?;
    (age.as_secs() >= 60).then_some(modified)
}

/// Whether a partial answer goes on at this byte.
pub(super) fn goes_on_at(headers: &HeaderMap, start: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let first = range.and_then(|range| range.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok());
    first == Some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn check(fields: &[(&'static str, &str)]) -> Option<String> {
        validator(StatusCode::OK, &headers(fields)).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn only_strong_validators_hold_a_body_together() {
        let old = ("last-modified", "Sun, 22 Nov 2026 02:00:00 GMT");
        let date = ("date", "Sun, 22 Nov 2026 03:00:00 GMT");
        assert_eq!(check(&[("etag", "\"a\"")]).as_deref(), Some("\"a\""));
        assert_eq!(check(&[("etag", "W/\"a\"")]), None);
        assert_eq!(check(&[("etag", "W/\"a\""), old, date]).as_deref(), Some(old.1));
        assert_eq!(check(&[old]), None, "without Date nobody knows how old it was");
        assert_eq!(check(&[("last-modified", "Sun, 22 Nov 2026 02:59:30 GMT"), date]), None);
        assert_eq!(check(&[("etag", "\"a\""), ("accept-ranges", "none")]), None);
        assert_eq!(check(&[("etag", "\"a\""), ("content-encoding", "gzip")]), None);
        assert_eq!(validator(StatusCode::NOT_FOUND, &headers(&[("etag", "\"a\"")])), None);
    }

    #[test]
    fn a_part_that_begins_elsewhere_is_not_appended() {
        let check = |value: &str| goes_on_at(&headers(&[("content-range", value)]), 100);
        assert!(check("bytes 100-199/200") && check("bytes 100-199/*"));
        assert!(!check("bytes 0-199/200") && !check("bytes */200") && !check("100-199") && !check(""));
        assert!(!goes_on_at(&HeaderMap::new(), 100));
    }
}
