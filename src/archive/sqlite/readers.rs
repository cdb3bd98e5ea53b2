//! The connections that read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Result};
use tokio::sync::Semaphore;

use super::connection;
use super::error::{catalog_error, refused};
use crate::archive::catalog::CatalogError;
use crate::locks::Mutex;

/// After this time a call is stopped that has a limit.
const CALL_TIME: Duration = Duration::from_secs(1);

/// After how many steps of the database's machine the time is looked at.
const STEPS: i32 = 10_000;

/// How many calls read at a time.
const READERS: usize = 4;

/// Connections that read: opened on demand, and kept for the next call.
#[derive(Clone)]
pub(super) struct Readers(Arc<Pool>);

struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    /// Readers of a file. None is opened yet.
    pub(super) fn new(path: &Path) -> Self {
        Self(Arc::new(Pool {
            path: path.to_owned(),
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(READERS)),
        }))
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
        self.on_thread(move |connection| call(connection)).await
    }

    /// The same of a call that fails where it takes longer than a second.
    pub(super) async fn call_in_time<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, CatalogError> {
        self.on_thread(move |connection| within(connection, CALL_TIME, call)).await
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, CatalogError> {
        let closed = || refused(self.path(), "it is closed");
        let permit = Arc::clone(&self.0.permits).acquire_owned().await.map_err(|_| closed())?;
        let readers = self.clone();
        let read = tokio::task::spawn_blocking(move || {
            // Nobody may wait for the result any more: the call goes on all the same.
            let _permit = permit;
            readers.with(|connection| call(connection).map_err(|error| catalog_error(readers.path(), &error)))?
        });
        read.await.map_err(|_| closed())?
    }

    /// Runs a call on this thread.
    pub(super) fn with<T>(&self, call: impl FnOnce(&mut Connection) -> T) -> std::result::Result<T, CatalogError> {
        let idle = self.0.idle.lock().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => connection::to_read(self.path()).map_err(|error| catalog_error(self.path(), &error))?,
        };
        let result = call(&mut connection);
        self.0.idle.lock().push(connection);
        Ok(result)
    }

    /// Closes the connections.
    pub(super) fn close(&self) {
        self.0.idle.lock().clear();
    }
}

/// Makes a call that fails where it takes longer than this.
pub(super) fn within<T>(
    connection: &mut Connection,
    time: Duration,
    call: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let end = Instant::now() + time;
    connection.progress_handler(STEPS, Some(move || Instant::now() > end))?;
    let result = call(connection);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    result
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_call_that_nobody_waits_for_counts_until_it_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        let _written = connection::to_write(&path).unwrap();
        let readers = Readers::new(&path);
        let (begun, has_begun) = mpsc::channel();
        let mut ends = Vec::new();
        for _ in 0..READERS {
            let (begun, (end, may_end)) = (begun.clone(), mpsc::channel::<()>());
            ends.push(end);
            let call = readers.call(move |_| {
                begun.send(()).unwrap();
                let _ = may_end.recv();
                Ok(())
            });
            assert!(call.now_or_never().is_none(), "its future is dropped");
            has_begun.recv().unwrap();
        }
        let mut next = Box::pin(readers.call(|_| Ok(7)));
        assert!((&mut next).now_or_never().is_none());
        assert_eq!(readers.0.permits.available_permits(), 0, "all places are taken");
        drop(ends);
        assert_eq!(next.await.unwrap(), 7);
        assert!(readers.0.idle.lock().len() <= READERS);
    }

    #[test]
    fn a_call_without_end_is_stopped_and_the_connection_goes_on() {
        let mut connection = Connection::open_in_memory().unwrap();
        let endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n";
        let count = |connection: &Connection| connection.query_row(endless, [], |row| row.get::<_, i64>(0));
        let stopped = within(&mut connection, Duration::ZERO, count).unwrap_err();
        let stopped = catalog_error(Path::new("catalog.db"), &stopped);
        assert!(matches!(stopped, CatalogError::Stopped { .. }), "{stopped}");
        assert_eq!(connection.query_row("SELECT 7", [], |row| row.get(0)), Ok(7));
    }
}
