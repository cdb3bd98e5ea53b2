//! The archive: bytes by key, and facts about them.
//!
//! Two independent traits, so that any bytes can be paired with any facts: [`Objects`] and [`Catalog`]. Neither decides
//! anything: what becomes of a URL, an article or a blob is decided in [`rules`], which every catalog calls inside its
//! transaction. The order of writes (blob durable, then its row, then the article that points at it) and what counts as
//! a good capture are decided above the archive, in `ingest`, `mirror`, `verify` and `gc`.

mod behind;
mod catalog;
mod copies;
mod files;
mod handle;
mod identity;
mod key;
mod layout;
mod links;
mod memory;
mod mirrors;
mod misplaced;
mod objects;
mod open;
mod output;
mod rebuild;
pub mod rules;
mod search_index;
mod sqlite;
mod takedown_files;

pub use behind::Newer;
pub use catalog::{
    ArchiveRow, ArticleFilter, ArticleMark, ArticleRow, ArticleState, Articles, AssetRow, BlobRow, Captures, Catalog,
    CatalogError, CompletedJob, Copies, DatedArticle, DatedImage, Derived, DocumentCapture, DocumentFacts, Documents,
    EntryPage, EntryRow, FeedRow, Feeds, GarbageCollection, HostRow, Identity, ImageFilter, ImageRow, IndexedRow,
    Inventory, Job, JobResult, Lease, ListPage, Listings, MOST_COUNTED, MOST_MONTHS, MissingCounts, MissingFilter,
    MissingReport, NewReference, Origins, PageContent, PageRow, Pages, PlaceholderVerdict, Placeholders, Queue,
    QueueChanges, ReadRows, ReferenceRow, RenditionRow, Repairs, ReportedMissing, Revocation, Revoked, RunRow, Runs,
    SharedBlob, SharedUrl, TakedownReach, TakedownRow, TakedownTarget, Takedowns, ThumbnailRow, Totals, UrlFacts,
    UrlRow, UrlState, VersionRow, Worker, WriteOutcome, month_of, start_of,
};
pub use copies::CopyError;
pub use files::OutputFolder;
pub use handle::{Archive, ReadError, WithoutBlobs};
pub use key::{Prefix, StoreKey};
pub use layout::{Stray, survey};
pub use links::{linked_files, linked_object, links_in, links_to};
pub(crate) use links::{spelled_object, unlinked};
pub use memory::{MemoryCatalog, MemoryObjects, MemorySearchIndex};
pub(crate) use mirrors::UnrecordedMirrors;
pub use misplaced::{misplaced, move_misplaced};
pub use objects::{Body, ObjectError, ObjectReader, Objects, Put, Stored};
pub use open::{ArchiveError, Mode, open};
pub use output::Output;
pub use rebuild::{CatalogRebuild, rebuild_catalog};
pub use search_index::{
    IndexEntry, MOST_MATCHES, MatchOrder, Ranked, SearchIndex, SearchIndexError, TextMatch, TextMatches, TextQuery,
};
pub use takedown_files::TakedownDifferences;

pub use crate::model::{ArchiveId, ArticleId, CaptureId, JobId, Revision, RunId, UrlId};
