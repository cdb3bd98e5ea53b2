//! The archive in one folder: objects as files, and the catalog in one database file.
//!
//! The one place where such an archive is made, opened or refused.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::catalog::CatalogError;
use super::files::{Files, Links, Lock, NotLocked, Tree, has_other_names, is_obstacle};
use super::handle::Archive;
use super::identity;
use super::key::{FOLDERS, LATER_FOLDERS};
use super::objects::ObjectError;
use super::sqlite::{self, CatalogFile, Sqlite, SqliteSearch};
use crate::model::ArchiveId;
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
#[non_exhaustive]
pub enum ArchiveError {
    /// There is none.
    #[error("there is no archive at {place}: `offprint init` or `offprint run` makes one")]
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
    /// It is there, but for its catalog.
    #[error(
        "the archive {place} has lost its catalog: restore {place}/catalog.db from a backup, let `offprint verify \
         --rebuild` make it anew from what is kept, or move the folder away to begin a new archive"
    )]
    WithoutCatalog {
        /// The folder.
        place: String,
    },
    /// There is none, and something shows that there was one.
    #[error(
        "there is no archive at {place}, and {} links into one: mount or restore that archive, or name its folder with \
         --store; `offprint init` begins a new one", trace.display()
    )]
    Traces {
        /// The folder.
        place: String,
        /// What shows it.
        trace: PathBuf,
    },
    /// Its catalog is to be rebuilt, and nothing is wrong with it.
    #[error("the catalog of the archive {place} is whole: there is nothing to rebuild")]
    NothingToRebuild {
        /// The folder.
        place: String,
    },
    /// Its catalog is another archive's.
    #[error(
        "the catalog of the archive {place} is that of another archive: restore the {place}/catalog.db that belongs \
         there"
    )]
    OtherCatalog {
        /// The folder.
        place: String,
    },
    /// Something else takes the place of one of its folders, or of a file that it needs.
    #[error("cannot use {place}: {why}: `offprint verify --repair` moves it away")]
    Obstructed {
        /// Where.
        place: String,
        /// What is wrong with it.
        why: String,
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

pub(super) const CATALOG: &str = "catalog.db";
/// It, and what the database and its checksum keep beside it.
pub(super) const CATALOG_FILES: [&str; 5] =
    [CATALOG, "catalog.db-wal", "catalog.db-shm", "catalog.db-journal", "catalog.db.sha256"];
/// What the name of a catalog begins with that was put aside.
pub(super) const ASIDE: &str = "catalog.db.damaged-";
/// The index of texts. What is in its place is looked at when it is used: an archive is whole without it.
pub(super) const SEARCH: &str = "search.db";
pub(super) const TMP: &str = "tmp";

/// The folders that an archive may have at the top.
pub(super) fn folders() -> impl Iterator<Item = &'static str> {
    FOLDERS.into_iter().chain(LATER_FOLDERS).chain([TMP])
}

/// Opens the archive in a folder. An archive that lacks its own catalog is refused, and nothing is written.
///
/// # Errors
/// [`ArchiveError`], which says what to do about it.
pub fn open(store: &Path, mode: Mode) -> Result<Archive, ArchiveError> {
    match mode {
        Mode::Read => open_to_read(store),
        Mode::Write | Mode::Create => open_to_write(store, mode),
    }
}

fn open_to_write(store: &Path, mode: Mode) -> Result<Archive, ArchiveError> {
    let failed = || ObjectError::io("use the archive", &store.display());
    if mode == Mode::Create {
        std::fs::create_dir_all(store).map_err(failed())?;
    } else if !store.is_dir() {
        return Err(ArchiveError::Missing { place: store.display().to_string() });
    }
    // A store that is a link is followed: it may live on another disk. It is made durable from its real place.
    let tree = Tree::make(&store.canonicalize().map_err(failed())?, Links::Refused).map_err(failed())?;
    let id = examine(&tree, store, mode == Mode::Create)?;
    refuse_other_names(&tree, CATALOG)?;
    let lock = Lock::take(&tree).map_err(|error| not_locked(error, store))?;
    for folder in FOLDERS.iter().chain(&[TMP]) {
        tree.make_folder(folder).map_err(unless_obstructed)?;
    }
    let staging = Staging::new(tree.place().join(TMP));
    empty(&staging).map_err(ObjectError::io("empty", &staging.folder().display()))?;
    let path = tree.place().join(CATALOG);
    let catalog = Sqlite::to_write(&path, id)?;
    // The names of a new catalog and its log.
    tree.root().sync().map_err(tree.failed("save the folder", ""))?;
    if let (None, CatalogFile::Of(row)) = (id, sqlite::look(&path)?) {
        identity::write(row, &tree, &staging)?;
    }
    Ok(assemble(tree, staging, catalog, Some(lock)))
}

