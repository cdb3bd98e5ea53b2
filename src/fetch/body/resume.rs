//! Continuing a body where it broke off (RFC 9110, sections 13.1.5, 14 and 15.3.7).

use reqwest::StatusCode;
use reqwest::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG, HeaderMap, HeaderValue, LAST_MODIFIED,
};
use url::Url;

use super::writer::BodyWriter;

/// Below this many bytes continuing is not worth it.
const WORTHWHILE: u64 = 64 << 10;

/// The first part of a body, and what shows that a second part belongs to it.
#[derive(Debug)]
pub(crate) struct Partial {
    /// The URL that sent it.
    pub(crate) url: Url,
    /// The bytes.
    pub(crate) body: BodyWriter,
    /// The version of the body.
    pub(crate) version: Version,
}

/// What identifies a version of a body: parts of two versions must never be joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    validator: Validator,
    /// The length of the whole body.
    pub(crate) total: u64,
}

/// A strong validator (RFC 9110, section 8.8.1).
#[derive(Debug, Clone, PartialEq, Eq)]
enum Validator {
    /// A strong entity tag.
    ETag(HeaderValue),
    /// A date that is strong, because the file was old enough when it was sent (section 8.8.2.2).
    LastModified(HeaderValue),
}

impl Partial {
    /// Keeps the part that arrived, where the rest can be asked for.
    pub(crate) fn keep(url: &Url, version: Option<Version>, body: BodyWriter) -> Option<Self> {
        let version = version.filter(|version| (WORTHWHILE..version.total).contains(&body.length()))?;
        Some(Self { url: url.clone(), body, version })
    }
}

impl Version {
    /// The version of a whole response. `None` if it has no strong validator or no length, if the server takes no
    /// ranges, or if the bytes are coded.
    pub(crate) fn of_whole(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        let takes_ranges = headers.get(ACCEPT_RANGES).is_none_or(|value| value.as_bytes() != b"none");
        if !takes_ranges || status != StatusCode::OK || headers.contains_key(CONTENT_ENCODING) {
            return None;
        }
        let total = headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
        let etag = strong_etag(headers).map(Validator::ETag);
        Some(Self { validator: etag.or_else(|| strong_date(headers).map(Validator::LastModified))?, total })
    }

    /// What `If-Range` sends.
    pub(crate) const fn if_range(&self) -> &HeaderValue {
        match &self.validator {
            Validator::ETag(value) | Validator::LastModified(value) => value,
        }
    }

    /// Whether a partial response continues this version at this byte: it has the same strong validator, the same total
    /// length, no coding, and begins there. Servers and caches exist that ignore `If-Range`, so the response must prove
    /// that it belongs to the part that is there (section 15.3.7.3).
    pub(crate) fn is_continued_by(&self, headers: &HeaderMap, start: u64) -> bool {
        let same_validator = match &self.validator {
            Validator::ETag(etag) => headers.get(ETAG) == Some(etag),
            Validator::LastModified(date) => headers.get(LAST_MODIFIED) == Some(date),
        };
        let same_range =
            ContentRange::read(headers).is_some_and(|range| range.first == start && range.total == Some(self.total));
        same_validator && same_range && !headers.contains_key(CONTENT_ENCODING)
    }
}

/// Which bytes of the body a partial response holds (section 14.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContentRange {
    first: u64,
    last: u64,
    total: Option<u64>,
}

impl ContentRange {
    fn read(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(CONTENT_RANGE)?.to_str().ok()?.trim();
        let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let total = if total.trim() == "*" { None } else { Some(total.trim().parse().ok()?) };
        Some(Self { first: first.trim().parse().ok()?, last: last.trim().parse().ok()?, total })
    }
}

/// Whether a partial response to a request without `Range` holds the whole body all the same. Only a range that says
/// otherwise makes it a part.
pub(crate) fn is_whole(headers: &HeaderMap) -> bool {
    match ContentRange::read(headers) {
        Some(range) => range.first == 0 && range.total.is_none_or(|total| total == range.last.saturating_add(1)),
        None => !headers.contains_key(CONTENT_RANGE),
    }
}

