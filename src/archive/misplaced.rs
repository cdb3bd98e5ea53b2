//! What takes the place of a folder or a file of an archive, so that nothing of its own can be there.

use std::path::Path;

use super::files::{Belongs, Links, Lock, Tree, put_aside};
use super::layout::{Stray, may_be_file, survey};
use super::objects::ObjectError;
use super::open::{ArchiveError, holds_archive, not_locked};

/// Each thing in an archive's folder that takes the place of a blob, a thumbnail or another object, of a folder of them, or
/// of a file that the archive needs: a folder, a file, a link, a pipe. What belongs there cannot be kept until it is moved
/// away, whether a row names that or not. Of articles, whose names may be of any kind, the rows say what belongs there.
///
/// # Errors
/// [`ArchiveError`] where the folder cannot be listed.
pub fn misplaced(store: &Path) -> Result<Vec<Stray>, ArchiveError> {
    Ok(survey(store)?.into_iter().filter(|stray| stray.is_in_the_way).collect())
}

/// Moves what is [`misplaced`] into the archive's quarantine, under the archive's lock, and gives each thing with whether
/// that could be done. What keeps the archive from being opened is moved, too. Where nothing is misplaced, nothing is locked.
///
/// # Errors
/// [`ArchiveError`] where the folder cannot be listed, or another process changes the archive.
pub fn move_misplaced(store: &Path) -> Result<Vec<(Stray, bool)>, ArchiveError> {
    let failed = || ObjectError::io("use the archive", &store.display());
    let found = misplaced(store)?;
    let tree = Tree::open(&store.canonicalize().map_err(failed())?, Links::Refused).map_err(failed())?;
    if found.is_empty() || !holds_archive(&tree)? {
        return Ok(Vec::new());
    }
    let is_lock = |stray: &Stray| stray.place == Lock::FILE;
    if found.iter().any(is_lock) {
        put_aside(&tree, Lock::FILE, Belongs::File)?;
    }
    let _lock = Lock::take(&tree).map_err(|error| not_locked(error, store))?;
    let moved = found.into_iter().map(|stray| {
        let belongs = if may_be_file(&stray.place) { Belongs::File } else { Belongs::Folder };
        let is_moved = is_lock(&stray) || put_aside(&tree, &stray.place, belongs).unwrap_or(false);
        (stray, is_moved)
    });
    Ok(moved.collect())
}
