//! The connections that read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, Result};
use tokio::sync::Semaphore;

use super::connection;
use super::error::{catalog_error, refused};
use crate::archive::catalog::CatalogError;
use crate::locks::Mutex;

/// How many calls read at a time.
const READERS: usize = 4;

/// Connections that read: opened on demand, and kept for the next call.
#[derive(Clone)]
pub(super) struct Readers(Arc<Pool>);

struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Readers {
    /// Readers of a file. None is opened yet.
    pub(super) fn new(path: &Path) -> Self {
        Self(Arc::new(Pool { path: path.to_owned(), idle: Mutex::default(), permits: Semaphore::new(READERS) }))
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Runs a call on a thread that may wait for the disk.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, CatalogError> {
        let closed = || refused(self.path(), "it is closed");
        let permit = self.0.permits.acquire().await.map_err(|_| closed())?;
        let readers = self.clone();
        let read = tokio::task::spawn_blocking(move || {
            readers.with(|connection| call(connection).map_err(|error| catalog_error(readers.path(), &error)))?
        });
        let result = read.await.map_err(|_| closed())?;
        drop(permit);
        result
    }

    /// Runs a call on this thread.
    pub(super) fn with<T>(&self, call: impl FnOnce(&Connection) -> T) -> std::result::Result<T, CatalogError> {
        let idle = self.0.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connection::to_read(self.path()).map_err(|error| catalog_error(self.path(), &error))?,
        };
        let result = call(&connection);
        self.0.idle.lock().push(connection);
        Ok(result)
    }

    /// Closes the connections.
    pub(super) fn close(&self) {
        self.0.idle.lock().clear();
    }
}
