//! Why a verification or a repair cannot continue.

use crate::archive::{ArchiveError, CatalogError, ObjectError};

/// Why a verification could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The archive cannot be opened.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The store of objects cannot be read as a whole.
    #[error(transparent)]
    Objects(#[from] ObjectError),
}
