//! What stands under a path: bytes, their type, and what a later request can compare with.

use std::time::SystemTime;

use data_encoding::BASE64;
use hyper::body::Bytes;
use sha2::{Digest as _, Sha256};

use super::answer::{Body, Reply};
use super::log::Request;

/// Bytes and how they are offered.
#[derive(Debug, Clone)]
pub struct Content {
    bytes: Bytes,
    mime: String,
    etag: Option<String>,
    last_modified: Option<String>,
    ranges: bool,
}

impl Content {
    /// Bytes served as a media type, such as `image/png`, right or wrong; without validators and ranges.
    pub fn new(mime: &str, bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), mime: mime.to_owned(), etag: None, last_modified: None, ranges: false }
    }

    /// The same with a strong `ETag` made from the bytes: conditional requests get 304 (RFC 9110, section 13).
    #[must_use]
    pub fn etagged(mut self) -> Self {
        self.etag = Some(format!("\"{}\"", &offprint::testing::model::Digest::of(&self.bytes).to_string()[..16]));
        self
    }

    /// The same with a `Last-Modified`, in the form of RFC 9110, section 5.6.7.
    #[must_use]
    pub fn modified(mut self, date: &str) -> Self {
        self.last_modified = Some(date.to_owned());
        self
    }

    /// The same, with requests for a range answered by 206 (RFC 9110, section 14).
    #[must_use]
    pub fn ranged(mut self) -> Self {
        self.ranges = true;
        self
    }

    /// Its bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The right value of `Content-Digest` and `Repr-Digest` for the whole of it (RFC 9530).
    pub fn digest_field(&self) -> String {
        format!("sha-256=:{}:", BASE64.encode(&Sha256::digest(&self.bytes)))
    }

    /// The answer to a request for it.
    pub(super) fn reply(&self, request: &Request) -> Reply {
        if self.is_unchanged_for(request) {
            return self.head(Reply::new(304, Body::default()));
        }
        match self.range_for(request) {
            Ranged::Whole => self.head(self.typed(200, self.bytes.clone())),
            Ranged::Part(start, end) => {
                let field = format!("bytes {start}-{}/{}", end - 1, self.bytes.len());
                self.head(self.typed(206, self.bytes.slice(start..end))).with_header("Content-Range", &field)
            }
            Ranged::Outside => {
                let field = format!("bytes */{}", self.bytes.len());
                Reply::new(416, Body::default()).with_header("Content-Range", &field)
            }
        }
    }

    fn typed(&self, status: u16, bytes: Bytes) -> Reply {
        Reply::new(status, Body::of(bytes)).with_header("Content-Type", &self.mime)
    }

    fn head(&self, reply: Reply) -> Reply {
        let fields = [
            ("ETag", self.etag.as_deref()),
            ("Last-Modified", self.last_modified.as_deref()),
            ("Accept-Ranges", self.ranges.then_some("bytes")),
        ];
        fields.into_iter().fold(reply, |reply, (name, value)| match value {
            Some(value) => reply.with_header(name, value),
            None => reply,
        })
    }

    /// `If-None-Match`, and where that is missing `If-Modified-Since` (RFC 9110, section 13.2.2).
    fn is_unchanged_for(&self, request: &Request) -> bool {
        if let Some(tags) = request.header("if-none-match") {
            let Some(own) = &self.etag else { return false };
            return tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == own);
        }
        let since = request.header("if-modified-since").and_then(date);
        let modified = self.last_modified.as_deref().and_then(date);
        since.zip(modified).is_some_and(|(since, modified)| modified <= since)
    }

    fn range_for(&self, request: &Request) -> Ranged {
        let asked = request.header("range").and_then(|range| range.strip_prefix("bytes="));
        let Some(asked) = asked.filter(|_| self.ranges && self.is_still(request)) else { return Ranged::Whole };
        let length = self.bytes.len();
        let Some((start, end)) = asked.split_once('-') else { return Ranged::Whole };
        let (start, end) = match (start.parse::<usize>(), end.parse::<usize>()) {
            (Ok(start), Ok(last)) => (start, length.min(last.saturating_add(1))),
            (Ok(start), Err(_)) => (start, length),
            (Err(_), Ok(last)) => (length.saturating_sub(last), length),
            (Err(_), Err(_)) => return Ranged::Whole,
        };
        if start < end { Ranged::Part(start, end) } else { Ranged::Outside }
    }

    /// Whether `If-Range`, where given, names this very content (RFC 9110, section 13.1.5).
    fn is_still(&self, request: &Request) -> bool {
        request.header("if-range").is_none_or(|validator| {
            self.etag.as_deref() == Some(validator) || self.last_modified.as_deref() == Some(validator)
        })
    }
}

/// What a request's `Range` comes to.
enum Ranged {
    Whole,
    Part(usize, usize),
    Outside,
}

fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}
