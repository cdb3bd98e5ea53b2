//! The identity of the archive, and the catalog as a whole.

use std::path::Path;

use async_trait::async_trait;

use super::MemoryCatalog;
use crate::archive::catalog::{ArchiveRow, CatalogError, Copies, Identity};
use crate::model::Digest;

#[async_trait]
impl Identity for MemoryCatalog {
    async fn archive(&self) -> Result<ArchiveRow, CatalogError> {
        Ok(self.state().archive)
    }
}

#[async_trait]
impl Copies for MemoryCatalog {
    /// Nothing can be wrong with it: there is no file.
    async fn integrity(&self) -> Result<Vec<String>, CatalogError> {
        Ok(Vec::new())
    }

    /// Nobody else can have written it.
    async fn foreign_rows(&self) -> Result<Vec<String>, CatalogError> {
        Ok(Vec::new())
    }

    /// Nothing in memory is read as something that it is not.
    fn unreadable_rows(&self) -> Vec<String> {
        Vec::new()
    }

    async fn content_mark(&self) -> Result<Option<Digest>, CatalogError> {
        Ok(None)
    }

    async fn copy_to(&self, file: &Path) -> Result<(), CatalogError> {
        let (place, cause) = (file.display().to_string(), "a catalog in memory has no copies".to_owned());
        Err(CatalogError::Database { place, cause })
    }
}
