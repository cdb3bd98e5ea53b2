//! Where a text or an image came from that was found outside the archive.

use async_trait::async_trait;

use super::captures::UrlRow;
use super::error::CatalogError;
use crate::model::{ArticleKey, Digest, Format, UrlId};

/// What distinguishes originals from mirrors, and which files beside articles are kept.
#[async_trait]
pub trait Origins: Send + Sync {
    /// The originals of the articles whose mirror has these bytes, each once, in the order of their digests.
    async fn originals_of_mirror(&self, mirror: Digest) -> Result<Vec<(Digest, Format)>, CatalogError>;

    /// The other articles of the same source whose mirror has these bytes, in order, but for those that are gone from it.
    async fn articles_with_mirror(&self, except: &ArticleKey, mirror: Digest) -> Result<Vec<ArticleKey>, CatalogError>;

    /// Up to `limit` URLs of files after this one that some article shows, in order.
    async fn file_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError>;
}
