//! What lies where an object belongs, and is none.

use std::path::Path;

use super::error::VerifyError;
use super::finding::Finding;
use crate::archive::{self, StoreKey};

/// Each thing in an archive's folder that takes the place of a blob or a thumbnail, or of a folder of them: a folder, a link, a
/// pipe. Nothing can be kept there until it is moved away, whether a row names it or not.
///
/// # Errors
/// [`VerifyError`] where the folder cannot be listed.
pub fn misplaced(store: &Path) -> Result<Vec<Finding>, VerifyError> {
    let is_meant = |place: &str| {
        let found = store.join(place).symlink_metadata();
        let (is_file, is_folder) = found.map_or((false, false), |found| (found.is_file(), found.is_dir()));
        StoreKey::is_linked_path(place) && !is_file && (!is_folder || StoreKey::parse(place).is_some())
    };
    let strays = archive::survey(store)?.into_iter().filter(|stray| is_meant(&stray.place));
    Ok(strays.map(Finding::stray).collect())
}
