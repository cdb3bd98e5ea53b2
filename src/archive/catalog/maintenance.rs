//! What `verify`, `repair` and `gc` need, and the identity of the archive.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::articles::ArticleRow;
use super::captures::{AssetRow, BlobRow, ThumbnailRow};
use super::error::CatalogError;
use crate::model::{ArchiveId, ArticleId, ArticleKey, Digest, MediaType, ThumbnailName};

/// The identity of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ArchiveRow {
    /// Its id.
    pub id: ArchiveId,
    /// When it was made, or first opened by a version of the program that gives ids.
    pub made_at: Timestamp,
}

/// Every row of a listing, as it was read. One that cannot be read is given as the error that names it, and ends nothing;
/// where all are needed, the first such error is the listing's.
pub type ReadRows<T> = Vec<Result<T, CatalogError>>;

/// What proving, mending and pruning an archive needs.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// The identity of the archive.
    async fn archive(&self) -> Result<ArchiveRow, CatalogError>;

    /// What the database finds when it checks itself: one line each, none where it is whole.
    async fn integrity(&self) -> Result<Vec<String>, CatalogError>;

    /// Differs where what the catalog knows differs; runs and their reports do not count. `None` where the catalog cannot
    /// be copied.
    async fn content_mark(&self) -> Result<Option<Digest>, CatalogError>;

    /// Writes a whole copy of the catalog into an empty file, beside whoever reads and writes it.
    async fn copy_to(&self, file: &Path) -> Result<(), CatalogError>;

    /// The blobs on record whose digest starts with this byte, in order of digest.
    async fn blobs_on_record(&self, shard: u8) -> Result<ReadRows<BlobRow>, CatalogError>;

    /// The assets on record whose digest starts with this byte, in order of digest.
    async fn assets_on_record(&self, shard: u8) -> Result<ReadRows<AssetRow>, CatalogError>;

    /// The thumbnails on record of blobs whose digest starts with this byte, in order of digest and name.
    async fn thumbnails_on_record(&self, shard: u8) -> Result<ReadRows<ThumbnailRow>, CatalogError>;

    /// The URLs that a blob was ever captured from.
    async fn urls_of(&self, digest: Digest) -> Result<Vec<Url>, CatalogError>;

    /// The articles of which a blob is the original, in the newest version or an older one.
    async fn articles_of_original(&self, digest: Digest) -> Result<Vec<ArticleKey>, CatalogError>;

    /// Makes articles stale, so that their mirrors are written again.
    async fn make_stale(&self, articles: &[ArticleId]) -> Result<(), CatalogError>;

    /// Up to `limit` articles after this one, in the order of their rows. One whose row cannot be read is given as the
    /// error that names it, and ends nothing.
    async fn articles_by_row(
        &self,
        after: Option<ArticleId>,
        limit: usize,
    ) -> Result<Vec<(ArticleId, Result<ArticleRow, CatalogError>)>, CatalogError>;

    /// The articles whose mirrors may show an asset: those with a URL that gave it at any time.
    async fn articles_showing(&self, digest: Digest) -> Result<Vec<ArticleId>, CatalogError>;

    /// Forgets thumbnails, named by the blob and the name, and makes the articles stale that show the blob.
    async fn forget_thumbnails(&self, thumbnails: &[(Digest, ThumbnailName)]) -> Result<(), CatalogError>;

    /// Forgets thumbnails that no mirror shows: no article becomes stale.
    async fn discard_thumbnails(&self, thumbnails: &[(Digest, ThumbnailName)]) -> Result<(), CatalogError>;

    /// An asset's bytes are lost: its URLs have no good capture any more and are due now, its thumbnails are forgotten,
    /// and the articles that show it are stale. The captures stay as they were.
    async fn lose_asset(&self, digest: Digest, now: Timestamp) -> Result<(), CatalogError>;

    /// Of the blobs whose digest starts with this byte, those recorded before a moment that nothing keeps alive.
    async fn unreferenced_blobs(&self, shard: u8, before: Timestamp) -> Result<Vec<BlobRow>, CatalogError>;

    /// When what nothing refers to was first seen as such, by its path in the archive.
    async fn garbage_seen(&self) -> Result<BTreeMap<String, Timestamp>, CatalogError>;

    /// Notes since when nothing refers to these, and forgets what was noted of others.
    async fn note_garbage(&self, seen: &BTreeMap<String, Timestamp>) -> Result<(), CatalogError>;

    /// Forgets a blob with its thumbnails, unless something keeps it alive by now; whether it is forgotten.
    async fn forget_blob(&self, digest: Digest, media_type: MediaType) -> Result<bool, CatalogError>;
}
