//! Files where somebody else may have put anything: only regular files are read, and nothing is waited for, as a pipe
//! without a writer would be.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Opens a regular file to read, also through a link.
///
/// # Errors
/// Where there is none: something else has its name, or it cannot be opened.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = without_waiting(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

/// The bytes of a regular file.
///
/// # Errors
/// As for [`open`], and where it cannot be read.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(unix)]
fn without_waiting(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)
}

#[cfg(not(unix))]
fn without_waiting(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_read_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        std::fs::write(place("file"), "text").unwrap();
        assert_eq!(read(&place("file")).unwrap(), b"text");
        assert_eq!(open(&place("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(open(folder.path()).is_err());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(place("file"), place("link")).unwrap();
            assert_eq!(read(&place("link")).unwrap(), b"text");
            let _socket = std::os::unix::net::UnixListener::bind(place("socket")).unwrap();
            assert!(std::process::Command::new("mkfifo").arg(place("pipe")).status().unwrap().success());
            assert!(open(&place("socket")).is_err() && open(&place("pipe")).is_err());
        }
    }
}
