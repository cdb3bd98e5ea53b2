//! The checksum of the catalog's file while no process writes it.
//!
//! The database finds damage to its own structure, but not a flipped bit in a value. So the process that wrote the
//! file leaves `catalog.db.sha256` beside it, in the form of `sha256sum`, and the next process that writes removes it
//! first. After a crash there is none, and damage to values cannot be found.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::connection::log_left;
use crate::archive::files::sync_folder;
use crate::model::{Digest, Hasher};
use crate::regular_file;

/// More than the line of a checksum has.
const LONGEST: u64 = 4096;

fn checksum_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sha256");
    name.into()
}

/// Removes the checksum durably: before anything is written to the catalog.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(checksum_path(path)) {
        Ok(()) => sync_folder_of(path),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(cause),
    }
}

/// Writes the checksum, unless part of the catalog is still in its write-ahead log. A failure loses only the checksum.
/// One that is cut off does not parse, and is ignored.
pub(super) fn write(path: &Path) {
    if !log_left(path) {
        let _ = try_write(path);
    }
}

fn try_write(path: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().display();
    let line = format!("{}  {name}\n", digest(path)?);
    let mut file = File::create_new(checksum_path(path))?;
    file.write_all(line.as_bytes())?;
    file.sync_all()?;
    sync_folder_of(path)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Whether the file differs from its checksum. False if there is no checksum, or if another process removes it in order
/// to write.
pub(super) fn mismatches(path: &Path) -> bool {
    let (Some(expected), Ok(found)) = (read(path), digest(path)) else { return false };
    expected != found && read(path) == Some(expected)
}

fn read(path: &Path) -> Option<Digest> {
    let mut line = String::new();
    regular_file::open(&checksum_path(path)).ok()?.take(LONGEST).read_to_string(&mut line).ok()?;
    line.split_whitespace().next()?.parse().ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_differs_from_its_checksum_and_one_without_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        fs::write(&path, b"as it was").unwrap();
        assert!(!mismatches(&path), "there is no checksum");
        write(&path);
        assert!(!mismatches(&path));
        let line = fs::read_to_string(checksum_path(&path)).unwrap();
        assert_eq!(line, format!("{}  catalog.db\n", Digest::of(b"as it was")), "sha256sum reads it");
        fs::write(&path, b"as it is!").unwrap();
        assert!(mismatches(&path));
        fs::write(checksum_path(&path), &line[..30]).unwrap();
        assert!(!mismatches(&path), "one that was cut off counts as none");
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert!(!checksum_path(&path).exists());
    }

    #[test]
    fn a_catalog_that_is_partly_in_its_log_has_no_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        fs::write(&path, b"pages").unwrap();
        fs::write(folder.path().join("catalog.db-wal"), b"newer pages").unwrap();
        write(&path);
        assert!(!checksum_path(&path).exists());
        fs::write(folder.path().join("catalog.db-wal"), b"").unwrap();
        write(&path);
        assert!(checksum_path(&path).exists());
    }
}
