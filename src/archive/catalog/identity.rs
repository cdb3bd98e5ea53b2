//! The identity of the archive.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::CatalogError;
use crate::model::ArchiveId;

/// The identity of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ArchiveRow {
    /// Its id.
    pub id: ArchiveId,
    /// When it was made, or first opened by a version of the program that gives ids.
    pub made_at: Timestamp,
}

/// What distinguishing an archive from others needs.
#[async_trait]
pub trait Identity: Send + Sync {
    /// The identity of the archive.
    async fn archive(&self) -> Result<ArchiveRow, CatalogError>;
}
