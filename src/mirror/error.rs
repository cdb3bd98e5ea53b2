//! Why a run cannot continue.

use crate::archive::{CatalogError, ObjectError, ReadError, WithoutBlobs};
use crate::fetch::FetchError;
use crate::ingest::IngestError;
use crate::render::RenderError;

/// A run that cannot continue. What it kept so far is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// Not one of the blobs on record is there.
    #[error(transparent)]
    WithoutBlobs(#[from] WithoutBlobs),
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

    /// Whether it is about the place of one object in the archive: others can be kept and read all the same.
    pub const fn is_of_one_place(&self) -> bool {
        match self {
            Self::Object(error)
            | Self::Read(ReadError::Object(error))
            | Self::Ingest(IngestError::Blob(error) | IngestError::Read(ReadError::Object(error)))
            | Self::Render(RenderError::Write(error) | RenderError::Read(ReadError::Object(error))) => {
                error.is_of_one_place()
            }
            _ => false,
        }
    }

    /// Whether the archive is damaged, so that the run cannot be made before somebody mends it.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::WithoutBlobs(_)) || self.catalog().is_some_and(CatalogError::is_damage)
    }
}
