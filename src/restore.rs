//! The original article, bit for bit.

use crate::archive::{Archive, ArticleRow, CatalogError};
use crate::ingest::{IngestError, read_blob};
use crate::model::{ArticleKey, Digest};

/// An article that cannot be given back.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It is not on record.
    #[error("the archive has no article {0}; `offprint status --json` lists its sources")]
    Unknown(ArticleKey),
    /// Its original is damaged.
    #[error("the original of {article} is damaged: its blob {digest} has other bytes; `offprint verify` tells more")]
    Damaged {
        /// The article.
        article: ArticleKey,
        /// The blob.
        digest: Digest,
    },
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The blob cannot be read.
    #[error(transparent)]
    Read(#[from] IngestError),
}

/// The bytes of an article as they were read, proven by their digest.
pub async fn restore(archive: &Archive, key: &ArticleKey) -> Result<Vec<u8>, RestoreError> {
    let row = archive.catalog.article(key).await?;
    original(archive, &row.ok_or_else(|| RestoreError::Unknown(key.clone()))?).await
}

/// The bytes of an article that is at hand.
pub async fn original(archive: &Archive, row: &ArticleRow) -> Result<Vec<u8>, RestoreError> {
    let digest = row.version.original;
    let bytes = read_blob(archive, digest, row.version.format.blob_type()).await?;
    if Digest::of(&bytes) == digest {
        Ok(bytes)
    } else {
        Err(RestoreError::Damaged { article: row.version.key.clone(), digest })
    }
}
