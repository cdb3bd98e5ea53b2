//! What may lie at a place in an archive.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use super::canary::Canary;

/// What lies there, and no offprint put there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    LinkToFile,
    LinkToFolder,
    LinkToDatabase,
    LinkToPipe,
    LinkUpwards,
    LinkToNothing,
    LinkToItself,
    LinkToZeros,
    OtherNameOfAFile,
    Pipe,
    Socket,
    Device,
    File,
    Folder,
    FolderWithLinks,
    ManyFolders,
    Huge,
    Unreadable,
}

pub(super) const ALL: [Thing; 18] = [
    Thing::LinkToFile,
    Thing::LinkToFolder,
    Thing::LinkToDatabase,
    Thing::LinkToPipe,
    Thing::LinkUpwards,
    Thing::LinkToNothing,
    Thing::LinkToItself,
    Thing::LinkToZeros,
    Thing::OtherNameOfAFile,
    Thing::Pipe,
    Thing::Socket,
    Thing::Device,
    Thing::File,
    Thing::Folder,
    Thing::FolderWithLinks,
    Thing::ManyFolders,
    Thing::Huge,
    Thing::Unreadable,
];

impl Thing {
    /// Puts it there, over what was there.
    pub(super) fn put(self, place: &Path, canary: &Canary) {
        let _ = fs::remove_dir_all(place).or_else(|_| fs::remove_file(place));
        // Where a file is in the way of the place's folder, the place is none.
        if fs::create_dir_all(place.parent().unwrap()).is_err() {
            return;
        }
        match self {
            Self::LinkToFile => symlink(canary.path("notes.txt"), place).unwrap(),
            Self::LinkToFolder => symlink(canary.path(""), place).unwrap(),
            Self::LinkToDatabase => symlink(canary.path("catalog.db"), place).unwrap(),
            Self::LinkToPipe => symlink(canary.path("pipe"), place).unwrap(),
            Self::LinkUpwards => symlink("../../../..", place).unwrap(),
            Self::LinkToNothing => symlink(canary.path("none"), place).unwrap(),
            Self::LinkToItself => symlink(place, place).unwrap(),
            Self::LinkToZeros => symlink("/dev/zero", place).unwrap(),
            Self::OtherNameOfAFile => fs::hard_link(canary.path("00/0011"), place).unwrap(),
            Self::Pipe => run("mkfifo", &[], place),
            Self::Socket => socket(place),
            // Where the test may not make one, a pipe does as well.
            Self::Device => {
                let made = Command::new("mknod").arg(place).args(["c", "1", "5"]).output();
                if !made.is_ok_and(|made| made.status.success()) {
                    run("mkfifo", &[], place);
                }
            }
            Self::File => fs::write(place, "not what should be here\n").unwrap(),
            Self::Folder => fs::create_dir(place).unwrap(),
            Self::FolderWithLinks => {
                fs::create_dir(place).unwrap();
                for (name, to) in [("a.md", "notes.txt"), ("stage-x", "stage-1"), ("00", "00"), ("x.json", "none")] {
                    symlink(canary.path(to), place.join(name)).unwrap();
                }
            }
            Self::ManyFolders => fs::create_dir_all(place.join("a/".repeat(300))).unwrap(),
            Self::Huge => fs::File::create(place).unwrap().set_len(8 << 30).unwrap(),
            Self::Unreadable => {
                fs::write(place, "x").unwrap();
                fs::set_permissions(place, fs::Permissions::from_mode(0o0)).unwrap();
            }
        }
    }

    /// Whether it has no place in any archive, wherever it lies.
    pub(super) fn is_foreign(self) -> bool {
        !matches!(self, Self::File | Self::Folder | Self::ManyFolders | Self::Huge | Self::Unreadable)
    }
}

fn run(program: &str, arguments: &[&str], place: &Path) {
    assert!(Command::new(program).args(arguments).arg(place).status().unwrap().success());
}

/// The path of a socket has a limit, so it is made elsewhere on the same disk and renamed.
fn socket(place: &Path) {
    let folder = tempfile::tempdir_in(std::env::temp_dir()).unwrap();
    let made = folder.path().join("s");
    drop(UnixListener::bind(&made).unwrap());
    fs::rename(made, place).unwrap();
}
