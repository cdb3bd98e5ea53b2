//! What lies where something of the archive belongs, and is none.

use std::path::Path;

use super::error::VerifyError;
use super::finding::Finding;
use super::repair::Repair;
use crate::archive;

/// Each thing in an archive's folder that takes the place of something that belongs there: of a blob, a thumbnail, a folder
/// of them. It cannot be kept until that is moved away, whether a row names it or not.
///
/// # Errors
/// [`VerifyError`] where the folder cannot be listed.
pub fn misplaced(store: &Path) -> Result<Vec<Finding>, VerifyError> {
    Ok(archive::misplaced(store)?.into_iter().map(Finding::misplaced).collect())
}

/// Moves each of them into quarantine, and gives what became of it: what belongs there can be made or kept again.
///
/// # Errors
/// [`VerifyError`] where the folder cannot be listed, or another process changes the archive.
pub fn move_misplaced(store: &Path) -> Result<Vec<(Finding, Repair)>, VerifyError> {
    let moved = archive::move_misplaced(store)?.into_iter();
    Ok(moved.map(|(stray, is_moved)| (Finding::misplaced(stray), Repair::of_obstacle(is_moved))).collect())
}
