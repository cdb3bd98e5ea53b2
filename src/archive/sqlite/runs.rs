//! Runs, and sums over everything.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::codec::{Millis, moment, moment_if_any};
use super::error::in_row;
use super::walk::{self, Walked};
use super::{Sqlite, urls};
use crate::archive::catalog::{CatalogError, ReportedMissing, RunRow, Runs, Totals};
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

    async fn run_times(&self) -> Result<Vec<(Timestamp, Option<Timestamp>)>, CatalogError> {
        self.read(times).await
    }

    async fn report_missing(&self) -> Result<ReportedMissing, CatalogError> {
        self.write_any(urls::report_missing).await
    }

    async fn totals(&self) -> Result<Totals, CatalogError> {
        self.read(totals).await
    }
}

pub(super) fn begin(connection: &Connection, at: Timestamp) -> Result<RunId> {
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

fn run(row: &Row<'_>) -> Result<RunRow> {
    in_row("run", &["id"], |row| {
        Ok(RunRow {
            id: row.get("id")?,
            began: moment(row, "began")?,
            ended: moment_if_any(row, "ended")?,
            report: row.get("report")?,
        })
    })(row)
}

/// The newest runs. What is decided by them is not decided without one that cannot be read.
fn newest(connection: &Connection, limit: usize) -> Result<Vec<RunRow>> {
    connection
        .prepare_cached("SELECT id, began, ended, report FROM run ORDER BY id DESC LIMIT ?1")?
        .query_map([limit], run)?
        .collect()
}

/// Up to `limit` runs before this one, newest first.
pub(super) fn before(connection: &Connection, before: Option<RunId>, limit: usize) -> Result<Walked<RunRow, RunId>> {
    let mut statement = connection
        .prepare_cached("SELECT id, began, ended, report, 1 AS is_meant FROM run WHERE id < ?1 ORDER BY id DESC")?;
    let rows = statement.query([before.map_or(i64::MAX, |id| id.0)])?;
    walk::page(rows, limit, |row| row.get("id"), |row| run(row).map(Some))
}

/// The first run that began in the second after this moment.
pub(super) fn began_at(connection: &Connection, at: Timestamp) -> Result<Option<RunRow>> {
    let from = at.as_millisecond();
    connection
        .prepare_cached(
            "SELECT id, began, ended, report FROM run WHERE began >= ?1 AND began < ?2 ORDER BY id LIMIT 1",
        )?
        .query_row(params![from, from.saturating_add(1000)], run)
        .optional()
}

fn times(connection: &Connection) -> Result<Vec<(Timestamp, Option<Timestamp>)>> {
    let times = |row: &Row<'_>| Ok((moment(row, "began")?, moment_if_any(row, "ended")?));
    connection
        .prepare_cached("SELECT id, began, ended FROM run")?
        .query_map([], in_row("run", &["id"], times))?
        .collect()
}

/// The sums that triggers keep.
fn totals(connection: &Connection) -> Result<Totals> {
    let totals = |row: &Row<'_>| {
        Ok(Totals {
            articles: row.get("articles")?,
            vanished: row.get("vanished")?,
            references: row.get("refs")?,
            local: row.get::<_, u64>("kept")?.saturating_sub(row.get("unshown")?),
            urls: row.get("urls")?,
            urls_good: row.get("good")?,
            blobs: row.get("assets")?,
            bytes: row.get("bytes")?,
            bytes_without_dedup: row.get("copies")?,
            thumbnails: row.get("thumbnails")?,
            captures: row.get("captures")?,
        })
    };
    connection.prepare_cached("SELECT * FROM total")?.query_one([], in_row("total", &[], totals))
}
