//! The archive in one folder: objects as files, and the catalog in one database file.
//!
//! The one place where such an archive is made, opened or refused.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use super::files::{Files, Links, Lock, NotLocked, Tree};
use super::sqlite::Sqlite;
use super::{Archive, CatalogError, ObjectError};
use crate::staging::Staging;

/// What an archive is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To read: any number at a time, beside one that writes. The archive exists, and nothing in it is changed.
    Read,
    /// To change: one at a time. The archive exists.
    Write,
    /// To change, and to make where there is none.
    Create,
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
    /// Its catalog has an older schema, and it was opened to be read.
    #[error("the archive {place} was written by an older offprint: `offprint run` brings its catalog up to date")]
    Older {
        /// The folder.
        place: String,
    },
    /// The file system refused.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

fn of_process(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

const CATALOG: &str = "catalog.db";
const TMP: &str = "tmp";
/// The folders that an archive has from the start.
const FOLDERS: [&str; 5] = ["blobs/sha256", "thumbnails", "articles", "runs", TMP];
/// Those that come when something is put into them.
const LATER: [&str; 2] = ["index", "quarantine"];

/// Opens the archive in a folder.
///
/// # Errors
/// [`ArchiveError`], which says what to do about it.
pub fn open(store: &Path, mode: Mode) -> Result<Archive, ArchiveError> {
    match mode {
        Mode::Read => open_to_read(store),
        Mode::Write => {
            require(store)?;
            open_to_write(store)
        }
        Mode::Create => open_to_write(store),
    }
}

fn open_to_write(store: &Path) -> Result<Archive, ArchiveError> {
    // A store that is a link is followed: it may live on another disk. It is made durable from its real place.
    let failed = || ObjectError::io("use the archive", &store.display());
    std::fs::create_dir_all(store).map_err(failed())?;
    let tree = Tree::make(&store.canonicalize().map_err(failed())?, Links::Refused).map_err(failed())?;
    refuse_links(&tree)?;
    let lock = Lock::take(&tree).map_err(|error| not_locked(error, store))?;
    for folder in FOLDERS {
        tree.make_folder(folder)?;
    }
    let staging = Staging::new(tree.place().join(TMP));
    empty(&staging).map_err(ObjectError::io("empty", &staging.folder().display()))?;
    let catalog = Sqlite::to_write(&tree.place().join(CATALOG))?;
    // The names of a new catalog and its log.
    tree.root().sync().map_err(tree.failed("save the folder", ""))?;
    Ok(assemble(tree, staging, catalog, Some(lock)))
}

fn open_to_read(store: &Path) -> Result<Archive, ArchiveError> {
    require(store)?;
    let tree = Tree::open(store, Links::Refused).map_err(ObjectError::io("read the archive", &store.display()))?;
    refuse_links(&tree)?;
    let older = || ArchiveError::Older { place: store.display().to_string() };
    let catalog = Sqlite::to_read(&store.join(CATALOG))?.ok_or_else(older)?;
    let staging = Staging::new(store.join(TMP));
    Ok(assemble(tree, staging, catalog, None))
}

/// There is an archive where there is a catalog.
fn require(store: &Path) -> Result<(), ArchiveError> {
    match std::fs::symlink_metadata(store.join(CATALOG)) {
        Ok(_) => Ok(()),
        Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(ArchiveError::Missing { place: store.display().to_string() })
        }
        Err(cause) => Err(ObjectError::io("read the archive", &store.display())(cause).into()),
    }
}

/// What is named as a folder or a file of ours is one, and no link: an archive may come from somebody else.
fn refuse_links(tree: &Tree) -> Result<(), ArchiveError> {
    for name in tree.root().names().map_err(tree.failed("list", ""))? {
        let is_folder = FOLDERS.iter().chain(&LATER).any(|folder| folder.split('/').next() == Some(&name));
        let is_file = name.starts_with(CATALOG) || name == "lock";
        let found = tree.root().look(&name).map_err(tree.failed("look at", &name))?;
        let wrong = found.is_some_and(|found| (is_folder && !found.is_dir()) || (is_file && !found.is_file()));
        if wrong {
            let expected = if is_folder { "it is not a folder" } else { "it is not a regular file" };
            return Err(tree.failed("use", &name)(io::Error::other(expected)).into());
        }
    }
    Ok(())
}

fn not_locked(error: NotLocked, store: &Path) -> ArchiveError {
    match error {
        NotLocked::Held(pid) => ArchiveError::Held { place: store.display().to_string(), pid },
        NotLocked::Failed(error) => error.into(),
    }
}

/// Removes what a process that died left. Only the holder of the lock may: the files of the living lie there, too.
fn empty(staging: &Staging) -> io::Result<()> {
    staging.leftovers()?.iter().try_for_each(|leftover| staging.remove(leftover).map(drop))
}

fn assemble(tree: Tree, staging: Staging, catalog: Sqlite, lock: Option<Lock>) -> Archive {
    let root = tree.place().to_owned();
    let files = Files::new(Arc::new(tree), staging);
    Archive::local(Arc::new(catalog), Arc::new(files), root, lock)
}
