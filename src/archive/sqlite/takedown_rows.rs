//! The rows that say what was taken down.

use jiff::Timestamp;
use rusqlite::{Connection, Result, Row, params};

use super::codec::{Millis, moment};
use super::error::{Damaged, in_row};
use crate::archive::catalog::{TakedownRow, TakedownTarget};

/// Whether one of these targets was taken down.
pub(super) fn have_any(connection: &Connection, targets: &[TakedownTarget]) -> Result<bool> {
    let mut row = connection.prepare_cached("SELECT 1 FROM takedown WHERE kind = ?1 AND target = ?2")?;
    for target in targets {
        if row.exists(params![target.kind(), target.name()])? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn record(connection: &Connection, target: &TakedownTarget, at: Timestamp, reason: &str) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO takedown (kind, target, at, reason) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![target.kind(), target.name(), Millis(at), reason])?;
    Ok(())
}

pub(super) fn all(connection: &Connection) -> Result<Vec<TakedownRow>> {
    let takedown = |row: &Row<'_>| {
        let (kind, name): (String, String) = (row.get("kind")?, row.get("target")?);
        let target = TakedownTarget::parse(&kind, &name).ok_or_else(|| Damaged::in_column("takedown", &name))?;
        Ok(TakedownRow { target, at: moment(row, "at")?, reason: row.get("reason")? })
    };
    connection
        .prepare_cached("SELECT * FROM takedown ORDER BY at, kind, target")?
        .query_map([], in_row("takedown", &["kind", "target"], takedown))?
        .collect()
}
