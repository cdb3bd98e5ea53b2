//! Attempts to fetch a URL, and what is known of the host that answers.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempPath;
use url::Url;

use super::digest::Digest;
use super::reference::named;

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
        /// The host name has no address.
        Dns = "dns",
        /// The TLS handshake failed.
        Tls = "tls",
        /// No connection, or it broke.
        Connect = "connect",
        /// The answer breaks the rules of HTTP or exceeds a limit on heads.
        Protocol = "protocol",
        /// The address is one that articles must not reach.
        ForbiddenAddress = "forbidden_address",
        /// The redirects loop or are too many.
        TooManyRedirects = "too_many_redirects",
        /// robots.txt forbids it.
        Robots = "robots",
        /// The host answered with a stand-in for the image.
        Placeholder = "placeholder",
        /// The image is too small to be anything but a tracker.
        TrackingPixel = "tracking_pixel",
        /// The URL is not one that can be requested.
        BadUrl = "bad_url",
        /// The host is not being asked at present.
        HostDown = "host_down",
        /// The run's budget is used up.
        Budget = "budget",
        /// The local file that the article names is missing or lies outside its source.
        LocalFile = "local_file",
    }
}

/// Who answers a URL, and so who is paced: `host`, or `host:port` where the port is not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostKey(String);

impl HostKey {
    /// The host that answers this URL, `file:` for all files of this machine, and `ni:` for all that was found inside
    /// articles; `None` where it names none.
    pub fn of(url: &Url) -> Option<Self> {
        if matches!(url.scheme(), "file" | "ni") {
            return Some(Self(format!("{}:", url.scheme())));
        }
        let host = url.host_str()?;
        Some(Self(match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }))
    }

    /// The key as it was written to a catalog.
    pub fn from_stored(key: String) -> Self {
        Self(key)
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

named! {
    /// What Referer a host is sent: the steps of the ladder, in the order they are climbed.
    pub enum RefererRung {
        /// None at all.
        Nothing = "none",
        /// The origin of the image itself.
        ImageOrigin = "image_origin",
        /// The article's URL, without query and credentials.
        Article = "article",
        /// The value configured for the host.
        Configured = "configured",
    }
}

/// What has been learned about a host and is kept from run to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostState {
    /// The step of the Referer ladder that last worked.
    pub rung: RefererRung,
    /// Connection failures since the last answer.
    pub failures: u32,
    /// The breaker is open: the host is not asked before this moment.
    pub open_until: Option<Timestamp>,
    /// The host asked to be left alone until this moment (`Retry-After`).
    pub not_before: Option<Timestamp>,
    /// The spacing between requests that the host has been slowed down to, beyond the configured one.
    pub delay: Duration,
}

impl Default for HostState {
    fn default() -> Self {
        Self { rung: RefererRung::Nothing, failures: 0, open_until: None, not_before: None, delay: Duration::ZERO }
    }
}

/// One request and its answer, as sent and received. A capture that followed redirects has one per hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The URL asked for.
    pub url: Url,
    /// When the request was sent.
    pub at: Timestamp,
    /// How long until the body's end, or the failure.
    pub elapsed: Duration,
    /// The request line and headers, in the form of HTTP/1.1; configured secrets are redacted.
    pub request_head: Vec<u8>,
    /// The status line and headers, in the form of HTTP/1.1; `None` where no answer came.
    pub response_head: Option<Vec<u8>>,
    /// The status code.
    pub status: Option<u16>,
    /// The address that answered.
    pub peer: Option<SocketAddr>,
    /// The protocol spoken: `http/1.1` or `h2`.
    pub protocol: Option<&'static str>,
    /// The digest of the body, where it was kept or only looked at.
    pub digest: Option<Digest>,
    /// The length of the body in bytes.
    pub length: u64,
    /// Why the exchange gave no good body; `None` for a redirect, a 304 and a success.
    pub reason: Option<Reason>,
}

/// A moment after another; the last one there is, where that lies beyond.
pub fn later(moment: Timestamp, by: Duration) -> Timestamp {
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// What a later request can ask a server to compare with (RFC 9110, section 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`, as received.
    pub etag: Option<String>,
    /// `Last-Modified`, as received.
    pub last_modified: Option<String>,
}

/// Bytes in a temporary file of the archive, hashed and not yet kept. The file goes when this is dropped.
#[derive(Debug)]
pub struct Staged {
    /// The temporary file.
    pub path: TempPath,
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many bytes it has.
    pub length: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_key_names_the_port_only_where_it_is_unusual() {
        let key = |url: &str| HostKey::of(&Url::parse(url).unwrap()).map(|key| key.to_string());
        assert_eq!(key("https://example.org/a").as_deref(), Some("example.org"));
        assert_eq!(key("http://example.org:8080/a").as_deref(), Some("example.org:8080"));
        assert_eq!(key("http://example.org:80/").as_deref(), Some("example.org"));
        assert_eq!(key("mailto:someone@example.org"), None);
    }
}
