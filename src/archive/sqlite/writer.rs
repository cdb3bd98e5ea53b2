//! The one thread that writes.
//!
//! Calls queue up while the thread waits for the disk, and the next commit takes them all: under load one fsync serves
//! dozens of calls, and an idle catalog commits each at once. If one of them fails, all are taken back and made once more,
//! each with a savepoint: then the one that fails is rolled back alone. Savepoints are left for that, because they copy
//! every page that a call changes, which costs more than the call. A call that may change any number of pages has a
//! transaction of its own. No call returns before the commit is durable.

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

/// A call, with the caller who waits for its result.
trait Work: Send {
    /// Makes the call, and gives whether it succeeded. Unless it is made for the `last` time it may be made again, after
    /// what it wrote was taken back.
    fn make(&mut self, connection: &Connection, last: bool) -> bool;

    /// Gives the caller the result, once the commit has succeeded or failed.
    fn answer(self: Box<Self>, committed: Result<(), &Error>);
}

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
    work: Box<dyn Work>,
}

/// What a call is, and what became of it.
struct Answered<F, T> {
    call: Option<F>,
    result: Result<T>,
    reply: oneshot::Sender<std::result::Result<T, CatalogError>>,
    place: Arc<Path>,
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T> + Clone + Send> Work for Answered<F, T> {
    fn make(&mut self, connection: &Connection, last: bool) -> bool {
        let call = if last { self.call.take() } else { self.call.clone() };
        self.result = call.map_or_else(|| Err(rolled_back()), |call| call(connection));
        self.result.is_ok()
    }

    fn answer(self: Box<Self>, committed: Result<(), &Error>) {
        // If the whole transaction failed, its error says more than the call's.
        let outcome = match (committed, self.result) {
            (Err(error), _) => Err(catalog_error(&self.place, error)),
            (Ok(()), result) => result.map_err(|error| catalog_error(&self.place, &error)),
        };
        // The caller may no longer wait: then the answer is dropped.
        let _ = self.reply.send(outcome);
    }
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

    /// Runs a call in a transaction and gives its result once that is durable. Whatever else it does may be done twice.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        extent: Extent,
        call: impl FnOnce(&Connection) -> Result<T> + Clone + Send + 'static,
    ) -> std::result::Result<T, CatalogError> {
        let (reply, answer) = oneshot::channel();
        let place = Arc::clone(&self.place);
        let work = Box::new(Answered { call: Some(call), result: Err(rolled_back()), reply, place });
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
            commit(connection, extent, std::iter::once(work).chain(more).collect());
        }
    }

    /// What waits and shares a commit. What shares none is the next commit.
    fn waiting(&mut self) -> Option<Box<dyn Work>> {
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

/// Commits calls, and gives their callers the results.
fn commit(connection: &Connection, extent: Extent, mut calls: Vec<Box<dyn Work>>) {
    let kept = connection.pragma_update(None, "temp_store", extent.temp_store());
    let result = match kept.and_then(|()| together(connection, &mut calls)) {
        Ok(true) => Ok(()),
        Ok(false) if calls.len() == 1 => Ok(()),
        Ok(false) => one_by_one(connection, &mut calls),
        Err(error) => Err(error),
    };
    if result.is_err() {
        take_back(connection);
    }
    for call in calls {
        call.answer(result.as_ref().copied());
    }
}

/// Takes back what the open transaction wrote. If even this fails, the next BEGIN says so.
fn take_back(connection: &Connection) {
    if !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
}

fn run(connection: &Connection, statement: &str) -> Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}

/// Makes calls in one transaction. Gives false, with all of them taken back, where one of them failed.
fn together(connection: &Connection, calls: &mut [Box<dyn Work>]) -> Result<bool> {
    run(connection, "BEGIN IMMEDIATE")?;
    let (last, mut is_made) = (calls.len() == 1, true);
    for call in calls {
        is_made = call.make(connection, last);
        if !is_made || connection.is_autocommit() {
            break;
        }
    }
    match (is_made, connection.is_autocommit()) {
        (true, false) => run(connection, "COMMIT").map(|()| true),
        // It takes itself for done, and the database took it back.
        (true, true) if last => Err(rolled_back()),
        _ => {
            take_back(connection);
            Ok(false)
        }
    }
}

/// Makes calls in one transaction. One that fails takes back only what it wrote.
fn one_by_one(connection: &Connection, calls: &mut [Box<dyn Work>]) -> Result<()> {
    run(connection, "BEGIN IMMEDIATE")?;
    for call in calls {
        in_savepoint(connection, &mut **call)?;
    }
    run(connection, "COMMIT")
}

fn in_savepoint(connection: &Connection, call: &mut dyn Work) -> Result<()> {
    run(connection, "SAVEPOINT call")?;
    let is_done = call.make(connection, true);
    // On errors such as a full disk the database rolls the whole transaction back, savepoints included.
    if connection.is_autocommit() {
        return Err(rolled_back());
    }
    if !is_done {
        run(connection, "ROLLBACK TO call")?;
    }
    run(connection, "RELEASE call")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;

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

    fn insert(value: i64) -> impl FnOnce(&Connection) -> Result<()> + Clone + Send {
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

    /// How often three calls are made that share a commit, the second of which fails where it `fails`.
    async fn made(fails: bool) -> ([usize; 3], Vec<i64>) {
        let (_folder, path, writer) = writer();
        let counts: [Arc<AtomicUsize>; 3] = std::array::from_fn(|_| Arc::default());
        let call = |number: u8| {
            let count = Arc::clone(&counts[usize::from(number)]);
            let value = if fails && number == 1 { 0 } else { i64::from(number) };
            move |connection: &Connection| {
                count.fetch_add(1, Ordering::Relaxed);
                insert(value)(connection)
            }
        };
        let ((begun, begins), (goes_on, wait)) = (mpsc::channel(), mpsc::channel());
        let wait = Arc::new(crate::locks::Mutex::new(wait));
        let others_queue_up = move |_: &Connection| {
            begun.send(()).unwrap();
            wait.lock().recv().unwrap();
            Ok(())
        };
        let mut first = Box::pin(writer.call(Extent::Few, others_queue_up));
        assert!(first.as_mut().now_or_never().is_none());
        begins.recv().unwrap();
        let go_on = async { goes_on.send(()).unwrap() };
        let [a, b, c] = [0, 1, 2].map(|number| writer.call(Extent::Few, call(number)));
        let (a, b, c, ()) = tokio::join!(biased; a, b, c, go_on);
        let first = first.await;
        assert!(first.is_ok() && a.is_ok() && b.is_ok() != fails && c.is_ok());
        (counts.map(|count| count.load(Ordering::Relaxed)), numbers(&path))
    }

    /// Savepoints cost more than what they guard, and a repeated call costs itself.
    #[tokio::test]
    async fn calls_are_made_once_and_again_only_where_one_of_them_fails() {
        assert_eq!(made(false).await, ([1, 1, 1], vec![0, 1, 2]));
        assert_eq!(made(true).await, ([2, 2, 1], vec![0, 2]));
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
        let alone = writer.call(Extent::Few, takes_all_back).await;
        assert!(alone.is_err(), "also where it shares its commit with none");
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
