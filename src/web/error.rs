//! Why a page is not shown.

use hyper::StatusCode;

use crate::archive::{CatalogError, ObjectError, ReadError};

/// Why a page is not shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// There is no such thing.
    #[error("there is nothing here")]
    NotFound,
    /// A parameter has no value that it can have.
    #[error("the parameter {0} has a value that it cannot have")]
    Parameter(&'static str),
    /// It took too long.
    #[error("this took too long: ask for less, such as one source or one month")]
    TooLong,
    /// It was begun and ended too early: a mistake of the program.
    #[error("the page cannot be made: this is a mistake of offprint, and its log says more")]
    Failed,
    /// The original of an article is too long to be shown.
    #[error("this article is too long to be shown; `offprint restore` gives it")]
    TooLarge,
    /// A parameter or a path is right, and what it names cannot be read.
    #[error("the catalog cannot be read; `offprint verify` says more")]
    Catalog(#[source] CatalogError),
    /// Bytes that are on record cannot be read.
    #[error("the bytes cannot be read; `offprint verify` says more")]
    Read(#[from] ReadError),
    /// The page cannot be made.
    #[error("the page cannot be made")]
    Made(#[from] askama::Error),
}

impl PageError {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Parameter(_) => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge => StatusCode::NOT_IMPLEMENTED,
            Self::Failed | Self::Catalog(_) | Self::Read(_) | Self::Made(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<CatalogError> for PageError {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::Stopped { .. } => Self::TooLong,
            other => Self::Catalog(other),
        }
    }
}

impl From<ObjectError> for PageError {
    fn from(error: ObjectError) -> Self {
        Self::Read(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_see_names_no_place_of_this_machine() {
        let place = || "/home/me/store/catalog.db".to_owned();
        let stopped = PageError::from(CatalogError::Stopped { place: place() });
        assert_eq!((stopped.status(), matches!(stopped, PageError::TooLong)), (StatusCode::SERVICE_UNAVAILABLE, true));
        let failed = PageError::from(CatalogError::Unreadable { place: place(), cause: String::new() });
        assert_eq!(failed.status(), StatusCode::INTERNAL_SERVER_ERROR);
        for error in [stopped, failed, PageError::Failed, PageError::NotFound, PageError::Parameter("after")] {
            assert!(!error.to_string().contains("/home"), "{error}");
        }
    }
}
