//! A catalog in memory, for tests and experiments.
//!
//! It keeps plain maps behind one lock, and calls the same rules as the catalog in a database. So it shows in short
//! what a catalog has to store.

mod articles;
mod captures;
mod documents;
mod effects;
mod feeds;
mod garbage;
mod identity;
mod inventory;
mod listings;
mod origins;
mod pages;
mod placeholders;
mod queue;
mod repairs;
mod runs;
mod state;
mod takedowns;
mod uses;

use self::state::State;
use crate::archive::catalog::CatalogError;
use crate::locks::{Mutex, MutexGuard};

/// A catalog in memory. It is lost when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryCatalog(Mutex<State>);

impl MemoryCatalog {
    /// An empty catalog of an archive of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// All of it, to be read and changed as in one transaction.
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under this lock panics half-way through a change.
        self.0.lock()
    }
}

/// The error of a call that names a row which is not there.
fn missing(what: &str) -> CatalogError {
    CatalogError::Database { place: "in memory".to_owned(), cause: format!("{what} is not on record") }
}
