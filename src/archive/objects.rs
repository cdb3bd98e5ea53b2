//! Bytes by key.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::key::{Prefix, StoreKey};
use crate::model::{Digest, Fingerprint};
use crate::staging::{Staged, Staging};

/// What a key had before its bytes were put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Nothing.
    Created,
    /// The same bytes, of a blob.
    Existed,
    /// Other bytes, or a damaged blob.
    Replaced,
}

/// An object that was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// What its key had before.
    pub put: Put,
    /// The fingerprint that it has from now on.
    pub fingerprint: Fingerprint,
}

/// Bytes to put.
#[derive(Debug)]
pub enum Body {
    /// In memory, or in a temporary file of the archive's staging folder. The file is removed in any case.
    Staged(Staged),
    /// In memory.
    Bytes(Vec<u8>),
}

/// Reads the bytes of an object, or of a range of it.
pub type ObjectReader = Box<dyn AsyncRead + Send + Unpin>;

/// A store of bytes by key. Every implementation passes the suite in `tests/it/objects`.
///
/// Many tasks may use it at a time. One process at a time puts and deletes.
#[async_trait]
pub trait Objects: Send + Sync {
    /// Keeps bytes. When this returns, they outlive a loss of power. A blob that exists stays as it is, unless its size
    /// is wrong: then it is damaged, and these bytes replace it. Any other object is replaced as a whole.
    ///
    /// # Errors
    /// [`ObjectError::OtherBytes`] where the key is a blob's and the bytes are not, [`ObjectError::Place`] where this one
    /// object cannot be kept, [`ObjectError::Io`] otherwise.
    async fn put(&self, key: &StoreKey, body: Body) -> Result<Stored, ObjectError>;

    /// Reads an object, or a range of its bytes, which ends where the object does; `None` if there is none.
    async fn open(&self, key: &StoreKey, range: Option<Range<u64>>) -> Result<Option<ObjectReader>, ObjectError>;

    /// All bytes of an object, which are no more than 256 MiB; `None` if there is none.
    ///
    /// # Errors
    /// Where it is longer, or cannot be read.
    async fn read(&self, key: &StoreKey) -> Result<Option<Vec<u8>>, ObjectError> {
        let Some(reader) = self.open(key, None).await? else { return Ok(None) };
        let mut bytes = Vec::new();
        let read = reader.take(LONGEST_WHOLE + 1).read_to_end(&mut bytes).await;
        read.and_then(|_| whole(bytes)).map(Some).map_err(ObjectError::io("read", key))
    }

    /// What is known of an object without reading it; `None` if there is none.
    async fn stat(&self, key: &StoreKey) -> Result<Option<Fingerprint>, ObjectError>;

    /// The same of many objects, in their order. What cannot be looked at is `None`, too.
    async fn stat_all(&self, keys: Vec<StoreKey>) -> Vec<Option<Fingerprint>> {
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            found.push(self.stat(&key).await.ok().flatten());
        }
        found
    }

    /// All objects of a prefix, in the order of their keys. Files without a key are left out.
    async fn list(&self, prefix: Prefix) -> Result<Vec<(StoreKey, Fingerprint)>, ObjectError>;

    /// The keys of all objects of a prefix, in their order: what [`Objects::list`] gives, where the rest is not needed.
    async fn keys(&self, prefix: Prefix) -> Result<Vec<StoreKey>, ObjectError> {
        Ok(self.list(prefix).await?.into_iter().map(|(key, _)| key).collect())
    }

    /// The keys of several prefixes, in their order. What cannot be listed is an error of its own; where nothing can be,
    /// one error stands for all.
    async fn keys_of_all(&self, prefixes: Vec<Prefix>) -> Vec<Result<Vec<StoreKey>, ObjectError>> {
        let mut found = Vec::with_capacity(prefixes.len());
        for prefix in prefixes {
            found.push(self.keys(prefix).await);
        }
        found
    }

    /// Whether there may be objects of each of some prefixes, in their order. Of one that has `false`, none is listed.
    async fn may_have(&self, prefixes: Vec<Prefix>) -> Vec<bool> {
        vec![true; prefixes.len()]
    }

    /// The state of the names of all objects of some prefixes: another from now on once such an object was put or removed,
    /// by whomever. `None` where that is not to be known, or not yet.
    async fn names_state(&self, prefixes: Vec<Prefix>) -> Option<Digest> {
        let _ = prefixes;
        None
    }

    /// Removes an object. Returns whether it was there.
    async fn delete(&self, key: &StoreKey) -> Result<bool, ObjectError>;

    /// The path of what lies in the way of an object: it has its name, or that of a folder above it, and is neither. Where
    /// keys are no files, nothing of the kind can be.
    async fn obstacle(&self, key: &StoreKey) -> Result<Option<String>, ObjectError> {
        let _ = key;
        Ok(None)
    }

    /// Moves away what lies in the way of the object at a path, or else of a folder of objects; true where something did.
    /// Nothing of it is lost.
    async fn put_aside(&self, path: &str) -> Result<bool, ObjectError> {
        let _ = path;
        Ok(false)
    }

    /// Where bytes wait until they are put.
    fn staging(&self) -> &Staging;

    /// The bytes that are free for more objects; `None` if that is unknown.
    fn free_space(&self) -> Option<u64>;
}

