//! Sources, and how they could last be read.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Result, Row, params};

use super::Sqlite;
use super::codec::{Millis, moment_if_any};
use super::error::{Damaged, in_row};
use crate::archive::catalog::{CatalogError, SourceOutcome, SourceRow, Sources};
use crate::model::SourceName;

#[async_trait]
impl Sources for Sqlite {
    async fn record_source(
        &self,
        name: &SourceName,
        kind: &str,
        location: &str,
        outcome: &SourceOutcome,
        at: Timestamp,
    ) -> Result<(), CatalogError> {
        let (name, kind, location) = (name.clone(), kind.to_owned(), location.to_owned());
        let outcome = outcome.clone();
        self.write(move |connection| record(connection, &name, &kind, &location, &outcome, at)).await
    }

    async fn sources(&self) -> Result<Vec<SourceRow>, CatalogError> {
        self.read(all).await
    }
}

const READ: &str = "read";
const UNCHANGED: &str = "unchanged";
const FAILED: &str = "failed";

fn record(
    connection: &Connection,
    name: &SourceName,
    kind: &str,
    location: &str,
    outcome: &SourceOutcome,
    at: Timestamp,
) -> Result<()> {
    let listed_at = outcome.is_listed().then_some(Millis(at));
    let (state, reason, detail) = match outcome {
        SourceOutcome::Read => (READ, None, None),
        SourceOutcome::Unchanged => (UNCHANGED, None, None),
        SourceOutcome::Failed { reason, detail } => (FAILED, Some(reason), Some(detail)),
    };
    connection
        .prepare_cached(
            "INSERT INTO source (name, kind, location, outcome, reason, detail, listed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, location = excluded.location,
                 outcome = excluded.outcome, reason = excluded.reason, detail = excluded.detail,
                 listed_at = coalesce(excluded.listed_at, listed_at)",
        )?
        .execute(params![name, kind, location, state, reason, detail, listed_at])?;
    Ok(())
}

fn all(connection: &Connection) -> Result<Vec<SourceRow>> {
    let source = |row: &Row<'_>| {
        Ok(SourceRow {
            name: row.get("name")?,
            kind: row.get("kind")?,
            location: row.get("location")?,
            outcome: outcome(row)?,
            listed_at: moment_if_any(row, "listed_at")?,
        })
    };
    connection
        .prepare_cached("SELECT * FROM source ORDER BY name")?
        .query_map([], in_row("source", &["name"], source))?
        .collect()
}

fn outcome(row: &Row<'_>) -> Result<SourceOutcome> {
    let outcome: String = row.get("outcome")?;
    match outcome.as_str() {
        READ => Ok(SourceOutcome::Read),
        UNCHANGED => Ok(SourceOutcome::Unchanged),
        FAILED => Ok(SourceOutcome::Failed {
            reason: row.get("reason")?,
            detail: row.get::<_, Option<String>>("detail")?.unwrap_or_default(),
        }),
        other => Err(Damaged::in_column("outcome of a source", other)),
    }
}
