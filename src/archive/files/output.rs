//! A folder outside the archive that mirrored articles are written to.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::folder::Links;
use super::tree::{NearFolders, Tree, split};
use super::write::Rights;
use crate::archive::objects::ObjectError;
use crate::model::{Fingerprint, RelativePath};
use crate::staging::Staging;

/// A folder that the user named. Links in it are followed, as the user set them up; a file is replaced as a whole and
/// keeps its permissions, its owner and its extended attributes.
#[derive(Debug, Clone)]
pub struct OutputFolder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: PathBuf,
    staging: Staging,
    rights: Rights,
    tree: OnceLock<Tree>,
}

impl OutputFolder {
    /// The folder at a path; it is made when the first file is written. Files are staged in a folder of the archive.
    pub fn new(place: impl Into<PathBuf>, staging: &Staging) -> Self {
        Self::with(place.into(), staging, Rights::Kept)
    }

    /// The folder of the articles themselves: a file that is replaced keeps the time of its last change, too, which
    /// site generators show.
    pub fn in_place(place: impl Into<PathBuf>, staging: &Staging) -> Self {
        Self::with(place.into(), staging, Rights::KeptWithTime)
    }

    fn with(place: PathBuf, staging: &Staging, rights: Rights) -> Self {
        Self { inner: Arc::new(Inner { place, staging: staging.clone(), rights, tree: OnceLock::new() }) }
    }

    /// Where a file of it is.
    pub fn file(&self, path: &RelativePath) -> PathBuf {
        self.inner.place.join(path)
    }

    /// Writes a file, over what stood there, and gives its fingerprint.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub async fn write(&self, path: &RelativePath, bytes: Vec<u8>) -> Result<Fingerprint, ObjectError> {
        let path = path.clone();
        self.blocking(move |inner| inner.write(&path, &bytes)).await
    }

    /// Reads a file; `None` if there is none.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub async fn read(&self, path: &RelativePath) -> Result<Option<Vec<u8>>, ObjectError> {
        let path = path.clone();
        self.blocking(move |inner| inner.read(&path)).await
    }

    /// The fingerprint of a file; `None` if there is none.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub async fn fingerprint(&self, path: &RelativePath) -> Result<Option<Fingerprint>, ObjectError> {
        let path = path.clone();
        self.blocking(move |inner| inner.fingerprint(&path)).await
    }

    /// The same of many files, in their order. What cannot be looked at is `None`, too.
    pub async fn fingerprints(&self, paths: Vec<RelativePath>) -> Vec<Option<Fingerprint>> {
        let count = paths.len();
        let look = move |inner: &Inner| {
            let Some(tree) = inner.existing()? else { return Ok(vec![None; paths.len()]) };
            let mut near = NearFolders::new(tree);
            let one = |path: &RelativePath| {
                let (parent, name) = split(path);
                let folder = near.folder(parent).ok()??;
                inner.fingerprint_of(folder.look(name).ok()?.as_ref())
            };
            Ok(paths.iter().map(one).collect())
        };
        self.blocking(look).await.unwrap_or_else(|_| vec![None; count])
    }

    /// Whether something that is no file, or a link to none, has the name of a file.
    pub async fn is_obstructed(&self, path: &RelativePath) -> bool {
        let file = self.file(path);
        let look = move || file.symlink_metadata().is_ok() && !file.is_file();
        tokio::task::spawn_blocking(look).await.unwrap_or(false)
    }

    /// Removes a file; true where it was there.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub async fn remove(&self, path: &RelativePath) -> Result<bool, ObjectError> {
        let path = path.clone();
        self.blocking(move |inner| inner.remove(&path)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ObjectError> + Send + 'static,
    ) -> Result<T, ObjectError> {
        let inner = Arc::clone(&self.inner);
        let ended = |_| self.inner.failed("use", "")(io::Error::other("the program is ending"));
        tokio::task::spawn_blocking(move || work(&inner)).await.map_err(ended)?
    }
}

impl Inner {
    fn write(&self, path: &str, bytes: &[u8]) -> Result<Fingerprint, ObjectError> {
        self.make()?.write_as(path, bytes, &self.staging, self.rights)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ObjectError> {
        self.existing()?.map_or(Ok(None), |tree| tree.read(path, u64::MAX))
    }

    fn fingerprint(&self, path: &str) -> Result<Option<Fingerprint>, ObjectError> {
        let (parent, name) = split(path);
        let Some(folder) = self.existing()?.map_or(Ok(None), |tree| tree.folder(parent))? else { return Ok(None) };
        let found = folder.look(name).map_err(self.failed("look at", path))?;
        Ok(self.fingerprint_of(found.as_ref()))
    }

    /// That of a file; of nothing else.
    fn fingerprint_of(&self, found: Option<&Metadata>) -> Option<Fingerprint> {
        found.filter(|found| found.is_file()).map(|found| self.rights.fingerprint(found))
    }

    fn remove(&self, path: &str) -> Result<bool, ObjectError> {
        let (parent, name) = split(path);
        let Some(folder) = self.existing()?.map_or(Ok(None), |tree| tree.folder(parent))? else { return Ok(false) };
        folder.remove(name).map_err(self.failed("remove", path))
    }

    fn make(&self) -> Result<&Tree, ObjectError> {
        self.remember(Tree::make(&self.place, Links::Followed))
    }

    fn existing(&self) -> Result<Option<&Tree>, ObjectError> {
        match self.tree.get() {
            Some(tree) => Ok(Some(tree)),
            None if !Path::new(&self.place).is_dir() => Ok(None),
            None => self.remember(Tree::open(&self.place, Links::Followed)).map(Some),
        }
    }

    fn remember(&self, opened: io::Result<Tree>) -> Result<&Tree, ObjectError> {
        let tree = opened.map_err(self.failed("use the folder", ""))?;
        Ok(self.tree.get_or_init(|| tree))
    }

    fn failed<'a>(&'a self, action: &'static str, path: &'a str) -> impl FnOnce(io::Error) -> ObjectError + 'a {
        move |cause| ObjectError::Io { action, place: self.place.join(path).display().to_string(), cause }
    }
}
