//! Why a URL has no good capture.

use jiff::Timestamp;

use super::named::named;
use super::start::start_of;

named! {
    /// Why a URL has no good capture. This list is closed: reports and exports rely on it.
    pub enum Reason {
        /// The status was neither a success nor a redirect.
        HttpStatus = "http_status",
        /// The body is of another kind than the reference shows.
        NotAnImage = "not_an_image",
        /// The body ends early.
        Truncated = "truncated",
        /// The body does not match the digest that its headers promise.
        DigestMismatch = "digest_mismatch",
        /// The body, or the article, is larger than the limit.
        TooLarge = "too_large",
        /// The body arrives slower than the minimum rate.
        TooSlow = "too_slow",
        /// A wait took longer than its limit.
        Timeout = "timeout",
        /// The host name has no IP address.
        Dns = "dns",
        /// The TLS handshake failed.
        Tls = "tls",
        /// No connection, or it broke.
        Connect = "connect",
        /// The response breaks the rules of HTTP or exceeds a limit on heads.
        Protocol = "protocol",
        /// The IP address is one that articles must not reach.
        ForbiddenAddress = "forbidden_address",
        /// The redirects loop or are too many.
        TooManyRedirects = "too_many_redirects",
        /// robots.txt forbids it.
        Robots = "robots",
        /// The host sent the same image in place of others.
        Placeholder = "placeholder",
        /// The image is too small to be anything but a tracker.
        TrackingPixel = "tracking_pixel",
        /// The URL is not one that can be requested.
        BadUrl = "bad_url",
        /// Requests to the host are suspended at present.
        HostDown = "host_down",
        /// The run's budget is used up.
        Budget = "budget",
        /// The local file that the article names is missing or lies outside its source.
        LocalFile = "local_file",
        /// It was taken down by `offprint forget`.
        TakenDown = "taken_down",
        /// Something else lies in the archive where the image belongs, so that it cannot be kept.
        NotKept = "not_kept",
    }
}

/// Why an attempt to get something failed. One type from the socket to the report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Failure {
    /// The reason, as reports and the catalog name it.
    pub reason: Reason,
    /// The status of the response, where one came.
    pub status: Option<u16>,
    /// One sentence for a person: what happened, and what can be done about it.
    pub detail: String,
    /// The URL must not be requested before this moment (`Retry-After`, an open circuit breaker), so it is deferred and
    /// not counted as failed. `None` if the failure is the URL's own.
    pub retry_at: Option<Timestamp>,
}

/// The most characters of a detail. A host decides about some of them.
pub const LONGEST_DETAIL: usize = 2000;

impl Failure {
    /// A failure of the URL itself, without a status.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, status: None, detail: start_of(detail.into(), LONGEST_DETAIL), retry_at: None }
    }

    /// The same failure, with the status of its response.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// The same failure, deferred until this moment.
    #[must_use]
    pub fn deferred_until(self, moment: Timestamp) -> Self {
        Self { retry_at: Some(moment), ..self }
    }

    /// Whether the failure says that the image no longer exists at its URL, so that a web archive is worth asking.
    pub const fn is_gone(&self) -> bool {
        match self.reason {
            Reason::HttpStatus => matches!(self.status, Some(404 | 410)),
            Reason::Dns | Reason::NotAnImage | Reason::Placeholder => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_reasons_are_in_snake_case_and_lead_back() {
        for reason in Reason::ALL {
            let name = reason.as_str();
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert_eq!(Reason::from_name(name), Some(*reason));
            assert_eq!(reason.to_string(), name);
            let json = serde_json::to_string(reason).unwrap();
            assert_eq!(json, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), *reason);
        }
        let unknown = serde_json::from_str::<Reason>("\"bad_luck\"").unwrap_err().to_string();
        assert!(unknown.contains("\"bad_luck\" is no Reason"), "{unknown}");
    }

    #[test]
    fn a_web_archive_is_asked_only_for_what_is_gone() {
        for (reason, status, gone) in [
            (Reason::HttpStatus, Some(404), true),
            (Reason::HttpStatus, Some(410), true),
            (Reason::HttpStatus, Some(403), false),
            (Reason::HttpStatus, Some(503), false),
            (Reason::HttpStatus, None, false),
            (Reason::Dns, None, true),
            (Reason::NotAnImage, Some(200), true),
            (Reason::Placeholder, Some(200), true),
            (Reason::Connect, None, false),
            (Reason::Timeout, None, false),
            (Reason::Robots, None, false),
            (Reason::TakenDown, None, false),
            (Reason::LocalFile, None, false),
        ] {
            let failure = Failure { status, ..Failure::new(reason, "") };
            assert_eq!(failure.is_gone(), gone, "{reason} {status:?}");
        }
    }

    #[test]
    fn a_failure_is_the_urls_own_until_somebody_defers_it() {
        let failure = Failure::new(Reason::Timeout, "it took too long");
        assert_eq!((failure.status, failure.retry_at), (None, None));
        let moment = Timestamp::UNIX_EPOCH;
        let deferred = failure.clone().with_status(503).deferred_until(moment);
        assert_eq!((deferred.status, deferred.retry_at), (Some(503), Some(moment)));
        assert_eq!((deferred.reason, deferred.detail), (failure.reason, failure.detail));
    }
}
