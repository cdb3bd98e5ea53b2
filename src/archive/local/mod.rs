//! The archive in one folder: files, and a catalog in one database file.

mod files;
mod folders;
mod lock;
mod publish;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::files::Files;
use self::folders::Folders;
use self::lock::Lock;
use super::sqlite::Sqlite;
use super::{BlobError, Blobs, Catalog, CatalogError};
use crate::model::{Digest, MediaType};

pub use publish::{Publication, Publisher};

/// What an archive is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To read: any number at a time, beside one that writes. The archive must exist.
    Read,
    /// To change: one at a time. The archive is made where there is none.
    Write,
}

/// An open archive: bytes, facts, and the places of everything else.
pub struct Archive {
    /// The bytes.
    pub blobs: Arc<dyn Blobs>,
    /// The facts.
    pub catalog: Arc<dyn Catalog>,
    /// Writes what is neither.
    pub publisher: Publisher,
    root: PathBuf,
    // After the catalog, so that it is let go last.
    _lock: Option<Lock>,
}

/// An archive cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is none.
    #[error("there is no archive at {place}: `offprint run` makes one")]
    Missing {
        /// The folder.
        place: String,
    },
    /// Another process changes it.
    #[error("another run holds the archive {place}{}", of_process(*pid))]
    Held {
        /// The folder.
        place: String,
        /// Which process, where it says so.
        pid: Option<u32>,
    },
    /// The file system refused.
    #[error("cannot {action} {place}: {cause}")]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// The file or folder.
        place: String,
        /// Why.
        cause: io::Error,
    },
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

fn of_process(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

impl ArchiveError {
    fn io(action: &'static str, place: &Path) -> impl Fn(io::Error) -> Self {
        let place = place.display().to_string();
        move |cause| Self::Io { action, place: place.clone(), cause }
    }

    fn from_blobs(BlobError::Io { action, place, cause }: BlobError) -> Self {
        Self::Io { action, place, cause }
    }
}

const CATALOG: &str = "catalog.db";
const LOCK: &str = "lock";
const TMP: &str = "tmp";
const BLOBS: &str = "blobs/sha256";
const THUMBNAILS: &str = "thumbnails";
const ARTICLES: &str = "articles";
const RUNS: &str = "runs";

/// Opens the archive in a folder.
pub fn open(store: &Path, mode: Mode) -> Result<Archive, ArchiveError> {
    match mode {
        Mode::Write => open_to_write(store),
        Mode::Read => open_to_read(store),
    }
}

fn open_to_write(store: &Path) -> Result<Archive, ArchiveError> {
    // A store that is a link is followed: it may live on another disk. It is made durable from its real place.
    let made = fs::create_dir_all(store).and_then(|()| store.canonicalize());
    let root = made.map_err(ArchiveError::io("use the archive", store))?;
    let lock = Lock::take(&root.join(LOCK))?;
    let folders = Folders::default();
    for folder in [BLOBS, THUMBNAILS, ARTICLES, RUNS, TMP] {
        folders.ensure(&root.join(folder)).map_err(ArchiveError::from_blobs)?;
    }
    empty(&root.join(TMP))?;
    let catalog = Sqlite::to_write(&root.join(CATALOG))?;
    // The names of a new catalog and its log.
    folders::sync(&root).map_err(ArchiveError::from_blobs)?;
    Ok(assemble(root, catalog, folders, Some(lock)))
}

fn open_to_read(store: &Path) -> Result<Archive, ArchiveError> {
    let path = store.join(CATALOG);
    match fs::metadata(&path) {
        Ok(_) => {}
        Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Err(ArchiveError::Missing { place: store.display().to_string() });
        }
        Err(cause) => return Err(ArchiveError::io("read the archive", store)(cause)),
    }
    if let Some(catalog) = Sqlite::to_read(&path)? {
        return Ok(assemble(store.to_owned(), catalog, Folders::default(), None));
    }
    // Its schema is older: it is upgraded once, as any command that writes would do.
    open_to_write(store)
}

fn assemble(root: PathBuf, catalog: Sqlite, folders: Folders, lock: Option<Lock>) -> Archive {
    let folders = Arc::new(folders);
    Archive {
        blobs: Arc::new(Files::new(root.join(BLOBS), Arc::clone(&folders))),
        catalog: Arc::new(catalog),
        publisher: Publisher::new(root.join(TMP), folders),
        root,
        _lock: lock,
    }
}

/// Removes what a process that died left. Only the holder of the lock may: the files of the living lie there, too.
fn empty(tmp: &Path) -> Result<(), ArchiveError> {
    let failed = ArchiveError::io("empty", tmp);
    for entry in fs::read_dir(tmp).map_err(&failed)? {
        let entry = entry.map_err(&failed)?;
        let is_folder = entry.file_type().map_err(&failed)?.is_dir();
        let removed = if is_folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
        removed.map_err(&failed)?;
    }
    Ok(())
}

impl Archive {
    /// The archive's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of temporary files. It is emptied when the archive is next opened to be changed.
    pub fn tmp(&self) -> PathBuf {
        self.root.join(TMP)
    }

    /// The folder of mirrored articles, one folder a source.
    pub fn articles(&self) -> PathBuf {
        self.root.join(ARTICLES)
    }

    /// The folder of reports.
    pub fn runs(&self) -> PathBuf {
        self.root.join(RUNS)
    }

    /// The folder of thumbnails, one folder a size.
    pub fn thumbnails(&self) -> PathBuf {
        self.root.join(THUMBNAILS)
    }

    /// The bytes that are free on its disk for users other than root; `None` where the system does not say.
    pub fn free_space(&self) -> Option<u64> {
        #[cfg(unix)]
        return rustix::fs::statvfs(&self.root).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        #[cfg(not(unix))]
        return None;
    }

    /// Where a blob is kept, relative to the archive's folder and with `/` between its parts, as links have it.
    pub fn blob_name(digest: Digest, media_type: MediaType) -> String {
        format!("{BLOBS}/{}", name_in_shard(digest, media_type))
    }

    /// Where a blob is kept.
    pub fn blob_path(&self, digest: Digest, media_type: MediaType) -> PathBuf {
        self.root.join(Self::blob_name(digest, media_type))
    }

    /// Where the thumbnail of this name of a blob is kept, relative to the archive's folder, as links have it.
    pub fn thumbnail_name(name: &str, original: Digest, media_type: MediaType) -> String {
        format!("{THUMBNAILS}/{name}/{}", name_in_shard(original, media_type))
    }

    /// Where the thumbnail of this name of a blob is kept.
    pub fn thumbnail_path(&self, name: &str, original: Digest, media_type: MediaType) -> PathBuf {
        self.root.join(Self::thumbnail_name(name, original, media_type))
    }
}

/// `ab/<64 hex>.<ext>`: 256 folders keep each one small.
fn name_in_shard(digest: Digest, media_type: MediaType) -> String {
    let name = digest.to_string();
    format!("{}/{name}.{media_type}", &name[..2])
}