fn open_to_read(store: &Path) -> Result<Archive, ArchiveError> {
    if !store.is_dir() {
        return Err(ArchiveError::Missing { place: store.display().to_string() });
    }
    let tree = Tree::open(store, Links::Refused).map_err(ObjectError::io("read the archive", &store.display()))?;
    examine(&tree, store, false)?;
    let older = || ArchiveError::Older { place: store.display().to_string() };
    let catalog = Sqlite::to_read(&store.join(CATALOG))?.ok_or_else(older)?;
    let staging = Staging::new(store.join(TMP));
    Ok(assemble(tree, staging, catalog, None))
}

/// Examines what is there before anything is written, and gives the archive's id if it has one.
fn examine(tree: &Tree, store: &Path, may_be_new: bool) -> Result<Option<ArchiveId>, ArchiveError> {
    refuse_links(tree)?;
    let place = || store.display().to_string();
    let id = identity::read(tree)?;
    let file = tree.root().look(CATALOG).map_err(tree.failed("look at", CATALOG))?;
    refuse_other_kinds(tree)?;
    let catalog = file.map_or(Ok(CatalogFile::Empty), |_| sqlite::look(&tree.place().join(CATALOG)))?;
    match (id, catalog) {
        (Some(id), CatalogFile::Of(row)) if id != row.id => Err(ArchiveError::OtherCatalog { place: place() }),
        (_, CatalogFile::Of(_) | CatalogFile::WithoutId) => Ok(id),
        (Some(_), CatalogFile::Empty) => Err(ArchiveError::WithoutCatalog { place: place() }),
        (None, CatalogFile::Empty) if holds_content(tree)? => Err(ArchiveError::WithoutCatalog { place: place() }),
        (None, CatalogFile::Empty) if may_be_new => Ok(None),
        (None, CatalogFile::Empty) => Err(ArchiveError::Missing { place: place() }),
    }
}

/// What is in the place of the catalog, or of what belongs to it, is a regular file. The database would follow a link,
/// also one in the place of its journal.
pub(super) fn refuse_other_kinds(tree: &Tree) -> Result<(), ArchiveError> {
    for name in CATALOG_FILES {
        let found = tree.root().look(name).map_err(tree.failed("look at", name))?;
        if found.is_some_and(|found| !found.is_file()) {
            let (place, cause) = (tree.place().join(name).display().to_string(), "it is not a regular file".to_owned());
            return Err(CatalogError::Unreadable { place, cause }.into());
        }
    }
    Ok(())
}

/// What is there besides a catalog: the archive's id, where it has one, and whether anything that an archive holds.
pub(super) fn examine_parts(tree: &Tree) -> Result<(Option<ArchiveId>, bool), ArchiveError> {
    refuse_links(tree)?;
    let holds_catalog = tree.root().look(CATALOG).map_err(tree.failed("look at", CATALOG))?.is_some();
    Ok((identity::read(tree)?, holds_catalog || holds_content(tree)?))
}

