//! What a response is, by its status and headers.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, LAST_MODIFIED, LOCATION};

use super::request::Outgoing;
use crate::fetch::body::resume;
use crate::model::Validators;

/// The longest validator that is kept and sent back, in bytes.
const LONGEST_VALIDATOR: usize = 1 << 10;

/// What a response is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ResponseKind {
    /// A whole body. Its content decides whether it is good, so any success counts.
    Body,
    /// The rest of a body of which the first part is there.
    Rest,
    /// A part that does not continue the first part, or no longer exists.
    WrongPart,
    /// The kept capture is still current.
    NotModified,
    /// A redirect to this location, which may hold any bytes.
    Redirect(Vec<u8>),
    /// Anything else.
    Error,
}

/// What a response to a request is.
pub(crate) fn kind(request: &Outgoing<'_>, status: StatusCode, headers: &HeaderMap) -> ResponseKind {
    match status.as_u16() {
        204 | 205 => ResponseKind::Error,
        206 => partial_kind(request, headers),
        200..=299 => ResponseKind::Body,
        304 if request.is_conditional() => ResponseKind::NotModified,
        // The redirects that name one place to go to (RFC 9110, section 15.4).
        301 | 302 | 303 | 307 | 308 => redirect_kind(headers),
        416 if request.partial.is_some() => ResponseKind::WrongPart,
        _ => ResponseKind::Error,
    }
}

fn partial_kind(request: &Outgoing<'_>, headers: &HeaderMap) -> ResponseKind {
    let continues =
        request.partial.as_ref().map(|partial| partial.version.is_continued_by(headers, partial.body.length()));
    match continues {
        Some(true) => ResponseKind::Rest,
        _ if resume::is_whole(headers) => ResponseKind::Body,
        Some(false) => ResponseKind::WrongPart,
        None => ResponseKind::Error,
    }
}

fn redirect_kind(headers: &HeaderMap) -> ResponseKind {
    let location = headers.get(LOCATION).map(|location| location.as_bytes().to_vec());
    location.map_or(ResponseKind::Error, ResponseKind::Redirect)
}

/// The type that a response claims to have.
pub(crate) fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// What a later request can compare with.
pub(crate) fn validators(headers: &HeaderMap) -> Validators {
    let text =
        |value: &HeaderValue| value.to_str().ok().filter(|text| text.len() <= LONGEST_VALIDATOR).map(str::to_owned);
    Validators { etag: headers.get(ETAG).and_then(text), last_modified: headers.get(LAST_MODIFIED).and_then(text) }
}
