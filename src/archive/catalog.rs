//! Facts, and the queue of work.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use crate::model::{
    ArticleKey, ArticleVersion, Asset, Digest, Edit, Exchange, Fingerprint, Format, HostKey, HostState, Kind,
    MediaType, Reason, Span, Validators,
};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);
    )* };
}

ids! {
    /// An article's row.
    ArticleId
    /// A URL's row.
    UrlId
    /// A piece of work in the queue.
    JobId
    /// A run's row.
    RunId
    /// How often an article has become stale.
    Revision
}

/// Who leases work: unique to a process and run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker(pub String);

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its row.
    pub id: RunId,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; `None` where it was cut off or is under way.
    pub ended: Option<Timestamp>,
    /// Its report, as JSON; empty until it ended.
    pub report: String,
}

/// What is to be done with an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArticleState {
    /// Its mirror is to be written (again), once nothing of it is left in the queue.
    Stale,
    /// Its mirror is written.
    Mirrored,
    /// Its mirror is written, and it is no longer among its source's articles.
    Vanished,
}

/// One article, in its newest version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArticleRow {
    /// Its row.
    pub id: ArticleId,
    /// The version it was mirrored from.
    pub version: ArticleVersion,
    /// What is to be done with it.
    pub state: ArticleState,
    /// Grows whenever it becomes stale.
    pub revision: Revision,
    /// The digest of the mirrored file, and what tells that it was not touched; `None` until it is written.
    pub mirror: Option<(Digest, Fingerprint)>,
}

/// One version of an article, now or before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRow {
    /// The digest of the original.
    pub original: Digest,
    /// How it is written.
    pub format: Format,
    /// Its title.
    pub title: Option<String>,
    /// When it was published, as it says.
    pub published: Option<Timestamp>,
    /// When it was read.
    pub read_at: Timestamp,
}

/// A reference as an article's extraction hands it to the catalog. Only what a mirror needs again is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReference {
    /// The bytes of the original.
    pub span: Span,
    /// What kind of place it is.
    pub kind: Kind,
    /// The attribute or key that holds it.
    pub name: String,
    /// Which references show the same picture.
    pub picture: u32,
    /// What to fetch; `None` where the reference names nothing that can be fetched.
    pub url: Option<Url>,
}

/// A reference with what is known of its URL.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceRow {
    /// The bytes of the original.
    pub span: Span,
    /// What kind of place it is.
    pub kind: Kind,
    /// The attribute or key that holds it.
    pub name: String,
    /// Which references show the same picture.
    pub picture: u32,
    /// Its URL with its newest good capture, where there is one.
    pub url: Option<UrlRow>,
    /// The asset that this article showed before the bytes of its URL changed, with its digest and its size in bytes.
    pub shown_first: Option<(Digest, u64, Asset)>,
}

/// How it stands with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlState {
    /// Never asked for.
    New,
    /// A good capture is kept, and the last attempt was good.
    Good,
    /// The last attempt failed. A good capture from before may still be kept.
    Failed,
    /// Not asked for the last time it was due, because its host was not being asked or the budget was used up.
    Deferred,
    /// Failed so often, or so finally, that it is no longer asked for.
    Retired,
}

/// What is known of a URL.
#[derive(Debug, Clone, PartialEq)]
pub struct UrlRow {
    /// Its row.
    pub id: UrlId,
    /// The URL.
    pub url: Url,
    /// How it stands with it.
    pub state: UrlState,
    /// Why the last attempt failed.
    pub reason: Option<Reason>,
    /// The status of the last attempt.
    pub status: Option<u16>,
    /// Failures since the last good attempt.
    pub attempts: u32,
    /// When it is due next; `None` where it never is.
    pub next_attempt: Option<Timestamp>,
    /// When it was first and last captured well.
    pub good: Option<(Timestamp, Timestamp)>,
    /// The asset of its newest good capture, with its digest and its size in bytes.
    pub asset: Option<(Digest, u64, Asset)>,
    /// What the newest good capture lets a later request be compared with.
    pub validators: Validators,
}

