//! The errors of the database library as errors of the catalog, and damage to rows.

use std::path::Path;

use data_encoding::HEXLOWER;
use rusqlite::types::{FromSqlError, Type, ValueRef};
use rusqlite::{Error, ErrorCode, Result, Row};

use crate::archive::catalog::CatalogError;
use crate::model::start_of;

/// The most characters of a value that an error quotes: who made the file decides about its length.
pub(super) const QUOTED: usize = 200;

/// A column holds an invalid value. This travels inside the database library's errors.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {value}")]
pub(super) struct Damaged {
    /// `None` until the row is known.
    row: Option<String>,
    what: &'static str,
    value: String,
}

impl Damaged {
    /// The error to give from a conversion of a value. [`in_row`] adds the row.
    pub(super) fn from_sql(what: &'static str, value: impl std::fmt::Display) -> FromSqlError {
        FromSqlError::other(Self { row: None, what, value: start_of(value, QUOTED) })
    }

    /// The error of a row whose columns are invalid together.
    pub(super) fn in_column(what: &'static str, value: impl std::fmt::Display) -> Error {
        let damaged = Self { row: None, what, value: start_of(value, QUOTED) };
        Error::FromSqlConversionFailure(0, Type::Null, Box::new(damaged))
    }
}

/// Reads a row of a table. If a value cannot be read, the error names the row by the columns of its key; of joined
/// rows, the one that holds the value.
pub(super) fn in_row<T>(
    table: &'static str,
    key: &'static [&'static str],
    read: impl Fn(&Row<'_>) -> Result<T>,
) -> impl Fn(&Row<'_>) -> Result<T> {
    move |row| read(row).map_err(|error| name_row(error, || row_name(table, key, row)))
}

fn row_name(table: &str, key: &[&str], row: &Row<'_>) -> String {
    let value = |column: &&str| match row.get_ref(*column) {
        Ok(ValueRef::Integer(number)) => number.to_string(),
        // No character has more than four bytes.
        Ok(ValueRef::Text(text)) => start_of(String::from_utf8_lossy(&text[..text.len().min(4 * QUOTED + 4)]), QUOTED),
        Ok(ValueRef::Blob(bytes)) => start_of(HEXLOWER.encode_display(bytes), QUOTED),
        _ => "?".to_owned(),
    };
    format!("{table} {}", key.iter().map(value).collect::<Vec<_>>().join("/"))
}

/// An error about a value, with the name of its row.
pub(super) fn name_row(error: Error, row: impl FnOnce() -> String) -> Error {
    let damaged = match error {
        Error::FromSqlConversionFailure(_, _, source) => match source.downcast::<Damaged>() {
            Ok(damaged) => *damaged,
            Err(other) => Damaged { row: None, what: "value", value: start_of(other, QUOTED) },
        },
        Error::InvalidColumnType(..) | Error::IntegralValueOutOfRange(..) | Error::Utf8Error(..) => {
            Damaged { row: None, what: "value", value: start_of(&error, QUOTED) }
        }
        other => return other,
    };
    let named = Damaged { row: Some(damaged.row.unwrap_or_else(row)), ..damaged };
    Error::FromSqlConversionFailure(0, Type::Null, Box::new(named))
}

/// Whether an error is about the values of one row: others can be read all the same.
pub(super) const fn is_of_one_row(error: &Error) -> bool {
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::InvalidColumnType(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
    )
}

/// Up to `limit` rows that can be read, with the errors of those between them that cannot.
pub(super) fn readable<T>(mut rows: impl Iterator<Item = Result<T>>, limit: usize) -> Result<Vec<Result<T>>> {
    let (mut all, mut read) = (Vec::new(), 0);
    while read < limit {
        match rows.next() {
            None => break,
            Some(Err(error)) if !is_of_one_row(&error) => return Err(error),
            Some(row) => {
                read += usize::from(row.is_ok());
                all.push(row);
            }
        }
    }
    Ok(all)
}

/// The first row that can be read.
pub(super) fn first_readable<T>(rows: impl Iterator<Item = Result<T>>) -> Result<Option<T>> {
    Ok(readable(rows, 1)?.into_iter().find_map(Result::ok))
}

/// The catalog's error for the database's.
pub(super) fn catalog_error(place: &Path, error: &Error) -> CatalogError {
    if let Error::FromSqlConversionFailure(_, _, source) = error
        && let Some(Damaged { row, what, value }) = source.downcast_ref()
    {
        let row = row.as_deref().unwrap_or("a row").to_owned();
        return CatalogError::Damaged { row, what, value: value.clone() };
    }
    let place = place.display().to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => CatalogError::Stopped { place },
        Some(ErrorCode::DiskFull) => CatalogError::Full { place },
        // There is no room for the index of the write-ahead log: the database has no code of its own for that.
        _ if extended_code(error) == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => CatalogError::Full { place },
        // No offprint writes a row that names another which is not there.
        _ if extended_code(error) == Some(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => {
            let cause = "a row names another one that is not there; `offprint verify` says more, and `offprint verify \
                         --rebuild` makes the catalog anew";
            CatalogError::Database { place, cause: cause.to_owned() }
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            CatalogError::Unreadable { place, cause: error.to_string() }
        }
        Some(ErrorCode::ReadOnly) => CatalogError::Database { place, cause: "it may not be written".into() },
        _ => CatalogError::Database { place, cause: error.to_string() },
    }
}

fn extended_code(error: &Error) -> Option<std::ffi::c_int> {
    error.sqlite_error().map(|error| error.extended_code)
}

/// The catalog's error for a refusal of our own.
pub(super) fn refused(place: &Path, cause: impl Into<String>) -> CatalogError {
    CatalogError::Database { place: place.display().to_string(), cause: cause.into() }
}
