//! Staging a body while it is received.

use std::io::{self, Write};

use crate::model::Digest;
use crate::staging::{Staged, Staging, StagingFile};

/// How many bytes are buffered before they are written. Most images are written at once.
const BUFFERED: usize = 256 << 10;

/// The bytes of a body that were received so far.
#[derive(Debug)]
pub(crate) struct BodyWriter {
    staging: Staging,
    buffer: Vec<u8>,
    file: Option<StagingFile>,
    length: u64,
}

impl BodyWriter {
    /// A body without bytes.
    pub(crate) fn new(staging: &Staging) -> Self {
        Self { staging: staging.clone(), buffer: Vec::new(), file: None, length: 0 }
    }

    /// How many bytes were received.
    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// Reserves memory for so many bytes.
    pub(crate) fn reserve(&mut self, bytes: u64) {
        self.buffer.reserve(usize::try_from(bytes).map_or(BUFFERED, |bytes| bytes.min(BUFFERED)));
    }

    /// Adds the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        self.length += bytes.len() as u64;
    }

    /// Writes the buffer to the file, once it is full.
    pub(crate) async fn flush_full(&mut self) -> io::Result<()> {
        if self.buffer.len() >= BUFFERED { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> io::Result<()> {
        let (staging, file, bytes) = (self.staging.clone(), self.file.take(), std::mem::take(&mut self.buffer));
        let written = tokio::task::spawn_blocking(move || write(&staging, file, bytes)).await;
        let (file, bytes) = written.map_err(io::Error::other)??;
        (self.file, self.buffer) = (Some(file), bytes);
        Ok(())
    }

    /// Drops the bytes, and returns their digest where none has been written yet.
    pub(crate) fn discard(self) -> Option<Digest> {
        self.file.is_none().then(|| Digest::of(&self.buffer))
    }

    /// Writes the rest, and returns the whole body. One that the buffer holds stays in memory, where there is room.
    pub(crate) async fn finish(mut self) -> io::Result<Staged> {
        if self.file.is_none() {
            let (staging, bytes) = (self.staging, self.buffer);
            let written = tokio::task::spawn_blocking(move || staging.hold(bytes)).await;
            return written.map_err(io::Error::other)?;
        }
        if !self.buffer.is_empty() {
            self.write().await?;
        }
        self.file.map(StagingFile::finish).ok_or_else(|| io::Error::other("no file"))
    }
}

/// Appends to the file, which is made where there is none, and returns the emptied buffer.
fn write(staging: &Staging, file: Option<StagingFile>, mut bytes: Vec<u8>) -> io::Result<(StagingFile, Vec<u8>)> {
    let mut file = file.map_or_else(|| staging.create(), Ok)?;
    file.write_all(&bytes)?;
    bytes.clear();
    Ok((file, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(pieces: &[usize]) {
        let folder = tempfile::tempdir().unwrap();
        let mut body = BodyWriter::new(&Staging::new(folder.path()));
        let mut whole = Vec::new();
        for (at, size) in pieces.iter().enumerate() {
            let piece = vec![u8::try_from(at).unwrap(); *size];
            body.push(&piece);
            body.flush_full().await.unwrap();
            assert!(body.buffer.len() < BUFFERED);
            whole.extend(piece);
        }
        let staged = body.finish().await.unwrap();
        assert!(staged.read().unwrap() == whole, "{pieces:?}");
        assert_eq!((staged.digest, staged.length), (Digest::of(&whole), whole.len() as u64));
        assert!(*staged.content().read().unwrap() == whole);
        assert_eq!(staged.held().is_some(), whole.len() < BUFFERED, "{pieces:?}");
        drop(staged);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    }

    #[tokio::test]
    async fn the_file_holds_what_was_pushed() {
        for pieces in [&[][..], &[1], &[0, 5, 0], &[BUFFERED], &[BUFFERED - 1, 1, 1], &[700_000, 3, 900_000]] {
            check(pieces).await;
        }
    }

    #[tokio::test]
    async fn a_dropped_body_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut body = BodyWriter::new(&Staging::new(folder.path()));
        body.push(&vec![7; BUFFERED]);
        body.flush_full().await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        drop(body);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_is_an_error() {
        let folder = tempfile::tempdir().unwrap().path().join("gone");
        let mut body = BodyWriter::new(&Staging::new(folder));
        body.push(&vec![7; BUFFERED]);
        assert!(body.flush_full().await.is_err());
    }
}
