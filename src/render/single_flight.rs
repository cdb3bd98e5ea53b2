//! Work on one asset is done by one caller at a time; others that want the same wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::model::Digest;

/// A lock for each asset that someone works on, and none for the others.
#[derive(Debug, Default)]
pub(super) struct SingleFlight {
    locks: Arc<Mutex<HashMap<Digest, Arc<tokio::sync::Mutex<()>>>>>,
}

/// Held while one caller works on an asset.
#[derive(Debug)]
pub(super) struct Flight {
    digest: Digest,
    locks: Arc<Mutex<HashMap<Digest, Arc<tokio::sync::Mutex<()>>>>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl SingleFlight {
    /// Waits until nobody else works on the asset.
    pub(super) async fn enter(&self, digest: Digest) -> Flight {
        let lock = Arc::clone(self.locks.lock().unwrap_or_else(PoisonError::into_inner).entry(digest).or_default());
        let guard = Some(lock.lock_owned().await);
        Flight { digest, locks: Arc::clone(&self.locks), guard }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        self.guard = None;
        // One reference is the map's own: with no other, nobody waits.
        if locks.get(&self.digest).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_asset_is_worked_on_once_at_a_time_and_others_meanwhile() {
        let flights = SingleFlight::default();
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let first = flights.enter(a).await;
        let other = flights.enter(b).await;
        let mut second = Box::pin(flights.enter(a));
        assert!(second.as_mut().now_or_never().is_none(), "the first is not done");
        drop(first);
        let second = second.await;
        drop((second, other));
        assert!(flights.locks.lock().unwrap().is_empty(), "no lock is left behind");
    }
}
