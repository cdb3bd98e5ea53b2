//! A mutex without poisoning.

pub(crate) use std::sync::MutexGuard;

use std::sync::PoisonError;

/// A mutex that a panic does not poison. It is for values that are valid after every single change: if a thread panics
/// while it holds the lock, the next thread continues with the value as it is.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// Guards a value.
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    /// Waits until no other thread holds the lock.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value, for whoever owns the mutex.
    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Default> Mutex<T> {
    /// Takes the value and leaves an empty one.
    pub(crate) fn take(&self) -> T {
        std::mem::take(&mut *self.lock())
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn poisoned(value: Vec<u8>) -> Mutex<Vec<u8>> {
        let mutex = Mutex::new(value);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let mut held = mutex.lock();
            held.push(7);
            std::panic::resume_unwind(Box::new("while the lock is held"));
        }));
        assert!(panicked.is_err());
        mutex
    }

    #[test]
    fn a_panic_while_the_lock_is_held_loses_no_value() {
        let mutex = poisoned(vec![1]);
        assert_eq!(*mutex.lock(), [1, 7]);
        mutex.lock().push(8);
        assert_eq!(mutex.take(), [1, 7, 8]);
        assert!(mutex.lock().is_empty(), "taken");
        assert_eq!(poisoned(vec![2]).into_inner(), [2, 7]);
    }

    #[test]
    fn one_thread_holds_the_lock_at_a_time() {
        let mutex = Mutex::new(0_u32);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| *mutex.lock() += 1));
            }
        });
        assert_eq!(mutex.into_inner(), 4000);
    }
}
