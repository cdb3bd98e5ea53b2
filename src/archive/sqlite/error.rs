//! What the database library says, in the catalog's words.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use super::codec::Damaged;
use crate::archive::CatalogError;

/// The catalog's error for the database's.
pub(super) fn catalog_error(place: &Path, error: &Error) -> CatalogError {
    if let Error::FromSqlConversionFailure(_, _, source) = error
        && let Some(Damaged { what, value }) = source.downcast_ref()
    {
        return CatalogError::Damaged { what, value: value.clone() };
    }
    let place = place.display().to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => CatalogError::Full { place },
        Some(ErrorCode::ReadOnly) => CatalogError::Database { place, cause: "it may not be written".into() },
        _ => CatalogError::Database { place, cause: error.to_string() },
    }
}

/// The catalog's error for a refusal of our own.
pub(super) fn refused(place: &Path, cause: impl Into<String>) -> CatalogError {
    CatalogError::Database { place: place.display().to_string(), cause: cause.into() }
}