/// Whether there is anything that an archive holds: blobs, thumbnails, mirrors, reports, copies of a catalog.
fn holds_content(tree: &Tree) -> Result<bool, ArchiveError> {
    let names = tree.root().names().map_err(tree.failed("list", ""))?;
    let is_copy = |name: &String| name.starts_with(CATALOG) && name[CATALOG.len()..].starts_with(".v");
    if names.iter().any(is_copy) {
        return Ok(true);
    }
    for folder in folders().filter(|folder| *folder != TMP) {
        if holds_files(tree, folder)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether there is a regular file in a folder or below it.
fn holds_files(tree: &Tree, path: &str) -> Result<bool, ArchiveError> {
    let Some(folder) = tree.folder(path)? else { return Ok(false) };
    for name in folder.names().map_err(tree.failed("list", path))? {
        let found = folder.look(&name).map_err(tree.failed("look at", path))?;
        let is_file = found.as_ref().is_some_and(std::fs::Metadata::is_file);
        let is_folder = found.is_some_and(|found| found.is_dir());
        if is_file || (is_folder && holds_files(tree, &format!("{path}/{name}"))?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a folder is that of an archive: it has the file that names it, or a catalog, whatever is wrong with them.
pub(super) fn holds_archive(tree: &Tree) -> Result<bool, ArchiveError> {
    for name in [identity::FILE, CATALOG] {
        if tree.root().look(name).map_err(tree.failed("look at", name))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unless_obstructed(error: ObjectError) -> ArchiveError {
    match error {
        ObjectError::Io { place, cause, .. } if is_obstacle(&cause) => {
            ArchiveError::Obstructed { place, why: cause.to_string() }
        }
        error => error.into(),
    }
}

/// Refuses a link where a folder or a file of an archive should be: an archive may come from somebody else.
fn refuse_links(tree: &Tree) -> Result<(), ArchiveError> {
    for name in tree.root().names().map_err(tree.failed("list", ""))? {
        let is_folder = folders().any(|folder| folder.split('/').next() == Some(&name));
        let is_looked_at_elsewhere = CATALOG_FILES.contains(&&*name) || name.starts_with(ASIDE);
        let is_file =
            (name.starts_with(CATALOG) && !is_looked_at_elsewhere) || name == identity::FILE || name == Lock::FILE;
        let found = tree.root().look(&name).map_err(tree.failed("look at", &name))?;
        let wrong = found.is_some_and(|found| (is_folder && !found.is_dir()) || (is_file && !found.is_file()));
        if wrong {
            let why = if is_folder { "it is not a folder" } else { "it is not a regular file" };
            if !holds_archive(tree)? {
                return Err(tree.failed("use", &name)(io::Error::other(why)).into());
            }
            let place = tree.place().join(&name).display().to_string();
            return Err(ArchiveError::Obstructed { place, why: why.to_owned() });
        }
    }
    // A reader writes these, too.
    for beside in sqlite::BESIDE {
        refuse_other_names(tree, &format!("{CATALOG}{beside}"))?;
    }
    Ok(())
}

/// Refuses a file with further hard links that would be written in place. Such a link may come with an archive, or be
/// part of a snapshot, and would change with the archive.
fn refuse_other_names(tree: &Tree, name: &str) -> Result<(), ObjectError> {
    let found = tree.root().look(name).map_err(tree.failed("look at", name))?;
    if !found.is_some_and(|found| has_other_names(&found)) {
        return Ok(());
    }
    let why = "it has another name, and would change there, too: put a copy of it in its place";
    Err(tree.failed("use", name)(io::Error::other(why)))
}

pub(super) fn not_locked(error: NotLocked, store: &Path) -> ArchiveError {
    match error {
        NotLocked::Held(pid) => ArchiveError::Held { place: store.display().to_string(), pid },
        NotLocked::Failed(error) => error.into(),
    }
}

/// Removes what a process that was killed left. Only the holder of the lock may do that, because a running process has
/// files there, too.
fn empty(staging: &Staging) -> io::Result<()> {
    staging.leftovers()?.iter().try_for_each(|leftover| staging.remove(leftover).map(drop))
}

fn assemble(tree: Tree, staging: Staging, catalog: Sqlite, lock: Option<Lock>) -> Archive {
    let search = Arc::new(SqliteSearch::new(tree.place().join(SEARCH)));
    let (catalog, objects) = (Arc::new(catalog), Arc::new(Files::new(Arc::new(tree), staging)));
    let archive = match lock {
        Some(lock) => Archive::locked(catalog, objects, lock),
        None => Archive::new(catalog, objects),
    };
    archive.with_search(search)
}
