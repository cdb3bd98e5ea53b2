//! Locks: of a value, and for each key; and a place where tasks wait for each other.

mod keyed;
mod mutex;
mod rounds;

pub(crate) use keyed::{KeyedGuard, KeyedLocks};
pub(crate) use mutex::{Mutex, MutexGuard};
pub(crate) use rounds::Rounds;
