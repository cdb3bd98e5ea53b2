//! What an error of the HTTP client means, for the URL and for the host.

use std::error::Error;

use super::causes::{causes, whole_message};
use super::descriptors::are_exhausted;
use super::resolve::Unresolved;
use crate::model::{Failure, Reason};

/// Why no response came.
#[derive(Debug)]
pub(crate) struct NoResponse {
    /// The failure of the URL.
    pub(crate) failure: Failure,
    /// What it says of the host.
    pub(crate) sign: HostSign,
}

/// What a failed request says of its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostSign {
    /// No connection came about within `fetch.connect_timeout`.
    ConnectTimeout,
    /// The name has no address, or no connection came about.
    Unreachable,
    /// The host took a connection and the request, and then broke the exchange.
    Alive,
    /// Nothing: the address was refused here, the host failed at TLS, or it broke the rules of HTTP.
    Nothing,
    /// This process has no descriptor left.
    NoDescriptors,
}

/// An error before the head of a response was there.
pub(crate) fn no_response(error: &reqwest::Error) -> NoResponse {
    let reason = known_reason(error).unwrap_or(Reason::Connect);
    let sign = match reason {
        _ if are_exhausted(error) => HostSign::NoDescriptors,
        Reason::Timeout if error.is_connect() => HostSign::ConnectTimeout,
        Reason::Timeout | Reason::Dns => HostSign::Unreachable,
        Reason::Connect if error.is_connect() => HostSign::Unreachable,
        Reason::Connect => HostSign::Alive,
        _ => HostSign::Nothing,
    };
    NoResponse { failure: Failure::new(reason, whole_message(&WithoutUrl(error))), sign }
}

/// An error while a body was received.
pub(crate) fn broken_body(error: &reqwest::Error) -> Failure {
    let reason = known_reason(error).filter(|reason| *reason == Reason::Timeout).unwrap_or(Reason::Truncated);
    Failure::new(reason, whole_message(&WithoutUrl(error)))
}

/// Whether the peer closed the connection without the end that its protocol has: TLS without `close_notify`.
pub(crate) fn is_unclean_close(error: &reqwest::Error) -> bool {
    let io_errors = causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    io_errors.last().is_some_and(|error| error.kind() == std::io::ErrorKind::UnexpectedEof)
}

fn known_reason(error: &reqwest::Error) -> Option<Reason> {
    causes(error).filter_map(reason).last().or_else(|| error.is_timeout().then_some(Reason::Timeout))
}

fn reason(error: &(dyn Error + 'static)) -> Option<Reason> {
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
        (Some(http), _) => http.is_parse(),
        (_, Some(http2)) => http2.reason().is_some_and(is_breach),
        _ => false,
    };
    breach.then_some(Reason::Protocol)
}

/// The error codes of HTTP/2 that accuse the peer of breaking its rules, or a limit on heads (RFC 9113, section 7).
fn is_breach(code: h2::Reason) -> bool {
    use h2::Reason as Code;
    [Code::PROTOCOL_ERROR, Code::FLOW_CONTROL_ERROR, Code::FRAME_SIZE_ERROR, Code::COMPRESSION_ERROR].contains(&code)
}

/// An error without its URL, which the failure names already.
#[derive(Debug)]
struct WithoutUrl<'a>(&'a reqwest::Error);

impl std::fmt::Display for WithoutUrl<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match (self.0.is_connect(), self.0.is_timeout()) {
            (_, true) => "timed out",
            (true, _) => "cannot connect",
            _ => "the exchange broke off",
        })
    }
}

impl Error for WithoutUrl<'_> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
