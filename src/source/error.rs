//! Why a source, or all of them, cannot be used.

use std::path::PathBuf;

use crate::model::SourceFailure;

/// A source, or a part of it, that cannot be read. The others can.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// There is no such folder.
    #[error("the source \"{source_name}\" has no folder {}: correct its `path` in the config file", path.display())]
    Missing {
        /// The source.
        source_name: String,
        /// The folder.
        path: PathBuf,
    },
    /// A folder that stands for the root of the site is not there.
    #[error("the source \"{source_name}\" has no folder {}: correct its `roots` in the config file", path.display())]
    MissingRoot {
        /// The source.
        source_name: String,
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds no article, although the archive has some of it. A disk that is not mounted looks like that.
    #[error(
        "the source \"{source_name}\" has no articles in {}, and the archive has {on_record} of it: mount its disk, or \
         take the source out of the config file",
        path.display()
    )]
    Empty {
        /// The source.
        source_name: String,
        /// The folder.
        path: PathBuf,
        /// How many articles of it are on record.
        on_record: u64,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}: {message}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// A feed, a sitemap or a page cannot be read.
    #[error("the {what} {url} of the source \"{source_name}\": {message}")]
    Web {
        /// What it is.
        what: &'static str,
        /// The source.
        source_name: String,
        /// Its URL.
        url: String,
        /// Why, as reports name it.
        reason: SourceFailure,
        /// Why.
        message: String,
    },
    /// What is on record of the source cannot be read or written.
    #[error("{0}")]
    Catalog(String),
}

impl SourceError {
    /// The reason as reports name it.
    pub const fn reason(&self) -> SourceFailure {
        match self {
            Self::Missing { .. } | Self::MissingRoot { .. } => SourceFailure::Missing,
            Self::Empty { .. } => SourceFailure::Empty,
            Self::Unreadable { .. } => SourceFailure::Unreadable,
            Self::Web { reason, .. } => *reason,
            Self::Catalog(_) => SourceFailure::Catalog,
        }
    }
}

/// Settings of sources that cannot work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceConfigError {
    /// A key of it is wrong.
    #[error("the source \"{source_name}\": `{key}`: {message}")]
    Key {
        /// The source.
        source_name: String,
        /// The key.
        key: &'static str,
        /// What is wrong with its value.
        message: String,
    },
    /// A glob is wrong.
    #[error("the source \"{source_name}\" has a glob that cannot be read: {message}")]
    Glob {
        /// The source.
        source_name: String,
        /// What is wrong with it.
        message: String,
    },
    /// A path cannot be made absolute.
    #[error("the source \"{source_name}\" has a path that cannot be used: {cause}")]
    Path {
        /// The source.
        source_name: String,
        /// Why.
        cause: std::io::Error,
    },
    /// The source's folder lies where offprint writes.
    #[error(
        "the source \"{source_name}\" reads {}, which is part of the archive or of the output of a source: choose another \
         `path`",
        path.display()
    )]
    ReadsOutput {
        /// The source.
        source_name: String,
        /// Its folder.
        path: PathBuf,
    },
    /// The source's output lies among the archive's own files.
    #[error(
        "the source \"{source_name}\" writes to {}, among the archive's own files: choose another `output`",
        path.display()
    )]
    OutputInArchive {
        /// The source.
        source_name: String,
        /// Its output.
        path: PathBuf,
    },
    /// Two sources change the same files.
    #[error(
        "the sources \"{in_place}\" and \"{other}\" both read {}, and the mirror of each replaces its articles: give one \
         of them an `output` of its own, or leave that folder out of it with `exclude`",
        path.display()
    )]
    Overlap {
        /// A source that is mirrored in place.
        in_place: String,
        /// The other one.
        other: String,
        /// The folder that both read.
        path: PathBuf,
    },
}
