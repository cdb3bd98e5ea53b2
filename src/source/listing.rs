//! What a source lists.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use encoding_rs::Encoding;
use jiff::Timestamp;
use tokio::sync::mpsc;
use url::Url;

use super::error::SourceError;
use crate::model::{Fingerprint, ProblemReason, RelativePath, SkippedReason};

/// The folder of a feed's source that holds the pages of its entries. Generators pass over folders whose names begin so,
/// and no post is in it: the names of categories cannot.
pub(super) const PAGES: &str = "_pages/";
/// How many entries wait for who reads them.
const WAITING: usize = 1000;

/// What a source has.
#[derive(Debug)]
pub enum Listing {
    /// All its articles, in the order of their paths as texts: an article on record that is not among them is gone.
    Complete(Entries),
    /// Some of its articles, in any order, such as the newest of a feed: nothing is known of the others.
    Partial(Entries),
}

/// Entries as they are found. Dropping it ends the search.
#[derive(Debug)]
pub struct Entries(mpsc::Receiver<Entry>);

impl Entries {
    /// The next entry; `None` after the last.
    pub async fn next(&mut self) -> Option<Entry> {
        self.0.recv().await
    }

    /// Entries that another task finds.
    pub(super) fn received(receive: mpsc::Receiver<Entry>) -> Self {
        Self(receive)
    }

    /// Entries that are found on a thread that may wait for the disk.
    pub(super) fn of(found: impl Iterator<Item = Entry> + Send + 'static) -> Self {
        let (send, receive) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || {
            for entry in found {
                if send.blocking_send(entry).is_err() {
                    return;
                }
            }
        });
        Self(receive)
    }
}

/// One thing that was found in a source.
#[derive(Debug)]
pub enum Entry {
    /// An article.
    Article(Listed),
    /// What looks like an article and is not read.
    Skipped(Skipped),
    /// An article that the source says is withdrawn. It is kept.
    Withdrawn(RelativePath),
    /// What there is to say of the source, for a person.
    Note(String),
    /// An address that the source names cannot be read; others of it can.
    Unread(SourceError),
    /// What deserves a look of an article that is read all the same.
    Problem(RelativePath, ProblemReason, String),
    /// A part of the source that cannot be read. Articles on record that would come after it may still be there.
    Unreadable(SourceError),
}

impl Entry {
    /// The path of an article.
    pub(super) fn into_path(self) -> Option<RelativePath> {
        match self {
            Self::Article(listed) => Some(listed.path),
            Self::Skipped(_)
            | Self::Withdrawn(_)
            | Self::Note(_)
            | Self::Problem(..)
            | Self::Unread(_)
            | Self::Unreadable(_) => None,
        }
    }
}

/// An article of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its path within the source.
    pub path: RelativePath,
    /// Where it is read, and the fingerprint that it has there.
    pub location: Location,
}

/// Where an article is, with the fingerprint by which an unchanged one is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// A file.
    File {
        /// The file.
        path: PathBuf,
        /// Its size, time and inode.
        fingerprint: Fingerprint,
    },
    /// In memory: it was made from an entry of a feed, or came from its host.
    Made(Arc<Made>),
    /// Only in the archive: its source no longer lists it, which for a feed does not mean that it is gone.
    Archive,
}

/// An article that is no file of the user: it was made from an entry, or came from its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where it was published.
    pub url: Option<Url>,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// The encoding that the response named in which it came.
    pub charset: Option<&'static Encoding>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => path.display().fmt(f),
            Self::Made(made) => f.write_str(made.url.as_ref().map_or("an entry without a URL", Url::as_str)),
            Self::Archive => f.write_str("the archive"),
        }
    }
}

/// What is not read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its path within the source.
    pub path: String,
    /// Why.
    pub why: SkipReason,
}

/// Why something is not read as an article.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// No glob includes it.
    #[error("it is no article: offprint reads {} (`source.include`)", include.join(", "))]
    NotIncluded {
        /// The globs.
        include: Vec<String>,
    },
    /// A glob excludes it.
    #[error("`source.exclude` leaves it out")]
    Excluded,
    /// Its name begins with a dot, or that of a folder that it lies in.
    #[error("it is hidden: files and folders whose names begin with a dot are not read")]
    Hidden,
    /// It lies where offprint writes.
    #[error("it lies in the archive or in the output of a source, which are not read as articles")]
    OffLimits,
    /// It is a link that leads out of the source.
    #[error("it is a link out of the source, to {}; copy it into the source, or list that folder as a source", to.display())]
    LeadsOut {
        /// Where it leads.
        to: PathBuf,
    },
    /// It is a link to a folder.
    #[error("it is a link to a folder, which is not followed; list that folder as a source")]
    LinkToFolder,
    /// It is a link that a mirror in place would replace.
    #[error("it is a link, and a mirror in place would put a file where the link is")]
    LinkInPlace,
    /// It is a link to nothing.
    #[error("it is a link that leads nowhere")]
    Dangling,
    /// It was taken down on purpose.
    #[error("it was taken down by `offprint forget`")]
    TakenDown,
    /// It is neither a file nor a folder nor a link.
    #[error("it is not a regular file")]
    Special,
}

impl SkipReason {
    /// Its name in reports.
    pub const fn name(&self) -> SkippedReason {
        match self {
            Self::NotIncluded { .. } => SkippedReason::NotIncluded,
            Self::Excluded => SkippedReason::Excluded,
            Self::Hidden => SkippedReason::Hidden,
            Self::OffLimits => SkippedReason::OffLimits,
            Self::LeadsOut { .. } => SkippedReason::LeadsOut,
            Self::LinkToFolder => SkippedReason::LinkToFolder,
            Self::LinkInPlace => SkippedReason::LinkInPlace,
            Self::Dangling => SkippedReason::Dangling,
            Self::TakenDown => SkippedReason::TakenDown,
            Self::Special => SkippedReason::Special,
        }
    }
}
