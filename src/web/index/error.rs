//! Why static pages cannot be written.

use super::super::error::PageError;
use crate::archive::{CatalogError, ObjectError};

/// Why static pages cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A page cannot be written, read or removed.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A page cannot be made.
    #[error("a static page cannot be made: {0}")]
    Made(String),
}

impl From<PageError> for IndexError {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Catalog(error) => Self::Catalog(error),
            other => Self::Made(other.to_string()),
        }
    }
}

impl From<askama::Error> for IndexError {
    fn from(error: askama::Error) -> Self {
        Self::Made(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_catalog_stays_one() {
        let failed = || CatalogError::Unreadable { place: "catalog.db".to_owned(), cause: "why".to_owned() };
        let direct = IndexError::from(failed());
        let by_page = IndexError::from(PageError::from(failed()));
        assert_eq!(direct.to_string(), by_page.to_string());
        assert!(by_page.to_string().contains("catalog.db"), "{by_page}");
        let other = IndexError::from(PageError::TooLong).to_string();
        assert!(other.starts_with("a static page cannot be made: "), "{other}");
    }
}
