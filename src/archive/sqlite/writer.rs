//! The one thread that writes.
//!
//! Calls queue up while the thread waits for the disk, and the next commit takes them all: under load one fsync serves
//! dozens of calls, and an idle catalog commits each at once. A call that fails is rolled back alone, to its savepoint: the
//! pages that it changed are kept for that, in memory, so that no page is written twice. A call that may change any number
//! of pages has a transaction of its own, and keeps them in a temporary file. No call returns before the commit is durable.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, Error, Result};
use tokio::sync::oneshot;

use super::error::{catalog_error, refused};
use crate::archive::catalog::CatalogError;

/// The most calls that share one commit.
const BATCH: usize = 256;

/// How long closing waits for readers of other processes.
const CLOSING: Duration = Duration::from_millis(500);

/// Gives a caller the result of its call, once the commit has succeeded or failed.
type Reply = Box<dyn FnOnce(Result<(), &Error>) + Send>;

/// Writes inside the open transaction, where one could be opened, and gives the reply.
type Work = Box<dyn FnOnce(Option<&Connection>) -> Reply + Send>;

/// How much a call may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The rows of one article, or of a few URLs: it shares its transaction.
    Few,
    /// Any number of rows.
    Any,
}

impl Extent {
    /// Where pages are kept until it is known that they need not be restored
    /// (<https://www.sqlite.org/tempfiles.html>, statement journals).
    const fn temp_store(self) -> &'static str {
        match self {
            Self::Few => "MEMORY",
            Self::Any => "FILE",
        }
    }
}

/// A call for the thread.
struct Call {
    extent: Extent,
    work: Work,
}

/// Hands calls to the thread that writes. Dropping it waits until all are done.
pub(super) struct Writer {
    calls: Option<mpsc::Sender<Call>>,
    thread: Option<JoinHandle<()>>,
    place: Arc<Path>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, place: PathBuf) -> std::io::Result<Self> {
        let (calls, queue) = mpsc::channel();
        let thread = std::thread::Builder::new().name("catalog".into()).spawn(move || {
            Calls { queue, next: None }.commit_all(&connection);
            close(connection);
        })?;
        Ok(Self { calls: Some(calls), thread: Some(thread), place: place.into() })
    }

    /// Runs a call in a transaction and gives its result once that is durable.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        extent: Extent,
        call: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, CatalogError> {
        let (reply, answer) = oneshot::channel();
        let place = Arc::clone(&self.place);
        let work: Work = Box::new(move |connection| {
            let result = connection.ok_or_else(rolled_back).and_then(|connection| in_savepoint(connection, call));
            Box::new(move |committed| {
                // If the whole transaction failed, its error says more than the call's.
                let outcome = match (committed, result) {
                    (Err(error), _) => Err(catalog_error(&place, error)),
                    (Ok(()), result) => result.map_err(|error| catalog_error(&place, &error)),
                };
                // The caller may no longer wait: then the answer is dropped.
                let _ = reply.send(outcome);
            })
        });
        let sent = self.calls.as_ref().is_some_and(|calls| calls.send(Call { extent, work }).is_ok());
        let gone = || refused(&self.place, "it is closed");
        if sent { answer.await.map_err(|_| gone())? } else { Err(gone()) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.calls = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported where it happened.
            let _ = thread.join();
        }
    }
}

/// The error of a call whose transaction is gone.
fn rolled_back() -> Error {
    let abort = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT);
    Error::SqliteFailure(abort, Some("the transaction was rolled back".into()))
}

/// Writes the write-ahead log into the file, so that a copy of the file alone is whole. If a reader of another process
/// prevents that, the next process that closes the file does it.
fn close(connection: Connection) {
    let _ = connection.busy_timeout(CLOSING);
    let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    drop(connection);
}

fn in_savepoint<T>(connection: &Connection, call: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    connection.prepare_cached("SAVEPOINT call")?.execute([])?;
    let result = call(connection);
    // On errors such as a full disk the database rolls the whole transaction back, savepoints included.
    if connection.is_autocommit() {
        return result.and(Err(rolled_back()));
    }
    if result.is_err() {
        connection.prepare_cached("ROLLBACK TO call")?.execute([])?;
    }
    connection.prepare_cached("RELEASE call")?.execute([])?;
    result
}

/// The calls that wait.
struct Calls {
    queue: mpsc::Receiver<Call>,
    /// The first of the next commit.
    next: Option<Call>,
}

impl Calls {
    /// Commits calls until no more will come.
    fn commit_all(&mut self, connection: &Connection) {
        while let Some(Call { extent, work }) = self.next.take().or_else(|| self.queue.recv().ok()) {
            let most = if extent == Extent::Few { BATCH - 1 } else { 0 };
            let more = std::iter::from_fn(|| self.waiting()).take(most);
            commit(connection, extent, std::iter::once(work).chain(more));
        }
    }

    /// What waits and shares a commit. What shares none is the next commit.
    fn waiting(&mut self) -> Option<Work> {
        if self.next.is_some() {
            return None;
        }
        let call = self.queue.try_recv().ok()?;
        match call.extent {
            Extent::Few => Some(call.work),
            Extent::Any => {
                self.next = Some(call);
                None
            }
        }
    }
}

