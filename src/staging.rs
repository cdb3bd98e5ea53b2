//! Bytes on their way into the archive: in memory or in temporary files, hashed as they come.
//!
//! The only module that makes such files. Whatever fetches, copies or reads bytes brings them here, and the archive takes
//! the file. Few bytes are in memory, and get a file when they are kept: what is refused costs the disk nothing.

use std::io::{self, Read, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use tempfile::{Builder, NamedTempFile, TempPath};

use crate::model::{Digest, Hasher};

/// What the names of our temporary files start with. Others in the same folder are not ours to remove.
const PREFIX: &str = "stage-";
/// What earlier versions called theirs.
const EARLIER: [&str; 2] = ["fetch-", ".offprint-"];

/// Bytes copied at a time.
const PIECE: usize = 256 << 10;

/// How many bytes are held in memory at a time.
const HELD: usize = 16 << 20;

/// A folder for temporary files.
#[derive(Debug, Clone)]
pub struct Staging {
    folder: Arc<Path>,
    /// How many more bytes may be held in memory.
    room: Arc<AtomicUsize>,
}

/// Bytes that are hashed and not yet kept.
#[derive(Debug)]
pub struct Staged {
    /// Their digest.
    pub digest: Digest,
    /// How many they are.
    pub length: u64,
    place: Place,
}

/// Where staged bytes are.
#[derive(Debug)]
enum Place {
    Memory(HeldBytes),
    File(TempPath),
}

/// A temporary file with bytes that are to be kept. It is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct StagedFile {
    /// Its path.
    pub(crate) path: TempPath,
    /// How many bytes it is said to have.
    pub(crate) length: u64,
}

/// Bytes in memory that several stages read.
#[derive(Debug, Clone)]
pub struct HeldBytes(Arc<Held>);

#[derive(Debug)]
struct Held {
    bytes: Vec<u8>,
    /// What its bytes are taken from, for as long as they are held.
    room: Option<Arc<AtomicUsize>>,
}

/// Bytes that are staged, apart from the right to keep them.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// In memory.
    Held(HeldBytes),
    /// In the temporary file.
    File(PathBuf),
}

/// A temporary file that is being written.
#[derive(Debug)]
pub struct StagingFile {
    file: NamedTempFile,
    hasher: Hasher,
    length: u64,
}

/// A temporary file that a process left behind when it died.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Its name within the folder.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written.
    pub written: SystemTime,
}

impl Staging {
    /// Temporary files in this folder, which exists.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self { folder: Arc::from(folder.as_ref()), room: Arc::new(AtomicUsize::new(HELD)) }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A new, empty file.
    ///
    /// # Errors
    /// Where the file system refuses to make one.
    pub fn create(&self) -> io::Result<StagingFile> {
        let file = new_file(&self.folder, PREFIX)?;
        Ok(StagingFile { file, hasher: Hasher::default(), length: 0 })
    }

    /// Copies all that a reader gives.
    ///
    /// # Errors
    /// Of the reader, or of the file system.
    pub fn copy(&self, mut from: impl Read) -> io::Result<Staged> {
        let (mut to, mut piece) = (self.create()?, vec![0; PIECE]);
        loop {
            match from.read(&mut piece)? {
                0 => return Ok(to.finish()),
                count => to.write_all(&piece[..count])?,
            }
        }
    }

    /// Writes bytes that are in memory.
    ///
    /// # Errors
    /// Of the file system.
    pub fn write(&self, bytes: &[u8]) -> io::Result<Staged> {
        let mut to = self.create()?;
        to.write_all(bytes)?;
        Ok(to.finish())
    }