fn strong_etag(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")).cloned()
}

fn strong_date(headers: &HeaderMap) -> Option<HeaderValue> {
    let read = |value: &HeaderValue| httpdate::parse_http_date(value.to_str().ok()?).ok();
    let modified = headers.get(LAST_MODIFIED)?;
    let age = read(headers.get(DATE)?)?.duration_since(read(modified)?).ok()?;
    (age.as_secs() >= 60).then(|| modified.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: (&str, &str) = ("last-modified", "Sun, 22 Nov 2026 02:00:00 GMT");
    const NOW: (&str, &str) = ("date", "Sun, 22 Nov 2026 03:00:00 GMT");
    const TAG: (&str, &str) = ("etag", "\"a\"");
    const LENGTH: (&str, &str) = ("content-length", "200");

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn if_range(fields: &[(&'static str, &str)]) -> Option<String> {
        let version = Version::of_whole(StatusCode::OK, &headers(fields))?;
        Some(version.if_range().to_str().unwrap().to_owned())
    }

    #[test]
    fn only_strong_validators_and_a_length_identify_a_version() {
        assert_eq!(if_range(&[TAG, LENGTH]).as_deref(), Some("\"a\""));
        assert_eq!(if_range(&[TAG]), None, "nobody knows how long it is");
        assert_eq!(if_range(&[("etag", "W/\"a\""), LENGTH]), None);
        assert_eq!(if_range(&[("etag", "W/\"a\""), OLD, NOW, LENGTH]).as_deref(), Some(OLD.1));
        assert_eq!(if_range(&[OLD, LENGTH]), None, "without Date nobody knows how old it was");
        assert_eq!(if_range(&[("last-modified", "Sun, 22 Nov 2026 02:59:30 GMT"), NOW, LENGTH]), None);
        assert_eq!(if_range(&[TAG, LENGTH, ("accept-ranges", "none")]), None);
        assert_eq!(if_range(&[TAG, LENGTH, ("content-encoding", "gzip")]), None);
        assert_eq!(Version::of_whole(StatusCode::NOT_FOUND, &headers(&[TAG, LENGTH])), None);
    }

    #[test]
    fn a_part_of_another_version_is_not_appended() {
        let tagged = Version::of_whole(StatusCode::OK, &headers(&[TAG, LENGTH])).unwrap();
        let dated = Version::of_whole(StatusCode::OK, &headers(&[OLD, NOW, LENGTH])).unwrap();
        let continued = |version: &Version, validator, range: &str| {
            version.is_continued_by(&headers(&[validator, ("content-range", range)]), 100)
        };
        assert!(continued(&tagged, TAG, "bytes 100-199/200") && continued(&dated, OLD, "bytes 100-199/200"));
        for range in ["bytes 0-199/200", "bytes 100-198/199", "bytes 100-199/*", "bytes */200", "100-199/200", ""] {
            assert!(!continued(&tagged, TAG, range), "{range}");
        }
        for validator in [("etag", "\"b\""), ("etag", "W/\"a\""), OLD] {
            assert!(!continued(&tagged, validator, "bytes 100-199/200"), "{validator:?}");
        }
        assert!(!continued(&dated, NOW, "bytes 100-199/200") && !continued(&dated, TAG, "bytes 100-199/200"));
        assert!(!tagged.is_continued_by(&HeaderMap::new(), 100));
    }

    #[test]
    fn a_partial_response_may_hold_the_whole() {
        let whole = |range: &str| is_whole(&headers(&[("content-range", range)]));
        assert!(whole("bytes 0-199/200") && whole("bytes 0-199/*") && is_whole(&HeaderMap::new()));
        assert!(!whole("bytes 0-99/200") && !whole("bytes 100-199/200") && !whole("nonsense"));
    }
}
