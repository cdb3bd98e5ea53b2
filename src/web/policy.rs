//! The headers under which a browser shows what strangers wrote, and our own pages.

use hyper::StatusCode;
use hyper::http::response::Builder;

use super::response::head;

/// On all that comes out of the archive. `sandbox` gives each document an origin of its own and stops what
/// `default-src` does not: navigation by `<meta refresh>`, forms, windows (CSP Level 3, section 6). The images of such a
/// document are requested across origins, so that no `Cross-Origin-Resource-Policy` may refuse them.
const ARCHIVED: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self' 'unsafe-inline'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "cross-origin"),
];

/// On our own pages: nothing inline, nothing from elsewhere.
const OWN: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; frame-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-cache"),
];

/// The start of a response with bytes that came out of the archive. There is no other way to send any.
pub(super) fn archived(status: StatusCode, mime: &str) -> Builder {
    with(head(status, mime), &ARCHIVED)
}

/// The start of a response of our own.
pub(super) fn own(status: StatusCode, mime: &str) -> Builder {
    with(head(status, mime), &OWN)
}

fn with(builder: Builder, headers: &[(&str, &str)]) -> Builder {
    headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value))
}
