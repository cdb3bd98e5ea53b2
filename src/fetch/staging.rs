//! A body on its way to a temporary file, hashed as it passes.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use crate::staging::{self, Staged, StagingFile};

/// How many bytes are gathered before they are written. Most images are written in one go.
const GATHERED: usize = 256 << 10;

/// Bytes that have arrived so far.
#[derive(Debug)]
pub(super) struct Staging {
    folder: Arc<Path>,
    gathered: Vec<u8>,
    file: Option<StagingFile>,
    length: u64,
}

impl Staging {
    pub(super) fn new(folder: &Arc<Path>) -> Self {
        Self { folder: Arc::clone(folder), gathered: Vec::new(), file: None, length: 0 }
    }

    /// How many bytes have arrived.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Makes room for so many bytes to come.
    pub(super) fn expect(&mut self, bytes: u64) {
        self.gathered.reserve(usize::try_from(bytes).map_or(GATHERED, |bytes| bytes.min(GATHERED)));
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.gathered.extend_from_slice(bytes);
        self.length += bytes.len() as u64;
    }

    /// Writes what has been gathered, once that is worth it.
    pub(super) async fn relieve(&mut self) -> io::Result<()> {
        if self.gathered.len() >= GATHERED { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> io::Result<()> {
        let (folder, file, bytes) = (Arc::clone(&self.folder), self.file.take(), std::mem::take(&mut self.gathered));
        let written = tokio::task::spawn_blocking(move || write(&folder, file, bytes)).await;
        let (file, bytes) = written.map_err(io::Error::other)??;
        (self.file, self.gathered) = (Some(file), bytes);
        Ok(())
    }

    /// The whole body in its file.
    pub(super) async fn finish(mut self) -> io::Result<Staged> {
        if self.file.is_none() || !self.gathered.is_empty() {
            self.write().await?;
        }
        self.file.map(StagingFile::finish).ok_or_else(|| io::Error::other("no file"))
    }
}

/// Appends to the file, which is made if there is none, and gives the emptied buffer back.
fn write(folder: &Path, file: Option<StagingFile>, mut bytes: Vec<u8>) -> io::Result<(StagingFile, Vec<u8>)> {
    let make = || staging::Staging::new(folder).create();
    let mut file = file.map_or_else(make, Ok)?;
    file.write_all(&bytes)?;
    bytes.clear();
    Ok((file, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    async fn check(pieces: &[usize]) {
        let folder = tempfile::tempdir().unwrap();
        let mut staging = Staging::new(&Arc::from(folder.path()));
        let mut whole = Vec::new();
        for (at, size) in pieces.iter().enumerate() {
            let piece = vec![u8::try_from(at).unwrap(); *size];
            staging.push(&piece);
            staging.relieve().await.unwrap();
            assert!(staging.gathered.len() < GATHERED);
            whole.extend(piece);
        }
        let staged = staging.finish().await.unwrap();
        assert!(std::fs::read(&staged.path).unwrap() == whole, "{pieces:?}");
        assert_eq!((staged.digest, staged.length), (Digest::of(&whole), whole.len() as u64));
        drop(staged);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    }

    #[tokio::test]
    async fn the_file_holds_what_was_pushed() {
        for pieces in [&[][..], &[1], &[0, 5, 0], &[GATHERED], &[GATHERED - 1, 1, 1], &[700_000, 3, 900_000]] {
            check(pieces).await;
        }
    }

    #[tokio::test]
    async fn what_is_given_up_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut staging = Staging::new(&Arc::from(folder.path()));
        staging.push(&vec![7; GATHERED]);
        staging.relieve().await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        drop(staging);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_is_an_error() {
        let folder = tempfile::tempdir().unwrap().path().join("gone");
        assert!(Staging::new(&Arc::from(folder)).finish().await.is_err());
    }
}
