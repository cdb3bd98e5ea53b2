//! Who is answered: requests that read, for a name of this server, with the token where there is one.

use std::net::{IpAddr, SocketAddr};

use data_encoding::BASE64;
use hyper::header::{ALLOW, AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use super::host;
use super::policy::own;
use super::response::{Response, whole};
use super::server::LocalAddress;
use crate::model::Digest;

/// Who is answered.
#[derive(Debug, Clone, Default)]
pub struct Access {
    hosts: Vec<String>,
    /// The digest of the token: how long it takes to compare says something of the digest alone.
    token: Option<Digest>,
}

impl Access {
    /// Answers requests for names of this machine and for these hosts, each with its port where that is not 80; where there
    /// is a token, only those that send it: as the password of Basic authentication (RFC 7617) or as a Bearer token (RFC
    /// 6750).
    pub fn new(hosts: &[String], token: Option<&str>) -> Self {
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Self { hosts, token: token.map(|token| Digest::of(token.as_bytes())) }
    }

    /// The response to a request that is not answered.
    pub(super) fn refuse(&self, request: &Parts) -> Option<Response> {
        if !matches!(request.method, Method::GET | Method::HEAD) {
            let mut refused = refusal(StatusCode::METHOD_NOT_ALLOWED, "this server only shows what there is");
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Some(refused);
        }
        if !self.is_asked_for(request) {
            let way_out = "this server has another name; the setting [serve] hosts adds names";
            return Some(refusal(StatusCode::MISDIRECTED_REQUEST, way_out));
        }
        if self.token.is_some_and(|token| sent_token(request).is_none_or(|sent| Digest::of(&sent) != token)) {
            let mut refused = refusal(StatusCode::UNAUTHORIZED, "the token of [serve] token_file is the password");
            let challenge = HeaderValue::from_static("Basic realm=\"offprint\", charset=\"UTF-8\"");
            refused.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            return Some(refused);
        }
        None
    }

    /// Whether a request names this server. Whoever changes the DNS record of a name of theirs to this address could read
    /// the answers to requests for that name, which a browser takes for theirs (DNS rebinding).
    fn is_asked_for(&self, request: &Parts) -> bool {
        let Some(named) = host::named(&request.uri, &request.headers) else { return false };
        let named = named.as_str().to_ascii_lowercase();
        let Some(LocalAddress(local)) = request.extensions.get() else { return false };
        own_names(*local).contains(&named) || self.hosts.contains(&named)
    }
}

/// The names of this machine at an address, as browsers spell them.
fn own_names(local: SocketAddr) -> Vec<String> {
    // An address of IPv4 that came to a listener of both is written as one.
    let ip = match local.ip().to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned(), ip];
    let with_port = names.iter().map(|name| format!("{name}:{}", local.port()));
    let bare = names.iter().filter(|_| local.port() == 80).cloned();
    with_port.chain(bare).collect()
}

fn sent_token(request: &Parts) -> Option<Vec<u8>> {
    let sent = request.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, value) = sent.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(value.trim().as_bytes().to_vec()),
        "basic" => {
            let credentials = BASE64.decode(value.trim().as_bytes()).ok()?;
            let colon = credentials.iter().position(|byte| *byte == b':')?;
            Some(credentials[colon + 1..].to_vec())
        }
        _ => None,
    }
}

/// A response of one line: the status and a sentence.
pub(super) fn refusal(status: StatusCode, sentence: &str) -> Response {
    whole(own(status, "text/plain; charset=utf-8"), format!("{status}: {sentence}\n"))
}

#[cfg(test)]
mod tests {
    use hyper::header::HOST;

    use super::*;

    fn request(method: Method, host: &str, authorization: Option<&str>) -> Parts {
        let mut request = hyper::Request::builder().method(method).uri("/").header(HOST, host);
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        let local: SocketAddr = "192.0.2.7:8700".parse().unwrap();
        request.extension(LocalAddress(local)).body(()).unwrap().into_parts().0
    }

    fn status(access: &Access, request: &Parts) -> u16 {
        access.refuse(request).map_or(200, |response| response.status().as_u16())
    }

    #[test]
    fn only_names_of_this_server_are_answered_exactly() {
        let access = Access::new(&["Archive.example".to_owned(), "archive.example:8443".to_owned()], None);
        for (host, expected) in [
            ("localhost:8700", 200),
            ("LOCALHOST:8700", 200),
            ("127.0.0.1:8700", 200),
            ("[::1]:8700", 200),
            ("192.0.2.7:8700", 200),
            ("archive.example", 200),
            ("archive.example:8443", 200),
            ("archive.example:8444", 421),
            ("localhost", 421),
            ("localhost:87", 421),
            ("localhost.evil.example:8700", 421),
            ("evil.example:8700", 421),
            ("127.0.0.1:8700@evil.example", 421),
            ("user@localhost:8700", 421),
            ("192.0.2.8:8700", 421),
            ("", 421),
        ] {
            assert_eq!(status(&access, &request(Method::GET, host, None)), expected, "{host:?}");
        }
        assert_eq!(own_names("[2001:db8::1]:80".parse().unwrap())[7], "[2001:db8::1]", "80 is left out");
    }

    #[test]
    fn a_listener_of_both_kinds_of_addresses_has_its_names_in_each() {
        let names = |local: &str| own_names(local.parse().unwrap());
        assert!(names("[::ffff:192.0.2.7]:8700").contains(&"192.0.2.7:8700".to_owned()));
        assert!(names("[2001:db8::1]:8700").contains(&"[2001:db8::1]:8700".to_owned()));
        for local in ["[::ffff:192.0.2.7]:8700", "192.0.2.7:8700", "[::1]:8700"] {
            assert!(names(local).contains(&"localhost:8700".to_owned()), "{local}");
        }
    }

    #[test]
    fn what_would_change_something_is_refused_first() {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::TRACE] {
            assert_eq!(status(&Access::default(), &request(method, "evil.example", None)), 405);
        }
        assert_eq!(status(&Access::default(), &request(Method::HEAD, "localhost:8700", None)), 200);
    }

    #[test]
    fn a_token_is_a_password_or_a_bearer_token() {
        let access = Access::new(&[], Some("open sesame"));
        let basic = |credentials: &str| format!("Basic {}", BASE64.encode(credentials.as_bytes()));
        for (sent, expected) in [
            (None, 401),
            (Some(basic("anyone:open sesame")), 200),
            (Some(basic(":open sesame")), 200),
            (Some(basic("open sesame")), 401),
            (Some(basic("anyone:open sesame ")), 401),
            (Some("Basic %%%".to_owned()), 401),
            (Some("bearer open sesame".to_owned()), 200),
            (Some("Bearer".to_owned()), 401),
            (Some("Digest open sesame".to_owned()), 401),
        ] {
            assert_eq!(status(&access, &request(Method::GET, "localhost:8700", sent.as_deref())), expected, "{sent:?}");
        }
        assert_eq!(status(&access, &request(Method::GET, "evil.example", None)), 421, "the name is looked at first");
    }
}
