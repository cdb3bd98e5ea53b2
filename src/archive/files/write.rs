//! Atomic writes: a file is there whole or not at all, under the name it gets, and outlives a loss of power.

use std::fs::{File, Metadata, Permissions};
use std::io::{self, ErrorKind};

use super::folder::Folder;
use super::group_sync::GroupSync;
use crate::model::Fingerprint;
use crate::staging::StagedFile;

/// What permissions a file gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    /// Read-only. File systems without permissions ignore it.
    ReadOnly,
    /// Those of the file that it replaces, with its owner and its extended attributes.
    Kept,
    /// Those, and the time of its last change: only links in it changed.
    KeptWithTime,
}

impl Rights {
    /// How untouched files with these permissions are recognised. Articles themselves are edited by their users.
    pub(super) fn fingerprint(self, found: &Metadata) -> Fingerprint {
        if self == Self::KeptWithTime { Fingerprint::of_edited(found) } else { Fingerprint::of(found) }
    }
}

/// A staged file whose bytes and permissions are durable. It has not been renamed yet.
pub(super) struct Synced {
    staged: StagedFile,
    file: File,
    rights: Rights,
}

/// A file that has its name, which is not durable yet.
pub(super) struct Renamed {
    file: File,
    rights: Rights,
}

impl Synced {
    /// Makes a file read-only and its bytes durable.
    pub(super) fn read_only(syncs: &GroupSync, staged: StagedFile) -> io::Result<Self> {
        let (file, found) = open(&staged)?;
        drop(file.set_permissions(read_only(&found)));
        Self::sync(syncs, staged, (file, &found), Rights::ReadOnly)
    }

    fn sync(
        syncs: &GroupSync,
        staged: StagedFile,
        (file, found): (File, &Metadata),
        rights: Rights,
    ) -> io::Result<Self> {
        syncs.sync_file(&file, found)?;
        Ok(Self { staged, file, rights })
    }

    /// How many bytes it has.
    pub(super) fn length(&self) -> u64 {
        self.staged.length
    }

    /// Renames it into a folder, replacing what has that name.
    pub(super) fn rename(self, folder: &Folder, name: &str) -> io::Result<Renamed> {
        let Self { staged, file, rights } = self;
        match folder.take(&staged.path, name) {
            Ok(()) => {
                // Its old name is free: another file may have it before the guard would remove it.
                let _ = staged.path.keep();
                Ok(Renamed { file, rights })
            }
            Err(cause) if cause.kind() == ErrorKind::CrossesDevices => {
                Ok(Renamed { file: across(folder, name, &file, rights)?, rights })
            }
            Err(cause) => Err(cause),
        }
    }
}

impl Renamed {
    /// Makes its name in a folder durable.
    pub(super) fn sync(self, syncs: &GroupSync, folder: &Folder) -> io::Result<Fingerprint> {
        let found = self.file.metadata()?;
        syncs.sync_names(folder, &found)?;
        Ok(self.rights.fingerprint(&found))
    }
}

fn open(staged: &StagedFile) -> io::Result<(File, Metadata)> {
    let file = File::options().read(true).write(true).open(&staged.path)?;
    let found = file.metadata()?;
    if found.len() == staged.length {
        return Ok((file, found));
    }
    Err(io::Error::other(format!("it has {} bytes instead of {}", found.len(), staged.length)))
}

/// Renames a staged file into a folder, replacing what has that name.
///
/// The order makes it durable: the bytes, the name, the folder that holds the name.
pub(super) fn write(
    syncs: &GroupSync,
    folder: &Folder,
    name: &str,
    staged: StagedFile,
    rights: Rights,
) -> io::Result<Fingerprint> {
    let (file, found) = open(&staged)?;
    match rights {
        Rights::ReadOnly => drop(file.set_permissions(read_only(&found))),
        Rights::Kept | Rights::KeptWithTime => keep_rights(folder, name, &file, rights)?,
    }
    Synced::sync(syncs, staged, (file, &found), rights)?.rename(folder, name)?.sync(syncs, folder)
}

/// The folder is on another file system than the staged file: it is copied into the folder first.
fn across(folder: &Folder, name: &str, mut from: &File, rights: Rights) -> io::Result<File> {
    let temporary = format!(".offprint-{:016x}.tmp", fastrand::u64(..));
    let mut to = folder.create(&temporary)?;
    let copied = io::Seek::rewind(&mut from).and_then(|()| io::copy(&mut from, &mut to)).and_then(|_| {
        match rights {
            Rights::ReadOnly => drop(to.set_permissions(read_only(&to.metadata()?))),
            Rights::Kept | Rights::KeptWithTime => keep_rights(folder, name, &to, rights)?,
        }
        to.sync_all()?;
        folder.rename(&temporary, name)
    });
    copied.inspect_err(|_| drop(folder.remove(&temporary)))?;
    Ok(to)
}

/// Without the right to write. Who may read is what the user's `umask` left.
fn read_only(found: &Metadata) -> Permissions {
    let mut permissions = found.permissions();
    permissions.set_readonly(true);
    permissions
}

/// Gives a file the owner and permissions of the one that it replaces. Those that this user may not set stay unchanged.
fn keep_rights(folder: &Folder, name: &str, new: &File, rights: Rights) -> io::Result<()> {
    let Some(old) = folder.look(name)?.filter(Metadata::is_file) else { return Ok(()) };
    #[cfg(unix)]
    keep_owner(&old, new)?;
    let _ = new.set_permissions(old.permissions());
    #[cfg(target_os = "linux")]
    if let Ok(Some(old)) = folder.open_file(name) {
        keep_attributes(&old, new);
    }
    if let Some(modified) = old.modified().ok().filter(|_| rights == Rights::KeptWithTime) {
        let _ = new.set_modified(modified);
    }
    Ok(())
}

/// A user other than root can give a file to one of their groups, but to no other user.
#[cfg(unix)]
fn keep_owner(old: &Metadata, new: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let now = new.metadata()?;
    if (now.uid(), now.gid()) != (old.uid(), old.gid()) && fchown(new, Some(old.uid()), Some(old.gid())).is_err() {
        let _ = fchown(new, None, Some(old.gid()));
    }
    Ok(())
}

/// Access control lists are among them.
#[cfg(target_os = "linux")]
fn keep_attributes(old: &File, new: &File) {
    use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
    /// The most that Linux keeps of names, and of a value.
    const LIMIT: usize = 64 << 10;
    let (mut names, mut value) = (vec![0; LIMIT], vec![0; LIMIT]);
    let Ok(length) = flistxattr(old, &mut names[..]) else { return };
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        if let Ok(length) = fgetxattr(old, name, &mut value[..]) {
            let _ = fsetxattr(new, name, &value[..length], XattrFlags::empty());
        }
    }
}
