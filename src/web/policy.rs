//! The headers under which a browser shows what strangers wrote, and our own pages.

use hyper::StatusCode;
use hyper::http::response::Builder;

use super::response::head;

/// On all that comes out of the archive. `sandbox` gives each document an origin of its own and stops what
/// `default-src` does not: navigation by `<meta refresh>`, forms, windows (CSP Level 3, section 6). The images of such a
/// document are requested across origins, so that no `Cross-Origin-Resource-Policy` may refuse them.
const ARCHIVED: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self' 'unsafe-inline'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "cross-origin"),
    // No directive of a policy is about names that a page has looked up beforehand.
    ("x-dns-prefetch-control", "off"),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::web::response::whole;

    /// The directives of a policy, with their sources.
    fn directives(builder: Builder) -> BTreeMap<String, Vec<String>> {
        let response = whole(builder, "");
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        let directive = |text: &str| {
            let mut words = text.split_whitespace().map(str::to_owned);
            (words.next().unwrap(), words.collect())
        };
        policy.split(';').map(directive).collect()
    }

    #[test]
    fn what_was_archived_runs_nothing_and_loads_only_what_is_here() {
        let policy = directives(archived(StatusCode::OK, "text/html"));
        assert_eq!(policy["default-src"], ["'none'"], "scripts, frames, fonts and connections as well");
        assert_eq!(policy["sandbox"], [""; 0], "nothing is allowed");
        assert!(!policy.contains_key("script-src") && !policy.contains_key("connect-src"));
        for (directive, sources) in &policy {
            let known = ["'none'", "'self'", "data:", "'unsafe-inline'"];
            assert!(sources.iter().all(|source| known.contains(&source.as_str())), "{directive}: {sources:?}");
            assert!(directive == "style-src" || !sources.contains(&"'unsafe-inline'".to_owned()), "{directive}");
        }
        for closed in ["form-action", "base-uri"] {
            assert_eq!(policy[closed], ["'none'"], "{closed}");
        }
    }

    #[test]
    fn our_pages_hold_nothing_inline_and_are_framed_by_nobody() {
        let policy = directives(own(StatusCode::OK, "text/html"));
        assert_eq!((&policy["default-src"], &policy["frame-ancestors"]), (&policy["base-uri"], &policy["base-uri"]));
        assert_eq!(policy["base-uri"], ["'none'"]);
        let others = policy.values().flatten().filter(|source| !matches!(source.as_str(), "'none'" | "'self'"));
        assert_eq!(others.count(), 0);
    }

    #[test]
    fn types_are_never_guessed_and_nobody_learns_where_a_reader_was() {
        for builder in [archived(StatusCode::OK, "image/png"), own(StatusCode::NOT_FOUND, "text/plain")] {
            let response = whole(builder, "");
            assert_eq!(response.headers()["x-content-type-options"], "nosniff");
            assert_eq!(response.headers()["referrer-policy"], "no-referrer");
        }
        let image = whole(archived(StatusCode::OK, "image/png"), "");
        // The images of a page in a sandbox are requested from an origin of its own.
        assert_eq!(image.headers()["cross-origin-resource-policy"], "cross-origin");
    }
}