    /// Holds bytes in memory. Where there is no room, writes them.
    ///
    /// # Errors
    /// Of the file system.
    pub fn hold(&self, mut bytes: Vec<u8>) -> io::Result<Staged> {
        // Room is counted by length.
        bytes.shrink_to_fit();
        match HeldBytes::within(&self.room, bytes) {
            Ok(held) => {
                let (digest, length) = (Digest::of(&held), held.len() as u64);
                Ok(Staged { digest, length, place: Place::Memory(held) })
            }
            Err(bytes) => self.write(&bytes),
        }
    }

    /// A file of bytes whose digest is known.
    ///
    /// # Errors
    /// Of the file system.
    pub(crate) fn file_of(&self, bytes: &[u8]) -> io::Result<StagedFile> {
        let mut file = new_file(&self.folder, PREFIX)?;
        file.write_all(bytes)?;
        Ok(StagedFile { path: file.into_temp_path(), length: bytes.len() as u64 })
    }

    /// The regular files in the folder that are named as ours are.
    ///
    /// # Errors
    /// Where the folder cannot be listed.
    pub fn leftovers(&self) -> io::Result<Vec<Leftover>> {
        let mut found = Vec::new();
        for entry in self.folder.read_dir()? {
            let entry = entry?;
            let Some(name) = entry.file_name().into_string().ok().filter(|name| is_ours(name)) else { continue };
            let Ok(facts) = entry.metadata() else { continue };
            if facts.is_file() {
                let written = facts.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push(Leftover { name, size: facts.len(), written });
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Removes a file that was left behind; true where it was there.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn remove(&self, leftover: &Leftover) -> io::Result<bool> {
        match std::fs::remove_file(self.folder.join(&leftover.name)) {
            Ok(()) => Ok(true),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(cause),
        }
    }
}

/// Whether a temporary file of this name is ours.
pub(crate) fn is_ours(name: &str) -> bool {
    EARLIER.iter().chain([&PREFIX]).any(|prefix| name.starts_with(prefix))
}

/// A temporary file with the permissions of any new file, not with those of a private one: it becomes a file of the
/// archive.
fn new_file(folder: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

impl Write for StagingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.as_file_mut().write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.length += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

impl StagingFile {
    /// Where it is, for a program that writes files by their paths.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Everything was written by its path: it is read for its digest.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn finish_written(self) -> io::Result<Staged> {
        let (mut from, mut hasher, mut length) = (std::fs::File::open(self.path())?, Hasher::default(), 0);
        let mut piece = vec![0; PIECE];
        loop {
            match from.read(&mut piece)? {
                0 => {
                    let place = Place::File(self.file.into_temp_path());
                    return Ok(Staged { digest: hasher.finish(), length, place });
                }
                count => {
                    hasher.update(&piece[..count]);
                    length += count as u64;
                }
            }
        }
    }

    /// Everything was written.
    pub fn finish(self) -> Staged {
        let place = Place::File(self.file.into_temp_path());
        Staged { digest: self.hasher.finish(), length: self.length, place }
    }
}

impl Staged {
    /// The first of them.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn head(&self, most: usize) -> io::Result<Vec<u8>> {
        match &self.place {
            Place::Memory(held) => Ok(held[..most.min(held.len())].to_vec()),
            Place::File(path) => {
                let mut head = Vec::new();
                std::fs::File::open(path)?.take(most as u64).read_to_end(&mut head)?;
                Ok(head)
            }
        }
    }

    /// All of them.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        self.content().into_vec()
    }

    /// The bytes, where they are in memory.
    pub fn held(&self) -> Option<HeldBytes> {
        match &self.place {
            Place::Memory(held) => Some(held.clone()),
            Place::File(_) => None,
        }
    }

    /// The bytes, for a thread that may wait for the disk.
    pub(crate) fn content(&self) -> Content {
        match &self.place {
            Place::Memory(held) => Content::Held(held.clone()),
            Place::File(path) => Content::File(path.to_path_buf()),
        }
    }

    /// The bytes in a file.
    ///
    /// # Errors
    /// Of the file system.
    pub(crate) fn into_file(self, staging: &Staging) -> io::Result<StagedFile> {
        match self.place {
            Place::Memory(held) => Ok(StagedFile { length: self.length, ..staging.file_of(&held)? }),
            Place::File(path) => Ok(StagedFile { path, length: self.length }),
        }
    }
}

impl Content {
    /// The bytes.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub(crate) fn read(self) -> io::Result<HeldBytes> {
        match self {
            Self::Held(bytes) => Ok(bytes),
            Self::File(path) => std::fs::read(path).map(HeldBytes::from),
        }
    }

