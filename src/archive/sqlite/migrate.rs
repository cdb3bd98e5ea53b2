//! The schema, version by version.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::error::{catalog_error, refused};
use crate::archive::catalog::CatalogError;
use crate::archive::files::sync_folder;
use crate::clock;

/// One step of the schema; its version is its place in the list, from 1.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001_catalog.sql"),
    include_str!("schema/0002_shown_version.sql"),
    include_str!("schema/0003_refused.sql"),
    include_str!("schema/0004_placeholder.sql"),
    include_str!("schema/0005_second_edition.sql"),
    include_str!("schema/0006_feed.sql"),
    include_str!("schema/0007_garbage.sql"),
    include_str!("schema/0008_missing.sql"),
    include_str!("schema/0009_takedown.sql"),
    include_str!("schema/0010_page.sql"),
    include_str!("schema/0011_mirror.sql"),
    include_str!("schema/0012_entry_page.sql"),
    include_str!("schema/0013_document.sql"),
    include_str!("schema/0014_listing.sql"),
    include_str!("schema/0015_compared.sql"),
    include_str!("schema/0016_missing_list.sql"),
];

/// The schema version of a file: 0 if it is empty.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Refuses a file that a newer offprint wrote.
pub(super) fn refuse_newer(connection: &Connection, path: &Path, known: usize) -> Result<usize, CatalogError> {
    let found = version(connection).map_err(|error| catalog_error(path, &error))?;
    if found <= known {
        return Ok(found);
    }
    let as_number = |version: usize| i64::try_from(version).unwrap_or(i64::MAX);
    Err(CatalogError::TooNew { place: path.display().to_string(), found: as_number(found), known: as_number(known) })
}

/// Brings a file to the newest schema. One that holds data already is copied first, to `catalog.db.v<its version>`.
pub(super) fn migrate(connection: &Connection, path: &Path, migrations: &[&str]) -> Result<(), CatalogError> {
    let found = refuse_newer(connection, path, migrations.len())?;
    if found == migrations.len() {
        return Ok(());
    }
    if found > 0 {
        back_up(connection, path, found)?;
    }
    for (index, sql) in migrations.iter().enumerate().skip(found) {
        apply(connection, index + 1, sql).map_err(|error| catalog_error(path, &error))?;
    }
    Ok(())
}

/// One step: all of it, with its number, or nothing.
pub(super) fn apply(connection: &Connection, version: usize, sql: &str) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (
             version INTEGER PRIMARY KEY, applied TEXT NOT NULL, program TEXT NOT NULL
         ) STRICT",
    )?;
    transaction.execute_batch(sql)?;
    let now = clock::now().to_string();
    transaction
        .execute("INSERT INTO migration VALUES (?1, ?2, ?3)", params![version, now, env!("CARGO_PKG_VERSION")])?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}

/// The copy that is made of a file before it is upgraded from this version.
pub(super) fn backup_path(path: &Path, version: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".v{version}"));
    name.into()
}

/// Removes an earlier copy, with a journal beside it: the database would roll that back into the new copy.
fn remove(backup: &Path) -> std::io::Result<()> {
    for rest in ["-journal", "-wal", "-shm", ""] {
        let mut name = backup.as_os_str().to_owned();
        name.push(rest);
        match std::fs::remove_file(name) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
    }
    Ok(())
}

