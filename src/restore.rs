//! The original article, bit for bit.

use crate::archive::{Archive, ArticleRow, CatalogError, ReadError};
use crate::model::ArticleKey;

/// An article that cannot be given back.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It is not on record.
    #[error("the archive has no article {0}; `offprint status --json` lists its sources")]
    Unknown(ArticleKey),
    /// Its original is damaged or missing.
    #[error("the original of {article} cannot be given back: {cause}")]
    Original {
        /// The article.
        article: ArticleKey,
        /// Why.
        cause: ReadError,
    },
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// The bytes of an article as they were read, proven by their digest.
pub async fn restore(archive: &Archive, key: &ArticleKey) -> Result<Vec<u8>, RestoreError> {
    let row = archive.catalog.article(key).await?;
    original(archive, &row.ok_or_else(|| RestoreError::Unknown(key.clone()))?).await
}

/// The bytes of an article that is at hand.
pub async fn original(archive: &Archive, row: &ArticleRow) -> Result<Vec<u8>, RestoreError> {
    let version = &row.version;
    let bytes = archive.read_verified(version.original, version.format.blob_type()).await;
    bytes.map_err(|cause| RestoreError::Original { article: version.key.clone(), cause })
}
