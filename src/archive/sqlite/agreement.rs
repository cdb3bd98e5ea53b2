//! Whether rows agree with each other as all those do that offprint writes.

use rusqlite::types::FromSql;
use rusqlite::{Connection, Result, Row};
use url::Url;

use super::codec::Text;
use crate::model::{HostKey, SourceName};

/// The most rows of one kind that are named.
const MOST: usize = 100;

/// Rows that no offprint writes, although each of their values can be read: a sentence for each.
pub(super) fn check(connection: &Connection) -> Result<Vec<String>> {
    let mut found = wrong(connection, "SELECT u.id, u.url, h.key FROM url u JOIN host h ON h.id = u.host_id", |row| {
        let is_right = is_of_host(row).unwrap_or(false);
        (!is_right).then(|| format!("the URL of row {} is not one of its host", id(row)))
    })?;
    found.extend(wrong(connection, "SELECT capture_id, url FROM exchange", |row| {
        let is_url = reads::<Text<Url>>(row, 1);
        (!is_url).then(|| format!("an exchange of capture {} has no URL", id(row)))
    })?);
    found.extend(wrong(connection, "SELECT id, source FROM capture WHERE source NOT NULL", |row| {
        let is_name = reads::<SourceName>(row, 1);
        (!is_name).then(|| format!("the source of capture {} has no name", id(row)))
    })?);
    for (table, what) in [("reference", "a reference"), ("edit", "an edit")] {
        found.extend(wrong(connection, &beyond(table), |row| {
            Some(format!("{what} of article {} lies outside of its original", id(row)))
        })?);
    }
    Ok(found)
}

/// Articles with a span that is none of their original's. Where no blob is on record of that, others report it.
fn beyond(table: &str) -> String {
    format!(
        "SELECT DISTINCT a.id FROM {table} s JOIN article a ON a.id = s.article_id
         WHERE s.start < 0 OR s.start > s.\"end\"
             OR s.\"end\" > (SELECT max(size) FROM blob WHERE digest = a.original)"
    )
}

/// What is said of the rows of a query that are wrong.
fn wrong(connection: &Connection, query: &str, say: impl Fn(&Row<'_>) -> Option<String>) -> Result<Vec<String>> {
    let mut statement = connection.prepare(query)?;
    let said = statement.query_map([], |row| Ok(say(row)))?;
    said.filter_map(Result::transpose).take(MOST).collect()
}

/// The number of a row; one that no row has where it cannot be read.
fn id(row: &Row<'_>) -> i64 {
    row.get(0).unwrap_or(-1)
}

/// Whether a value is read as one of that type.
fn reads<T: FromSql>(row: &Row<'_>, column: usize) -> bool {
    row.get::<_, T>(column).is_ok()
}

/// Whether a URL is written as the URL Standard writes it, names nobody, and is one of its host.
fn is_of_host(row: &Row<'_>) -> Result<bool> {
    let (text, host): (String, String) = (row.get(1)?, row.get(2)?);
    let url = Url::parse(&text).ok().filter(|url| url.as_str() == text);
    Ok(url.is_some_and(|url| {
        let is_anonymous = url.username().is_empty() && url.password().is_none();
        is_anonymous && HostKey::of(&url).is_some_and(|key| key.as_str() == host)
    }))
}
