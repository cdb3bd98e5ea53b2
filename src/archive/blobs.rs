//! Bytes by digest.

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::io::AsyncRead;

use crate::model::{Digest, MediaType, Staged};

/// Whether a blob was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    Created,
    /// The same bytes were there.
    Existed,
}

/// What a store of blobs knows of one without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobMeta {
    /// Its digest.
    pub digest: Digest,
    /// Its kind, as its name's extension tells.
    pub media_type: MediaType,
    /// Its size in bytes.
    pub size: u64,
    /// When its bytes were written.
    pub written: Timestamp,
}

/// Bytes under their SHA-256: never changed, never overwritten.
///
/// Every implementation passes the suite in `tests/it/blobs.rs`.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Keeps staged bytes. When this returns, they outlive a loss of power. Bytes that are there already stay as
    /// they are, and the staged file goes.
    async fn put(&self, staged: Staged, media_type: MediaType) -> Result<Put, BlobError>;

    /// Reads a blob from its start; `None` where there is none.
    async fn open(
        &self,
        digest: Digest,
        media_type: MediaType,
    ) -> Result<Option<Box<dyn AsyncRead + Send + Unpin>>, BlobError>;

    /// What is known of a blob; `None` where there is none.
    async fn stat(&self, digest: Digest, media_type: MediaType) -> Result<Option<BlobMeta>, BlobError>;

    /// All blobs whose digest starts with this byte, in order of digest. Names that are no blob's are left out.
    async fn list(&self, shard: u8) -> Result<Vec<BlobMeta>, BlobError>;

    /// Removes a blob; true where it was there.
    async fn delete(&self, digest: Digest, media_type: MediaType) -> Result<bool, BlobError>;
}

/// The store of blobs could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The file system refused.
    #[error("cannot {action} {place}: {cause}")]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// The file or folder.
        place: String,
        /// Why.
        cause: std::io::Error,
    },
}

impl BlobError {
    /// Whether it is for want of room, which no other blob would escape either.
    pub fn is_full(&self) -> bool {
        let Self::Io { cause, .. } = self;
        matches!(cause.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
    }
}
