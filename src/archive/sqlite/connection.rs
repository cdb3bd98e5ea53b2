//! Connections to the catalog's file, set up as each needs it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, Error, OpenFlags, Result, ffi};

use crate::regular_file;

/// What the names of the files end in that the database keeps beside its own.
pub(in crate::archive) const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// How long a call waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Statements kept ready on each connection: more than there are in the program.
const PREPARED: usize = 128;

/// The longest value and the longest row that are read, in bytes. No offprint writes longer ones.
const LONGEST_VALUE: i32 = 128 << 20;

/// The end of a rollback journal that names a file: the database removes that file when it rolls the journal back
/// (SQLite's `pager.c`, super-journals). The journals of a single database never end so.
const NAMES_A_FILE: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// The connection that writes. `synchronous=FULL`: with WAL, anything less loses commits when power goes.
pub(super) fn to_write(path: &Path) -> Result<Connection> {
    refuse_foreign_journal(path)?;
    if lacks_room_for_the_index(path) {
        return Err(full());
    }
    let connection = Connection::open(path)?;
    set_up(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -32 * 1024)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    Ok(connection)
}

/// A connection that reads. On a read-only file system, where not even the index of the write-ahead log can be written,
/// the file is opened as one that does not change.
pub(super) fn to_read(path: &Path) -> Result<Connection> {
    refuse_foreign_journal(path)?;
    let connection = match shared(path) {
        Ok(shared) => shared,
        Err(error) if log_left(path) => return Err(error),
        Err(_) => Connection::open_with_flags(
            format!("file:{}?immutable=1", uri_path(path)),
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?,
    };
    set_up(&connection)?;
    connection.pragma_update(None, "cache_size", -8 * 1024)?;
    Ok(connection)
}

fn shared(path: &Path) -> Result<Connection> {
    if lacks_room_for_the_index(path) {
        return Err(full());
    }
    let shared = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    shared.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(shared)
}

fn full() -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None)
}

/// Whether the disk may be too full for the index of the write-ahead log. The index is mapped memory, and SQLite
/// reserves it by the page: if the blocks of the disk are smaller, as on small ext4 disks, a write to it could end the
/// process with a bus error.
#[cfg(unix)]
fn lacks_room_for_the_index(path: &Path) -> bool {
    /// More than the index takes: 32 KiB for every 4 MiB of the log.
    const ROOM: u64 = 512 * 1024;
    let disk = path.parent().and_then(|folder| rustix::fs::statvfs(folder).ok());
    disk.is_some_and(|disk| disk.f_frsize < 4096 && disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM)
}

#[cfg(not(unix))]
fn lacks_room_for_the_index(_: &Path) -> bool {
    false
}

/// The file may come from somebody else: its schema runs with the least rights, and its pages are checked when they are
/// read.
fn set_up(connection: &Connection) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Without it, a statement on a table with a partial index is parsed and planned anew for each value that is bound
    // (<https://www.sqlite.org/queryplanner-ng.html#qpstab>).
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(())
}

/// Refuses a file with a journal beside it that names another file: rolling that back would remove the other file.
fn refuse_foreign_journal(path: &Path) -> Result<()> {
    let mut journal = path.as_os_str().to_owned();
    journal.push("-journal");
    if !regular_file::open(Path::new(&journal)).is_ok_and(|file| names_a_file(file).unwrap_or(false)) {
        return Ok(());
    }
    let why = format!("{} is none that offprint leaves, and names a file to be removed", journal.display());
    Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(why)))
}

fn names_a_file(mut journal: File) -> io::Result<bool> {
    let mut end = [0; NAMES_A_FILE.len()];
    journal.seek(SeekFrom::End(-8))?;
    journal.read_exact(&mut end)?;
    Ok(end == NAMES_A_FILE)
}

/// Whether the write-ahead log holds what the file itself lacks.
pub(super) fn log_left(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// A path as the URI of a database takes it.
fn uri_path(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_what_means_something_in_a_uri_is_that_path() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("50% of? #1 新闻");
        std::fs::create_dir(&inside).unwrap();
        let path = inside.join("catalog.db");
        to_write(&path).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
        let uri = format!("file:{}?immutable=1", uri_path(&path));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let tables =
            Connection::open_with_flags(uri, flags).unwrap().query_row("SELECT count(*) FROM a", [], |row| row.get(0));
        assert_eq!(tables, Ok(0));
    }

    #[test]
    fn one_that_reads_cannot_write_and_a_schema_has_no_rights() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        assert!(to_read(&path).is_err(), "reading makes no file");
        assert!(!path.exists());
        let writer = to_write(&path).unwrap();
        writer.execute_batch("CREATE TABLE a (b); CREATE VIEW evil AS SELECT load_extension('x') AS y").unwrap();
        let reader = to_read(&path).unwrap();
        assert!(reader.execute_batch("INSERT INTO a VALUES (1)").is_err());
        assert!(reader.query_row("SELECT y FROM evil", [], |_| Ok(())).is_err());
        assert!(writer.execute_batch("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema").is_err());
        assert_eq!(reader.query_row("SELECT count(*) FROM a", [], |row| row.get(0)), Ok(0));
    }

    #[test]
    fn a_statement_is_planned_once_for_all_values() {
        let folder = tempfile::tempdir().unwrap();
        let writer = to_write(&folder.path().join("catalog.db")).unwrap();
        writer.execute_batch("CREATE TABLE a (b); CREATE INDEX c ON a (b) WHERE b IS NOT NULL").unwrap();
        let mut find = writer.prepare("SELECT count(*) FROM a WHERE b = ?1").unwrap();
        for value in 0..9 {
            assert_eq!(find.query_row([value], |row| row.get(0)), Ok(0));
        }
        assert_eq!(find.get_status(rusqlite::StatementStatus::RePrepare), 0);
    }
}
