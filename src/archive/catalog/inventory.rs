//! What is on record, row by row, and what refers to it.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use url::Url;

use super::articles::ArticleRow;
use super::captures::{AssetRow, BlobRow, ThumbnailRow};
use super::error::CatalogError;
use crate::model::{ArticleId, ArticleKey, Digest};

/// The rows of a listing. A row that cannot be read is an error that names it, and the listing goes on. A caller that
/// needs all rows returns the first such error.
pub type ReadRows<T> = Vec<Result<T, CatalogError>>;

/// What can be made again from the rest, and is not compared with it where nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Derived {
    /// The thumbnails on record.
    Thumbnails,
    /// The static pages.
    StaticPages,
}

impl Derived {
    /// The name that catalogs keep it by.
    pub(in crate::archive) const fn as_str(self) -> &'static str {
        match self {
            Self::Thumbnails => "thumbnails",
            Self::StaticPages => "static_pages",
        }
    }
}

/// What proving an archive needs.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// The blobs on record whose digest starts with this byte, in order of digest.
    async fn blobs_on_record(&self, shard: u8) -> Result<ReadRows<BlobRow>, CatalogError>;

    /// The assets on record whose digest starts with this byte, in order of digest.
    async fn assets_on_record(&self, shard: u8) -> Result<ReadRows<AssetRow>, CatalogError>;

    /// The thumbnails on record of blobs whose digest starts with one of these bytes, in order of digest and name.
    async fn thumbnails_on_record(&self, shards: RangeInclusive<u8>) -> Result<ReadRows<ThumbnailRow>, CatalogError>;

    /// The state in which what is derived was last compared with the rows; `None` where it never was.
    async fn compared(&self, what: Derived) -> Result<Option<Digest>, CatalogError>;

    /// Records that what is derived is there as the rows have it, in this state.
    async fn record_compared(&self, what: Derived, state: Digest) -> Result<(), CatalogError>;

    /// The URLs that a blob was ever captured from.
    async fn urls_of(&self, digest: Digest) -> Result<Vec<Url>, CatalogError>;

    /// The URLs that sent a body which is kept as evidence, or that was refused later, in the order of their texts.
    async fn urls_that_sent(&self, body: Digest) -> Result<Vec<Url>, CatalogError>;

    /// The articles of which a blob is the original, in the newest version or an older one.
    async fn articles_of_original(&self, digest: Digest) -> Result<Vec<ArticleKey>, CatalogError>;

    /// Up to `limit` articles after this one, in the order of their rows. A row that cannot be read is an error that
    /// names it, and the others follow.
    async fn articles_by_row(
        &self,
        after: Option<ArticleId>,
        limit: usize,
    ) -> Result<Vec<(ArticleId, Result<ArticleRow, CatalogError>)>, CatalogError>;

    /// Up to `limit` keys of articles after this one, in the order of their rows: what is enough where names are
    /// compared. A key that cannot be read is an error that names its row; the rest of the row is not looked at.
    async fn article_keys_by_row(
        &self,
        after: Option<ArticleId>,
        limit: usize,
    ) -> Result<Vec<(ArticleId, Result<ArticleKey, CatalogError>)>, CatalogError>;

    /// The articles whose mirrors may show an asset: those with a URL that gave it at any time.
    async fn articles_showing(&self, digest: Digest) -> Result<Vec<ArticleId>, CatalogError>;
}
