//! What goes into a catalog and comes out of it: plain rows.

use jiff::Timestamp;
use url::Url;

use crate::model::{
    ArticleVersion, Asset, Digest, Exchange, Fingerprint, Format, HostKey, HostState, MediaType, Reason, ReferenceKind,
    Span, ThumbnailName, Validators,
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
    pub kind: ReferenceKind,
    /// The attribute or key that holds it.
    pub name: String,
    /// References with the same number show the same image.
    pub image_group: u32,
    /// What to fetch; `None` where the reference names nothing that can be fetched.
    pub url: Option<Url>,
}

/// A reference with what is known of its URL.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceRow {
    /// The bytes of the original.
    pub span: Span,
    /// What kind of place it is.
    pub kind: ReferenceKind,
    /// The attribute or key that holds it.
    pub name: String,
    /// References with the same number show the same image.
    pub image_group: u32,
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
    pub kind: ReferenceKind,
}

/// The right to ask one host, until `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The host.
    pub host: HostKey,
    /// Grows with every lease of the host: what a worker writes under an older one is rejected.
    pub epoch: i64,
    /// When it ends by itself.
    pub until: Timestamp,
    /// What is known of the host.
    pub state: HostState,
}

/// A job that was worked on, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct CompletedJob {
    /// The job.
    pub job: JobId,
    /// Its URL.
    pub url: UrlId,
    /// Every request and answer, in order. They are appended to the URL's captures.
    pub exchanges: Vec<Exchange>,
    /// How it ended.
    pub result: JobResult,
    /// What the host sent in place of the image, where that is kept as evidence. Its blob is durable already.
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
pub struct SharedBlob {
    /// What a probe of the host found; `None` before a conclusive one.
    pub verdict: Option<PlaceholderVerdict>,
    /// It came in place of different images that are kept, and so is a new version of none of them.
    pub replaces_others: bool,
}

/// One of the URLs of a host that have the same asset.
#[derive(Debug, Clone, PartialEq, Eq)]
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
pub struct Revoked {
    /// The URLs: each shows what it showed before, if anything.
    pub urls: Vec<UrlId>,
    /// How many of them got the placeholder in this run.
    pub of_this_run: u64,
    /// The articles that show them and are ready, and the jobs that were queued.
    pub changes: QueueChanges,
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
pub struct QueueChanges {
    /// Stale articles of which nothing is left in the queue.
    pub ready_articles: Vec<ArticleId>,
    /// Jobs that were put into the queue.
    pub queued: u64,
    /// URLs with a good capture whose asset another URL of their host has, too.
    pub sharing: Vec<UrlId>,
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
    pub name: ThumbnailName,
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
