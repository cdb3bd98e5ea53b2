//! Objects in memory.

use std::collections::BTreeMap;
use std::io::{self, Cursor};
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;

use crate::archive::key::{Prefix, StoreKey};
use crate::archive::objects::{Body, ObjectError, ObjectReader, Objects, Put, Stored};
use crate::clock;
use crate::locks::{Mutex, MutexGuard};
use crate::model::Fingerprint;
use crate::staging::Staging;

/// What is kept under a key: its bytes, and their fingerprint.
type Kept = (Arc<[u8]>, Fingerprint);

/// Objects in memory. What is staged for them is in a temporary folder of their own.
pub struct MemoryObjects {
    objects: Mutex<BTreeMap<StoreKey, Kept>>,
    staging: Staging,
    _folder: TempDir,
}

impl MemoryObjects {
    /// No objects.
    ///
    /// # Errors
    /// Where the temporary folder cannot be made.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        Ok(Self { objects: Mutex::default(), staging: Staging::new(folder.path()), _folder: folder })
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<StoreKey, Kept>> {
        self.objects.lock()
    }
}

fn bytes_of(body: Body) -> Result<Vec<u8>, ObjectError> {
    match body {
        Body::Bytes(bytes) => Ok(bytes),
        Body::Staged(staged) => {
            let failed = || ObjectError::io("read", &"what is staged");
            let bytes = staged.read().map_err(failed())?;
            let lost = format!("it has {} bytes instead of {}", bytes.len(), staged.length);
            if bytes.len() as u64 == staged.length { Ok(bytes) } else { Err(failed()(io::Error::other(lost))) }
        }
    }
}

/// The part of `0..length` that a range asks for.
fn within(range: Option<Range<u64>>, length: usize) -> Range<usize> {
    let at = |offset: u64| usize::try_from(offset).map_or(length, |offset| offset.min(length));
    range.map_or(0..length, |range| at(range.start)..at(range.end).max(at(range.start)))
}

#[async_trait]
impl Objects for MemoryObjects {
    async fn put(&self, key: &StoreKey, body: Body) -> Result<Stored, ObjectError> {
        body.check(key)?;
        let bytes = bytes_of(body)?;
        let mut objects = self.objects();
        let old = objects.get(key);
        if let (StoreKey::Blob { .. }, Some((kept, fingerprint))) = (key, old)
            && kept.len() == bytes.len()
        {
            return Ok(Stored { put: Put::Existed, fingerprint: *fingerprint });
        }
        let put = if old.is_some() { Put::Replaced } else { Put::Created };
        let modified = i64::try_from(clock::now().as_nanosecond()).unwrap_or(i64::MAX);
        // Each put differs from the one before, as a new file does.
        let inode = old.map_or(1, |(_, fingerprint)| fingerprint.inode + 1);
        let fingerprint = Fingerprint { size: bytes.len() as u64, modified, inode };
        objects.insert(key.clone(), (bytes.into(), fingerprint));
        Ok(Stored { put, fingerprint })
    }

    async fn open(&self, key: &StoreKey, range: Option<Range<u64>>) -> Result<Option<ObjectReader>, ObjectError> {
        let found = self.objects().get(key).map(|(bytes, _)| Arc::clone(bytes));
        Ok(found.map(|bytes| Box::new(Cursor::new(bytes[within(range, bytes.len())].to_vec())) as ObjectReader))
    }

    async fn stat(&self, key: &StoreKey) -> Result<Option<Fingerprint>, ObjectError> {
        Ok(self.objects().get(key).map(|(_, fingerprint)| *fingerprint))
    }

    async fn list(&self, prefix: Prefix) -> Result<Vec<(StoreKey, Fingerprint)>, ObjectError> {
        let objects = self.objects();
        let found = objects.iter().filter(|(key, _)| prefix.covers(key));
        Ok(found.map(|(key, (_, fingerprint))| (key.clone(), *fingerprint)).collect())
    }

    async fn delete(&self, key: &StoreKey) -> Result<bool, ObjectError> {
        Ok(self.objects().remove(key).is_some())
    }

    fn staging(&self) -> &Staging {
        &self.staging
    }

    fn free_space(&self) -> Option<u64> {
        None
    }
}
