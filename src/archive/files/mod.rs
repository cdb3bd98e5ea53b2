//! Objects as files of one folder, which other programs can read.
//!
//! Whatever is below the store is reached by [`Folder`] alone: no link is followed there, and nothing
//! but regular files is opened. An archive may come from somebody else.

mod aside;
mod folder;
mod group_sync;
mod lock;
mod names_state;
mod output;
mod presence;
mod tree;
mod write;

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io::{self, ErrorKind, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use self::folder::{Kind, is_no_file};
use self::names_state::names_state;
use self::presence::Presence;
use self::tree::{NearFolders, split};
use self::write::{Rights, Synced};
use super::key::{Prefix, StoreKey};
use super::objects::{Body, ObjectError, ObjectReader, Objects, Put, Stored, read_file};
use crate::clock;
use crate::locks::Mutex;
use crate::model::{Digest, Fingerprint};
use crate::staging::{StagedFile, Staging};

pub use self::output::OutputFolder;

pub(super) use self::aside::{Belongs, put_aside};
pub(super) use self::folder::{Folder, Links, has_other_names, is_obstacle};
pub(super) use self::lock::{Lock, NotLocked};
pub(super) use self::tree::{Tree, sync_folder};

/// How many blobs may get their names at a time.
const SIDE_BY_SIDE: usize = 64;

/// Objects as files below one folder.
#[derive(Clone)]
pub(super) struct Files {
    inner: Arc<Inner>,
}

struct Inner {
    tree: Arc<Tree>,
    staging: Staging,
    /// Held from the look for a blob to its rename, so that of several tasks with the same bytes one creates it. Other
    /// processes are kept away by the archive's lock; a rename that replaces nothing is not to be had everywhere.
    naming: [Mutex<()>; SIDE_BY_SIDE],
}

impl Files {
    /// Objects below a folder, staged in a folder on the same file system where that can be.
    pub(super) fn new(tree: Arc<Tree>, staging: Staging) -> Self {
        let naming = std::array::from_fn(|_| Mutex::default());
        Self { inner: Arc::new(Inner { tree, staging, naming }) }
    }

    /// Runs something that waits for the disk, away from the tasks that must not.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ObjectError> + Send + 'static,
    ) -> Result<T, ObjectError> {
        let inner = Arc::clone(&self.inner);
        let ended = |_| self.inner.tree.failed("use", "")(io::Error::other("the program is ending"));
        tokio::task::spawn_blocking(move || work(&inner)).await.map_err(ended)?
    }
}

impl Inner {
    fn put(&self, key: &StoreKey, body: Body) -> Result<Stored, ObjectError> {
        body.check(key)?;
        let put = match key {
            StoreKey::Blob { digest, .. } => {
                let lock = &self.naming[usize::from(digest.as_bytes()[0]) % SIDE_BY_SIDE];
                self.put_blob(key, body, lock)
            }
            _ => self.replace(key, self.file(body)?, Rights::Kept),
        };
        put.map_err(of_one_place)
    }

    /// A body in a temporary file.
    fn file(&self, body: Body) -> Result<StagedFile, ObjectError> {
        let file = match body {
            Body::Staged(staged) => staged.into_file(&self.staging),
            Body::Bytes(bytes) => self.staging.file_of(&bytes),
        };
        file.map_err(ObjectError::unstaged(&self.staging))
    }

    fn put_blob(&self, key: &StoreKey, body: Body, naming: &Mutex<()>) -> Result<Stored, ObjectError> {
        let path = key.path();
        let (parent, name) = split(&path);
        let folder = self.tree.make_folder(parent)?;
        // What is there already needs no file.
        if let Some(found) = self.look_in(&folder, &path)?.filter(|found| found.len() == body.length()) {
            return self.existed(&folder, &path, &found);
        }
        // Before the lock is taken, so that the wait for the disk is not within it.
        let synced = Synced::read_only(self.tree.syncs(), self.file(body)?).map_err(self.tree.failed("save", &path))?;
        let naming = naming.lock();
        let found = self.look_in(&folder, &path)?;
        if let Some(found) = found.as_ref().filter(|found| found.len() == synced.length()) {
            drop(naming);
            return self.existed(&folder, &path, found);
        }
        let renamed = synced.rename(&folder, name).map_err(self.tree.failed("write", &path))?;
        // Whoever finds the blob from now on waits for the disk, too.
        drop(naming);
        let fingerprint = renamed.sync(self.tree.syncs(), &folder).map_err(self.tree.failed("write", &path))?;
        Ok(Stored { put: if found.is_some() { Put::Replaced } else { Put::Created }, fingerprint })
    }

