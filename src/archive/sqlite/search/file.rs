//! The file of the index: opened as one that may come from somebody else, and made anew where it is none of ours.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rusqlite::{Connection, Error, ErrorCode};

use super::super::connection;
use super::super::error::QUOTED;
use crate::archive::files::has_other_names;
use crate::archive::search_index::SearchIndexError;
use crate::model::start_of;

const SCHEMA: &str = include_str!("schema.sql");

/// A part of a database: its kind, its name, and its definition.
type Part = (String, String, Option<String>);

/// The file, and what the database keeps beside it.
fn files(path: &Path) -> impl Iterator<Item = PathBuf> {
    [""].into_iter().chain(connection::BESIDE).map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        name.into()
    })
}

/// A connection that reads.
pub(super) fn to_read(path: &Path) -> Result<Connection, SearchIndexError> {
    if !look(path)? {
        return Err(SearchIndexError::Missing);
    }
    let connection = connection::to_read(path).map_err(|error| failed(path, &error))?;
    check(&connection, path)?;
    Ok(connection)
}

/// A connection that writes; the file is there and is ours. What a removed row held is overwritten with zeros.
pub(super) fn to_write(path: &Path) -> Result<Connection, SearchIndexError> {
    if !look(path)? {
        return Err(SearchIndexError::Missing);
    }
    let connection = writer(path)?;
    check(&connection, path)?;
    Ok(connection)
}

/// Makes the file.
pub(super) fn make(path: &Path) -> Result<(), SearchIndexError> {
    let connection = writer(path)?;
    let sql = format!("BEGIN; {SCHEMA} COMMIT");
    connection.execute_batch(&sql).map_err(|error| failed(path, &error))
}

fn writer(path: &Path) -> Result<Connection, SearchIndexError> {
    let set_up = || {
        let connection = connection::to_write(path)?;
        // What power takes away is made again.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "secure_delete", true)?;
        Ok(connection)
    };
    set_up().map_err(|error: Error| failed(path, &error))
}

/// Removes the file, and what is beside it. A link is removed, and not what it leads to. A folder in its place holds no
/// texts of ours, and stays.
pub(super) fn discard(path: &Path) -> Result<(), SearchIndexError> {
    for file in files(path) {
        match std::fs::remove_file(&file) {
            Err(_) if std::fs::symlink_metadata(&file).is_ok_and(|found| found.is_dir()) => {}
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(refused(&file, &error)),
            _ => {}
        }
    }
    Ok(())
}

fn refused(path: &Path, error: &io::Error) -> SearchIndexError {
    SearchIndexError::Database { place: path.display().to_string(), cause: format!("it cannot be removed: {error}") }
}

/// Whether there is a file, after a look at what is in its place and beside it: the database would follow links.
fn look(path: &Path) -> Result<bool, SearchIndexError> {
    let mut is_there = false;
    for file in files(path) {
        match std::fs::symlink_metadata(&file) {
            Ok(found) if !found.is_file() => return Err(unusable(&file, "it is not a regular file")),
            Ok(found) if has_other_names(&found) => {
                return Err(unusable(&file, "it has another name, and would change there, too"));
            }
            Ok(_) => is_there |= file == path,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(&file, error.to_string())),
        }
    }
    Ok(is_there)
}

/// Refuses a file with other tables, triggers, views or indexes than ours.
fn check(connection: &Connection, path: &Path) -> Result<(), SearchIndexError> {
    let found = parts(connection).map_err(|error| failed(path, &error))?;
    let expected = expected().map_err(|error| failed(path, &error))?;
    let differs = found.iter().find(|part| !expected.contains(part));
    match differs.or_else(|| expected.iter().find(|part| !found.contains(part))) {
        None => Ok(()),
        Some((kind, name, _)) => {
            Err(unusable(path, format!("its {kind} \"{}\" is not as offprint makes it", name.escape_debug())))
        }
    }
}

/// The parts of the newest index, which are made once.
fn expected() -> rusqlite::Result<&'static [Part]> {
    static MADE: OnceLock<Vec<Part>> = OnceLock::new();
    if let Some(made) = MADE.get() {
        return Ok(made);
    }
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(SCHEMA)?;
    let made = parts(&connection)?;
    Ok(MADE.get_or_init(|| made))
}

