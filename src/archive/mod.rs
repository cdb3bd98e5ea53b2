//! The archive: bytes under their digest, and facts about them.
//!
//! Two independent traits, so that any bytes can be paired with any facts: [`Blobs`] and [`Catalog`]. Neither holds
//! policy. The order of writes (blob durable, then its row, then the article that points at it), what counts as a good
//! capture and what is garbage are decided above them, once, in `ingest`, `mirror`, `verify` and `gc`.

mod blobs;
mod catalog;
mod local;
mod rows;
mod sqlite;

pub use blobs::{BlobError, BlobMeta, Blobs, Put};
pub use catalog::{Catalog, CatalogError};
pub use local::{Archive, ArchiveError, Mode, Publication, Publisher, open};
pub use rows::{
    ArticleId, ArticleRow, ArticleState, AssetRow, BlobRow, CompletedJob, Job, JobId, JobResult, Lease, NewReference,
    PlaceholderVerdict, QueueChanges, ReferenceRow, RefusedBody, RenditionRow, Revision, Revocation, Revoked, RunId,
    RunRow, SharedBlob, SharedUrl, ThumbnailRow, Totals, UrlId, UrlRow, UrlState, VersionRow, Worker, WriteOutcome,
};