/// One thing to fetch.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its place in the queue; later jobs have greater ones.
    pub id: JobId,
    /// What to fetch.
    pub url: UrlRow,
    /// Where an article that shows it was published, for hosts that want to know.
    pub article_url: Option<Url>,
    /// When that article was published, where it says so: what a web archive is asked for.
    pub article_published: Option<Timestamp>,
    /// The kind of one reference to it.
    pub kind: Kind,
}

/// The right to ask one host, until `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The host.
    pub host: HostKey,
    /// Grows with every lease of the host: what a worker says under an older one is not heard.
    pub epoch: i64,
    /// When it ends by itself.
    pub until: Timestamp,
    /// What is known of the host.
    pub state: HostState,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The job.
    pub job: JobId,
    /// Its URL.
    pub url: UrlId,
    /// Every request and answer, in order. They are appended to the URL's captures.
    pub exchanges: Vec<Exchange>,
    /// How it ended.
    pub settlement: Settlement,
    /// What the host sent in place of the picture, where that is kept as evidence. Its blob is durable already.
    pub refused: Option<RefusedBody>,
}

/// A body that is no good capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedBody {
    /// The digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// What it is, and so the extension it is kept under.
    pub media_type: MediaType,
}

/// What bytes are that a host sends for several URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A stand-in for other pictures: it is not shown.
    Placeholder,
    /// One picture that honestly has several URLs.
    Picture,
}

/// What is known of bytes that a host sends for several URLs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SharedBody {
    /// What they are, where the host was asked.
    pub standing: Option<Standing>,
    /// They came in place of different pictures, and so are no new version of any.
    pub displaces: bool,
}

/// One of the URLs of a host that have the same asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Its row.
    pub id: UrlId,
    /// The URL.
    pub url: Url,
    /// The asset that it had before, where it had one that is kept.
    pub before: Option<Digest>,
}

/// From which URLs of a host a stand-in is to be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeBack {
    /// The stand-in.
    pub digest: Digest,
    /// These, in place of whose pictures it came, and that is noted; `None` for all that have it.
    pub only: Option<Vec<UrlId>>,
    /// When they are due.
    pub next_attempt: Option<Timestamp>,
    /// Whether they are put into the queue at once.
    pub again: bool,
}

/// What was taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// The URLs: each shows what it showed before, if anything.
    pub urls: Vec<UrlId>,
    /// How many of them got the stand-in in this run.
    pub of_this_run: u64,
    /// The articles that show them and are ready, and the jobs that were queued.
    pub ready: Ready,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Settlement {
    /// A good capture. Its blob is durable already.
    Kept {
        /// The digest.
        digest: Digest,
        /// Its size in bytes.
        size: u64,
        /// What it is.
        asset: Asset,
        /// What a later request can be compared with.
        validators: Validators,
        /// When to ask again; `None` for never.
        next_attempt: Option<Timestamp>,
    },
    /// The server says that the good capture is still what it would send.
    NotModified {
        /// When to ask again; `None` for never.
        next_attempt: Option<Timestamp>,
    },
    /// No good capture. The one from before stays.
    Failed {
        /// Why.
        reason: Reason,
        /// The status, where one came.
        status: Option<u16>,
        /// When to try again; `None` retires the URL.
        next_attempt: Option<Timestamp>,
    },
    /// It was not tried.
    Deferred {
        /// Why not.
        reason: Reason,
        /// When to try.
        next_attempt: Timestamp,
    },
}

/// Whether a word was heard that others may have forestalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It was.
    Applied,
    /// It was not, and nothing was changed: another worker leases the host by now, or the article became stale again.
    Stale,
}

/// What a commit made ready.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ready {
    /// Stale articles of which nothing is left in the queue.
    pub articles: Vec<ArticleId>,
    /// Jobs that were put into the queue.
    pub queued: u64,
    /// URLs whose capture is good, and whose asset another URL of their host has, too.
    pub twins: Vec<UrlId>,
}

/// A blob on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobRow {
    /// The digest.
    pub digest: Digest,
    /// What it is, and so the extension it is kept under.
    pub media_type: MediaType,
    /// Its size in bytes.
    pub size: u64,
    /// When it was recorded.
    pub created: Timestamp,
}

/// What is known of a blob that is media.
#[derive(Debug, Clone, PartialEq)]
pub struct AssetRow {
    /// The digest of the blob.
    pub digest: Digest,
    /// The blob's size in bytes.
    pub size: u64,
    /// What is known.
    pub asset: Asset,
}

