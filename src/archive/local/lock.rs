//! One process at a time changes an archive.

use std::fs::{File, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use super::ArchiveError;

/// The right to change the archive, until it is dropped or the process ends, however it ends.
///
/// The system holds it for the open file, so no crash leaves one behind. The file stays; the process id in it only
/// tells people who it is.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, or says who holds it.
    pub(super) fn take(path: &Path) -> Result<Self, ArchiveError> {
        let failed = ArchiveError::io("lock", path);
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(&failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(path)),
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        sign(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Writes who holds it.
fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", std::process::id())
}

fn held(path: &Path) -> ArchiveError {
    let pid = std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok());
    ArchiveError::Held { place: path.parent().unwrap_or(path).display().to_string(), pid }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_and_told_who_has_it_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::take(&path).unwrap();
        let error = Lock::take(&path).unwrap_err();
        let own = Some(std::process::id());
        assert!(matches!(&error, ArchiveError::Held { pid, .. } if *pid == own), "{error}");
        drop(first);
        Lock::take(&path).unwrap();
    }

    #[test]
    fn what_a_dead_holder_left_in_the_file_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        std::fs::write(&path, "4194304 and more\n").unwrap();
        let _lock = Lock::take(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
    }
}
