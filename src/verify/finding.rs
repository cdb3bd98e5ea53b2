//! Damage that a verification finds.

use std::fmt;

use crate::archive::{ArticleId, CatalogError, StoreKey, Stray};
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
    /// Something in the archive's folder that offprint does not put there.
    Stray {
        /// Where it is, below the archive's folder.
        place: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Something that takes the place of a part of the archive.
    Misplaced {
        /// Where it is, below the archive's folder.
        place: String,
        /// What is wrong with it.
        why: &'static str,
        /// The article whose mirror it is in the way of, where only the catalog says so.
        article: Option<ArticleKey>,
    },
    /// A folder of the archive that cannot be listed, or a file there that is not read.
    Folder {
        /// Which one, and why.
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
    /// It is longer than its record says, and was not read.
    Longer {
        /// Its length in bytes.
        found: u64,
        /// The length on record.
        expected: u64,
    },
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
    /// The finding of what does not belong in an archive.
    pub(super) fn stray(Stray { place, why, .. }: Stray) -> Self {
        Self::Stray { place, why }
    }

    /// The finding of what takes the place of a part of the archive.
    pub(super) fn misplaced(Stray { place, why, .. }: Stray) -> Self {
        Self::Misplaced { place, why, article: None }
    }

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

    /// Something that lies in the way of the mirror of an article in the archive.
    pub(super) fn obstacle(place: String, article: ArticleKey) -> Self {
        let is_its_own = place == StoreKey::Article(article.clone()).path();
        let why =
            if is_its_own { "the mirror of an article belongs there" } else { "a folder of mirrors belongs there" };
        Self::Misplaced { place, why, article: Some(article) }
    }

    /// The file of a takedown that cannot be read.
    pub(super) fn unreadable_takedown(place: String) -> Self {
        let why = "what it says was taken down cannot be read: restore it from a backup, or repeat `offprint forget` and \
                   delete it";
        Self::Stray { place, why }
    }

    /// A mirror in the archive of an article that the catalog does not know.
    pub(super) fn unrecorded(article: ArticleKey) -> Self {
        let why = "the catalog knows no such article: where it is older than the archive, `offprint verify --rebuild` \
                   records what it lacks";
        Self::Stray { place: StoreKey::Article(article).path(), why }
    }

    /// Its name in reports, in `snake_case`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Catalog { .. } => "catalog",
            Self::Stray { .. } => "stray",
            Self::Misplaced { .. } => "misplaced",
            Self::Folder { .. } => "folder",
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
            Self::Stray { place, why } | Self::Misplaced { place, why, .. } => write!(f, "{place}: {why}"),
            Self::Folder { detail } => f.write_str(detail),
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
            Self::Longer { found, expected } => write!(f, "has {found} bytes instead of {expected}"),
            Self::Changed { found } => write!(f, "has other bytes, with the SHA-256 {found}"),
            Self::Unreadable { cause } => write!(f, "cannot be read: {cause}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::key;

    fn all() -> Vec<(Finding, &'static str, &'static str)> {
        let digest = Digest::of(b"x");
        let (id, article) = (ArticleId(1), key("a.md"));
        let damage = Damage::Missing;
        let name: ThumbnailName = "small".parse().unwrap();
        let media_type = MediaType::Png;
        let misplaced = Finding::Misplaced { place: "blobs".to_owned(), why: "it is a link", article: None };
        vec![
            (misplaced, "misplaced", "blobs: it is a link"),
            (Finding::Catalog { detail: "page 3".to_owned() }, "catalog", "the catalog: page 3"),
            (Finding::Blob { digest, media_type, damage: damage.clone() }, "blob", ".png is missing"),
            (
                Finding::Thumbnail { original: digest, name, media_type, damage: Damage::Changed { found: digest } },
                "thumbnail",
                "the thumbnail \"small\" of",
            ),
            (
                Finding::Mirror { id, article: article.clone(), damage: Damage::Unreadable { cause: "no".to_owned() } },
                "mirror",
                "the mirror of posts/a.md cannot be read: no",
            ),
            (Finding::Edits { id, article: article.clone() }, "edits", "recorded edits of posts/a.md"),
            (Finding::Link { id, article, file: "blobs/x".to_owned() }, "link", "links to blobs/x, which is missing"),
        ]
    }

    #[test]
    fn each_finding_has_a_name_of_its_own_and_says_what_is_damaged() {
        let kinds: std::collections::BTreeSet<_> = all().iter().map(|(finding, ..)| finding.kind()).collect();
        assert_eq!(kinds.len(), all().len());
        for (finding, kind, says) in all() {
            assert_eq!(finding.kind(), kind);
            assert!(finding.to_string().contains(says), "{finding}");
        }
    }

    #[test]
    fn a_damaged_file_says_what_it_holds_instead() {
        let found = Digest::of(b"other");
        assert_eq!(Damage::Changed { found }.to_string(), format!("has other bytes, with the SHA-256 {found}"));
        assert_eq!(Damage::Missing.to_string(), "is missing");
    }

    #[test]
    fn a_row_that_cannot_be_read_is_a_finding_and_every_other_error_is_one() {
        let damaged = CatalogError::Damaged { row: "url 3".to_owned(), what: "URL", value: "x".to_owned() };
        let finding = Finding::of_row(damaged).unwrap();
        assert_eq!(finding.to_string(), "the catalog: url 3 holds a URL that cannot be read: x");
        let other = CatalogError::Database { place: "here".to_owned(), cause: "locked".to_owned() };
        assert!(matches!(Finding::of_row(other), Err(CatalogError::Database { .. })));
    }
}
