//! What callers hold of an open archive.

use std::any::Any;
use std::sync::Arc;

use super::catalog::{Catalog, CatalogError};
use super::key::StoreKey;
use super::memory::{MemoryCatalog, MemoryObjects, MemorySearchIndex};
use super::objects::{Body, ObjectError, Objects, Put};
use super::output::Output;
use super::search_index::SearchIndex;
use crate::model::{Digest, MediaType, SourceName};
use crate::staging::Staged;

/// An open archive: facts and bytes. Clones are the same archive.
#[derive(Clone)]
pub struct Archive {
    /// The facts.
    pub catalog: Arc<dyn Catalog>,
    /// The bytes.
    pub objects: Arc<dyn Objects>,
    /// The index of the articles' texts, which is derived from both.
    pub search: Arc<dyn SearchIndex>,
    // Dropped after the catalog, so that the lock of a local archive is released last.
    _lock: Option<Arc<dyn Any + Send + Sync>>,
}

/// A blob cannot be read whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is not there.
    #[error("the blob {digest}.{media_type} is missing; `offprint verify` says more")]
    Missing {
        /// Which one.
        digest: Digest,
        /// The kind it is kept as.
        media_type: MediaType,
    },
    /// It has other bytes than its name says.
    #[error(
        "the blob {digest}.{media_type} is damaged: its bytes have the SHA-256 {found}; `offprint verify` says more"
    )]
    Damaged {
        /// Which one.
        digest: Digest,
        /// The kind it is kept as.
        media_type: MediaType,
        /// The digest of its bytes.
        found: Digest,
    },
    /// The store refused.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// Not one of the blobs on record is there.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error(
    "the archive has lost its blobs: not one of those that its catalog names is there; mount or restore its folder \
     `blobs`, let `offprint verify --repair` bring back what articles and hosts still have, or move the archive away \
     to begin a new one"
)]
pub struct WithoutBlobs;

impl Archive {
    /// Any facts with any bytes, and an index of texts in memory.
    pub fn new(catalog: Arc<dyn Catalog>, objects: Arc<dyn Objects>) -> Self {
        Self { catalog, objects, search: Arc::new(MemorySearchIndex::default()), _lock: None }
    }

    /// An empty archive in memory, for tests and experiments.
    ///
    /// # Errors
    /// Where the system has no place for temporary files: bodies that are received go through one.
    pub fn in_memory() -> std::io::Result<Self> {
        Ok(Self::new(Arc::new(MemoryCatalog::new()), Arc::new(MemoryObjects::new()?)))
    }

    /// The same, under a lock that is released with the archive.
    pub(super) fn locked(catalog: Arc<dyn Catalog>, objects: Arc<dyn Objects>, lock: impl Any + Send + Sync) -> Self {
        Self { _lock: Some(Arc::new(lock)), ..Self::new(catalog, objects) }
    }

    /// The same, with this index of texts.
    #[must_use]
    pub fn with_search(self, search: Arc<dyn SearchIndex>) -> Self {
        Self { search, ..self }
    }

    /// The mirrored articles of a source without an output folder of its own.
    pub fn output(&self, source: &SourceName) -> Output {
        Output::Archive { objects: Arc::clone(&self.objects), source: source.clone() }
    }

    /// Keeps staged bytes as the blob that their digest names.
    ///
    /// # Errors
    /// Where the store refuses.
    pub async fn keep(&self, staged: Staged, media_type: MediaType) -> Result<Put, ObjectError> {
        let key = StoreKey::Blob { digest: staged.digest, media_type };
        Ok(self.objects.put(&key, Body::Staged(staged)).await?.put)
    }

    /// Whether the catalog has blobs on record and not one of them is there: their folder is lost, or not mounted. Where
    /// the store cannot say, they are not lost.
    ///
    /// # Errors
    /// Where the catalog cannot be read.
    pub async fn has_lost_all_blobs(&self) -> Result<bool, CatalogError> {
        let mut is_any_on_record = false;
        for shard in 0..=u8::MAX {
            for row in self.catalog.blobs_on_record(shard).await?.iter().flatten() {
                is_any_on_record = true;
                if !matches!(self.objects.stat(&row.key()).await, Ok(None)) {
                    return Ok(false);
                }
            }
        }
        Ok(is_any_on_record)
    }

    /// Refuses an archive that has lost all its blobs: nothing that is done with it would say so.
    ///
    /// # Errors
    /// [`WithoutBlobs`], or where the catalog cannot be read.
    pub async fn refuse_without_blobs<E: From<CatalogError> + From<WithoutBlobs>>(&self) -> Result<(), E> {
        if self.has_lost_all_blobs().await? { Err(WithoutBlobs.into()) } else { Ok(()) }
    }

    /// Reads a whole blob and compares its bytes with its digest. Whatever uses the bytes of a blob reads them by this.
    ///
    /// # Errors
    /// [`ReadError`] where the blob is missing or damaged, or the store refuses.
    pub async fn read_verified(&self, digest: Digest, media_type: MediaType) -> Result<Vec<u8>, ReadError> {
        let key = StoreKey::Blob { digest, media_type };
        let bytes = self.objects.read(&key).await?.ok_or(ReadError::Missing { digest, media_type })?;
        let found = Digest::of(&bytes);
        if found == digest { Ok(bytes) } else { Err(ReadError::Damaged { digest, media_type, found }) }
    }
}
