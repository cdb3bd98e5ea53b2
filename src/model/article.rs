//! Articles: what was read, what was made of it.

use std::fmt;
use std::fs::Metadata;
use std::time::UNIX_EPOCH;

use encoding_rs::Encoding;
use jiff::Timestamp;
use url::Url;

use super::digest::Digest;
use super::path::{RelativePath, SourceName};
use super::reference::{Format, Span};

/// Which article: its source's name, and its path or URL within that source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArticleKey {
    /// The name of the source.
    pub source: SourceName,
    /// The path within the source.
    pub path: RelativePath,
}

impl fmt::Display for ArticleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.source, self.path)
    }
}

/// The facts of a file by which an unchanged one is recognised without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// Size in bytes.
    pub size: u64,
    /// Time of the last modification, in nanoseconds since 1970.
    pub modified: i64,
    /// The file's inode; 0 if the system has none. See also [`Fingerprint::of_edited`].
    pub inode: u64,
}

impl Fingerprint {
    /// That of a file, from what the system says of it.
    pub fn of(file: &Metadata) -> Self {
        let modified = file.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        let modified = i64::try_from(modified.as_nanos()).unwrap_or(i64::MAX);
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(file);
        #[cfg(not(unix))]
        let inode = 0;
        Self { size: file.len(), modified, inode }
    }

    /// Whether two names may lead to one file. The inode does not count: file systems in user space and on networks may
    /// give each name one of its own.
    pub const fn may_be_one_file(self, other: Self) -> bool {
        self.size == other.size && self.modified == other.modified
    }

    /// The fingerprint of a file that users edit. It includes the time of the last change of the inode: a program can
    /// set a file's size and time back, but not that one (`st_ctime` of POSIX).
    pub fn of_edited(file: &Metadata) -> Self {
        let found = Self::of(file);
        #[cfg(unix)]
        let inode = {
            use std::os::unix::fs::MetadataExt;
            let changed = file.ctime().wrapping_mul(1_000_000_000).wrapping_add(file.ctime_nsec());
            found.inode.rotate_left(32) ^ changed.cast_unsigned()
        };
        #[cfg(not(unix))]
        let inode = found.inode;
        Self { inode, ..found }
    }

    /// When the file was last written.
    pub fn written(&self) -> Timestamp {
        Timestamp::from_nanosecond(self.modified.into()).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// One version of an article, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ArticleVersion {
    /// Which article.
    pub key: ArticleKey,
    /// The digest of the original file, which is kept as a blob.
    pub original: Digest,
    /// The file it was read from.
    pub fingerprint: Fingerprint,
    /// How it is written.
    pub format: Format,
    /// The encoding of its bytes, as the WHATWG's standard names it. `None` if it was read by a version of the program
    /// that did not record it: then its references lack what a mirror needs, and it must be read again.
    pub encoding: Option<String>,
    /// The digest of the settings that shape extraction and rewriting; when they change, so does the mirror.
    pub settings: Digest,
    /// Its title, where it has one.
    pub title: Option<String>,
    /// When it was published, where it says so.
    pub published: Option<Timestamp>,
    /// Where it was published, if that is known: this may be sent to the hosts of its images.
    pub url: Option<Url>,
    /// When this version was read.
    pub read_at: Timestamp,
}

impl ArticleVersion {
    /// The encoding of its bytes, where that is recorded.
    pub fn charset(&self) -> Option<&'static Encoding> {
        Encoding::for_label(self.encoding.as_deref()?.as_bytes())
    }
}

/// One splice of a rewrite: the bytes before, and the bytes after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes of the original that were replaced.
    pub span: Span,
    /// Those bytes.
    pub raw: Vec<u8>,
    /// The bytes that stand in the mirror instead.
    pub replacement: Vec<u8>,
}
