//! Whole files that appear at once: thumbnails, mirrored articles, reports.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use futures_util::{StreamExt, stream};
use tempfile::{Builder, NamedTempFile};

use super::folders::{Folders, io_error, sync};
use crate::archive::BlobError;
use crate::model::Fingerprint;

/// How many files are on their way to the disk at a time. Then full durability costs almost nothing: the file
/// system commits them together.
const SIDE_BY_SIDE: usize = 8;

/// Writes files that are there whole or not at all, and that outlive a loss of power once it says so.
#[derive(Debug, Clone)]
pub struct Publisher {
    tmp: PathBuf,
    folders: Arc<Folders>,
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub bytes: Vec<u8>,
}

impl Publisher {
    pub(super) fn new(tmp: PathBuf, folders: Arc<Folders>) -> Self {
        Self { tmp, folders }
    }

    /// Writes one file, over what stood there. Waits for the disk: not for a task that must not.
    pub fn publish(&self, path: &Path, bytes: &[u8]) -> Result<Fingerprint, BlobError> {
        let fingerprint = self.place(path, bytes)?;
        sync(folder_of(path))?;
        Ok(fingerprint)
    }

    /// Writes many files side by side, each folder brought to the disk once. The results are in the files' order.
    pub async fn publish_all(&self, files: Vec<Publication>) -> Vec<Result<Fingerprint, BlobError>> {
        let folders: BTreeSet<PathBuf> = files.iter().map(|file| folder_of(&file.path).to_owned()).collect();
        let placed = stream::iter(files).map(|file| {
            let publisher = self.clone();
            blocking(move || publisher.place(&file.path, &file.bytes).map(|fingerprint| (fingerprint, file.path)))
        });
        let placed: Vec<_> = placed.buffered(SIDE_BY_SIDE).collect().await;
        let synced =
            stream::iter(folders).map(|folder| blocking(move || sync(&folder).map_err(|error| (folder, error))));
        let unsafe_folders: Vec<_> =
            synced.buffered(SIDE_BY_SIDE).filter_map(|result| std::future::ready(result.err())).collect().await;
        placed.into_iter().map(|file| in_safe_folder(file, &unsafe_folders)).collect()
    }

    /// Everything but the folder's own fsync.
    fn place(&self, path: &Path, bytes: &[u8]) -> Result<Fingerprint, BlobError> {
        let folder = folder_of(path);
        self.folders.ensure(folder)?;
        let file = write(&self.tmp, path, bytes)?;
        match file.persist(path) {
            Ok(file) => fingerprint(&file).map_err(io_error("look at", path)),
            // The folder is on another file system than the archive: the temporary file must be, too.
            Err(error) if error.error.kind() == ErrorKind::CrossesDevices => {
                let file = write(folder, path, bytes)?.persist(path);
                let file = file.map_err(|error| io_error("write", path)(error.error))?;
                fingerprint(&file).map_err(io_error("look at", path))
            }
            Err(error) => Err(io_error("write", path)(error.error)),
        }
    }
}

/// A temporary file with these bytes, safe on the disk, with the rights of the file it will replace.
fn write(tmp: &Path, path: &Path, bytes: &[u8]) -> Result<NamedTempFile, BlobError> {
    let mut file = new_file(tmp).map_err(io_error("write to", tmp))?;
    let written = file.write_all(bytes).and_then(|()| {
        if let Ok(old) = fs::metadata(path) {
            file.as_file().set_permissions(old.permissions())?;
        }
        file.as_file().sync_all()
    });
    written.map_err(io_error("write", path))?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A temporary file that gets the rights of any new file, not those of a secret.
fn new_file(tmp: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".offprint-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(tmp)
}

/// What tells that a file was not touched since.
fn fingerprint(file: &File) -> std::io::Result<Fingerprint> {
    let found = file.metadata()?;
    let modified = found.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let modified = i64::try_from(modified.as_nanos()).unwrap_or(i64::MAX);
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&found);
    #[cfg(not(unix))]
    let inode = 0;
    Ok(Fingerprint { size: found.len(), modified, inode })
}

/// Runs something that waits for the disk on a thread of its own.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("the work neither panics nor outlives the runtime")
}

type Placed = Result<(Fingerprint, PathBuf), BlobError>;

/// The result of one file of many, once it is known which folders could not be brought to the disk.
fn in_safe_folder(file: Placed, unsafe_folders: &[(PathBuf, BlobError)]) -> Result<Fingerprint, BlobError> {
    let (fingerprint, path) = file?;
    match unsafe_folders.iter().find(|(folder, _)| folder == folder_of(&path)) {
        None => Ok(fingerprint),
        Some((folder, BlobError::Io { action, cause, .. })) => Err(io_error(action, folder)(cause.kind().into())),
    }
}
