//! Why a run cannot continue.

use crate::archive::{CatalogError, ObjectError, ReadError};
use crate::fetch::FetchError;
use crate::ingest::IngestError;
use crate::render::RenderError;

/// A run that cannot continue. What it kept so far is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
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
