//! The archive: bytes under their digest, and facts about them.
//!
//! Two independent traits, so that any bytes can be paired with any facts: [`Blobs`] and [`Catalog`]. Neither holds
//! policy. The order of writes (blob durable, then its row, then the article that points at it), what counts as a good
//! capture and what is garbage are decided above them, once, in `ingest`, `mirror`, `verify` and `gc`.

mod blobs;
mod catalog;
mod local;
pub mod rules;
mod sqlite;

pub use blobs::{BlobError, BlobMeta, Blobs, Put};
pub use catalog::{
    ArchiveRow, ArticleRow, ArticleState, Articles, AssetRow, BlobRow, Captures, Catalog, CatalogError, CompletedJob,
    DatedArticle, Job, JobResult, Lease, Maintenance, NewReference, PlaceholderVerdict, Placeholders, Queue,
    QueueChanges, ReferenceRow, RefusedBody, RenditionRow, Revocation, Revoked, RunRow, Runs, SharedBlob, SharedUrl,
    SourceOutcome, SourceRow, Sources, ThumbnailRow, Totals, UrlRow, UrlState, VersionRow, Worker, WriteOutcome,
};
pub use local::{Archive, ArchiveError, Mode, Publication, Publisher, open};

pub use crate::model::{ArchiveId, ArticleId, CaptureId, JobId, Revision, RunId, UrlId};
