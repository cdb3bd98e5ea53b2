//! Runs, and sums over everything.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Result, Row, params};

use super::Sqlite;
use super::codec::{Millis, moment, moment_if_any};
use super::error::in_row;
use crate::archive::{CatalogError, RunRow, Runs, Totals};
use crate::model::RunId;

#[async_trait]
impl Runs for Sqlite {
    async fn begin_run(&self, at: Timestamp) -> Result<RunId, CatalogError> {
        self.write(move |connection| begin(connection, at)).await
    }

    async fn finish_run(&self, run: RunId, at: Timestamp, report: &str) -> Result<(), CatalogError> {
        let report = report.to_owned();
        self.write(move |connection| finish(connection, run, at, &report)).await
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunRow>, CatalogError> {
        self.read(move |connection| newest(connection, limit)).await
    }

    async fn totals(&self) -> Result<Totals, CatalogError> {
        self.read(totals).await
    }
}

fn begin(connection: &Connection, at: Timestamp) -> Result<RunId> {
    connection
        .prepare_cached("INSERT INTO run (began) VALUES (?1) RETURNING id")?
        .query_one([Millis(at)], |row| row.get(0))
}

fn finish(connection: &Connection, run: RunId, at: Timestamp, report: &str) -> Result<()> {
    connection.prepare_cached("UPDATE run SET ended = ?2, report = ?3 WHERE id = ?1")?.execute(params![
        run,
        Millis(at),
        report
    ])?;
    Ok(())
}

fn newest(connection: &Connection, limit: usize) -> Result<Vec<RunRow>> {
    let run = |row: &Row<'_>| {
        Ok(RunRow {
            id: row.get("id")?,
            began: moment(row, "began")?,
            ended: moment_if_any(row, "ended")?,
            report: row.get("report")?,
        })
    };
    connection
        .prepare_cached("SELECT id, began, ended, report FROM run ORDER BY id DESC LIMIT ?1")?
        .query_map([limit], in_row("run", &["id"], run))?
        .collect()
}

fn totals(connection: &Connection) -> Result<Totals> {
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
