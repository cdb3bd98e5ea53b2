//! What an error of the HTTP client means.

use std::error::Error;

use super::client::whole_message;
use super::resolve::Unresolved;
use crate::model::{Failure, Reason};

/// An error before the head of an answer was there.
pub(super) fn of_head(error: &reqwest::Error) -> Failure {
    let reason = known_cause(error).unwrap_or(Reason::Connect);
    Failure::new(reason, whole_message(&Shown(error)))
}

/// Whether no connection came about within `fetch.connect_timeout`.
pub(super) fn is_connect_timeout(error: &reqwest::Error) -> bool {
    error.is_connect() && known_cause(error) == Some(Reason::Timeout)
}

/// An error while a body came.
pub(super) fn of_body(error: &reqwest::Error) -> Failure {
    let reason = known_cause(error).filter(|reason| *reason == Reason::Timeout).unwrap_or(Reason::Truncated);
    Failure::new(reason, whole_message(&Shown(error)))
}

fn known_cause(error: &reqwest::Error) -> Option<Reason> {
    let causes = std::iter::successors(Some(error as &(dyn Error + 'static)), |error| inner(*error));
    causes.filter_map(cause).last().or_else(|| error.is_timeout().then_some(Reason::Timeout))
}

/// An `io::Error` hides the error it wraps: its own source is that error's source.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| error.source())
}

fn cause(error: &(dyn Error + 'static)) -> Option<Reason> {
    if let Some(unresolved) = error.downcast_ref::<Unresolved>() {
        return Some(match unresolved {
            Unresolved::NoAddress(_) => Reason::Dns,
            Unresolved::Forbidden { .. } | Unresolved::ForbiddenPort { .. } => Reason::ForbiddenAddress,
        });
    }
    if error.is::<rustls::Error>() {
        return Some(Reason::Tls);
    }
    let breach = match (error.downcast_ref::<hyper::Error>(), error.downcast_ref::<h2::Error>()) {
        (Some(http), _) => http.is_parse() || http.is_parse_too_large(),
        (_, Some(http2)) => http2.reason().is_some_and(is_breach),
        _ => false,
    };
    breach.then_some(Reason::Protocol)
}

/// The codes of HTTP/2 that accuse the peer of breaking its rules, or a limit on heads (RFC 9113, section 7).
fn is_breach(code: h2::Reason) -> bool {
    use h2::Reason as Code;
    [Code::PROTOCOL_ERROR, Code::FLOW_CONTROL_ERROR, Code::FRAME_SIZE_ERROR, Code::COMPRESSION_ERROR].contains(&code)
}

/// An error without the URL, which the message would repeat.
#[derive(Debug)]
struct Shown<'a>(&'a reqwest::Error);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match (self.0.is_connect(), self.0.is_timeout()) {
            (_, true) => "timed out",
            (true, _) => "cannot connect",
            _ => "the exchange broke",
        })
    }
}

impl Error for Shown<'_> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
