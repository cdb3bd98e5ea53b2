//! What is to be made again.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::CatalogError;
use crate::model::{ArticleId, Digest, ThumbnailName};

/// What mending an archive needs.
#[async_trait]
pub trait Repairs: Send + Sync {
    /// Makes articles stale, so that their mirrors are written again.
    async fn make_stale(&self, articles: &[ArticleId]) -> Result<(), CatalogError>;

    /// Forgets thumbnails, named by the blob and the name, and makes the articles stale that show the blob.
    async fn forget_thumbnails(&self, thumbnails: &[(Digest, ThumbnailName)]) -> Result<(), CatalogError>;

    /// An asset's bytes are lost: its URLs have no good capture any more and are due now, its thumbnails are forgotten,
    /// and the articles that show it are stale. The captures stay as they were.
    async fn lose_asset(&self, digest: Digest, now: Timestamp) -> Result<(), CatalogError>;
}
