//! What an archive knows: one small trait for each kind of caller, and their sum.
//!
//! A catalog keeps facts about articles, URLs, captures and blobs, and the queue of URLs to request. Each method is one
//! transaction: once it returns, what it wrote outlives a loss of power. Completing a job and recording its capture is
//! one of them. The rules beside this folder make the decisions: an implementation calls them inside its transactions,
//! and stores the results. Every implementation passes the suite in `tests/it/catalog`.
//!
//! Lists come in pages: the next page starts after the last row of the one before, so that rows which are added or
//! removed meanwhile neither repeat nor hide others. A row that holds a value which no offprint writes makes its call
//! fail with [`CatalogError::Damaged`], which names the row. It is never left out.

mod articles;
mod captures;
mod copies;
mod documents;
mod error;
mod feeds;
mod garbage;
mod identity;
mod inventory;
mod listings;
mod origins;
mod pages;
mod placeholders;
mod queue;
mod repairs;
mod runs;
mod takedowns;

pub use articles::{ArticleRow, ArticleState, Articles, DatedArticle, NewReference, ReferenceRow, VersionRow};
pub use captures::{AssetRow, BlobRow, Captures, RenditionRow, ThumbnailRow, UrlFacts, UrlRow, UrlState};
pub use copies::Copies;
pub use documents::{DocumentCapture, DocumentFacts, Documents};
pub use error::CatalogError;
pub use feeds::{EntryPage, EntryRow, FeedRow, Feeds};
pub use garbage::GarbageCollection;
pub use identity::{ArchiveRow, Identity};
pub use inventory::{Derived, Inventory, ReadRows};
pub use listings::{
    ArticleFilter, ArticleMark, DatedImage, HostRow, ImageFilter, ImageRow, IndexedRow, ListPage, Listings,
    MOST_COUNTED, MOST_MONTHS, MissingFilter, month_of, start_of,
};
pub use origins::Origins;
pub use pages::{PageContent, PageRow, Pages};
pub use placeholders::{PlaceholderVerdict, Placeholders, Revocation, Revoked, SharedBlob, SharedUrl};
pub use queue::{CompletedJob, Job, JobResult, Lease, Queue, QueueChanges, Worker, WriteOutcome};
pub use repairs::Repairs;
pub use runs::{MissingCounts, MissingReport, ReportedMissing, RunRow, Runs, Totals};
pub use takedowns::{TakedownReach, TakedownRow, TakedownTarget, Takedowns};

/// Everything that an archive knows.
pub trait Catalog:
    Articles
    + Captures
    + Documents
    + Queue
    + Placeholders
    + Runs
    + Feeds
    + Pages
    + Origins
    + Takedowns
    + Identity
    + Copies
    + Inventory
    + Listings
    + Repairs
    + GarbageCollection
{
}

impl<T> Catalog for T where
    T: Articles
        + Captures
        + Documents
        + Queue
        + Placeholders
        + Runs
        + Feeds
        + Pages
        + Origins
        + Takedowns
        + Identity
        + Copies
        + Inventory
        + Listings
        + Listings
        + Repairs
        + GarbageCollection
        + ?Sized
{
}
