//! Whether rows agree with each other as all those do that offprint writes.

use rusqlite::{Connection, Result, Row};
use url::Url;

use super::codec::Text;
use super::values::{self, reads};
use crate::model::{HostKey, MediaType, SourceName};

/// The last millisecond of the year 9999.
const LAST_TIME: i64 = 253_402_300_799_999;
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
    let kept = "SELECT u.id, a.media_type FROM url u JOIN asset a ON a.digest = u.digest";
    found.extend(wrong(connection, kept, |row| {
        let is_media = row.get(1).is_ok_and(MediaType::is_media);
        (!is_media).then(|| format!("what is kept of the URL of row {} is no image and no other media", id(row)))
    })?);
    found.extend(wrong(connection, &strange_hosts(), |row| {
        Some(format!("the host of row {} has a state that no host has", id(row)))
    })?);
    for (table, what) in [("reference", "a reference"), ("edit", "an edit")] {
        found.extend(wrong(connection, &beyond(table), |row| {
            Some(format!("{what} of article {} lies outside of its original", id(row)))
        })?);
    }
    let reports = "SELECT id FROM run WHERE report <> '' AND NOT json_valid(report)";
    found.extend(wrong(connection, reports, |row| Some(format!("the report of run {} is no JSON", id(row))))?);
    found.extend(values::strange(connection)?);
    Ok(found)
}

/// Hosts with times beyond the calendar, or with counts and waits below zero or beyond what is ever counted.
fn strange_hosts() -> String {
    let time = |name: &str| format!("{name} NOT BETWEEN 0 AND {LAST_TIME}");
    let times = ["open_until", "not_before", "lease_until"].map(time).join(" OR ");
    let count = |name: &str| format!("{name} NOT BETWEEN 0 AND {}", u32::MAX);
    let counts = ["failures", "delay", "pending"].map(count).join(" OR ");
    format!("SELECT id FROM host WHERE {times} OR {counts} OR lease_epoch < 0 OR lease_epoch = {}", i64::MAX)
}

/// Articles with a span that is none of their original's. Where no blob is on record of that, others report it. The edits
/// of an article whose mirror is still to be written may be those of its version before.
fn beyond(table: &str) -> String {
    let spans = format!(
        "SELECT article_id, min(start) AS first, max(\"end\") AS last, max(start > \"end\") AS is_turned
         FROM {table} GROUP BY article_id"
    );
    let earlier = "SELECT original FROM article_version WHERE article_id = a.id";
    format!(
        "SELECT a.id FROM ({spans}) s JOIN article a ON a.id = s.article_id
         WHERE s.first < 0 OR s.is_turned
             OR s.last > (SELECT max(size) FROM blob WHERE digest = a.original OR digest IN ({earlier}))"
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

/// Whether a URL is written as the URL Standard writes it, names nobody, and is one of its host.
fn is_of_host(row: &Row<'_>) -> Result<bool> {
    let (text, host): (String, String) = (row.get(1)?, row.get(2)?);
    let url = Url::parse(&text).ok().filter(|url| url.as_str() == text);
    Ok(url.is_some_and(|url| {
        let is_anonymous = url.username().is_empty() && url.password().is_none();
        is_anonymous && HostKey::of(&url).is_some_and(|key| key.as_str() == host)
    }))
}
