//! Facts, and the queue of work.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::rows::{
    ArticleId, ArticleRow, AssetRow, BlobRow, CompletedJob, Job, JobId, Lease, NewReference, PlaceholderVerdict,
    QueueChanges, ReferenceRow, Revision, Revocation, Revoked, RunId, RunRow, SharedBlob, SharedUrl, ThumbnailRow,
    Totals, UrlId, UrlRow, VersionRow, Worker, WriteOutcome,
};
use crate::model::{ArticleKey, ArticleVersion, Digest, Edit, Exchange, Fingerprint, HostKey, HostState, MediaType};

/// Facts about articles, URLs, captures and blobs, and the queue of what to fetch.
///
/// Each method is one transaction: when it returns, what it was told outlives a loss of power. Finishing a job and
/// recording its capture is one of them. Every implementation passes the suite in `tests/it/catalog.rs`.
#[async_trait]
pub trait Catalog: Send + Sync {
    // Runs.

    /// Opens a run.
    async fn begin_run(&self, at: Timestamp) -> Result<RunId, CatalogError>;
    /// Closes a run with its report.
    async fn finish_run(&self, run: RunId, at: Timestamp, report: &str) -> Result<(), CatalogError>;
    /// The newest runs, newest first.
    async fn runs(&self, limit: usize) -> Result<Vec<RunRow>, CatalogError>;

    // Articles.

