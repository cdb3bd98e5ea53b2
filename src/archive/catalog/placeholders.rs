//! Blobs that a host sends for several URLs.

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::error::CatalogError;
use super::queue::QueueChanges;
use crate::model::{Digest, Exchange, HostKey, RunId, UrlId};

/// What a blob is that a host sends for several URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceholderVerdict {
    /// A placeholder for other images: it is not shown.
    Placeholder,
    /// One image that has several URLs.
    Genuine,
}

/// What is known of a blob that a host sends for several URLs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct SharedBlob {
    /// What a probe of the host found; `None` before a conclusive one.
    pub verdict: Option<PlaceholderVerdict>,
    /// It came in place of different images that are kept, and so is a new version of none of them.
    pub replaces_others: bool,
}

/// One of the URLs of a host that have the same asset.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct SharedUrl {
    /// Its row.
    pub id: UrlId,
    /// The URL.
    pub url: Url,
    /// The asset that it had before, where it had one that is kept.
    pub previous: Option<Digest>,
}

/// A placeholder to revoke, and from which URLs of its host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Revocation {
    /// The placeholder.
    pub digest: Digest,
    /// Only these URLs, whose own images it replaced, which is recorded; `None` for all URLs that have it.
    pub only: Option<Vec<UrlId>>,
    /// When they are due.
    pub next_attempt: Option<Timestamp>,
    /// Whether they are put into the queue at once.
    pub requeue: bool,
}

/// What a revocation changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Revoked {
    /// The URLs: each shows what it showed before, if anything.
    pub urls: Vec<UrlId>,
    /// How many of them got the placeholder in this run.
    pub of_this_run: u64,
    /// The articles that show them and are ready, and the jobs that were queued.
    pub changes: QueueChanges,
}

/// What detecting placeholders needs.
#[async_trait]
pub trait Placeholders: Send + Sync {
    /// Up to `limit` URLs of a host whose asset is this one.
    async fn urls_sharing(&self, host: &HostKey, digest: Digest, limit: usize) -> Result<Vec<SharedUrl>, CatalogError>;

    /// Assets that at least so many URLs of a host have, and for which the host was not probed yet.
    async fn unprobed_shared_blobs(&self, least: usize) -> Result<Vec<(HostKey, Digest)>, CatalogError>;

    /// What is known of the blobs that a host sends for several URLs.
    async fn shared_blobs(&self, host: &HostKey) -> Result<Vec<(Digest, SharedBlob)>, CatalogError>;

    /// Records the verdict of a probe, where it was conclusive, and appends its requests to their URLs' captures.
    async fn record_verdict(
        &self,
        run: RunId,
        host: &HostKey,
        digest: Digest,
        verdict: Option<PlaceholderVerdict>,
        asked: &[(UrlId, Vec<Exchange>)],
    ) -> Result<(), CatalogError>;

    /// Revokes a placeholder from URLs of a host: each has the good capture from before again, or none, and failed for
    /// [`Reason::Placeholder`](crate::model::Reason::Placeholder). The articles that show them become stale. The captures
    /// stay, the placeholder as evidence.
    async fn revoke(&self, run: RunId, host: &HostKey, what: &Revocation) -> Result<Revoked, CatalogError>;
}
