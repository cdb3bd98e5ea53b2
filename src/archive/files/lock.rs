//! One process at a time changes an archive.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};

use super::folder::has_other_names;
use super::tree::Tree;
use crate::archive::objects::ObjectError;

/// More than our lock files hold: a longer file belongs to somebody else, and is not overwritten.
const LONGEST: u64 = 64;

/// The right to change the archive, until it is dropped or the process ends, however it ends.
///
/// The operating system ties the lock to the open file, so a crash releases it. The file stays; the process id in it is
/// for people who look for the holder.
#[derive(Debug)]
pub(in crate::archive) struct Lock {
    _file: File,
}

/// The lock was not taken.
#[derive(Debug)]
pub(in crate::archive) enum NotLocked {
    /// Another process has it; which one, where it says so.
    Held(Option<u32>),
    /// The file system refused.
    Failed(ObjectError),
}

impl Lock {
    /// The file that is locked.
    pub(in crate::archive) const FILE: &str = "lock";

    /// Takes the lock of the archive in a folder.
    pub(in crate::archive) fn take(store: &Tree) -> Result<Self, NotLocked> {
        let failed = |cause| NotLocked::Failed(store.failed("lock", Lock::FILE)(cause));
        let mut file = store.root().create(Lock::FILE).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() > LONGEST {
            return Err(failed(io::Error::other("it is not a lock file of offprint")));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(NotLocked::Held(holder(file))),
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        // A write to a file with further hard links changes these, too.
        if !has_other_names(&file.metadata().map_err(failed)?) {
            sign(&mut file).map_err(failed)?;
        }
        Ok(Self { _file: file })
    }
}

/// Writes who holds it.
fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn holder(mut file: File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::files::Links;

    fn store(folder: &tempfile::TempDir) -> Tree {
        Tree::open(folder.path(), Links::Refused).unwrap()
    }

    #[test]
    fn a_second_holder_is_refused_and_learns_who_has_it_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let first = Lock::take(&store).unwrap();
        let error = Lock::take(&store).unwrap_err();
        assert!(matches!(error, NotLocked::Held(Some(pid)) if pid == std::process::id()), "{error:?}");
        drop(first);
        Lock::take(&store).unwrap();
    }

    #[test]
    fn what_a_dead_holder_left_in_the_file_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(Lock::FILE), "4194304 and more\n").unwrap();
        let _lock = Lock::take(&store(&folder)).unwrap();
        assert_eq!(
            std::fs::read_to_string(folder.path().join(Lock::FILE)).unwrap(),
            format!("{}\n", std::process::id())
        );
    }

    #[test]
    fn a_file_that_is_no_lock_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let text = "a thousand words ".repeat(10);
        std::fs::write(folder.path().join(Lock::FILE), &text).unwrap();
        let error = Lock::take(&store(&folder)).unwrap_err();
        assert!(matches!(error, NotLocked::Failed(_)), "{error:?}");
        assert_eq!(std::fs::read_to_string(folder.path().join(Lock::FILE)).unwrap(), text);
    }
}
