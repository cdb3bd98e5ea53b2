//! A folder with those below it: paths in it, and folders whose entries outlive a loss of power.

use std::collections::HashSet;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folder::{Folder, Links};
use super::group_sync::GroupSync;
use super::write::{Rights, write};
use crate::archive::objects::ObjectError;
use crate::locks::Mutex;
use crate::model::Fingerprint;
use crate::staging::Staging;

/// A folder and what is below it.
#[derive(Debug)]
pub(in crate::archive) struct Tree {
    place: PathBuf,
    root: Arc<Folder>,
    /// Folders whose names this process has made durable, from the root downwards. It is not enough that a folder
    /// exists: the process that made it may have been killed before it synced the parent.
    durable: Mutex<HashSet<String>>,
    syncs: GroupSync,
}

impl Tree {
    /// Opens a folder that exists.
    pub(in crate::archive) fn open(place: &Path, links: Links) -> io::Result<Self> {
        let root = Arc::new(Folder::open(place, links)?);
        let syncs = GroupSync::new(Arc::clone(&root));
        Ok(Self { place: place.to_owned(), root, durable: Mutex::default(), syncs })
    }

    /// Opens a folder. Makes it and its parents where they are missing, each durable.
    pub(in crate::archive) fn make(place: &Path, links: Links) -> io::Result<Self> {
        make_durable(place)?;
        Self::open(place, links)
    }

    /// The folder's path.
    pub(in crate::archive) fn place(&self) -> &Path {
        &self.place
    }

    /// The folder itself.
    pub(in crate::archive) fn root(&self) -> &Folder {
        &self.root
    }

    /// A folder below; `None` if there is none.
    pub(in crate::archive) fn folder(&self, path: &str) -> Result<Option<Arc<Folder>>, ObjectError> {
        let mut folder = Arc::clone(&self.root);
        if let Some(inside) = folder.descend(path) {
            return Ok(Some(Arc::new(inside)));
        }
        for (name, upto) in parts(path) {
            match folder.enter(name).map_err(self.failed("use", upto))? {
                Some(inside) => folder = Arc::new(inside),
                None => return Ok(None),
            }
        }
        Ok(Some(folder))
    }

    /// A folder below. Makes it and its parents where they are missing, each durable.
    pub(in crate::archive) fn make_folder(&self, path: &str) -> Result<Arc<Folder>, ObjectError> {
        let is_known = path.is_empty() || self.durable.lock().contains(path);
        if let Some(folder) = is_known.then(|| self.folder(path)).transpose()?.flatten() {
            return Ok(folder);
        }
        let mut folder = Arc::clone(&self.root);
        for (name, upto) in parts(path) {
            folder = Arc::new(self.make_in(&folder, name, upto)?);
        }
        Ok(folder)
    }

    fn make_in(&self, folder: &Folder, name: &str, upto: &str) -> Result<Folder, ObjectError> {
        match folder.make(name) {
            Ok(()) => {}
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(self.failed("create", upto)(cause)),
        }
        let inside = folder.enter(name).map_err(self.failed("use", upto))?;
        let found = folder.metadata().map_err(self.failed("look at the folder above", upto))?;
        self.syncs.sync_names(folder, &found).map_err(self.failed("save the folder above", upto))?;
        self.durable.lock().insert(upto.to_owned());
        inside.ok_or_else(|| self.failed("use", upto)(ErrorKind::NotFound.into()))
    }

    /// How what is written below it is made durable.
    pub(super) fn syncs(&self) -> &GroupSync {
        &self.syncs
    }

    /// Reads a small file whole; `None` if there is none.
    pub(in crate::archive) fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, ObjectError> {
        let (parent, name) = split(path);
        let Some(folder) = self.folder(parent)? else { return Ok(None) };
        let Some(file) = folder.open_file(name).map_err(self.failed("open", path))? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes).map_err(self.failed("read", path))?;
        Ok(Some(bytes))
    }

    /// Writes a file whole, over what stood there.
    pub(in crate::archive) fn write(
        &self,
        path: &str,
        bytes: &[u8],
        staging: &Staging,
    ) -> Result<Fingerprint, ObjectError> {
        self.write_as(path, bytes, staging, Rights::Kept)
    }

    /// The same, with these permissions.
    pub(super) fn write_as(
        &self,
        path: &str,
        bytes: &[u8],
        staging: &Staging,
        rights: Rights,
    ) -> Result<Fingerprint, ObjectError> {
        let (parent, name) = split(path);
        let folder = self.make_folder(parent)?;
        let staged = staging.file_of(bytes).map_err(ObjectError::unstaged(staging))?;
        write(&self.syncs, &folder, name, staged, rights).map_err(self.failed("write", path))
    }

    /// The error for a refusal below.
    pub(in crate::archive) fn failed<'a>(
        &'a self,
        action: &'static str,
        path: &'a str,
    ) -> impl FnOnce(io::Error) -> ObjectError + 'a {
        move |cause| ObjectError::Io { action, place: self.place.join(path).display().to_string(), cause }
    }
}

