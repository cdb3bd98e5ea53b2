//! Locks: of a value, and for each key.

mod keyed;
mod mutex;

pub(crate) use keyed::KeyedLocks;
pub(crate) use mutex::{Mutex, MutexGuard};
