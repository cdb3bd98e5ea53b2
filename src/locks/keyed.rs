//! A lock for each key: one caller at a time works on a key, and others that want the same key wait.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use tokio::sync::OwnedMutexGuard;

use super::mutex::Mutex;

type Locks<K> = Arc<Mutex<HashMap<K, Arc<tokio::sync::Mutex<()>>>>>;

/// A lock for each key that someone works on, and none for the others.
#[derive(Debug)]
pub(crate) struct KeyedLocks<K: Eq + Hash>(Locks<K>);

/// Held while one caller works on what a key names.
#[derive(Debug)]
pub(crate) struct KeyedGuard<K: Eq + Hash> {
    key: K,
    locks: Locks<K>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl<K: Eq + Hash> Default for KeyedLocks<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Clone> KeyedLocks<K> {
    /// Waits until no other caller works on this key.
    pub(crate) async fn lock(&self, key: K) -> KeyedGuard<K> {
        let lock = Arc::clone(self.0.lock().entry(key.clone()).or_default());
        let guard = Some(lock.lock_owned().await);
        KeyedGuard { key, locks: Arc::clone(&self.0), guard }
    }
}

impl<K: Eq + Hash> Drop for KeyedGuard<K> {
    fn drop(&mut self) {
        let mut locks = self.locks.lock();
        self.guard = None;
        // One reference is the map's own: if there is no other, no caller waits.
        if locks.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_thing_is_worked_on_once_at_a_time_and_others_meanwhile() {
        let locks = KeyedLocks::default();
        let first = locks.lock("a").await;
        let other = locks.lock("b").await;
        let mut second = Box::pin(locks.lock("a"));
        assert!(second.as_mut().now_or_never().is_none(), "the first is not done");
        drop(first);
        let second = second.await;
        drop((second, other));
        assert!(locks.0.lock().is_empty(), "no lock is left behind");
    }

    #[tokio::test]
    async fn whoever_waits_for_a_lock_that_goes_still_gets_it() {
        let locks = KeyedLocks::default();
        let first = locks.lock(1).await;
        let mut second = Box::pin(locks.lock(1));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        let second = second.await;
        let mut third = Box::pin(locks.lock(1));
        assert!(third.as_mut().now_or_never().is_none(), "the second holds the same lock");
        drop(second);
        drop(third.await);
    }

    #[tokio::test]
    async fn however_many_wait_one_at_a_time_works_and_no_lock_is_left() {
        let locks = Arc::new(KeyedLocks::default());
        let working = Arc::new(Mutex::new(HashMap::<u8, u32>::new()));
        let work = |number: u8| {
            let (locks, working) = (Arc::clone(&locks), Arc::clone(&working));
            async move {
                let key = number % 3;
                let _held = locks.lock(key).await;
                *working.lock().entry(key).or_default() += 1;
                tokio::task::yield_now().await;
                let alone = working.lock().insert(key, 0);
                assert_eq!(alone, Some(1), "somebody else works on {key}");
            }
        };
        let tasks: Vec<_> = (0..60).map(|number| tokio::spawn(work(number))).collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(locks.0.lock().is_empty());
    }
}
