//! Copies of the catalog's file.

use std::path::Path;

use rusqlite::{Connection, Result, params};

use crate::model::Digest;

/// Sums that change with the content of the catalog. Each is read from few pages, or by one pass over the articles or
/// the takedowns.
const SUMS: &str = "SELECT t.*, (SELECT max(id) FROM capture), (SELECT sum(revision + read_at % 1000003) FROM article),
    (SELECT sum(mirror_modified % 1000003) FROM article), (SELECT count(*) FROM article_version),
    (SELECT count(*) FROM shown_version), (SELECT count(*) FROM blob), (SELECT count(*) FROM takedown),
    (SELECT sum(at % 1000003) FROM takedown) FROM total t";

/// A mark of the catalog's content, without runs and reports: if the contents differ, so do the marks.
pub(super) fn content_mark(connection: &Connection) -> Result<Digest> {
    let mut statement = connection.prepare_cached(SUMS)?;
    let count = statement.column_count();
    let text = statement.query_one([], |row| {
        let values = (0..count).map(|column| row.get::<_, Option<i64>>(column));
        Ok(format!("{:?}", values.collect::<Result<Vec<_>>>()?))
    })?;
    Ok(Digest::of(text.as_bytes()))
}

/// Copies what is committed into an empty file. Others may write meanwhile.
pub(super) fn copy_to(connection: &Connection, file: &Path) -> Result<()> {
    connection.execute("VACUUM INTO ?1", params![file.to_string_lossy()])?;
    Ok(())
}
