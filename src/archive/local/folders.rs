//! Folders whose entries outlive a loss of power.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use crate::archive::BlobError;

/// Remembers which folders this process has seen safe on the disk, from their own entry upwards.
///
/// That a folder exists is not enough: another task, or a process that was killed, may have made it and not seen its
/// parent's fsync through.
#[derive(Debug, Default)]
pub(super) struct Folders {
    durable: RwLock<HashSet<PathBuf>>,
    making: Mutex<()>,
}

impl Folders {
    /// Makes a folder with those above it, and sees each entry safe on the disk.
    pub(super) fn ensure(&self, folder: &Path) -> Result<(), BlobError> {
        if self.is_durable(folder) {
            return Ok(());
        }
        let _one_at_a_time = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        self.make(folder)
    }

    fn is_durable(&self, folder: &Path) -> bool {
        self.durable.read().unwrap_or_else(PoisonError::into_inner).contains(folder)
    }

    fn make(&self, folder: &Path) -> Result<(), BlobError> {
        let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
        if self.is_durable(folder) {
            return Ok(());
        }
        self.make(parent)?;
        match fs::create_dir(folder) {
            Ok(()) => sync(parent)?,
            Err(_) if folder.is_dir() => sync_what_was_there(parent)?,
            Err(cause) => return Err(io_error("create", folder)(cause)),
        }
        self.durable.write().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
        Ok(())
    }
}

/// Sees the entries of a folder that was there before safe on the disk. One that is not ours to sync, such as the
/// root of a read-only system, cannot hold an entry that we made.
fn sync_what_was_there(folder: &Path) -> Result<(), BlobError> {
    let not_ours = |kind| {
        matches!(
            kind,
            ErrorKind::PermissionDenied
                | ErrorKind::ReadOnlyFilesystem
                | ErrorKind::InvalidInput
                | ErrorKind::Unsupported
        )
    };
    match sync(folder) {
        Err(BlobError::Io { cause, .. }) if not_ours(cause.kind()) => Ok(()),
        result => result,
    }
}

/// Sees a folder's entries safe on the disk.
pub(super) fn sync(folder: &Path) -> Result<(), BlobError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("save the folder", folder))
}

/// The error of a file system that refuses.
pub(super) fn io_error(action: &'static str, place: &Path) -> impl Fn(io::Error) -> BlobError {
    let place = place.display().to_string();
    move |cause| BlobError::Io { action, place: place.clone(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_with_those_above_and_a_file_in_the_way_is_named() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::default();
        let deep = root.path().join("a/b/c");
        folders.ensure(&deep).unwrap();
        folders.ensure(&deep).unwrap();
        assert!(deep.is_dir());
        fs::write(root.path().join("file"), "").unwrap();
        let error = folders.ensure(&root.path().join("file/below")).unwrap_err().to_string();
        assert!(error.starts_with("cannot create") && error.contains("file"), "{error}");
    }
}
