//! What a catalog's file says about itself before it is opened.

use std::path::Path;

use rusqlite::{Connection, Row, params};

use super::codec::moment;
use super::error::{catalog_error, in_row};
use super::readers::Readers;
use super::{migrate, parts};
use crate::archive::catalog::{ArchiveRow, CatalogError};
use crate::model::ArchiveId;

/// The first schema that gives a catalog its archive's id.
const FIRST_WITH_ID: usize = 5;

/// What is in a catalog's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::archive) enum CatalogFile {
    /// No tables: it is new, or its content is lost.
    Empty,
    /// Tables of a version that gave no ids.
    WithoutId,
    /// The catalog of this archive.
    Of(ArchiveRow),
}

/// Looks into a file, which is there, and changes nothing.
pub(in crate::archive) fn look(path: &Path) -> Result<CatalogFile, CatalogError> {
    Readers::new(path).with(|connection| {
        let version = migrate::refuse_newer(connection, path, migrate::MIGRATIONS.len())?;
        if version == 0 {
            return Ok(CatalogFile::Empty);
        }
        parts::check(connection, path, version)?;
        if version < FIRST_WITH_ID {
            return Ok(CatalogFile::WithoutId);
        }
        archive(connection).map(CatalogFile::Of).map_err(|error| catalog_error(path, &error))
    })?
}

/// The identity of the catalog's archive.
pub(super) fn archive(connection: &Connection) -> rusqlite::Result<ArchiveRow> {
    let archive = |row: &Row<'_>| Ok(ArchiveRow { id: row.get("id")?, made_at: moment(row, "made_at")? });
    connection.prepare_cached("SELECT id, made_at FROM archive")?.query_one([], in_row("archive", &[], archive))
}

/// Gives a catalog that was upgraded from this version, and so has a new id, the id of its archive.
pub(super) fn adopt(connection: &Connection, before: usize, id: Option<ArchiveId>) -> rusqlite::Result<()> {
    if let Some(id) = id.filter(|_| before < FIRST_WITH_ID) {
        connection.execute("UPDATE archive SET id = ?1", params![id.0.to_be_bytes()])?;
    }
    Ok(())
}
