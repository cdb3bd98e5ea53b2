//! Blobs as files: `ab/<64 hex>.<ext>` below one folder.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::io::AsyncRead;

use super::folders::{Folders, io_error, sync};
use crate::archive::{BlobError, BlobMeta, Blobs, Put};
use crate::model::{Digest, MediaType, Staged};

/// A folder of blobs. Staged files must lie on the same file system.
#[derive(Debug, Clone)]
pub(super) struct Files {
    root: PathBuf,
    folders: Arc<Folders>,
}

impl Files {
    pub(super) fn new(root: PathBuf, folders: Arc<Folders>) -> Self {
        Self { root, folders }
    }

    /// Where a blob is kept.
    pub(super) fn path(&self, digest: Digest, media_type: MediaType) -> PathBuf {
        let name = digest.to_string();
        self.root.join(&name[..2]).join(format!("{name}.{media_type}"))
    }

    /// Runs something that waits for the disk, away from the tasks that must not.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let files = self.clone();
        let stopped = |_| io_error("use", &self.root)(io::Error::other("the program is ending"));
        tokio::task::spawn_blocking(move || work(&files)).await.map_err(stopped)?
    }

    /// The order that makes it durable: the bytes, the name, the folder that holds the name.
    fn keep(&self, staged: Staged, media_type: MediaType) -> Result<Put, BlobError> {
        let path = self.path(staged.digest, media_type);
        let folder = path.parent().unwrap_or(&self.root);
        self.folders.ensure(folder)?;
        refuse_link(folder)?;
        let put = match Self::look(&path)? {
            Some((size, _)) if size == staged.length => Put::Existed,
            // A file of another size is no blob but what a failing disk made of one: these bytes heal it.
            Some(_) => rename(staged, &path, true)?,
            None => rename(staged, &path, false)?,
        };
        // For a file that existed too: whoever put it there may have died before this.
        sync(folder)?;
        Ok(put)
    }

    /// The size of a blob's file, and when it was written. Links and folders in its place are refused: neither is a
    /// blob, and following one could lead out of the archive.
    fn look(path: &Path) -> Result<Option<(u64, Timestamp)>, BlobError> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => {
                let written = found.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
                Ok(Some((found.len(), written.unwrap_or(Timestamp::UNIX_EPOCH))))
            }
            Ok(_) => Err(io_error("use", path)(io::Error::other("it is not a regular file"))),
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(io_error("look at", path)(cause)),
        }
    }

    fn shard(&self, shard: u8) -> Result<Vec<BlobMeta>, BlobError> {
        let folder = self.root.join(format!("{shard:02x}"));
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(io_error("list", &folder)(cause)),
        };
        let mut blobs = Vec::new();
        for entry in entries {
            let entry = entry.map_err(io_error("list", &folder))?;
            let named =
                entry.file_name().to_str().and_then(blob_name).filter(|(digest, _)| digest.as_bytes()[0] == shard);
            if let Some((digest, media_type)) = named
                && let Ok(Some((size, written))) = Self::look(&entry.path())
            {
                blobs.push(BlobMeta { digest, media_type, size, written });
            }
        }
        blobs.sort_by_key(|blob| (blob.digest, blob.media_type));
        Ok(blobs)
    }
}

/// A shard that is a link would lead out of the archive.
fn refuse_link(folder: &Path) -> Result<(), BlobError> {
    let found = fs::symlink_metadata(folder).map_err(io_error("look at", folder))?;
    if found.is_dir() { Ok(()) } else { Err(io_error("use", folder)(io::Error::other("it is a link"))) }
}

/// Sees the bytes safe on the disk and gives them their name.
fn rename(staged: Staged, path: &Path, replace: bool) -> Result<Put, BlobError> {
    let file = File::open(&staged.path).map_err(io_error("open", &staged.path))?;
    let found = file.metadata().map_err(io_error("look at", &staged.path))?;
    if found.len() != staged.length {
        let lost = format!("it has {} bytes instead of {}", found.len(), staged.length);
        return Err(io_error("keep", &staged.path)(io::Error::other(lost)));
    }
    let mut permissions = found.permissions();
    read_only(&mut permissions);
    file.set_permissions(permissions).map_err(io_error("protect", &staged.path))?;
    file.sync_all().map_err(io_error("save", &staged.path))?;
    drop(file);
    let named = if replace { staged.path.persist(path) } else { staged.path.persist_noclobber(path) };
    match named {
        Ok(()) => Ok(Put::Created),
        // Another task put the same bytes there meanwhile. Its file was safe on the disk before it had its name.
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(Put::Existed),
        Err(error) => Err(io_error("write", path)(error.error)),
    }
}

/// Readable by all, as the web server that shows the mirror may be another user; writable by none.
#[cfg(unix)]
fn read_only(permissions: &mut fs::Permissions) {
    use std::os::unix::fs::PermissionsExt;
    permissions.set_mode(0o444);
}

#[cfg(not(unix))]
fn read_only(permissions: &mut fs::Permissions) {
    permissions.set_readonly(true);
}

/// The digest and kind that a file's name tells.
fn blob_name(name: &str) -> Option<(Digest, MediaType)> {
    let (digest, extension) = name.split_once('.')?;
    Some((digest.parse().ok()?, MediaType::from_name(extension)?))
}

#[async_trait]
impl Blobs for Files {
    async fn put(&self, staged: Staged, media_type: MediaType) -> Result<Put, BlobError> {
        self.blocking(move |files| files.keep(staged, media_type)).await
    }

    async fn open(
        &self,
        digest: Digest,
        media_type: MediaType,
    ) -> Result<Option<Box<dyn AsyncRead + Send + Unpin>>, BlobError> {
        let file = self.blocking(move |files| {
            let path = files.path(digest, media_type);
            let found = Self::look(&path)?;
            found.map(|_| File::open(&path).map_err(io_error("open", &path))).transpose()
        });
        Ok(file.await?.map(|file| Box::new(tokio::fs::File::from_std(file)) as _))
    }

    async fn stat(&self, digest: Digest, media_type: MediaType) -> Result<Option<BlobMeta>, BlobError> {
        let found = self.blocking(move |files| Self::look(&files.path(digest, media_type))).await?;
        Ok(found.map(|(size, written)| BlobMeta { digest, media_type, size, written }))
    }

    async fn list(&self, shard: u8) -> Result<Vec<BlobMeta>, BlobError> {
        self.blocking(move |files| files.shard(shard)).await
    }

    async fn delete(&self, digest: Digest, media_type: MediaType) -> Result<bool, BlobError> {
        self.blocking(move |files| {
            let path = files.path(digest, media_type);
            match fs::remove_file(&path) {
                Ok(()) => Ok(true),
                Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(false),
                Err(cause) => Err(io_error("delete", &path)(cause)),
            }
        })
        .await
    }
}
