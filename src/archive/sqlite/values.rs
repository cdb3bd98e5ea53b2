//! Values that no offprint writes, by columns: numbers beyond all that is counted, texts that are none, and what is none of
//! the values that a column is for.

use std::collections::BTreeMap;

use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Connection, Result, Row};

use crate::archive::catalog::UrlState;
use crate::model::{
    CaptureKind, Digest, Format, MediaType, Reason, ReferenceKind, RefererStrategy, RelativePath, SourceName,
};

/// No number is further from zero than 2^53: sums of such numbers and their successors are still numbers of SQLite.
const LARGEST: i64 = 1 << 53;
/// Columns that hold any number: what a file system says of files, and hashes.
const ANY_NUMBER: [&str; 5] = ["inode", "modified", "mirror_inode", "mirror_modified", "perceptual_hash"];

/// Whether a value is one that its column is for.
type IsOne = fn(&Row<'_>, usize) -> bool;

/// Columns with values of a kind of their own, and how those are read.
const OF_A_KIND: [(&str, &str, IsOne); 22] = [
    ("article", "format", reads::<Format>),
    ("article", "mirror", reads::<Option<Digest>>),
    ("article", "original", reads::<Digest>),
    ("article", "published", reads::<Option<Stated>>),
    ("article_version", "published", reads::<Option<Stated>>),
    ("asset", "media_type", reads::<MediaType>),
    ("blob", "media_type", reads::<MediaType>),
    ("capture", "digest", reads::<Option<Digest>>),
    ("capture", "kind", reads::<CaptureKind>),
    ("exchange", "digest", reads::<Option<Digest>>),
    ("exchange", "reason", reads::<Option<Reason>>),
    ("feed", "source", reads::<SourceName>),
    ("feed_entry", "identity", reads::<Digest>),
    ("feed_entry", "path", reads::<RelativePath>),
    ("feed_entry", "source", reads::<SourceName>),
    ("host", "referer", reads::<RefererStrategy>),
    ("page", "original", reads::<Option<Digest>>),
    ("page", "path", reads::<Option<RelativePath>>),
    ("page", "source", reads::<SourceName>),
    ("reference", "kind", reads::<ReferenceKind>),
    ("url", "reason", reads::<Option<Reason>>),
    ("url", "state", reads::<UrlState>),
];

/// A sentence for each column with such values.
pub(super) fn strange(connection: &Connection) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (table, columns) in tables(connection)? {
        found.extend(strange_in(connection, &table, &columns)?);
    }
    Ok(found)
}

/// The columns of each table whose values are read, and how.
fn tables(connection: &Connection) -> Result<BTreeMap<String, Vec<(String, IsOne)>>> {
    // What SQLite itself numbers rows with has no types.
    let mut columns = connection.prepare(
        "SELECT t.name, c.name, c.type FROM pragma_table_list t JOIN pragma_table_info(t.name) c
         WHERE t.schema = 'main' AND (t.strict OR t.name = 'sqlite_sequence' AND c.name = 'seq')",
    )?;
    let mut tables = BTreeMap::<String, Vec<(String, IsOne)>>::new();
    let mut rows = columns.query([])?;
    while let Some(row) = rows.next()? {
        let (table, column, kind): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if let Some(is_one) = is_one_of(&table, &column, &kind) {
            tables.entry(table).or_default().push((column, is_one));
        }
    }
    Ok(tables)
}

/// How the values of a column are read; `None` where it takes any.
fn is_one_of(table: &str, column: &str, kind: &str) -> Option<IsOne> {
    let own = OF_A_KIND.iter().find(|(of, name, _)| (*of, *name) == (table, column));
    match kind {
        _ if own.is_some() => own.map(|(_, _, is_one)| *is_one),
        "BLOB" => None,
        "TEXT" => Some(reads::<Option<Utf8>>),
        _ => (!ANY_NUMBER.contains(&column)).then_some(reads::<Option<Counted>>),
    }
}

/// A sentence for each of these columns with such values, by one pass over their table.
fn strange_in(connection: &Connection, table: &str, columns: &[(String, IsOne)]) -> Result<Vec<String>> {
    let names: Vec<_> = columns.iter().map(|(column, _)| format!("\"{column}\"")).collect();
    let mut statement = connection.prepare(&format!("SELECT {} FROM \"{table}\"", names.join(", ")))?;
    let mut is_strange = vec![false; columns.len()];
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for (at, (_, is_one)) in columns.iter().enumerate() {
            is_strange[at] |= !is_one(row, at);
        }
    }
    let strange = columns.iter().zip(is_strange).filter(|(_, is_strange)| *is_strange);
    Ok(strange.map(|((column, _), _)| format!("{table}.{column} has a value that no offprint writes")).collect())
}

/// Whether a value is read as one of that type.
pub(super) fn reads<T: FromSql>(row: &Row<'_>, column: usize) -> bool {
    row.get::<_, T>(column).is_ok()
}

/// A text in UTF-8.
struct Utf8;

impl FromSql for Utf8 {
    fn column_result(value: ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
        value.as_str().map(|_| Self)
    }
}

/// A number that something counts up to: how many there are, an offset, a moment at which this program did something.
struct Counted;

impl FromSql for Counted {
    fn column_result(value: ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
        within(value, 0).map(|()| Self)
    }
}

/// A moment that an article states: it may be long before there were computers.
struct Stated;

impl FromSql for Stated {
    fn column_result(value: ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
        within(value, -LARGEST).map(|()| Self)
    }
}

/// Whether a value is a number from the least one to [`LARGEST`].
fn within(value: ValueRef<'_>, least: i64) -> rusqlite::types::FromSqlResult<()> {
    let number = value.as_i64()?;
    let is_within = (least..=LARGEST).contains(&number);
    is_within.then_some(()).ok_or(rusqlite::types::FromSqlError::OutOfRange(number))
}
