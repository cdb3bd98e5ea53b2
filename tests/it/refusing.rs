//! Objects of an archive on a disk that refuses some of them.

use std::io::ErrorKind;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use offprint::testing::archive::{Body, ObjectError, ObjectReader, Objects, Prefix, StoreKey, Stored};
use offprint::testing::model::Fingerprint;
use offprint::testing::staging::Staging;

/// Objects that take everything but what `refuses` gives an error for.
pub(crate) struct Refusing {
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) refuses: fn(&StoreKey) -> Option<ErrorKind>,
}

#[async_trait]
impl Objects for Refusing {
    async fn put(&self, key: &StoreKey, body: Body) -> Result<Stored, ObjectError> {
        match (self.refuses)(key) {
            Some(kind) => Err(ObjectError::io("write", key)(kind.into())),
            None => self.objects.put(key, body).await,
        }
    }

    async fn open(&self, key: &StoreKey, range: Option<Range<u64>>) -> Result<Option<ObjectReader>, ObjectError> {
        self.objects.open(key, range).await
    }

    async fn stat(&self, key: &StoreKey) -> Result<Option<Fingerprint>, ObjectError> {
        self.objects.stat(key).await
    }

    async fn list(&self, prefix: Prefix) -> Result<Vec<(StoreKey, Fingerprint)>, ObjectError> {
        self.objects.list(prefix).await
    }

    async fn delete(&self, key: &StoreKey) -> Result<bool, ObjectError> {
        self.objects.delete(key).await
    }

    fn staging(&self) -> &Staging {
        self.objects.staging()
    }

    fn free_space(&self) -> Option<u64> {
        None
    }
}
