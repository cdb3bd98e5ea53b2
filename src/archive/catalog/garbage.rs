//! What nothing refers to.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use super::captures::BlobRow;
use super::error::CatalogError;
use crate::model::{Digest, MediaType, ThumbnailName};

/// What pruning an archive needs.
#[async_trait]
pub trait GarbageCollection: Send + Sync {
    /// The blobs whose digest starts with this byte, that were recorded before this moment and that nothing refers to.
    async fn unreferenced_blobs(&self, shard: u8, before: Timestamp) -> Result<Vec<BlobRow>, CatalogError>;

    /// When each unreferenced object was first found unreferenced, by its path in the archive.
    async fn garbage_seen(&self) -> Result<BTreeMap<String, Timestamp>, CatalogError>;

    /// Records since when these objects are unreferenced, and deletes what was recorded of others.
    async fn note_garbage(&self, seen: &BTreeMap<String, Timestamp>) -> Result<(), CatalogError>;

    /// Deletes the rows of a blob and its thumbnails, unless something refers to it by now. Returns whether it did.
    async fn forget_blob(&self, digest: Digest, media_type: MediaType) -> Result<bool, CatalogError>;

    /// Forgets thumbnails that no mirror shows: no article becomes stale.
    async fn discard_thumbnails(&self, thumbnails: &[(Digest, ThumbnailName)]) -> Result<(), CatalogError>;
}