    /// The bytes, as the caller's own.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub(crate) fn into_vec(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Held(bytes) => Ok(bytes.to_vec()),
            Self::File(path) => std::fs::read(path),
        }
    }
}

impl HeldBytes {
    /// Takes the room for bytes; gives them back if there is not enough.
    fn within(room: &Arc<AtomicUsize>, bytes: Vec<u8>) -> Result<Self, Vec<u8>> {
        let less = |room: usize| room.checked_sub(bytes.len());
        if room.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_err() {
            return Err(bytes);
        }
        Ok(Self(Arc::new(Held { bytes, room: Some(Arc::clone(room)) })))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(room) = &self.room {
            room.fetch_add(self.bytes.len(), Ordering::AcqRel);
        }
    }
}

impl From<Vec<u8>> for HeldBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Held { bytes, room: None }))
    }
}

impl Deref for HeldBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staged_file_has_its_bytes_and_their_digest_and_goes_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::new(folder.path());
        let bytes = vec![7; PIECE + 1];
        let staged = staging.copy(bytes.as_slice()).unwrap();
        assert_eq!((staged.digest, staged.length), (Digest::of(&bytes), bytes.len() as u64));
        assert!(staged.read().unwrap() == bytes);
        assert_eq!(staging.leftovers().unwrap().len(), 1);
        drop(staged);
        assert_eq!(staging.leftovers().unwrap(), []);
    }

    #[test]
    fn bytes_are_held_while_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::new(folder.path());
        let stage = |length| staging.hold(vec![7; length]).unwrap();
        let (first, second) = (stage(HELD - 1), stage(2));
        assert!(first.held().is_some() && second.held().is_none());
        assert_eq!(&*second.content().read().unwrap(), [7, 7], "it is read from its file");
        let held = first.content();
        drop(first);
        assert!(stage(2).held().is_none(), "somebody reads it still");
        assert_eq!(held.read().unwrap().len(), HELD - 1);
        assert!(stage(HELD).held().is_some());
    }

    #[test]
    fn what_is_in_memory_gets_a_file_when_it_is_kept_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::new(folder.path());
        let staged = staging.hold(b"bytes".to_vec()).unwrap();
        assert_eq!((staged.digest, staged.length), (Digest::of(b"bytes"), 5));
        assert_eq!((staged.head(2).unwrap(), staged.head(9).unwrap()), (b"by".to_vec(), b"bytes".to_vec()));
        assert_eq!(staged.read().unwrap(), b"bytes");
        assert_eq!(staging.leftovers().unwrap(), []);
        let file = staged.into_file(&staging).unwrap();
        assert_eq!((std::fs::read(&file.path).unwrap(), file.length), (b"bytes".to_vec(), 5));
        assert_eq!(staging.leftovers().unwrap().len(), 1);
        drop(file);
        assert_eq!(staging.leftovers().unwrap(), []);
    }

    #[test]
    fn only_files_of_our_own_names_are_leftovers() {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::new(folder.path());
        for name in ["stage-a", "fetch-b", ".offprint-c.tmp", "notes.txt", "stage"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(folder.path().join("stage-folder")).unwrap();
        let names: Vec<_> = staging.leftovers().unwrap().into_iter().map(|leftover| leftover.name).collect();
        assert_eq!(names, [".offprint-c.tmp", "fetch-b", "stage-a"]);
    }
}
