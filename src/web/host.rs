//! Which host a request is for.

use hyper::HeaderMap;
use hyper::Uri;
use hyper::header::HOST;
use hyper::http::uri::Authority;

use super::server::Request;

/// The host that a request names, with its port if given: the target's authority or else `Host` (RFC 9112, section 3.2).
pub fn authority(request: &Request) -> Option<Authority> {
    named(request.uri(), request.headers())
}

pub(super) fn named(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    if let Some(authority) = uri.authority() {
        return Some(authority.clone());
    }
    headers.get(HOST)?.to_str().ok()?.parse().ok()
}