/// A rendition that was made or could not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThumbnailRow {
    /// The blob it was made from.
    pub original: Digest,
    /// The name of its size.
    pub name: String,
    /// The digest of the settings it was made with.
    pub settings: Digest,
    /// What it is; why it could not be made, otherwise.
    pub made: Result<RenditionRow, String>,
}

/// What is known of a rendition that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenditionRow {
    /// What it is, and so the extension it is kept under.
    pub media_type: MediaType,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Its size in bytes.
    pub size: u64,
    /// The digest of its bytes.
    pub digest: Digest,
}

/// Sums over the whole catalog.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Articles, vanished ones too.
    pub articles: u64,
    /// Of them, vanished from their sources.
    pub vanished: u64,
    /// References with a URL, in the newest versions of all articles.
    pub references: u64,
    /// Of them, those whose URL has a good capture, but for those that their mirror does not show all the same.
    pub local: u64,
    /// Distinct URLs.
    pub urls: u64,
    /// Of them, those with a good capture.
    pub urls_good: u64,
    /// Blobs of media.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The bytes that would be kept if each URL had its own copy.
    pub bytes_without_dedup: u64,
    /// Thumbnails that were made.
    pub thumbnails: u64,
    /// Captures, failed ones too.
    pub captures: u64,
}

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
    ) -> Result<(ArticleId, Ready), CatalogError>;
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
    /// The mirrored file is about to appear: what it will be, and the splices that made it. Not heard where the article
    /// became stale again after it was `planned`: that mirror would be an old one.
    async fn record_mirror(
        &self,
        id: ArticleId,
        planned: Revision,
        digest: Digest,
        edits: &[Edit],
    ) -> Result<Claim, CatalogError>;
    /// The mirrored file has appeared: the article is no longer stale.
    async fn finish_mirror(&self, id: ArticleId, fingerprint: Fingerprint) -> Result<(), CatalogError>;
    /// The splices that made an article's mirror, in order.
    async fn edits(&self, id: ArticleId) -> Result<Vec<Edit>, CatalogError>;
    /// Makes articles stale that show one of these URLs, because what is known of it changed, and gives those ready.
    async fn refresh_articles_of(&self, urls: &[UrlId]) -> Result<Ready, CatalogError>;
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
    async fn settle(&self, lease: &Lease, run: RunId, outcomes: Vec<Outcome>) -> Result<(Claim, Ready), CatalogError>;
    /// Gives a lease back with what was learned of the host.
    async fn release(&self, lease: &Lease, state: &HostState) -> Result<Claim, CatalogError>;

    // What a host sends for several URLs.

    /// Up to `limit` URLs of a host whose asset is this one.
    async fn twins(&self, host: &HostKey, digest: Digest, limit: usize) -> Result<Vec<Twin>, CatalogError>;
    /// Assets that at least so many URLs of a host have, and of which the host was not asked yet whether they are
    /// stand-ins.
    async fn unasked_twins(&self, least: usize) -> Result<Vec<(HostKey, Digest)>, CatalogError>;
    /// Puts URLs into the queue whether they are due or not, and gives how many were not in it.
    async fn enqueue(&self, urls: &[UrlId]) -> Result<u64, CatalogError>;
    /// What is known of bytes that a host sends for several URLs.
    async fn standings(&self, host: &HostKey) -> Result<Vec<(Digest, SharedBody)>, CatalogError>;
    /// Records what such bytes are, where that was told, with the requests that asked for it: they are appended to
    /// their URLs' captures.
    async fn record_standing(
        &self,
        run: RunId,
        host: &HostKey,
        digest: Digest,
        standing: Option<Standing>,
        asked: &[(UrlId, Vec<Exchange>)],
    ) -> Result<(), CatalogError>;
    /// Takes a stand-in back from URLs of a host: each has the good capture from before again, or none, and failed for
    /// [`Reason::Placeholder`]. The articles that show them become stale. The captures stay, the stand-in as evidence.
    async fn take_back(&self, run: RunId, host: &HostKey, what: &TakeBack) -> Result<TakenBack, CatalogError>;

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
