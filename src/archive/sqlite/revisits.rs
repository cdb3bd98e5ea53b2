//! Requests that gave what a capture has.

use rusqlite::{Connection, Result, Row, params};

use super::codec::{Millis, moment};
use super::error::in_row;
use crate::model::{CaptureId, Revisit};

/// Notes that a request gave what a capture has.
pub(super) fn append(connection: &Connection, capture: CaptureId, revisit: Revisit) -> Result<()> {
    let Revisit { run, at, status } = revisit;
    connection
        .prepare_cached("INSERT OR IGNORE INTO revisit (capture_id, at, run_id, status) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![capture, Millis(at), run, status])
        .map(drop)
}

/// The revisits of a capture, in order.
pub(super) fn of_capture(connection: &Connection, capture: CaptureId) -> Result<Vec<Revisit>> {
    let revisit =
        |row: &Row<'_>| Ok(Revisit { run: row.get("run_id")?, at: moment(row, "at")?, status: row.get("status")? });
    connection
        .prepare_cached("SELECT * FROM revisit WHERE capture_id = ?1 ORDER BY at")?
        .query_map([capture], in_row("revisit", &["capture_id", "at"], revisit))?
        .collect()
}