/// Copies the file and sees the copy safe on the disk.
fn back_up(connection: &Connection, path: &Path, version: usize) -> Result<(), CatalogError> {
    let backup = backup_path(path, version);
    remove(&backup).map_err(|error| refused(&backup, format!("cannot remove it: {error}")))?;
    connection
        .backup("main", &backup, None::<fn(rusqlite::backup::Progress)>)
        .map_err(|error| catalog_error(&backup, &error))?;
    let folder = backup.parent().unwrap_or(Path::new("."));
    let synced = std::fs::File::open(&backup).and_then(|file| file.sync_all()).and_then(|()| sync_folder(folder));
    synced.map_err(|error| refused(&backup, format!("cannot save the copy: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE word (text TEXT)";
    const SECOND: &str = "ALTER TABLE word ADD COLUMN length INTEGER; UPDATE word SET length = length(text)";

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalog.db");
        (folder, path)
    }

    #[test]
    fn an_older_file_is_copied_and_upgraded_with_what_it_holds() {
        let (_folder, path) = file();
        let connection = Connection::open(&path).unwrap();
        migrate(&connection, &path, &[FIRST]).unwrap();
        connection.execute("INSERT INTO word VALUES ('offprint')", []).unwrap();
        migrate(&connection, &path, &[FIRST, SECOND]).unwrap();
        let row = connection.query_row("SELECT text, length FROM word", [], |row| Ok((row.get(0)?, row.get(1)?)));
        assert_eq!(row, Ok(("offprint".to_owned(), 8)));
        assert_eq!(version(&connection), Ok(2));
        let copy = Connection::open(backup_path(&path, 1)).unwrap();
        assert_eq!(version(&copy), Ok(1));
        assert_eq!(copy.query_row("SELECT text FROM word", [], |row| row.get(0)), Ok("offprint".to_owned()));
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let (_folder, path) = file();
        let connection = Connection::open(&path).unwrap();
        assert!(migrate(&connection, &path, &[FIRST, "CREATE TABLE more (x); SELECT nonsense"]).is_err());
        assert_eq!(version(&connection), Ok(1));
        let more = connection.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'more'", [], |row| row.get(0));
        assert_eq!(more, Ok(0));
    }

    #[test]
    fn a_newer_file_is_refused_and_left_alone() {
        let (_folder, path) = file();
        let connection = Connection::open(&path).unwrap();
        migrate(&connection, &path, &[FIRST, SECOND]).unwrap();
        let error = migrate(&connection, &path, &[FIRST]).unwrap_err();
        assert!(matches!(error, CatalogError::TooNew { found: 2, known: 1, .. }), "{error}");
        assert_eq!(version(&connection), Ok(2));
    }

    fn schema(connection: &Connection) -> Vec<String> {
        let mut all = connection.prepare("SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY name").unwrap();
        all.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }

    #[test]
    fn every_earlier_version_with_its_rows_becomes_the_newest() {
        let (_folder, path) = file();
        let newest = Connection::open(&path).unwrap();
        migrate(&newest, &path, MIGRATIONS).unwrap();
        for earlier in 1..MIGRATIONS.len() {
            let (_folder, path) = file();
            let connection = Connection::open(&path).unwrap();
            migrate(&connection, &path, &MIGRATIONS[..earlier]).unwrap();
            connection
                .execute_batch(
                    "INSERT INTO article (source, path, original, size, modified, inode, format, settings, read_at)
                     VALUES ('posts', 'a.md', x'00', 1, 2, 3, 'markdown', x'01', 4)",
                )
                .unwrap();
            migrate(&connection, &path, MIGRATIONS).unwrap();
            assert_eq!(schema(&connection), schema(&newest), "from {earlier}");
            let kept = connection.query_row("SELECT count(*) FROM article WHERE stale", [], |row| row.get(0));
            assert_eq!(kept, Ok(1), "from {earlier}");
        }
    }

    #[test]
    fn the_schema_recorded_is_the_newest_and_a_second_opening_changes_nothing() {
        let (_folder, path) = file();
        let connection = Connection::open(&path).unwrap();
        migrate(&connection, &path, MIGRATIONS).unwrap();
        migrate(&connection, &path, MIGRATIONS).unwrap();
        assert_eq!(version(&connection), Ok(MIGRATIONS.len()));
        let recorded = connection.query_row("SELECT count(*) FROM migration", [], |row| row.get(0));
        assert_eq!(recorded, Ok(MIGRATIONS.len()));
    }
}
