//! By descriptors: each name is looked up in the folder that is open, so nothing that is renamed meanwhile matters.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstatfs, fstatvfs, mkdirat, openat, openat2,
    renameat, statat, syncfs, unlinkat,
};
use rustix::io::Errno;

use super::kind::Kind;
use super::{Links, cannot_sync, is_link, is_no_file, is_no_folder};
use crate::model::Fingerprint;

/// An open folder.
#[derive(Debug)]
pub(in crate::archive) struct Folder {
    handle: File,
    links: Links,
}

impl Folder {
    /// Opens a folder by its path. Links in the path itself are followed: it is what the user named.
    pub(in crate::archive) fn open(path: &Path, links: Links) -> io::Result<Self> {
        let handle = openat(CWD, path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { handle: File::from(handle), links })
    }

    /// Opens a folder in this one; `None` if there is none.
    pub(in crate::archive) fn enter(&self, name: &str) -> io::Result<Option<Self>> {
        match openat(&self.handle, name, OFlags::DIRECTORY | OFlags::CLOEXEC | self.follow(), Mode::empty()) {
            Ok(handle) => Ok(Some(Self { handle: File::from(handle), links: self.links })),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(self.in_place_of_a_folder(name)),
            Err(cause) => Err(cause.into()),
        }
    }

    /// A folder some levels below this one, by one call. `None` also where it cannot be had so: there, [`Folder::enter`]
    /// finds out why, name by name. Kernels before 5.6 cannot do it, and some sandboxes forbid it.
    pub(in crate::archive) fn descend(&self, path: &str) -> Option<Self> {
        let how = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = match self.links {
            _ if path.is_empty() => return None,
            Links::Followed => openat(&self.handle, path, how, Mode::empty()),
            Links::Refused => {
                let bounds = ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
                openat2(&self.handle, path, how, Mode::empty(), bounds)
            }
        };
        Some(Self { handle: File::from(handle.ok()?), links: self.links })
    }

    fn in_place_of_a_folder(&self, name: &str) -> io::Error {
        let is_one = self.look(name).is_ok_and(|found| found.is_some_and(|found| found.is_symlink()));
        if is_one { is_link() } else { is_no_folder() }
    }

    /// Makes a folder in this one.
    pub(in crate::archive) fn make(&self, name: &str) -> io::Result<()> {
        Ok(mkdirat(&self.handle, name, Mode::from_raw_mode(0o777))?)
    }

    /// What is known of an entry: of a link itself, where links are not followed.
    pub(in crate::archive) fn look(&self, name: &str) -> io::Result<Option<Metadata>> {
        match openat(&self.handle, name, OFlags::PATH | OFlags::CLOEXEC | self.follow(), Mode::empty()) {
            Ok(entry) => File::from(entry).metadata().map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(cause) => Err(cause.into()),
        }
    }

    /// The kind and the fingerprint of an entry, as [`Folder::look`] finds them, by one call of the system.
    pub(in crate::archive) fn fingerprint(&self, name: &str) -> io::Result<Option<(Kind, Fingerprint)>> {
        let follow = if self.links == Links::Refused { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() };
        match statat(&self.handle, name, follow) {
            Ok(found) => Ok(Some((kind_of(FileType::from_raw_mode(found.st_mode)), fingerprint_of(&found)))),
            Err(Errno::NOENT) => Ok(None),
            Err(cause) => Err(cause.into()),
        }
    }

    /// When its entries last changed, in nanoseconds since 1970, and its inode; `None` where its file system is not known to
    /// note that.
    pub(in crate::archive) fn names_changed(&self) -> Option<(i128, u64)> {
        let kind = self.file_system()?;
        let found = self.metadata().ok().filter(|_| NOTES_CHANGES.contains(&kind))?;
        Some((i128::from(found.ctime()) * 1_000_000_000 + i128::from(found.ctime_nsec()), found.ino()))
    }

