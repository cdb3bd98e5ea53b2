//! Where the archive lies: in a folder, or on a disk of its own that can be unmounted, be full and lose its power.

use std::path::Path;

#[cfg(target_os = "linux")]
use crate::disk::Disk;
use crate::sandbox::Sandbox;

/// The disk of the archive, where it has one.
pub(super) struct Volume {
    #[cfg(target_os = "linux")]
    disk: Option<Disk>,
}

/// The name of its mount point.
const DISK: &str = "disk";

#[cfg(target_os = "linux")]
impl Volume {
    /// A disk where one is wanted and can be made.
    pub(super) fn new(sandbox: &Sandbox, is_wanted: bool) -> Self {
        let is_possible = is_wanted && Disk::is_possible(&sandbox.path(""));
        Self { disk: is_possible.then(|| Disk::new(sandbox.path("disk.img"), sandbox.path(DISK))) }
    }

    /// The path of a folder for the archive.
    pub(super) fn store(&self, name: &str) -> String {
        if self.disk.is_some() { format!("{DISK}/{name}") } else { name.to_owned() }
    }

    pub(super) fn is_disk(&self) -> bool {
        self.disk.is_some()
    }

    /// Takes the folder of the archive away, and leaves an empty one.
    pub(super) fn unmount(&self, store: &Path) {
        if let Some(disk) = &self.disk { disk.unmount() } else { put_aside(store) }
    }

    /// Brings it back, over whatever is there.
    pub(super) fn mount(&self, store: &Path) {
        if let Some(disk) = &self.disk {
            let _ = std::fs::remove_dir_all(store);
            disk.mount();
        } else {
            bring_back(store);
        }
    }

    pub(super) fn fill(&self) {
        self.disk.iter().for_each(Disk::fill);
    }

    pub(super) fn clear(&self) {
        self.disk.iter().for_each(Disk::clear);
    }

    pub(super) fn lose_power(&self) {
        self.disk.iter().for_each(Disk::lose_power);
    }

    pub(super) fn come_back(&self) {
        self.disk.iter().for_each(Disk::come_back);
    }
}

#[cfg(not(target_os = "linux"))]
impl Volume {
    pub(super) fn new(_: &Sandbox, _: bool) -> Self {
        Self {}
    }

    pub(super) fn store(&self, name: &str) -> String {
        name.to_owned()
    }

    pub(super) fn is_disk(&self) -> bool {
        false
    }

    pub(super) fn unmount(&self, store: &Path) {
        put_aside(store);
    }

    pub(super) fn mount(&self, store: &Path) {
        bring_back(store);
    }

    pub(super) fn fill(&self) {}

    pub(super) fn clear(&self) {}

    pub(super) fn lose_power(&self) {}

    pub(super) fn come_back(&self) {}
}

fn put_aside(store: &Path) {
    std::fs::rename(store, store.with_extension("away")).expect("a folder can be renamed");
    std::fs::create_dir(store).expect("a folder can be made");
}

fn bring_back(store: &Path) {
    std::fs::remove_dir_all(store).expect("a folder can be removed");
    std::fs::rename(store.with_extension("away"), store).expect("a folder can be renamed");
}