    /// A blob that is there. The process that wrote it may have been killed before its name was durable.
    fn existed(&self, folder: &Folder, path: &str, found: &Metadata) -> Result<Stored, ObjectError> {
        self.tree.syncs().sync_names(folder, found).map_err(self.tree.failed("save the folder of", path))?;
        Ok(Stored { put: Put::Existed, fingerprint: Fingerprint::of(found) })
    }

    fn replace(&self, key: &StoreKey, staged: StagedFile, rights: Rights) -> Result<Stored, ObjectError> {
        let path = key.path();
        let (parent, name) = split(&path);
        let folder = self.tree.make_folder(parent)?;
        let put = if self.look_in(&folder, &path)?.is_some() { Put::Replaced } else { Put::Created };
        let fingerprint =
            write::write(self.tree.syncs(), &folder, name, staged, rights).map_err(self.tree.failed("write", &path))?;
        Ok(Stored { put, fingerprint })
    }

    /// What is known of a file; what stands there and is no regular file is an error.
    fn look(&self, path: &str) -> Result<Option<Metadata>, ObjectError> {
        let Some(folder) = self.tree.folder(split(path).0)? else { return Ok(None) };
        self.look_in(&folder, path)
    }

    /// The same of a file whose folder is open.
    fn look_in(&self, folder: &Folder, path: &str) -> Result<Option<Metadata>, ObjectError> {
        match folder.look(split(path).1).map_err(self.tree.failed("look at", path))? {
            Some(found) if !found.is_file() => Err(self.tree.failed("use", path)(is_no_file())),
            found => Ok(found),
        }
    }

    fn open(&self, key: &StoreKey) -> Result<Option<std::fs::File>, ObjectError> {
        let path = key.path();
        let (parent, name) = split(&path);
        let Some(folder) = self.tree.folder(parent)? else { return Ok(None) };
        folder.open_file(name).map_err(self.tree.failed("open", &path))
    }

    fn delete(&self, key: &StoreKey) -> Result<bool, ObjectError> {
        let path = key.path();
        let (parent, name) = split(&path);
        let Some(folder) = self.tree.folder(parent)? else { return Ok(false) };
        folder.remove(name).map_err(self.tree.failed("remove", &path))
    }

