//! The queue of URLs to request, the leases of hosts, and what became of jobs.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::captures::UrlRow;
use super::error::CatalogError;
use crate::config::{ChangedImages, Recheck};
use crate::model::{
    ArticleId, Asset, Digest, Exchange, Failure, HostKey, HostState, JobId, ReferenceKind, RunId, UrlId, Validators,
};

/// Who leases hosts: unique to a process and run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker(pub String);

/// The right to request from one host, until `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Lease {
    /// The host.
    pub host: HostKey,
    /// Grows with every lease of the host: what a worker writes under an older one is rejected.
    pub epoch: i64,
    /// When it ends by itself.
    pub until: Timestamp,
    /// What is known of the host.
    pub state: HostState,
    /// How many jobs it had in the queue when it was leased.
    pub jobs: u64,
}

/// One URL to request.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Job {
    /// Its place in the queue.
    pub id: JobId,
    /// What to request.
    pub url: UrlRow,
    /// The URL of the first article that shows it, which some hosts require as the Referer.
    pub article_url: Option<Url>,
    /// When that article was published, if it says so: web archives are asked for a capture of that time.
    pub article_published: Option<Timestamp>,
    /// The kind of that article's first reference to it.
    pub kind: ReferenceKind,
}

/// A job that was worked on, and how it ended.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct CompletedJob {
    /// The job.
    pub job: JobId,
    /// Its URL.
    pub url: UrlId,
    /// When it ended.
    pub at: Timestamp,
    /// Every request and response, in order. They are appended to the URL's captures. What is kept of bodies that are no
    /// images is durable already.
    pub exchanges: Vec<Exchange>,
    /// How it ended.
    pub result: JobResult,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub enum JobResult {
    /// A good capture. Its blob is durable already.
    Kept {
        /// The digest.
        digest: Digest,
        /// Its size in bytes.
        size: u64,
        /// What it is.
        asset: Asset,
        /// The validators for later conditional requests.
        validators: Validators,
        /// When to request it again; `None` for never.
        next_attempt: Option<Timestamp>,
    },
    /// Not modified: the good capture is still current.
    NotModified {
        /// When to request it again; `None` for never.
        next_attempt: Option<Timestamp>,
    },
    /// No good capture. The one from before stays.
    Failed {
        /// Why.
        failure: Failure,
        /// When to try again; `None` retires the URL.
        next_attempt: Option<Timestamp>,
    },
    /// It was not requested.
    Deferred {
        /// Why not.
        failure: Failure,
        /// When to try.
        next_attempt: Timestamp,
    },
}

impl JobResult {
    /// The blob of a good capture that was just made.
    pub const fn kept(&self) -> Option<Digest> {
        match self {
            Self::Kept { digest, .. } => Some(*digest),
            Self::NotModified { .. } | Self::Failed { .. } | Self::Deferred { .. } => None,
        }
    }
}

/// Whether a conditional write was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// It was.
    Applied,
    /// It was rejected and changed nothing: another worker leases the host by now, or the article became stale again.
    Conflict,
}

/// What a commit changed in the queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct QueueChanges {
    /// Stale articles of which no URL is queued any more.
    pub ready_articles: Vec<ArticleId>,
    /// Jobs that were put into the queue.
    pub queued: u64,
    /// URLs with a good capture whose asset another URL of their host has, too.
    pub sharing: Vec<UrlId>,
}

/// What working through the queue needs.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Queues every URL that some article shows and that is due, longest due first, and gives their number. A moment
    /// further ahead than `horizon` was written by a clock that was ahead: such a URL is due, and such a host may be
    /// requested.
    async fn enqueue_due(&self, now: Timestamp, horizon: Duration) -> Result<u64, CatalogError>;

    /// Queues those of some URLs that an article shows, due or not, and gives how many were not queued yet.
    async fn enqueue(&self, urls: &[UrlId]) -> Result<u64, CatalogError>;

    /// Makes good images due again when these settings say so, counted from their last good capture.
    async fn reschedule_rechecks(&self, recheck: Recheck) -> Result<(), CatalogError>;

    /// Closes the circuit breakers of hosts, so that requests may be sent now. A wait that a host asked for stays.
    async fn close_breakers(&self, hosts: &[HostKey]) -> Result<(), CatalogError>;

    /// Up to `limit` URLs after this one that are queued.
    async fn queued_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError>;

    /// Up to `limit` URLs after this one that [`Queue::enqueue_due`] queues or finds queued.
    async fn due_urls(
        &self,
        now: Timestamp,
        horizon: Duration,
        after: Option<UrlId>,
        limit: usize,
    ) -> Result<Vec<UrlRow>, CatalogError>;

    /// How many jobs are queued.
    async fn queued(&self) -> Result<u64, CatalogError>;

    /// Leases up to `limit` hosts that have jobs, are not leased and may be requested now, in the order in which they
    /// became ready.
    async fn lease(
        &self,
        worker: &Worker,
        limit: usize,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Vec<Lease>, CatalogError>;

    /// Prolongs a lease; `None` if it is no longer held.
    async fn renew(&self, lease: &Lease, ttl: Duration, now: Timestamp) -> Result<Option<Lease>, CatalogError>;

    /// Up to `limit` jobs of a leased host after this one; none if the lease is no longer held.
    async fn jobs(&self, lease: &Lease, after: Option<JobId>, limit: usize) -> Result<Vec<Job>, CatalogError>;

    /// Ends jobs: appends their captures, records what was kept, takes them from the queue, and makes the articles
    /// stale that show something else now. If a good capture replaces other bytes, mirrored articles keep those as what
    /// they showed first; `changed` says whether they go on showing them. Skips a job that is no longer queued.
    async fn complete_jobs(
        &self,
        lease: &Lease,
        run: RunId,
        jobs: Vec<CompletedJob>,
        changed: ChangedImages,
    ) -> Result<(WriteOutcome, QueueChanges), CatalogError>;

    /// What is known of a host; `None` where it was never asked.
    async fn host(&self, host: &HostKey) -> Result<Option<HostState>, CatalogError>;

    /// Records what was learned of a host by who does not lease it. It holds the host as what a lease brings back does.
    async fn record_host(&self, host: &HostKey, state: &HostState) -> Result<(), CatalogError>;

    /// Gives a lease back with what was learned of the host.
    async fn release(&self, lease: &Lease, state: &HostState) -> Result<WriteOutcome, CatalogError>;
}
