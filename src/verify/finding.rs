//! Damage that a verification finds.

use std::fmt;

use crate::archive::{ArticleId, CatalogError};
use crate::model::{ArticleKey, Digest, MediaType, ThumbnailName};

/// One damaged thing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum Finding {
    /// The catalog's own structure.
    Catalog {
        /// What its database reports.
        detail: String,
    },
    /// A blob: an original image or article.
    Blob {
        /// Which one.
        digest: Digest,
        /// The kind it is kept as.
        media_type: MediaType,
        /// What is wrong with it.
        damage: Damage,
    },
    /// A thumbnail.
    Thumbnail {
        /// The blob it was made from.
        original: Digest,
        /// The name of its size.
        name: ThumbnailName,
        /// The kind it is kept as.
        media_type: MediaType,
        /// What is wrong with it.
        damage: Damage,
    },
    /// A mirrored article.
    Mirror {
        /// Its row.
        id: ArticleId,
        /// Which one.
        article: ArticleKey,
        /// What is wrong with it.
        damage: Damage,
    },
    /// The recorded edits of an article do not turn its original into its mirror.
    Edits {
        /// Its row.
        id: ArticleId,
        /// Which one.
        article: ArticleKey,
    },
    /// A mirrored article links to an object that is not there.
    Link {
        /// Its row.
        id: ArticleId,
        /// Which one.
        article: ArticleKey,
        /// The file, relative to the archive's folder.
        file: String,
    },
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub enum Damage {
    /// It is not there.
    Missing,
    /// It has other bytes.
    Changed {
        /// The digest of those.
        found: Digest,
    },
    /// It cannot be read.
    Unreadable {
        /// Why.
        cause: String,
    },
}

impl Finding {
    /// The finding of a row that cannot be read.
    ///
    /// # Errors
    /// The error itself, where it is another one.
    pub(super) fn of_row(error: CatalogError) -> Result<Self, CatalogError> {
        match error {
            CatalogError::Damaged { row, what, value } => {
                Ok(Self::Catalog { detail: format!("{row} holds a {what} that cannot be read: {value}") })
            }
            error => Err(error),
        }
    }

    /// Its name in reports, in `snake_case`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Catalog { .. } => "catalog",
            Self::Blob { .. } => "blob",
            Self::Thumbnail { .. } => "thumbnail",
            Self::Mirror { .. } => "mirror",
            Self::Edits { .. } => "edits",
            Self::Link { .. } => "link",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalog { detail } => write!(f, "the catalog: {detail}"),
            Self::Blob { digest, media_type, damage } => write!(f, "the blob {digest}.{media_type} {damage}"),
            Self::Thumbnail { original, name, damage, .. } => {
                write!(f, "the thumbnail \"{name}\" of {original} {damage}")
            }
            Self::Mirror { article, damage, .. } => write!(f, "the mirror of {article} {damage}"),
            Self::Edits { article, .. } => {
                write!(f, "the recorded edits of {article} do not turn its original into its mirror")
            }
            Self::Link { article, file, .. } => write!(f, "the mirror of {article} links to {file}, which is missing"),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::Changed { found } => write!(f, "has other bytes, with the SHA-256 {found}"),
            Self::Unreadable { cause } => write!(f, "cannot be read: {cause}"),
        }
    }
}
