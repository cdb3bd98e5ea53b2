//! Whether the catalog itself is sound, and copies of it.

use std::path::Path;

use async_trait::async_trait;

use super::error::CatalogError;
use crate::model::Digest;

/// What keeping the catalog itself safe needs.
#[async_trait]
pub trait Copies: Send + Sync {
    /// The problems that the database's integrity check finds, one line each; empty if there are none.
    async fn integrity(&self) -> Result<Vec<String>, CatalogError>;

    /// Rows that no offprint writes, although each of their values can be read, one line each; at most a few hundred. They
    /// show that the catalog was changed by something else.
    async fn foreign_rows(&self) -> Result<Vec<String>, CatalogError>;

    /// What there is to say of the rows that listings left out, because they cannot be read, since the catalog was opened.
    /// Each names its row and the way out.
    fn unreadable_rows(&self) -> Vec<String>;

    /// A mark of the catalog's content, without runs and reports: if the contents differ, so do the marks. `None` if
    /// the catalog cannot be copied.
    async fn content_mark(&self) -> Result<Option<Digest>, CatalogError>;

    /// Copies the catalog into an empty file, while others read and write it.
    async fn copy_to(&self, file: &Path) -> Result<(), CatalogError>;
}