    /// The objects of a prefix in the order of their keys, each with what `look` says of it: that gives what a folder
    /// holds, by paths. `sizes` are the folders of [`Inner::sizes`].
    fn list<T>(
        &self,
        prefix: Prefix,
        sizes: &[String],
        look: impl Fn(&Self, &str) -> Result<Vec<(String, Kind, T)>, ObjectError>,
    ) -> Result<Vec<(StoreKey, T)>, ObjectError> {
        let (mut found, mut folders) = (Vec::new(), Self::folders(prefix, sizes));
        while let Some(folder) = folders.pop() {
            for (path, kind, facts) in look(self, &folder)? {
                // Links and folders that are named as objects are none.
                if kind == Kind::Folder && prefix == Prefix::Mirrors && StoreKey::may_be_below(&path) {
                    folders.push(path);
                } else if kind == Kind::File
                    && let Some(key) = StoreKey::parse(&path).filter(|key| prefix.covers(key))
                {
                    found.push((key, facts));
                }
            }
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    }

    /// The folders that hold the objects of a prefix, or begin with.
    fn folders(prefix: Prefix, sizes: &[String]) -> Vec<String> {
        match prefix {
            Prefix::Thumbnails(shard) => sizes.iter().map(|size| format!("{size}/{shard:02x}")).collect(),
            _ => vec![prefix.folder()],
        }
    }

    /// The folders of some prefixes that are there, and those above all of them.
    fn folders_of(&self, prefixes: &[Prefix]) -> Result<Vec<String>, ObjectError> {
        let sizes = self.sizes(prefixes)?;
        let of_prefix = |prefix: &Prefix| Self::folders(*prefix, &sizes).into_iter().chain([prefix.folder()]);
        let all: BTreeSet<_> = prefixes.iter().flat_map(of_prefix).collect();
        let above: BTreeSet<_> = all.iter().map(|folder| split(folder).0.to_owned()).collect();
        let mut presence = Presence::new(&self.tree);
        let there = all.into_iter().filter(|folder| presence.may_be_there(folder));
        Ok(there.chain(above).collect())
    }

    /// Whether a prefix may have objects, for each of several.
    fn may_have(&self, prefixes: &[Prefix]) -> Result<Vec<bool>, ObjectError> {
        let sizes = self.sizes(prefixes)?;
        let mut presence = Presence::new(&self.tree);
        let mut of_one =
            |prefix: &Prefix| Self::folders(*prefix, &sizes).iter().any(|folder| presence.may_be_there(folder));
        Ok(prefixes.iter().map(&mut of_one).collect())
    }

    /// The folders of all sizes of thumbnails, where one of the prefixes is theirs.
    fn sizes(&self, prefixes: &[Prefix]) -> Result<Vec<String>, ObjectError> {
        let Some(of_thumbnails) = prefixes.iter().find(|prefix| matches!(prefix, Prefix::Thumbnails(_))) else {
            return Ok(Vec::new());
        };
        let sizes = self.kinds_in(&of_thumbnails.folder())?.into_iter();
        Ok(sizes.filter(|(_, kind, ())| *kind == Kind::Folder).map(|(size, ..)| size).collect())
    }

    fn keys(&self, prefix: Prefix, sizes: &[String]) -> Result<Vec<StoreKey>, ObjectError> {
        Ok(self.list(prefix, sizes, Self::kinds_in)?.into_iter().map(|(key, ())| key).collect())
    }

    /// What a folder holds, by paths; nothing where there is no folder, or something else in its place.
    fn kinds_in(&self, path: &str) -> Result<Vec<(String, Kind, ())>, ObjectError> {
        let Some(folder) = self.folder_to_list(path)? else { return Ok(Vec::new()) };
        let entries = folder.kinds().map_err(self.tree.failed("list", path))?;
        Ok(entries.into_iter().map(|(name, kind)| (format!("{path}/{name}"), kind, ())).collect())
    }

    /// The same, with fingerprints. The folder is opened once.
    fn fingerprints_in(&self, path: &str) -> Result<Vec<(String, Kind, Fingerprint)>, ObjectError> {
        let Some(folder) = self.folder_to_list(path)? else { return Ok(Vec::new()) };
        let names = folder.names().map_err(self.tree.failed("list", path))?;
        // What is removed meanwhile is not there, and what nobody may look at is not ours.
        let looked = names.into_iter().filter_map(|name| {
            let (kind, found) = folder.fingerprint(&name).ok().flatten()?;
            Some((format!("{path}/{name}"), kind, found))
        });
        Ok(looked.collect())
    }

    fn folder_to_list(&self, path: &str) -> Result<Option<Arc<Folder>>, ObjectError> {
        match self.tree.folder(path) {
            Err(ObjectError::Io { cause, .. }) if is_obstacle(&cause) => Ok(None),
            folder => folder,
        }
    }
}

/// Refusals that are about the place of one object, with the way out: another object has another place.
fn of_one_place(error: ObjectError) -> ObjectError {
    match error {
        ObjectError::Io { action, place, cause } if is_obstacle(&cause) => {
            let cause = io::Error::other(format!("{cause}: `offprint verify --repair` moves it away"));
            ObjectError::Place { action, place, cause }
        }
        ObjectError::Io { action, place, cause } if cause.kind() == ErrorKind::PermissionDenied => {
            ObjectError::Place { action, place, cause }
        }
        error => error,
    }
}

#[async_trait]
impl Objects for Files {
    async fn put(&self, key: &StoreKey, body: Body) -> Result<Stored, ObjectError> {
        let key = key.clone();
        self.blocking(move |files| files.put(&key, body)).await
    }

