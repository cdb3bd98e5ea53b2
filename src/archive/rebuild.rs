//! Makes a new catalog beside one that is lost or damaged, and puts it in its place as a whole.
//!
//! Until then the archive stays as it was. Whenever the process is killed, there is either no catalog, or the damaged
//! one, or the whole new one.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::io::AsyncWriteExt;

use super::catalog::{Articles, Captures, Catalog, CatalogError, Copies, Inventory, Runs};
use super::copies::{moment_of, oldest_first};
use super::files::{Files, Links, Lock, Tree};
use super::handle::Archive;
use super::identity;
use super::key::{Prefix, StoreKey};
use super::objects::{ObjectError, Objects};
use super::open::{ASIDE, ArchiveError, CATALOG, CATALOG_FILES, TMP, examine_parts, not_locked, refuse_other_kinds};
use super::sqlite::{self, CatalogFile, Sqlite};
use crate::model::ArchiveId;
use crate::staging::Staging;

/// The catalog while it is made.
const NEW: &str = "catalog.db.new";
/// Rows that are read at a time.
const ROWS: usize = 1000;

/// An archive whose catalog is being rebuilt. Without a call of [`finish`](Self::finish) nothing has changed.
pub struct CatalogRebuild {
    /// The archive with the new catalog.
    pub archive: Archive,
    /// The copy that it began with, by its path in the archive; `None` if there was none that can be used.
    pub copy: Option<String>,
    tree: Arc<Tree>,
    staging: Staging,
    _lock: Lock,
}

/// Begins a new catalog for the archive in a folder: with the newest of its copies that is whole, or else with nothing.
///
/// # Errors
/// [`ArchiveError::NothingToRebuild`] where the catalog is whole.
pub async fn rebuild_catalog(store: &Path, now: Timestamp) -> Result<CatalogRebuild, ArchiveError> {
    let place = || store.display().to_string();
    if !store.is_dir() {
        return Err(ArchiveError::Missing { place: place() });
    }
    let failed = || ObjectError::io("use the archive", &store.display());
    let tree = Arc::new(Tree::make(&store.canonicalize().map_err(failed())?, Links::Refused).map_err(failed())?);
    let (id, holds_content) = examine_parts(&tree)?;
    if id.is_none() && !holds_content {
        return Err(ArchiveError::Missing { place: place() });
    }
    let whole = whole(&tree, id).await;
    if let Some(whole) = &whole
        && !is_behind(whole.as_ref(), &tree, now).await?
    {
        return Err(ArchiveError::NothingToRebuild { place: place() });
    }
    let lock = Lock::take(&tree).map_err(|error| not_locked(error, store))?;
    tree.make_folder(TMP)?;
    let staging = Staging::new(tree.place().join(TMP));
    let objects = Arc::new(Files::new(Arc::clone(&tree), staging.clone()));
    let (catalog, copy) = begin(&tree, &*objects, id, whole.flatten(), now).await?;
    let archive = Archive::new(Arc::new(catalog), objects);
    Ok(CatalogRebuild { archive, copy, tree, staging, _lock: lock })
}

/// The catalog that is there, where it is this archive's and finds nothing wrong with itself. One of an older schema is
/// whole, and a run brings it up to date: it is not read.
async fn whole(tree: &Tree, id: Option<ArchiveId>) -> Option<Option<Arc<Sqlite>>> {
    let path = tree.place().join(CATALOG);
    if refuse_other_kinds(tree).is_err() || !is_usable(&path, id) {
        return None;
    }
    match Sqlite::to_read(&path) {
        Ok(Some(catalog)) => is_sound(&catalog).await.then(|| Some(Arc::new(catalog))),
        Ok(None) => Some(None),
        Err(_) => None,
    }
}

/// Whether a whole catalog is older than what is kept.
async fn is_behind(whole: Option<&Arc<Sqlite>>, tree: &Arc<Tree>, now: Timestamp) -> Result<bool, ArchiveError> {
    let Some(catalog) = whole else { return Ok(false) };
    let staging = Staging::new(tree.place().join(TMP));
    let objects = Arc::new(Files::new(Arc::clone(tree), staging));
    let archive = Archive::new(Arc::clone(catalog) as Arc<dyn Catalog>, objects);
    Ok(!archive.newer_than_catalog::<ArchiveError>(now).await?.is_empty())
}

/// Whether a catalog finds nothing wrong with itself, and each of its rows can be read.
async fn is_sound(catalog: &Sqlite) -> bool {
    catalog.integrity().await.is_ok_and(|found| found.is_empty())
        && is_readable(catalog).await.unwrap_or(false)
        && catalog.unreadable_rows().is_empty()
}

/// Reads every row of blobs, URLs and articles; false where one of them cannot be read.
async fn is_readable(catalog: &Sqlite) -> Result<bool, CatalogError> {
    for shard in 0..=u8::MAX {
        let blobs = catalog.blobs_on_record(shard).await?;
        let (assets, thumbnails) =
            (catalog.assets_on_record(shard).await?, catalog.thumbnails_on_record(shard..=shard).await?);
        if !blobs.iter().all(Result::is_ok)
            || !assets.iter().all(Result::is_ok)
            || !thumbnails.iter().all(Result::is_ok)
        {
            return Ok(false);
        }
    }
    let (mut last_url, mut last_article) = (None, None);
    while let Some(end) = catalog.failing_urls(last_url, ROWS).await?.last() {
        last_url = Some(end.id);
    }
    loop {
        let rows = catalog.articles_by_row(last_article, ROWS).await?;
        let Some((end, _)) = rows.last() else { return Ok(true) };
        last_article = Some(*end);
        for (id, row) in rows {
            row?;
            catalog.references(id).await?;
            catalog.edits(id).await?;
            catalog.versions(id).await?;
        }
    }
}

