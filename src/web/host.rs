//! Which host a request is for.

use hyper::header::HOST;
use hyper::http::uri::Authority;

use super::server::Request;

/// The host that a request names, with its port if given: the target's authority or else `Host` (RFC 9112, section 3.2).
pub fn authority(request: &Request) -> Option<Authority> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.clone());
    }
    request.headers().get(HOST)?.to_str().ok()?.parse().ok()
}

/// Whether a request is for a name that only this machine has, at any port. Another name leads here after its DNS
/// record was changed to this address, so that the pages of that name could read what is served.
pub fn is_local(request: &Request) -> bool {
    authority(request).is_some_and(|authority| matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]"))
}
