//! The digest of the catalog's file while nobody writes it.
//!
//! The database finds damage to its own structure, but not a flipped bit in a value. So the process that wrote it
//! leaves `catalog.db.sha256` behind, in the form of `sha256sum`, and the next one that writes takes it away first. A
//! crash leaves none, and then nothing is known.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::connection::log_left;
use crate::archive::local::folders::Folders;
use crate::archive::local::publish::Publisher;
use crate::model::{Digest, Hasher};

fn seal_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sha256");
    name.into()
}

/// Takes the seal away, for good: before anything is written.
pub(super) fn take(path: &Path) -> io::Result<()> {
    match fs::remove_file(seal_path(path)) {
        Ok(()) => File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all(),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(cause),
    }
}

/// Seals the file, where all that was written is in it. Without a seal nothing is lost but the proof.
pub(super) fn leave(path: &Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return };
    if let (false, Ok(digest)) = (log_left(path), digest(path)) {
        let line = format!("{digest}  {}\n", name.display());
        let publisher = Publisher::new(folder.join("tmp"), Folders::default().into());
        let _ = publisher.publish(&seal_path(path), line.as_bytes());
    }
}

/// Whether the file is not the one that was sealed. Where there is no seal, or a run begins meanwhile, nothing is
/// known.
pub(super) fn is_broken(path: &Path) -> bool {
    let sealed = || fs::read_to_string(seal_path(path)).ok()?.split_whitespace().next()?.parse::<Digest>().ok();
    let (Some(expected), Ok(found)) = (sealed(), digest(path)) else { return false };
    expected != found && sealed() == Some(expected)
}

fn digest(path: &Path) -> io::Result<Digest> {
    let (mut file, mut hasher, mut piece) = (File::open(path)?, Hasher::default(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            count => hasher.update(&piece[..count]),
        }
    }
}