    /// Opens a regular file to read; `None` if there is none. It never opens anything else, and so never blocks.
    pub(in crate::archive) fn open_file(&self, name: &str) -> io::Result<Option<File>> {
        match self.regular(name, OFlags::RDONLY) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
            result => result.map(Some),
        }
    }

    /// Opens a regular file to read and write, and makes it where there is none. What is in it stays.
    pub(in crate::archive) fn create(&self, name: &str) -> io::Result<File> {
        self.regular(name, OFlags::RDWR | OFlags::CREATE)
    }

    fn regular(&self, name: &str, how: OFlags) -> io::Result<File> {
        let how = how | OFlags::CLOEXEC | OFlags::NONBLOCK | self.follow();
        let file = match openat(&self.handle, name, how, Mode::from_raw_mode(0o666)) {
            Ok(file) => File::from(file),
            // A link; a socket, or a device without a driver.
            Err(Errno::LOOP | Errno::NXIO | Errno::ISDIR) => return Err(is_no_file()),
            Err(cause) => return Err(cause.into()),
        };
        if file.metadata()?.is_file() { Ok(file) } else { Err(is_no_file()) }
    }

    /// Renames a file of another folder into this one, replacing what has that name.
    pub(in crate::archive) fn take(&self, from: &Path, name: &str) -> io::Result<()> {
        Ok(renameat(CWD, from, &self.handle, name)?)
    }

    /// Renames an entry, replacing what has that name.
    pub(in crate::archive) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(renameat(&self.handle, from, &self.handle, to)?)
    }

    /// Removes a file, or a link itself. Returns whether it was there.
    pub(in crate::archive) fn remove(&self, name: &str) -> io::Result<bool> {
        match unlinkat(&self.handle, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(cause) => Err(cause.into()),
        }
    }

    /// The names of all its entries.
    pub(in crate::archive) fn entries(&self) -> io::Result<Vec<OsString>> {
        let names = Dir::read_from(&self.handle)?.map(|entry| {
            let entry = entry?;
            Ok(OsStr::from_bytes(entry.file_name().to_bytes()).to_owned())
        });
        names.filter(|name| !name.as_ref().is_ok_and(|name| name == "." || name == "..")).collect()
    }

    /// The names of its entries that are Unicode, as all of ours are.
    pub(in crate::archive) fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.entries()?.into_iter().filter_map(|name| name.into_string().ok()).collect())
    }

    /// The names of its entries that are Unicode, and what they are. Most file systems say that with the names.
    pub(in crate::archive) fn kinds(&self) -> io::Result<Vec<(String, Kind)>> {
        let mut found = Vec::new();
        for entry in Dir::read_from(&self.handle)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                known @ (FileType::RegularFile | FileType::Directory) => Some(kind_of(known)),
                FileType::Symlink if self.links == Links::Refused => Some(Kind::Other),
                // What is removed meanwhile is not there, and what nobody may look at is not ours.
                _ => self.fingerprint(&name).ok().flatten().map(|(kind, _)| kind),
            };
            found.extend(kind.map(|kind| (name, kind)));
        }
        Ok(found)
    }

    /// Makes its entries durable, if the file system supports that.
    pub(in crate::archive) fn sync(&self) -> io::Result<()> {
        self.handle.sync_all().or_else(|cause| if cannot_sync(&cause) { Ok(()) } else { Err(cause) })
    }

    /// What is known of the folder itself.
    pub(in crate::archive) fn metadata(&self) -> io::Result<Metadata> {
        self.handle.metadata()
    }

    /// The device that it is on, where [`Folder::save_disk`] makes all files of that durable, and fails where one of them
    /// could not be saved.
    pub(in crate::archive) fn device_saved_whole(&self) -> Option<u64> {
        let is_known = SAVED_WHOLE.contains(&self.file_system()?) && reports_errors_of_disks();
        self.handle.metadata().ok().filter(|_| is_known).map(|found| found.dev())
    }

    /// What file system it is on, by the number that Linux gives it (statfs(2)).
    #[allow(clippy::useless_conversion, reason = "how wide the number is differs between processors")]
    fn file_system(&self) -> Option<i64> {
        i64::try_from(fstatfs(&self.handle).ok()?.f_type).ok()
    }

    /// Makes all that its disk holds durable (syncfs(2)).
    pub(in crate::archive) fn save_disk(&self) -> io::Result<()> {
        Ok(syncfs(&self.handle)?)
    }

    /// The bytes that are free on its disk for users other than root.
    pub(in crate::archive) fn free_space(&self) -> Option<u64> {
        fstatvfs(&self.handle).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn follow(&self) -> OFlags {
        match self.links {
            Links::Followed => OFlags::empty(),
            Links::Refused => OFlags::NOFOLLOW,
        }
    }
}

/// ext2 to ext4, and XFS (statfs(2)). Others save a whole disk at a high price, or not at all, as most network shares and
/// FUSE.
const SAVED_WHOLE: [i64; 2] = [0xEF53, 0x5846_5342];

/// Those of which each folder has the time when its entries last changed, of a local clock: ext2 to ext4, XFS, Btrfs and
/// tmpfs. Others keep it elsewhere, or not at once.
const NOTES_CHANGES: [i64; 4] = [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994];

/// From Linux 5.17 on, syncfs(2) reports all that could not be saved: from 5.8 on bytes, then also names.
fn reports_errors_of_disks() -> bool {
    let system = rustix::system::uname();
    system.release().to_str().is_ok_and(is_5_17_or_later)
}

fn is_5_17_or_later(release: &str) -> bool {
    let mut parts = release.split(|byte: char| !byte.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (5, 17)
}

fn kind_of(found: FileType) -> Kind {
    match found {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        _ => Kind::Other,
    }
}

/// As [`Fingerprint::of`] makes it.
fn fingerprint_of(found: &Stat) -> Fingerprint {
    let whole = i128::from(found.st_mtime) * 1_000_000_000 + i128::from(found.st_mtime_nsec);
    let modified = i64::try_from(whole.max(0)).unwrap_or(i64::MAX);
    Fingerprint { size: found.st_size.cast_unsigned(), modified, inode: found.st_ino }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_of_linux_is_compared_by_its_numbers() {
        for (release, expected) in [
            ("5.17.0", true),
            ("5.18.2-21-amd64", true),
            ("6.1", true),
            ("5.16.19", false),
            ("4.19.0", false),
            ("5", false),
            ("", false),
            ("unknown", false),
        ] {
            assert_eq!(is_5_17_or_later(release), expected, "{release}");
        }
    }
}