/// Commits calls, and gives them their replies.
fn commit(connection: &Connection, extent: Extent, calls: impl Iterator<Item = Work>) {
    let (replies, result) = transaction(connection, extent, calls);
    if result.is_err() && !connection.is_autocommit() {
        // If even this fails, the next BEGIN says so.
        let _ = connection.execute_batch("ROLLBACK");
    }
    for reply in replies {
        reply(result.as_ref().copied());
    }
}

fn begin(connection: &Connection, extent: Extent) -> Result<()> {
    connection.pragma_update(None, "temp_store", extent.temp_store())?;
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)
}

/// Runs calls in one transaction, and gives their replies with whether it was committed.
fn transaction(connection: &Connection, extent: Extent, calls: impl Iterator<Item = Work>) -> (Vec<Reply>, Result<()>) {
    let mut result = begin(connection, extent);
    let mut replies = Vec::new();
    for call in calls {
        replies.push(call(result.is_ok().then_some(connection)));
        if result.is_ok() && connection.is_autocommit() {
            result = Err(rolled_back());
        }
    }
    let result = result.and_then(|()| connection.prepare_cached("COMMIT")?.execute([]).map(drop));
    (replies, result)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one table of numbers, and the thread that writes it.
    fn writer() -> (tempfile::TempDir, PathBuf, Writer) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        let connection = crate::archive::sqlite::connection::to_write(&path).unwrap();
        connection.execute_batch("CREATE TABLE number (value INTEGER UNIQUE) STRICT").unwrap();
        let writer = Writer::start(connection, path.clone()).unwrap();
        (folder, path, writer)
    }

    fn insert(value: i64) -> impl FnOnce(&Connection) -> Result<()> + Send {
        move |connection| connection.execute("INSERT INTO number VALUES (?1)", [value]).map(drop)
    }

    fn numbers(path: &Path) -> Vec<i64> {
        let connection = crate::archive::sqlite::connection::to_read(path).unwrap();
        let mut all = connection.prepare("SELECT value FROM number ORDER BY value").unwrap();
        all.query_map([], |row| row.get(0)).unwrap().collect::<Result<_>>().unwrap()
    }

    #[tokio::test]
    async fn a_call_that_fails_takes_back_only_what_it_wrote() {
        let (_folder, path, writer) = writer();
        let half = |connection: &Connection| {
            insert(2)(connection)?;
            insert(1)(connection)
        };
        let (first, failed, last) = tokio::join!(
            writer.call(Extent::Few, insert(1)),
            writer.call(Extent::Few, half),
            writer.call(Extent::Few, insert(3))
        );
        assert!(first.is_ok() && last.is_ok());
        assert!(matches!(failed, Err(CatalogError::Database { cause, .. }) if cause.contains("UNIQUE")));
        assert_eq!(numbers(&path), [1, 3]);
    }

    #[tokio::test]
    async fn a_call_that_may_change_anything_has_a_transaction_of_its_own_and_keeps_pages_in_a_file() {
        let (_folder, path, writer) = writer();
        let temporary = |connection: &Connection| connection.query_row("PRAGMA temp_store", [], |row| row.get(0));
        let seen = move |connection: &Connection| Ok((temporary(connection)?, numbers(&path)));
        let few = move |value| move |connection: &Connection| insert(value)(connection).and(temporary(connection));
        let (first, alone, last) = tokio::join!(
            writer.call(Extent::Few, few(1)),
            writer.call(Extent::Any, seen),
            writer.call(Extent::Few, few(2))
        );
        let (file, memory) = (1, 2);
        assert_eq!((first.unwrap(), last.unwrap()), (memory, memory));
        assert_eq!(alone.unwrap(), (file, vec![1]), "what came before is committed, what comes after is not begun");
    }

    #[tokio::test]
    async fn where_the_database_takes_all_back_no_caller_takes_its_call_for_done() {
        let (_folder, path, writer) = writer();
        // As on a full disk.
        let takes_all_back = |connection: &Connection| connection.execute_batch("ROLLBACK");
        let (before, failed, behind) = tokio::join!(
            writer.call(Extent::Few, insert(1)),
            writer.call(Extent::Few, takes_all_back),
            writer.call(Extent::Few, insert(2))
        );
        assert!(failed.is_err());
        let done: Vec<_> = [(1, before), (2, behind)].into_iter().filter(|(_, result)| result.is_ok()).collect();
        assert_eq!(numbers(&path), done.iter().map(|(value, _)| *value).collect::<Vec<_>>());
        writer.call(Extent::Few, insert(9)).await.unwrap();
        assert!(numbers(&path).contains(&9), "the next call works");
    }

    #[tokio::test]
    async fn what_was_called_is_durable_before_the_writer_is_gone_and_the_file_is_all_there_is() {
        let (_folder, path, writer) = writer();
        let calls = (0..300).map(|value| writer.call(Extent::Few, insert(value)));
        let calls = futures_util::future::join_all(calls);
        assert!(calls.await.iter().all(std::result::Result::is_ok), "more calls than one commit takes");
        drop(writer);
        assert!(!crate::archive::sqlite::connection::log_left(&path));
        assert_eq!(numbers(&path), (0..300).collect::<Vec<_>>());
    }
}
