//! By paths: each name is checked before it is used. This protects against what lies there, as in an archive that came
//! from somebody else, but not against a process that changes it meanwhile.

use std::ffi::OsString;
use std::fs::{self, File, FileType, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::kind::Kind;
use super::{Links, cannot_sync, is_link, is_no_file, is_no_folder};
use crate::model::Fingerprint;

/// A folder that was there when it was opened.
#[derive(Debug)]
pub(in crate::archive) struct Folder {
    path: PathBuf,
    links: Links,
}

impl Folder {
    /// Opens a folder by its path. Links in the path itself are followed: it is what the user named.
    pub(in crate::archive) fn open(path: &Path, links: Links) -> io::Result<Self> {
        let is_folder = fs::metadata(path)?.is_dir();
        if is_folder { Ok(Self { path: path.to_owned(), links }) } else { Err(ErrorKind::NotADirectory.into()) }
    }

    /// Opens a folder in this one; `None` if there is none.
    pub(in crate::archive) fn enter(&self, name: &str) -> io::Result<Option<Self>> {
        match self.look(name)? {
            None => Ok(None),
            Some(found) if found.is_dir() => Ok(Some(Self { path: self.path.join(name), links: self.links })),
            Some(found) if found.is_symlink() => Err(is_link()),
            Some(_) => Err(is_no_folder()),
        }
    }

    /// A folder some levels below this one, by one call: never, as each name is to be looked at.
    #[expect(clippy::unused_self, reason = "where descriptors are, it is one call")]
    pub(in crate::archive) fn descend(&self, _path: &str) -> Option<Self> {
        None
    }

    /// Makes a folder in this one.
    pub(in crate::archive) fn make(&self, name: &str) -> io::Result<()> {
        fs::create_dir(self.path.join(name))
    }

    /// What is known of an entry: of a link itself, where links are not followed.
    pub(in crate::archive) fn look(&self, name: &str) -> io::Result<Option<Metadata>> {
        let path = self.path.join(name);
        let found = match self.links {
            Links::Followed => fs::metadata(path),
            Links::Refused => fs::symlink_metadata(path),
        };
        found.map(Some).or_else(|cause| if cause.kind() == ErrorKind::NotFound { Ok(None) } else { Err(cause) })
    }

    /// The kind and the fingerprint of an entry, as [`Folder::look`] finds them.
    pub(in crate::archive) fn fingerprint(&self, name: &str) -> io::Result<Option<(Kind, Fingerprint)>> {
        let found = self.look(name)?;
        Ok(found.map(|found| (kind_of(found.file_type()), Fingerprint::of(&found))))
    }

    /// When its entries last changed: systems differ in whether that can be known.
    #[expect(clippy::unused_self, reason = "where descriptors are, it is asked of them")]
    pub(in crate::archive) fn names_changed(&self) -> Option<(i128, u64)> {
        None
    }

    /// Opens a regular file to read; `None` if there is none. It never opens anything else, and so never blocks.
    pub(in crate::archive) fn open_file(&self, name: &str) -> io::Result<Option<File>> {
        self.regular(name)?.then(|| File::open(self.path.join(name))).transpose()
    }

    /// Opens a regular file to read and write, and makes it where there is none. What is in it stays.
    pub(in crate::archive) fn create(&self, name: &str) -> io::Result<File> {
        self.regular(name)?;
        File::options().read(true).write(true).create(true).truncate(false).open(self.path.join(name))
    }

    /// Whether there is such a file.
    fn regular(&self, name: &str) -> io::Result<bool> {
        match self.look(name)? {
            None => Ok(false),
            Some(found) if found.is_file() => Ok(true),
            Some(_) => Err(is_no_file()),
        }
    }

    /// Renames a file of another folder into this one, replacing what has that name.
    pub(in crate::archive) fn take(&self, from: &Path, name: &str) -> io::Result<()> {
        fs::rename(from, self.path.join(name))
    }

    /// Renames an entry, replacing what has that name.
    pub(in crate::archive) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    /// Removes a file, or a link itself. Returns whether it was there.
    pub(in crate::archive) fn remove(&self, name: &str) -> io::Result<bool> {
        match fs::remove_file(self.path.join(name)) {
            Ok(()) => Ok(true),
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(cause),
        }
    }

    /// The names of all its entries.
    pub(in crate::archive) fn entries(&self) -> io::Result<Vec<OsString>> {
        fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    /// The names of its entries that are Unicode, as all of ours are.
    pub(in crate::archive) fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.entries()?.into_iter().filter_map(|name| name.into_string().ok()).collect())
    }

    /// The names of its entries that are Unicode, and what they are.
    pub(in crate::archive) fn kinds(&self) -> io::Result<Vec<(String, Kind)>> {
        let kind = |name: String| Some((kind_of(self.look(&name).ok().flatten()?.file_type()), name));
        Ok(self.names()?.into_iter().filter_map(kind).map(|(kind, name)| (name, kind)).collect())
    }

    /// Makes its entries durable, if the system supports that: not every system opens a folder as a file.
    pub(in crate::archive) fn sync(&self) -> io::Result<()> {
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.or_else(|cause| if cannot_sync(&cause) { Ok(()) } else { Err(cause) })
    }

    /// What is known of the folder itself.
    pub(in crate::archive) fn metadata(&self) -> io::Result<Metadata> {
        fs::metadata(&self.path)
    }

    /// The device whose files one call makes durable: none.
    #[expect(clippy::unused_self, reason = "where descriptors are, it is asked of them")]
    pub(in crate::archive) fn device_saved_whole(&self) -> Option<u64> {
        None
    }

    /// Makes all that its disk holds durable: not by paths.
    #[expect(clippy::unused_self, reason = "where descriptors are, it is one call")]
    pub(in crate::archive) fn save_disk(&self) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    /// The bytes that are free on its disk for users other than root.
    pub(in crate::archive) fn free_space(&self) -> Option<u64> {
        #[cfg(unix)]
        return rustix::fs::statvfs(&self.path).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        #[cfg(not(unix))]
        return None;
    }
}

fn kind_of(found: FileType) -> Kind {
    match found {
        _ if found.is_file() => Kind::File,
        _ if found.is_dir() => Kind::Folder,
        _ => Kind::Other,
    }
}
