//! What nothing refers to.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryCatalog;
use super::state::{State, is_of_shard};
use crate::archive::catalog::{BlobRow, CatalogError, GarbageCollection};
use crate::archive::rules;
use crate::model::{Digest, MediaType, ThumbnailName};

#[async_trait]
impl GarbageCollection for MemoryCatalog {
    async fn unreferenced_blobs(&self, shard: u8, before: Timestamp) -> Result<Vec<BlobRow>, CatalogError> {
        let state = self.state();
        let used = state.used();
        let old = state.blobs.values().filter(|row| is_of_shard(row.digest, shard) && row.created < before);
        Ok(old.filter(|row| rules::is_garbage(used.get(&row.digest).copied())).copied().collect())
    }

    async fn garbage_seen(&self) -> Result<BTreeMap<String, Timestamp>, CatalogError> {
        Ok(self.state().garbage.clone())
    }

    async fn note_garbage(&self, seen: &BTreeMap<String, Timestamp>) -> Result<(), CatalogError> {
        self.state().garbage.clone_from(seen);
        Ok(())
    }

    async fn forget_blob(&self, digest: Digest, media_type: MediaType) -> Result<bool, CatalogError> {
        Ok(self.state().forget_blob(digest, media_type))
    }

    async fn discard_thumbnails(&self, thumbnails: &[(Digest, ThumbnailName)]) -> Result<(), CatalogError> {
        let mut state = self.state();
        for thumbnail in thumbnails {
            state.thumbnails.remove(thumbnail);
        }
        Ok(())
    }
}

impl State {
    /// Forgets a blob, unless it has a use; whether it was there and is forgotten.
    fn forget_blob(&mut self, digest: Digest, media_type: MediaType) -> bool {
        if !self.blobs.contains_key(&(digest, media_type.as_str())) {
            return false;
        }
        let effects = rules::forgotten(digest, media_type, self.any_use(digest));
        let is_forgotten = !effects.is_empty();
        self.apply(effects);
        is_forgotten
    }
}
