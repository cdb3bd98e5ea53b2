//! Runs, and sums over everything.

use jiff::Timestamp;
use rusqlite::{Connection, Result, params};

use super::articles::moment;
use super::codec::Millis;
use crate::archive::{RunId, RunRow, Totals};

pub(super) fn begin(connection: &Connection, at: Timestamp) -> Result<RunId> {
    connection
        .prepare_cached("INSERT INTO run (began) VALUES (?1) RETURNING id")?
        .query_one([Millis(at)], |row| row.get(0))
}

pub(super) fn finish(connection: &Connection, run: RunId, at: Timestamp, report: &str) -> Result<()> {
    connection.prepare_cached("UPDATE run SET ended = ?2, report = ?3 WHERE id = ?1")?.execute(params![
        run,
        Millis(at),
        report
    ])?;
    Ok(())
}

pub(super) fn newest(connection: &Connection, limit: usize) -> Result<Vec<RunRow>> {
    connection
        .prepare_cached("SELECT id, began, ended, report FROM run ORDER BY id DESC LIMIT ?1")?
        .query_map([limit], |row| {
            Ok(RunRow {
                id: row.get("id")?,
                began: row.get::<_, Millis>("began")?.0,
                ended: moment(row, "ended")?,
                report: row.get("report")?,
            })
        })?
        .collect()
}

pub(super) fn totals(connection: &Connection) -> Result<Totals> {
    let mut totals = Totals::default();
    sum(
        connection,
        "SELECT count(*), coalesce(sum(vanished), 0) FROM article",
        [&mut totals.articles, &mut totals.vanished],
    )?;
    sum(
        connection,
        "SELECT count(*), count(u.digest) FROM reference r JOIN url u ON u.id = r.url_id",
        [&mut totals.references, &mut totals.local],
    )?;
    let mut refused = 0;
    sum(connection, "SELECT coalesce(sum(refused), 0) FROM article", [&mut refused])?;
    totals.local = totals.local.saturating_sub(refused);
    sum(connection, "SELECT count(*), count(digest) FROM url", [&mut totals.urls, &mut totals.urls_good])?;
    sum(
        connection,
        "SELECT count(*), coalesce(sum(size), 0) FROM asset JOIN blob USING (digest, media_type)",
        [&mut totals.blobs, &mut totals.bytes],
    )?;
    sum(
        connection,
        "SELECT coalesce(sum(size), 0) FROM url JOIN asset USING (digest) JOIN blob USING (digest, media_type)",
        [&mut totals.bytes_without_dedup],
    )?;
    sum(connection, "SELECT count(media_type) FROM thumbnail", [&mut totals.thumbnails])?;
    sum(connection, "SELECT count(*) FROM capture", [&mut totals.captures])?;
    Ok(totals)
}

/// Reads the one row of a query into as many numbers.
fn sum<const N: usize>(connection: &Connection, sql: &str, sums: [&mut u64; N]) -> Result<()> {
    connection.prepare_cached(sql)?.query_one([], |row| {
        for (column, sum) in sums.into_iter().enumerate() {
            *sum = row.get(column)?;
        }
        Ok(())
    })
}