    /// One article.
    async fn article(&self, key: &ArticleKey) -> Result<Option<ArticleRow>, CatalogError>;
    /// One article by its row.
    async fn article_by_id(&self, id: ArticleId) -> Result<Option<ArticleRow>, CatalogError>;
    /// Up to `limit` articles after this key, in the order of their keys; of one source where one is named.
    async fn articles(
        &self,
        source: Option<&str>,
        after: Option<&ArticleKey>,
        limit: usize,
    ) -> Result<Vec<ArticleRow>, CatalogError>;
    /// Records a version with its references, puts what is due of them into the queue and makes the article stale.
    /// URLs that are new, or failed and due at `version.read_at`, are due. The original is a durable blob already.
    async fn record_article(
        &self,
        version: &ArticleVersion,
        size: u64,
        references: &[NewReference],
    ) -> Result<(ArticleId, QueueChanges), CatalogError>;
    /// The file was touched, or came back, but its content is the one on record.
    async fn touch_article(&self, id: ArticleId, fingerprint: Fingerprint) -> Result<(), CatalogError>;
    /// Articles that are no longer among their source's.
    async fn mark_vanished(&self, ids: &[ArticleId]) -> Result<(), CatalogError>;
    /// Up to `limit` stale articles after this one of which nothing is left in the queue, in order.
    async fn ready_articles(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<ArticleId>, CatalogError>;
    /// Up to `limit` stale articles after this one, whatever is left in the queue, in order.
    async fn stale_articles(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<ArticleId>, CatalogError>;
    /// Every version of an article, oldest first; the last is the one that is mirrored.
    async fn versions(&self, id: ArticleId) -> Result<Vec<VersionRow>, CatalogError>;
    /// An article's references, in the order of their spans.
    async fn references(&self, id: ArticleId) -> Result<Vec<ReferenceRow>, CatalogError>;
    /// Records a mirror's digest and edits before its file is written. A conflict where the article's revision is no
    /// longer `planned`: it became stale again, and that mirror would be an old one.
    async fn record_mirror(
        &self,
        id: ArticleId,
        planned: Revision,
        digest: Digest,
        edits: &[Edit],
    ) -> Result<WriteOutcome, CatalogError>;
    /// The mirrored file has appeared: the article is no longer stale.
    async fn finish_mirror(&self, id: ArticleId, fingerprint: Fingerprint) -> Result<(), CatalogError>;
    /// The splices that made an article's mirror, in order.
    async fn edits(&self, id: ArticleId) -> Result<Vec<Edit>, CatalogError>;
    /// Makes articles stale that show one of these URLs, because what is known of it changed, and gives those ready.
    async fn refresh_articles_of(&self, urls: &[UrlId]) -> Result<QueueChanges, CatalogError>;
    /// The keys of up to `limit` articles that show a URL.
    async fn articles_of(&self, url: UrlId, limit: usize) -> Result<Vec<ArticleKey>, CatalogError>;

    // The queue.

    /// Puts every URL whose next attempt is due into the queue, and gives their number.
    async fn enqueue_due(&self, now: Timestamp) -> Result<u64, CatalogError>;
    /// How many jobs are in the queue.
    async fn queued(&self) -> Result<u64, CatalogError>;
    /// Leases up to `limit` hosts that have jobs, are not leased and may be asked now, longest due first.
    async fn lease(
        &self,
        worker: &Worker,
        limit: usize,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Vec<Lease>, CatalogError>;
    /// Prolongs a lease.
    async fn renew(&self, lease: &Lease, ttl: Duration, now: Timestamp) -> Result<Option<Lease>, CatalogError>;
    /// Up to `limit` jobs of a leased host after this one.
    async fn jobs(&self, lease: &Lease, after: Option<JobId>, limit: usize) -> Result<Vec<Job>, CatalogError>;
    /// Ends a job: appends its captures, records what was kept, takes it from the queue. Gives the articles that
    /// became ready: those stale already, and those that turn stale because a URL of theirs got its first good
    /// capture. Where a good capture replaces other bytes, mirrored articles keep them as what they show first.
    async fn complete_jobs(
        &self,
        lease: &Lease,
        run: RunId,
        outcomes: Vec<CompletedJob>,
    ) -> Result<(WriteOutcome, QueueChanges), CatalogError>;
    /// Gives a lease back with what was learned of the host.
    async fn release(&self, lease: &Lease, state: &HostState) -> Result<WriteOutcome, CatalogError>;

    // What a host sends for several URLs.

    /// Up to `limit` URLs of a host whose asset is this one.
    async fn urls_sharing(&self, host: &HostKey, digest: Digest, limit: usize) -> Result<Vec<SharedUrl>, CatalogError>;
    /// Assets that at least so many URLs of a host have, and for which the host was not probed yet.
    async fn unprobed_shared_blobs(&self, least: usize) -> Result<Vec<(HostKey, Digest)>, CatalogError>;
    /// Puts URLs into the queue whether they are due or not, and gives how many were not in it.
    async fn enqueue(&self, urls: &[UrlId]) -> Result<u64, CatalogError>;
    /// What is known of the blobs that a host sends for several URLs.
    async fn shared_blobs(&self, host: &HostKey) -> Result<Vec<(Digest, SharedBlob)>, CatalogError>;
    /// Records the verdict of a probe, where it was conclusive, with its requests: they are appended to their URLs'
    /// captures.
    async fn record_verdict(
        &self,
        run: RunId,
        host: &HostKey,
        digest: Digest,
        verdict: Option<PlaceholderVerdict>,
        asked: &[(UrlId, Vec<Exchange>)],
    ) -> Result<(), CatalogError>;
    /// Revokes a placeholder from URLs of a host: each has the good capture from before again, or none, and failed for
    /// `Reason::Placeholder`. The articles that show them become stale. The captures stay, the placeholder as evidence.
    async fn revoke(&self, run: RunId, host: &HostKey, what: &Revocation) -> Result<Revoked, CatalogError>;

    // URLs, blobs and thumbnails.

    /// What is known of a URL.
    async fn url(&self, url: &Url) -> Result<Option<UrlRow>, CatalogError>;
    /// Up to `limit` URLs after this one that have no good capture or whose last attempt failed.
    async fn failing_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError>;
    /// Every capture of a URL, oldest first.
    async fn captures(&self, url: UrlId) -> Result<Vec<Exchange>, CatalogError>;
    /// Every host that was ever asked, with what was learned of it.
    async fn hosts(&self) -> Result<Vec<(HostKey, HostState)>, CatalogError>;
    /// The kind of a blob that is on record, and its size.
    async fn blob(&self, digest: Digest) -> Result<Option<(MediaType, u64)>, CatalogError>;
    /// Records a blob that is no URL's, such as an article's original. It is durable already.
    async fn record_blob(
        &self,
        digest: Digest,
        media_type: MediaType,
        size: u64,
        at: Timestamp,
    ) -> Result<(), CatalogError>;
    /// Records thumbnails that were made or could not be. They are durable already.
    async fn record_thumbnails(&self, rows: &[ThumbnailRow]) -> Result<(), CatalogError>;
    /// The thumbnails on record of a blob.
    async fn thumbnails(&self, original: Digest) -> Result<Vec<ThumbnailRow>, CatalogError>;
    /// Sums over everything.
    async fn totals(&self) -> Result<Totals, CatalogError>;

    // What `verify` and `gc` ask and do.

    /// What the database finds when it checks itself: one line each, none where it is whole.
    async fn integrity(&self) -> Result<Vec<String>, CatalogError>;
    /// The blobs on record whose digest starts with this byte, in order of digest.
    async fn blobs_on_record(&self, shard: u8) -> Result<Vec<BlobRow>, CatalogError>;
    /// The assets on record whose digest starts with this byte, in order of digest.
    async fn assets_on_record(&self, shard: u8) -> Result<Vec<AssetRow>, CatalogError>;
    /// The thumbnails on record of blobs whose digest starts with this byte, in order of digest.
    async fn thumbnails_on_record(&self, shard: u8) -> Result<Vec<ThumbnailRow>, CatalogError>;
    /// The URLs that a blob was ever captured from.
    async fn urls_of(&self, digest: Digest) -> Result<Vec<Url>, CatalogError>;
    /// The articles of which a blob is the original, in the newest version or an older one.
    async fn articles_of_original(&self, digest: Digest) -> Result<Vec<ArticleKey>, CatalogError>;
    /// Makes articles stale, so that their mirrors are written again.
    async fn make_stale(&self, articles: &[ArticleId]) -> Result<(), CatalogError>;
    /// Forgets thumbnails, named by the blob and the size, and makes the articles stale that show the blob.
    async fn forget_thumbnails(&self, thumbnails: &[(Digest, String)]) -> Result<(), CatalogError>;
    /// An asset's bytes are lost: its URLs have no good capture any more and are due now, its thumbnails are
    /// forgotten, and the articles that show it are stale. The captures stay as they were.
    async fn lose_asset(&self, digest: Digest, now: Timestamp) -> Result<(), CatalogError>;
    /// Of the blobs whose digest starts with this byte, those recorded before a moment that are no URL's asset, now or
    /// before, no URL's newest refused body, and no version of an article.
    async fn unreferenced_blobs(&self, shard: u8, before: Timestamp) -> Result<Vec<BlobRow>, CatalogError>;
    /// Forgets a blob with its thumbnails, unless something refers to it by now; whether it is forgotten.
    async fn forget_blob(&self, digest: Digest, media_type: MediaType) -> Result<bool, CatalogError>;
}

/// The catalog could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The database refused.
    #[error("the catalog {place}: {cause}")]
    Database {
        /// Where it is.
        place: String,
        /// Why.
        cause: String,
    },
    /// It was written by a newer offprint.
    #[error(
        "the catalog {place} has schema version {found}, and this offprint knows up to {known}: use a newer offprint"
    )]
    TooNew {
        /// Where it is.
        place: String,
        /// The version in the file.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// A row holds what no offprint writes.
    #[error("the catalog holds a {what} that cannot be read: {value}; `offprint verify` tells more")]
    Damaged {
        /// What the value should be.
        what: &'static str,
        /// What it is.
        value: String,
    },
    /// The disk is full.
    #[error("no room left on the disk for the catalog {place}")]
    Full {
        /// Where it is.
        place: String,
    },
}
