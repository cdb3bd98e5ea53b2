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

/// A row that is damaged costs what a page shows of it, and no more: `verify` names it.
pub(super) fn passed_over<T, E: Into<IndexError>>(read: Result<Option<T>, E>) -> Result<Option<T>, IndexError> {
    match read.map_err(Into::into) {
        Err(IndexError::Catalog(error)) if error.is_of_one_row() => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a static page is made without a row");
            Ok(None)
        }
        read => read,
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
        let damaged = || CatalogError::Damaged { row: "article 1".to_owned(), what: "title", value: "7".to_owned() };
        assert_eq!(passed_over(Err::<Option<()>, _>(damaged())).unwrap(), None, "one row");
        assert!(passed_over(Err::<Option<()>, _>(failed())).is_err(), "all of it");
        let other = IndexError::from(PageError::TooLong).to_string();
        assert!(other.starts_with("a static page cannot be made: "), "{other}");
    }
}