/// Whether a file is a catalog of this archive.
fn is_usable(path: &Path, id: Option<ArchiveId>) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_file())
        && match sqlite::look(path) {
            Ok(CatalogFile::Of(row)) => id.is_none_or(|id| id == row.id),
            Ok(CatalogFile::WithoutId) => true,
            Ok(CatalogFile::Empty) | Err(_) => false,
        }
}

/// The new catalog: the newest copy that is whole, or an empty one.
async fn begin(
    tree: &Tree,
    objects: &dyn Objects,
    id: Option<ArchiveId>,
    whole: Option<Arc<Sqlite>>,
    now: Timestamp,
) -> Result<(Sqlite, Option<String>), ArchiveError> {
    let path = tree.place().join(NEW);
    let own = match &whole {
        Some(catalog) => catalog.runs(1).await?.first().map(|run| run.began),
        None => None,
    };
    for (key, _) in oldest_first(objects.list(Prefix::CatalogCopies).await?, now).iter().rev() {
        // A catalog that is older than the archive may be newer than its copies.
        if own.is_some_and(|own| moment_of(key).is_none_or(|copied| copied < own)) {
            break;
        }
        remove_new(tree)?;
        write_copy(objects, key, &path).await?;
        if !is_usable(&path, id) {
            continue;
        }
        if let Ok(catalog) = Sqlite::to_write(&path, id)
            && is_sound(&catalog).await
        {
            return Ok((catalog, Some(key.path())));
        }
    }
    remove_new(tree)?;
    let Some(catalog) = whole else { return Ok((Sqlite::to_write(&path, id)?, None)) };
    catalog.copy_to(&path).await?;
    Ok((Sqlite::to_write(&path, id)?, Some(CATALOG.to_owned())))
}

async fn write_copy(objects: &dyn Objects, key: &StoreKey, to: &Path) -> Result<(), ArchiveError> {
    let failed = || ObjectError::io("write", &to.display());
    let mut file = tokio::fs::File::create_new(to).await.map_err(failed())?;
    if let Some(mut reader) = objects.open(key, None).await? {
        tokio::io::copy(&mut reader, &mut file).await.map_err(failed())?;
    }
    Ok(file.flush().await.map_err(failed())?)
}

/// Removes what an earlier attempt left.
fn remove_new(tree: &Tree) -> Result<(), ArchiveError> {
    for name in tree.root().names().map_err(tree.failed("list", ""))?.iter().filter(|name| name.starts_with(NEW)) {
        tree.root().remove(name).map_err(tree.failed("remove", name))?;
    }
    Ok(())
}

impl CatalogRebuild {
    /// Puts the new catalog in the place of the old one, which is kept beside it if it holds anything. Every clone of
    /// the archive must be dropped before. Returns where the old one is.
    ///
    /// # Errors
    /// [`ArchiveError`]; the archive is as it was then.
    pub fn finish(self, now: Timestamp) -> Result<Option<PathBuf>, ArchiveError> {
        let Self { archive, tree, staging, .. } = &self;
        let path = tree.place().join(NEW);
        drop(archive.clone());
        let row = match sqlite::look(&path)? {
            CatalogFile::Of(row) => row,
            CatalogFile::Empty | CatalogFile::WithoutId => {
                return Err(tree.failed("use", NEW)(io::Error::other("it has no tables")).into());
            }
        };
        let (tree, staging) = (Arc::clone(tree), staging.clone());
        let Self { archive, _lock, .. } = self;
        // The last holder that drops the catalog writes its log into the file.
        drop(archive);
        let log = tree.root().look(&format!("{NEW}-wal")).map_err(tree.failed("look at", NEW))?;
        if log.is_some_and(|log| log.len() > 0) {
            return Err(tree.failed("use", NEW)(ErrorKind::ResourceBusy.into()).into());
        }
        let aside = set_aside(&tree, now)?;
        tree.root().rename(NEW, CATALOG).map_err(tree.failed("rename", NEW))?;
        tree.root().sync().map_err(tree.failed("save the folder", ""))?;
        remove_new(&tree)?;
        identity::write(row, &tree, &staging)?;
        Ok(aside)
    }
}

/// Renames the old catalog, and removes the files that belong to it.
fn set_aside(tree: &Tree, now: Timestamp) -> Result<Option<PathBuf>, ArchiveError> {
    let mut aside = None;
    for name in CATALOG_FILES.iter().rev() {
        match tree.root().look(name).map_err(tree.failed("look at", name))? {
            None => {}
            Some(found) if found.is_file() && (*name != CATALOG || found.len() == 0) => {
                tree.root().remove(name).map_err(tree.failed("remove", name))?;
            }
            Some(_) => {
                let to = format!("{ASIDE}{}{}", now.strftime("%Y%m%dT%H%M%SZ"), &name[CATALOG.len()..]);
                tree.root().rename(name, &to).map_err(tree.failed("rename", name))?;
                aside = Some(tree.place().join(to));
            }
        }
    }
    Ok(aside)
}
