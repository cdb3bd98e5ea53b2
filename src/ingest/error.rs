//! Why what was fetched could not be kept.

use crate::archive::{CatalogError, ObjectError, ReadError};

/// The archive could not store what was fetched: the run cannot continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The blob.
    #[error(transparent)]
    Blob(#[from] ObjectError),
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A blob could not be read back.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Bytes that are staged could not be read back.
    #[error("cannot read back what was fetched: {0}")]
    Staging(#[source] std::io::Error),
}
