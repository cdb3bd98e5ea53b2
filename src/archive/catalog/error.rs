//! Why a call of the catalog failed.

/// A catalog's call failed, and changed nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The database refused.
    #[error("the catalog {place}: {cause}")]
    Database {
        /// Where the catalog is.
        place: String,
        /// Why.
        cause: String,
    },
    /// A newer offprint wrote the catalog.
    #[error(
        "the catalog {place} has schema version {found}, and this offprint knows up to {known}: use a newer offprint"
    )]
    TooNew {
        /// Where the catalog is.
        place: String,
        /// The version in the file.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// It has other tables, triggers, views or indexes than a catalog of offprint.
    #[error(
        "the catalog {place} is none that offprint makes, and is not used: {difference}; `offprint verify --rebuild` \
         makes it anew from what is kept"
    )]
    Foreign {
        /// Where the catalog is.
        place: String,
        /// The first difference.
        difference: String,
    },
    /// Its file is damaged, or none of a database.
    #[error(
        "the catalog {place} cannot be read: {cause}; restore it from a backup, or let `offprint verify --rebuild` make \
         it anew from what is kept"
    )]
    Unreadable {
        /// Where the catalog is.
        place: String,
        /// Why.
        cause: String,
    },
    /// A row holds a value that no offprint writes.
    #[error(
        "{row} of the catalog holds a {what} that cannot be read: {value}; `offprint verify` says more, and `offprint \
         verify --rebuild` makes the catalog anew"
    )]
    Damaged {
        /// Which row.
        row: String,
        /// What the value should be.
        what: &'static str,
        /// What it is.
        value: String,
    },
    /// A list was stopped because it took too long.
    #[error("the catalog {place} took too long to answer: ask for less, such as one source or one month")]
    Stopped {
        /// Where the catalog is.
        place: String,
    },
    /// The disk is full.
    #[error("no room left on the disk for the catalog {place}")]
    Full {
        /// Where the catalog is.
        place: String,
    },
}

impl CatalogError {
    /// Whether the catalog itself is damaged, and can be made anew.
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Foreign { .. } | Self::Unreadable { .. } | Self::Damaged { .. })
    }

    /// Whether it is about one row: what other rows say is not in doubt.
    pub const fn is_of_one_row(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }
}