/// Folders below a tree that are asked for one after another: the last stays open, as the next file is often in it, too.
pub(super) struct NearFolders<'a> {
    tree: &'a Tree,
    last: Option<(String, Arc<Folder>)>,
}

impl<'a> NearFolders<'a> {
    /// Those below a tree.
    pub(super) fn new(tree: &'a Tree) -> Self {
        Self { tree, last: None }
    }

    /// A folder below; `None` if there is none.
    pub(super) fn folder(&mut self, path: &str) -> Result<Option<Arc<Folder>>, ObjectError> {
        if self.last.as_ref().is_none_or(|(last, _)| last != path) {
            self.last = self.tree.folder(path)?.map(|folder| (path.to_owned(), folder));
        }
        Ok(self.last.as_ref().map(|(_, folder)| Arc::clone(folder)))
    }
}

/// The folder and the name that a path ends in.
pub(in crate::archive) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Each part of a path, with the path up to it.
pub(super) fn parts(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).filter(|end| *end > 0);
    ends.map(|end| (split(&path[..end]).1, &path[..end]))
}

/// Makes a folder and its parents, and makes each of their names durable.
fn make_durable(place: &Path) -> io::Result<()> {
    let Some(parent) = place.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
    if !place.is_dir() {
        make_durable(parent)?;
        match std::fs::create_dir(place) {
            Err(cause) if cause.kind() != ErrorKind::AlreadyExists => return Err(cause),
            _ => {}
        }
    }
    sync_folder(parent)
}

/// Makes the entries of a folder durable, if the file system supports that.
pub(in crate::archive) fn sync_folder(place: &Path) -> io::Result<()> {
    Folder::open(place, Links::Followed)?.sync()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_with_those_above_and_a_file_in_the_way_is_named() {
        let place = tempfile::tempdir().unwrap();
        let tree = Tree::make(&place.path().join("x/y"), Links::Refused).unwrap();
        tree.make_folder("a/b/c").unwrap();
        tree.make_folder("a/b/c").unwrap();
        assert!(place.path().join("x/y/a/b/c").is_dir());
        std::fs::write(place.path().join("x/y/file"), "").unwrap();
        let error = tree.make_folder("file/below").unwrap_err().to_string();
        assert!(error.contains("file: it is not a folder"), "{error}");
        assert!(tree.folder("a/none/c").unwrap().is_none());
    }

    #[test]
    fn a_folder_that_somebody_removed_is_made_again() {
        let place = tempfile::tempdir().unwrap();
        let tree = Tree::open(place.path(), Links::Refused).unwrap();
        tree.make_folder("a/b").unwrap();
        std::fs::remove_dir_all(place.path().join("a")).unwrap();
        tree.make_folder("a/b").unwrap();
        assert!(place.path().join("a/b").is_dir());
    }

    #[test]
    fn folders_asked_for_one_after_another_are_those_asked_for() {
        let place = tempfile::tempdir().unwrap();
        let tree = Tree::open(place.path(), Links::Refused).unwrap();
        for path in ["a/b", "a/c"] {
            tree.make_folder(path).unwrap();
            std::fs::write(place.path().join(path).join("name"), path).unwrap();
        }
        let mut near = NearFolders::new(&tree);
        for (path, expected) in [("a/b", 1), ("a/b", 1), ("a/none", 0), ("a/c", 1), ("a", 2), ("a/b", 1), ("", 1)] {
            let names = near.folder(path).unwrap().map_or(0, |folder| folder.names().unwrap().len());
            assert_eq!(names, expected, "{path}");
        }
    }

    #[test]
    fn a_path_is_taken_apart() {
        assert_eq!(parts("a/b/c").collect::<Vec<_>>(), [("a", "a"), ("b", "a/b"), ("c", "a/b/c")]);
        assert_eq!(parts("").count(), 0);
        assert_eq!((split("a/b"), split("b")), (("a", "b"), ("", "b")));
    }
}
