//! Exchanges with hosts, and what is kept of them.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::digest::Digest;
use super::failure::Reason;
use super::ids::{CaptureId, RunId};
use super::media_type::MediaType;
use super::named::named;
use super::path::SourceName;

named! {
    /// What the URL of a capture was requested as.
    pub enum CaptureKind {
        /// An image or other media of an article.
        Media = "media",
        /// A page, or a style sheet of one.
        Page = "page",
        /// A feed.
        Feed = "feed",
        /// A sitemap.
        Sitemap = "sitemap",
        /// The robots.txt of an origin (RFC 9309).
        Robots = "robots",
    }
}

/// One attempt to get a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Capture {
    /// Its row.
    pub id: CaptureId,
    /// The run that made it.
    pub run: RunId,
    /// When its first request was sent.
    pub at: Timestamp,
    /// The URL that was to be got. Its exchanges may be with others: redirects, and web archives.
    pub url: Url,
    /// What it was requested as.
    pub kind: CaptureKind,
    /// The source that requested it; `None` for media and robots.txt, which serve every source.
    pub source: Option<SourceName>,
    /// Every request and response, in order; at least one.
    pub exchanges: Vec<Exchange>,
    /// The digest of the asset that was kept; `None` if none was. Documents are no assets: the exchanges name their bodies.
    pub digest: Option<Digest>,
    /// When later requests found the same, in order. Only captures of documents have such.
    pub revisits: Vec<Revisit>,
}

/// A request that gave what an earlier capture has: that is not kept twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Revisit {
    /// The run that made it.
    pub run: RunId,
    /// When it was sent.
    pub at: Timestamp,
    /// The status of its response: 304, or that of the capture where the host sent the same bytes again.
    pub status: u16,
}

/// One request and its answer, as sent and received. A capture that followed redirects has one per hop.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Exchange {
    /// The requested URL.
    pub url: Url,
    /// When the request was sent.
    pub at: Timestamp,
    /// How long until the body's end, or the failure.
    pub elapsed: Duration,
    /// The request line and headers, in the form of HTTP/1.1; configured secrets are redacted.
    pub request_head: Vec<u8>,
    /// The status line and headers, in the form of HTTP/1.1; `None` if no answer came.
    pub response_head: Option<Vec<u8>>,
    /// The status code.
    pub status: Option<u16>,
    /// The IP address and port of the server.
    pub peer: Option<SocketAddr>,
    /// The protocol spoken: `http/1.1` or `h2`.
    pub protocol: Option<&'static str>,
    /// The content codings that were undone, in the order in which they were applied, such as `gzip`; empty if there
    /// were none (RFC 9110, section 8.4). Digest, length and kept bytes are those of the decoded body.
    pub coding: String,
    /// The digest of the body, where all of it was read.
    pub digest: Option<Digest>,
    /// The length of the body in bytes.
    pub length: u64,
    /// The body of a redirect, of a response that was not accepted, or of a document, where it is kept.
    pub body: Option<KeptBody>,
    /// Why the exchange gave no good body; `None` for a redirect, a 304 and a success.
    pub reason: Option<Reason>,
}

/// A body that is kept as what a host sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct KeptBody {
    /// The digest of its bytes.
    pub digest: Digest,
    /// What the bytes are, from their content.
    pub media_type: MediaType,
    /// How many bytes it has.
    pub length: u64,
}

/// What a later request can ask a server to compare with (RFC 9110, section 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Validators {
    /// `ETag`, as received.
    pub etag: Option<String>,
    /// `Last-Modified`, as received.
    pub last_modified: Option<String>,
}