/// A call of the store of objects failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The file system refused.
    #[error("cannot {action} {place}: {cause}")]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// The object, file or folder.
        place: String,
        /// Why.
        cause: io::Error,
    },
    /// One object cannot be kept or read where it belongs, and others can: something else lies in its place or in that of
    /// its folder, or nobody may use it.
    #[error("cannot {action} {place}: {cause}")]
    Place {
        /// What was being done, as a verb.
        action: &'static str,
        /// Where it belongs.
        place: String,
        /// Why, with the way out.
        cause: io::Error,
    },
    /// The bytes cannot be written to where they wait until they are put.
    #[error("cannot write to {place}: {cause}")]
    Unstaged {
        /// The folder.
        place: String,
        /// Why.
        cause: io::Error,
    },
    /// The bytes are not those that the key of a blob names.
    #[error("cannot keep bytes with the SHA-256 {found} as the blob {expected}")]
    OtherBytes {
        /// The digest in the key.
        expected: Digest,
        /// That of the bytes.
        found: Digest,
    },
}

impl ObjectError {
    /// The error for a refusal of the file system.
    pub fn io(action: &'static str, place: &dyn Display) -> impl FnOnce(io::Error) -> Self + use<> {
        let place = place.to_string();
        move |cause| Self::Io { action, place, cause }
    }

    /// The error for bytes that cannot be written to where they wait.
    pub fn unstaged(staging: &Staging) -> impl FnOnce(io::Error) -> Self {
        |cause| Self::Unstaged { place: staging.folder().display().to_string(), cause }
    }

    /// Whether it is about the place of one object, so that others can be kept all the same.
    pub const fn is_of_one_place(&self) -> bool {
        matches!(self, Self::Place { .. })
    }

    /// Whether it is for want of room, which no other object would escape either.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { cause, .. } | Self::Unstaged { cause, .. }
            if matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}

/// The longest object that is read whole, in bytes. An archive may come from somebody else, with files of any length.
const LONGEST_WHOLE: u64 = 256 << 20;

/// The bytes that a file has to its end, by as few calls of the system as can be.
pub(super) fn read_file(file: File) -> io::Result<Vec<u8>> {
    // The length is a guess: the file may change meanwhile.
    let length = file.metadata()?.len().min(LONGEST_WHOLE);
    let mut bytes = Vec::with_capacity(usize::try_from(length).map_or(0, |length| length + 1));
    file.take(LONGEST_WHOLE + 1).read_to_end(&mut bytes)?;
    whole(bytes)
}

fn whole(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    if bytes.len() as u64 <= LONGEST_WHOLE {
        return Ok(bytes);
    }
    Err(io::Error::other(format!("it is longer than {} MiB, more than is read at once", LONGEST_WHOLE >> 20)))
}

impl Body {
    /// How many bytes it has.
    pub(super) const fn length(&self) -> u64 {
        match self {
            Self::Staged(staged) => staged.length,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// Refuses bytes that are not those of a blob's key.
    pub(super) fn check(&self, key: &StoreKey) -> Result<(), ObjectError> {
        let StoreKey::Blob { digest: expected, .. } = *key else { return Ok(()) };
        let found = match self {
            Self::Staged(staged) => staged.digest,
            Self::Bytes(bytes) => Digest::of(bytes),
        };
        if found == expected { Ok(()) } else { Err(ObjectError::OtherBytes { expected, found }) }
    }
}
