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

/// The rows of a listing. A row that cannot be read is an error that names it, and the listing goes on. A caller that
/// needs all rows returns the first such error.
pub type ReadRows<T> = Vec<Result<T, CatalogError>>;

/// What `verify`, `repair` and `gc` need.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// The identity of the archive.
    async fn archive(&self) -> Result<ArchiveRow, CatalogError>;

    /// The problems that the database's integrity check finds, one line each; empty if there are none.
    async fn integrity(&self) -> Result<Vec<String>, CatalogError>;

    /// What there is to say of the rows that listings left out, because they cannot be read, since the catalog was opened.
    /// Each names its row and the way out.
    fn unreadable_rows(&self) -> Vec<String>;

    /// A mark of the catalog's content, without runs and reports: if the contents differ, so do the marks. `None` if
    /// the catalog cannot be copied.
    async fn content_mark(&self) -> Result<Option<Digest>, CatalogError>;

    /// Copies the catalog into an empty file, while others read and write it.
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

    /// Up to `limit` articles after this one, in the order of their rows. A row that cannot be read is an error that
    /// names it, and the others follow.
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

    /// The blobs whose digest starts with this byte, that were recorded before this moment and that nothing refers to.
    async fn unreferenced_blobs(&self, shard: u8, before: Timestamp) -> Result<Vec<BlobRow>, CatalogError>;

    /// When each unreferenced object was first found unreferenced, by its path in the archive.
    async fn garbage_seen(&self) -> Result<BTreeMap<String, Timestamp>, CatalogError>;

    /// Records since when these objects are unreferenced, and deletes what was recorded of others.
    async fn note_garbage(&self, seen: &BTreeMap<String, Timestamp>) -> Result<(), CatalogError>;

    /// Deletes the rows of a blob and its thumbnails, unless something refers to it by now. Returns whether it did.
    async fn forget_blob(&self, digest: Digest, media_type: MediaType) -> Result<bool, CatalogError>;
}
