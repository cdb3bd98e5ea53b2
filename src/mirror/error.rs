//! Why a run cannot continue.

use crate::archive::{CatalogError, ObjectError, ReadError};
use crate::fetch::FetchError;
use crate::ingest::IngestError;
use crate::render::RenderError;

/// A run that cannot continue. What it kept so far is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// Not one of the blobs on record is there.
    #[error(
        "the archive has lost its blobs: not one of those that its catalog names is there; mount or restore its folder \
         `blobs`, let `offprint verify --repair` bring back what articles and hosts still have, or move the archive away \
         to begin a new one"
    )]
    WithoutBlobs,
    /// The archive cannot keep blobs.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The settings of requests cannot work.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A blob cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// What was fetched cannot be kept.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// A thumbnail cannot be kept.
    #[error(transparent)]
    Render(#[from] RenderError),
}

impl MirrorError {
    /// The error of the catalog that it passes on.
    pub const fn catalog(&self) -> Option<&CatalogError> {
        match self {
            Self::Catalog(error)
            | Self::Ingest(IngestError::Catalog(error))
            | Self::Render(RenderError::Catalog(error)) => Some(error),
            _ => None,
        }
    }

    /// Whether it is about one row of the catalog: what other rows are about can be done all the same.
    pub fn is_of_one_row(&self) -> bool {
        self.catalog().is_some_and(CatalogError::is_of_one_row)
    }

    /// Whether the archive is damaged, so that the run cannot be made before somebody mends it.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::WithoutBlobs) || self.catalog().is_some_and(CatalogError::is_damage)
    }
}