fn parts(connection: &Connection) -> rusqlite::Result<Vec<Part>> {
    let mut statement = connection.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

fn unusable(path: &Path, why: impl Into<String>) -> SearchIndexError {
    SearchIndexError::Unusable { place: path.display().to_string(), why: why.into() }
}

/// The error of the index for the database's.
pub(super) fn failed(path: &Path, error: &Error) -> SearchIndexError {
    let place = path.display().to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => SearchIndexError::Stopped,
        Some(ErrorCode::DiskFull) => SearchIndexError::Full { place },
        // A value that no offprint writes has no code; that the index is of another format is no more than an error.
        // So has content that contradicts itself.
        None
        | Some(
            ErrorCode::NotADatabase
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::Unknown
            | ErrorCode::ConstraintViolation
            | ErrorCode::TooBig
            | ErrorCode::TypeMismatch
            | ErrorCode::OutOfMemory,
        ) => unusable(path, start_of(error, QUOTED)),
        Some(_) => SearchIndexError::Database { place, cause: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("search.db");
        make(&path).unwrap();
        (folder, path)
    }

    fn refused(path: &Path) -> String {
        let reading = to_read(path).err().map(|error| error.to_string());
        let writing = to_write(path).err().map(|error| error.to_string());
        assert_eq!(reading, writing);
        reading.unwrap_or_default()
    }

    #[test]
    fn a_file_that_was_just_made_is_ours() {
        let (_folder, path) = made();
        assert_eq!(refused(&path), "");
        let writer = to_write(&path).unwrap();
        let pragma = |name: &str| writer.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!((pragma("synchronous"), pragma("secure_delete"), pragma("trusted_schema")), (1, 1, 0));
        assert!(to_read(&path).unwrap().execute("DELETE FROM finished", []).is_err());
        let shadow = "UPDATE entry_data SET block = x''";
        assert!(writer.execute(shadow, []).is_err(), "its tables are changed by the index alone");
    }

    #[test]
    fn a_file_with_anything_else_is_refused_by_the_name_of_that() {
        for (sql, named) in [
            ("CREATE TABLE more (x)", "its table \"more\""),
            ("DROP INDEX indexed_date", "its index \"indexed_date\""),
            ("CREATE VIEW \"a\nb\" AS SELECT 1", "its view \"a\\nb\""),
            ("ALTER TABLE indexed ADD COLUMN more TEXT", "its table \"indexed\""),
        ] {
            let (_folder, path) = made();
            Connection::open(&path).unwrap().execute_batch(sql).unwrap();
            assert!(refused(&path).contains(named), "{sql}: {}", refused(&path));
        }
    }

    #[test]
    fn what_is_no_database_is_refused_and_can_be_discarded() {
        let (folder, path) = made();
        std::fs::write(&path, "a text").unwrap();
        std::fs::write(folder.path().join("search.db-wal"), "another").unwrap();
        assert!(refused(&path).contains("cannot be used"), "{}", refused(&path));
        discard(&path).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(matches!(to_read(&path), Err(SearchIndexError::Missing)));
        assert!(matches!(to_write(&path), Err(SearchIndexError::Missing)), "and nothing is made by opening it");
        std::fs::create_dir(&path).unwrap();
        assert!(refused(&path).contains("not a regular file"));
        discard(&path).unwrap();
        assert!(path.is_dir(), "it is none of ours, and no reason to keep texts");
    }

    #[test]
    fn each_error_of_the_database_says_what_it_means_here() {
        use rusqlite::ffi;

        let error = |code| failed(Path::new("s.db"), &Error::SqliteFailure(ffi::Error::new(code), None));
        assert!(matches!(error(ffi::SQLITE_INTERRUPT), SearchIndexError::Stopped));
        assert!(matches!(error(ffi::SQLITE_FULL), SearchIndexError::Full { .. }));
        for damaged in [
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_ERROR,
            ffi::SQLITE_CONSTRAINT,
            ffi::SQLITE_TOOBIG,
            ffi::SQLITE_MISMATCH,
            ffi::SQLITE_NOMEM,
        ] {
            assert!(matches!(error(damaged), SearchIndexError::Unusable { .. }), "{damaged}");
        }
        for other in [ffi::SQLITE_BUSY, ffi::SQLITE_IOERR, ffi::SQLITE_READONLY] {
            assert!(matches!(error(other), SearchIndexError::Database { .. }), "{other}");
        }
    }
}
