//! A small disk of its own that can lose its power. Only root can make one.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An ext4 file system in a file. It is unmounted when it is dropped.
pub(crate) struct Disk {
    image: PathBuf,
    place: PathBuf,
}

/// What fills it.
const FILLER: &str = "filler";

fn run(program: &str, arguments: &[&OsStr]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

impl Disk {
    /// A disk of 64 MiB in the file `image`, mounted on the folder `place`, which is made.
    pub(crate) fn new(image: PathBuf, place: PathBuf) -> Self {
        let disk = Self { image, place };
        std::fs::create_dir(&disk.place).expect("a folder can be made");
        let image = std::fs::File::create(&disk.image).expect("a file can be made");
        image.set_len(64 << 20).expect("a file without content takes no room");
        let made = run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), disk.image.as_ref()]);
        assert!(made, "mkfs.ext4 is not installed, which this test needs");
        assert!(run("xfs_io", &["-V".as_ref()]), "xfs_io is not installed, which this test needs");
        disk.mount();
        disk
    }

    /// Whether this process can make such disks.
    pub(crate) fn is_possible(scratch: &Path) -> bool {
        let place = scratch.join("probe");
        let tools = run("mkfs.ext4", &["-V".as_ref()]) && run("xfs_io", &["-V".as_ref()]);
        let mounted = tools
            && std::fs::create_dir(&place).is_ok()
            && run(
                "mount",
                &["-t", "tmpfs", "tmpfs"].map(OsStr::new).into_iter().chain([place.as_ref()]).collect::<Vec<_>>(),
            );
        if mounted {
            run("umount", &[place.as_ref()]);
        }
        mounted
    }

    pub(crate) fn mount(&self) {
        let mounted = run("mount", &["-o".as_ref(), "loop".as_ref(), self.image.as_ref(), self.place.as_ref()]);
        assert!(mounted, "this process may not mount a loop device, which this test needs");
    }

    pub(crate) fn unmount(&self) {
        assert!(run("umount", &[self.place.as_ref()]), "{} is in use", self.place.display());
    }

    /// Takes all the room there is.
    pub(crate) fn fill(&self) {
        let mut file = std::fs::File::create(self.place.join(FILLER)).expect("a file can be made");
        while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    }

    /// Gives it back.
    pub(crate) fn clear(&self) {
        std::fs::remove_file(self.place.join(FILLER)).expect("it was filled");
    }

    /// What was not flushed to the disk is gone (`FS_IOC_SHUTDOWN` without flushing the log).
    pub(crate) fn lose_power(&self) {
        assert!(run("xfs_io", &["-x".as_ref(), "-c".as_ref(), "shutdown".as_ref(), self.place.as_ref()]));
    }

    /// The power is back.
    pub(crate) fn come_back(&self) {
        self.unmount();
        self.mount();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &[self.place.as_ref()]);
    }
}