    async fn open(&self, key: &StoreKey, range: Option<Range<u64>>) -> Result<Option<ObjectReader>, ObjectError> {
        let wanted = key.clone();
        let opened = self.blocking(move |files| files.open(&wanted).map_err(of_one_place)).await?;
        let Some(file) = opened else { return Ok(None) };
        let mut file = tokio::fs::File::from_std(file);
        let Some(range) = range else { return Ok(Some(Box::new(file))) };
        file.seek(SeekFrom::Start(range.start)).await.map_err(ObjectError::io("read", key))?;
        Ok(Some(Box::new(file.take(range.end.saturating_sub(range.start)))))
    }

    async fn read(&self, key: &StoreKey) -> Result<Option<Vec<u8>>, ObjectError> {
        let key = key.clone();
        let read = move |files: &Inner| {
            let Some(file) = files.open(&key).map_err(of_one_place)? else { return Ok(None) };
            read_file(file).map(Some).map_err(ObjectError::io("read", &key))
        };
        self.blocking(read).await
    }

    async fn stat(&self, key: &StoreKey) -> Result<Option<Fingerprint>, ObjectError> {
        let path = key.path();
        self.blocking(move |files| Ok(files.look(&path).map_err(of_one_place)?.as_ref().map(Fingerprint::of))).await
    }

    async fn stat_all(&self, keys: Vec<StoreKey>) -> Vec<Option<Fingerprint>> {
        let count = keys.len();
        let look = move |files: &Inner| {
            let mut near = NearFolders::new(&files.tree);
            let one = |key: &StoreKey| {
                let path = key.path();
                let (parent, name) = split(&path);
                let found = near.folder(parent).ok()??.fingerprint(name).ok()?;
                found.and_then(|(kind, found)| (kind == Kind::File).then_some(found))
            };
            Ok(keys.iter().map(one).collect())
        };
        self.blocking(look).await.unwrap_or_else(|_| vec![None; count])
    }

    async fn list(&self, prefix: Prefix) -> Result<Vec<(StoreKey, Fingerprint)>, ObjectError> {
        self.blocking(move |files| files.list(prefix, &files.sizes(&[prefix])?, Inner::fingerprints_in)).await
    }

    async fn keys(&self, prefix: Prefix) -> Result<Vec<StoreKey>, ObjectError> {
        self.keys_of_all(vec![prefix]).await.pop().unwrap_or_else(|| Ok(Vec::new()))
    }

    async fn keys_of_all(&self, prefixes: Vec<Prefix>) -> Vec<Result<Vec<StoreKey>, ObjectError>> {
        let list = move |files: &Inner| {
            let sizes = files.sizes(&prefixes)?;
            Ok(prefixes.into_iter().map(|prefix| files.keys(prefix, &sizes)).collect())
        };
        self.blocking(list).await.unwrap_or_else(|error| vec![Err(error)])
    }

    async fn may_have(&self, prefixes: Vec<Prefix>) -> Vec<bool> {
        let count = prefixes.len();
        self.blocking(move |files| files.may_have(&prefixes)).await.unwrap_or_else(|_| vec![true; count])
    }

    async fn names_state(&self, prefixes: Vec<Prefix>) -> Option<Digest> {
        let now = clock::now();
        let state = move |files: &Inner| Ok(names_state(&files.tree, &files.folders_of(&prefixes)?, now));
        self.blocking(state).await.ok().flatten()
    }

    async fn delete(&self, key: &StoreKey) -> Result<bool, ObjectError> {
        let key = key.clone();
        self.blocking(move |files| files.delete(&key).map_err(of_one_place)).await
    }

    async fn obstacle(&self, key: &StoreKey) -> Result<Option<String>, ObjectError> {
        let path = key.path();
        self.blocking(move |files| Ok(aside::obstacle(&files.tree, &path, Belongs::File)?.map(str::to_owned))).await
    }

    async fn put_aside(&self, path: &str) -> Result<bool, ObjectError> {
        let path = path.to_owned();
        let belongs = if StoreKey::parse(&path).is_some() { Belongs::File } else { Belongs::Folder };
        self.blocking(move |files| put_aside(&files.tree, &path, belongs)).await
    }

    fn staging(&self) -> &Staging {
        &self.inner.staging
    }

    fn free_space(&self) -> Option<u64> {
        self.inner.tree.root().free_space()
    }
}
