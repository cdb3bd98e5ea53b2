//! Where the mirrored articles of a source are: in the archive, or in a folder of the source's own.

use std::path::PathBuf;
use std::sync::Arc;

use super::files::OutputFolder;
use super::key::StoreKey;
use super::objects::{Body, ObjectError, Objects};
use crate::model::{ArticleKey, Fingerprint, RelativePath, SourceName};

/// The mirrored articles of one source.
#[derive(Clone)]
pub enum Output {
    /// In the archive.
    Archive {
        /// Its objects.
        objects: Arc<dyn Objects>,
        /// The source.
        source: SourceName,
    },
    /// In a folder that the settings name.
    Folder(OutputFolder),
}

impl Output {
    /// Writes an article, over what stood there, and gives its fingerprint.
    ///
    /// # Errors
    /// Where the store or the file system refuses.
    pub async fn write(&self, path: &RelativePath, bytes: Vec<u8>) -> Result<Fingerprint, ObjectError> {
        match self {
            Self::Archive { objects, source } => {
                Ok(objects.put(&key(source, path), Body::Bytes(bytes)).await?.fingerprint)
            }
            Self::Folder(folder) => folder.write(path, bytes).await,
        }
    }

    /// Reads an article; `None` if there is none.
    ///
    /// # Errors
    /// Where the store or the file system refuses.
    pub async fn read(&self, path: &RelativePath) -> Result<Option<Vec<u8>>, ObjectError> {
        match self {
            Self::Archive { objects, source } => objects.read(&key(source, path)).await,
            Self::Folder(folder) => folder.read(path).await,
        }
    }

    /// Removes an article. Returns whether it was there.
    ///
    /// # Errors
    /// Where the store or the file system refuses.
    pub async fn remove(&self, path: &RelativePath) -> Result<bool, ObjectError> {
        match self {
            Self::Archive { objects, source } => objects.delete(&key(source, path)).await,
            Self::Folder(folder) => folder.remove(path).await,
        }
    }

    /// The fingerprint of an article; `None` if there is none.
    ///
    /// # Errors
    /// Where the store or the file system refuses.
    pub async fn fingerprint(&self, path: &RelativePath) -> Result<Option<Fingerprint>, ObjectError> {
        match self {
            Self::Archive { objects, source } => objects.stat(&key(source, path)).await,
            Self::Folder(folder) => folder.fingerprint(path).await,
        }
    }

    /// The same of many articles, in their order. What cannot be looked at is `None`, too.
    pub async fn fingerprints(&self, paths: Vec<RelativePath>) -> Vec<Option<Fingerprint>> {
        match self {
            Self::Archive { objects, source } => {
                objects.stat_all(paths.iter().map(|path| key(source, path)).collect()).await
            }
            Self::Folder(folder) => folder.fingerprints(paths).await,
        }
    }

    /// Whether something that is no file lies in the place of an article.
    pub async fn is_obstructed(&self, path: &RelativePath) -> bool {
        match self {
            Self::Archive { .. } => self.fingerprint(path).await.is_err_and(|error| error.is_of_one_place()),
            Self::Folder(folder) => folder.is_obstructed(path).await,
        }
    }

    /// Where an article is, for messages: its file, or its path in the archive.
    pub fn place(&self, path: &RelativePath) -> PathBuf {
        match self {
            Self::Archive { source, .. } => key(source, path).path().into(),
            Self::Folder(folder) => folder.file(path),
        }
    }
}

fn key(source: &SourceName, path: &RelativePath) -> StoreKey {
    StoreKey::Article(ArticleKey { source: source.clone(), path: path.clone() })
}
