//! Hosts: their leases, and what was learned of them.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::codec::{Length, Millis, millis, moment, moment_if_any};
use super::error::in_row;
use super::urls::host_id;
use crate::archive::catalog::{Lease, Worker, WriteOutcome};
use crate::archive::rules::{Due, HostHold};
use crate::model::{HostKey, HostState, saturating_add};

pub(super) const COLUMNS: &str =
    "id, key, lease_worker, lease_epoch, lease_until, referer, failures, open_until, not_before, delay, pending";

/// Leases hosts that have jobs and may be requested, in the order in which they became ready.
pub(super) fn lease(
    connection: &Connection,
    worker: &Worker,
    limit: usize,
    ttl: Duration,
    now: Timestamp,
) -> Result<Vec<Lease>> {
    let hosts: Vec<(i64, HostHold)> = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM host WHERE pending > 0 AND ready_at <= ?1 ORDER BY ready_at, first_job LIMIT ?2"
        ))?
        .query_map(params![Millis(now), limit], in_row("host", &["id"], |row| Ok((row.get("id")?, hold(row)?))))?
        .collect::<Result<_>>()?;
    let until = saturating_add(now, ttl);
    hosts.into_iter().map(|(host, hold)| take(connection, host, hold, worker, until)).collect()
}

fn take(connection: &Connection, host: i64, hold: HostHold, worker: &Worker, until: Timestamp) -> Result<Lease> {
    let hold = HostHold { leased_until: Some(until), ..hold };
    connection
        .prepare_cached(&format!(
            "UPDATE host SET lease_worker = ?2, lease_until = ?3, ready_at = ?4, lease_epoch = lease_epoch + 1, asked = 1
             WHERE id = ?1 RETURNING {COLUMNS}"
        ))?
        .query_one(params![host, worker.0, Millis(until), ReadyAt(hold)], leased)
}

/// What keeps a host from being leased.
fn hold(row: &Row<'_>) -> Result<HostHold> {
    let is_leased = row.get::<_, Option<String>>("lease_worker")?.is_some();
    Ok(HostHold {
        open_until: moment_if_any(row, "open_until")?,
        not_before: moment_if_any(row, "not_before")?,
        leased_until: moment_if_any(row, "lease_until")?.filter(|_| is_leased),
    })
}

/// A hold as the column by which hosts are ordered; 0 for a host that was never held back.
struct ReadyAt(HostHold);

impl rusqlite::ToSql for ReadyAt {
    fn to_sql(&self) -> Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(self.0.ready_at().map_or(0, Timestamp::as_millisecond).into())
    }
}

fn leased(row: &Row<'_>) -> Result<Lease> {
    in_row("host", &["id"], |row| {
        Ok(Lease {
            host: host_key(row)?,
            epoch: row.get("lease_epoch")?,
            until: moment(row, "lease_until")?,
            state: host_state(row)?,
            // A damaged count keeps nobody from asking the host.
            jobs: row.get("pending").unwrap_or(1),
        })
    })(row)
}

pub(super) fn host_key(row: &Row<'_>) -> Result<HostKey> {
    Ok(HostKey::from_stored(row.get("key")?))
}

pub(super) fn host_state(row: &Row<'_>) -> Result<HostState> {
    Ok(HostState {
        referer: row.get("referer")?,
        failures: row.get("failures")?,
        open_until: moment_if_any(row, "open_until")?,
        not_before: moment_if_any(row, "not_before")?,
        delay: row.get::<_, Length>("delay")?.0,
    })
}

/// The row of a lease's host, while the lease is held.
pub(super) fn held(connection: &Connection, lease: &Lease) -> Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM host WHERE key = ?1 AND lease_epoch = ?2 AND lease_worker IS NOT NULL")?
        .query_row(params![lease.host.as_str(), lease.epoch], |row| row.get(0))
        .optional()
}

pub(super) fn renew(connection: &Connection, lease: &Lease, ttl: Duration, now: Timestamp) -> Result<Option<Lease>> {
    let Some(host) = held(connection, lease)? else { return Ok(None) };
    let until = saturating_add(now, ttl);
    let hold = HostHold { leased_until: Some(until), ..HostHold::of(&lease.state) };
    connection
        .prepare_cached(&format!("UPDATE host SET lease_until = ?2, ready_at = ?3 WHERE id = ?1 RETURNING {COLUMNS}"))?
        .query_row(params![host, Millis(until), ReadyAt(hold)], leased)
        .optional()
}

pub(super) fn release(connection: &Connection, lease: &Lease, state: &HostState) -> Result<WriteOutcome> {
    let Some(host) = held(connection, lease)? else { return Ok(WriteOutcome::Conflict) };
    connection
        .prepare_cached(
            "UPDATE host SET lease_worker = NULL, lease_until = NULL, referer = ?2, failures = ?3, open_until = ?4,
                 not_before = ?5, delay = ?6, ready_at = ?7,
                 first_job = coalesce((SELECT min(id) FROM job WHERE host_id = ?1), first_job),
                 -- A damaged count must not have the host leased again and again.
                 pending = iif(EXISTS (SELECT 1 FROM job WHERE host_id = ?1), pending, 0)
             WHERE id = ?1",
        )?
        .execute(params![
            host,
            state.referer,
            state.failures,
            millis(state.open_until),
            millis(state.not_before),
            Length(state.delay),
            ReadyAt(HostHold::of(state)),
        ])?;
    Ok(WriteOutcome::Applied)
}

/// Records what was learned of a host by who does not lease it. A lease of it goes on.
pub(super) fn record(connection: &Connection, host: &HostKey, state: &HostState) -> Result<()> {
    let id = host_id(connection, host.as_str())?;
    let leased = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM host WHERE id = ?1"))?
        .query_one([id], in_row("host", &["id"], hold))?;
    let hold = HostHold { leased_until: leased.leased_until, ..HostHold::of(state) };
    connection
        .prepare_cached(
            "UPDATE host SET asked = 1, referer = ?2, failures = ?3, open_until = ?4, not_before = ?5, delay = ?6, ready_at = ?7
             WHERE id = ?1",
        )?
        .execute(params![
            id,
            state.referer,
            state.failures,
            millis(state.open_until),
            millis(state.not_before),
            Length(state.delay),
            ReadyAt(hold),
        ])?;
    Ok(())
}

/// What is known of a host that was asked.
pub(super) fn host(connection: &Connection, host: &HostKey) -> Result<Option<HostState>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM host WHERE key = ?1 AND asked = 1"))?
        .query_row([host.as_str()], in_row("host", &["id"], host_state))
        .optional()
}

/// Ends every lease. Only the process that holds the archive's lock may do that, when it begins.
pub(super) fn end_all(connection: &Connection) -> Result<()> {
    for (host, hold) in holds(connection, "lease_worker IS NOT NULL")? {
        store_hold(connection, host, HostHold { leased_until: None, ..hold })?;
    }
    Ok(())
}

/// Ends the holds that a clock which was ahead wrote.
pub(super) fn end_implausible(connection: &Connection, due: Due) -> Result<()> {
    for (host, hold) in holds(connection, "ready_at > 0")? {
        if hold != hold.plausible(due) {
            store_hold(connection, host, hold.plausible(due))?;
        }
    }
    Ok(())
}

/// Closes the circuit breakers of hosts.
pub(super) fn close_breakers(connection: &Connection, hosts: &[HostKey]) -> Result<()> {
    let mut find = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM host WHERE key = ?1"))?;
    let row = |row: &Row<'_>| Ok((row.get("id")?, hold(row)?));
    for host in hosts {
        if let Some((id, hold)) = find.query_row([host.as_str()], in_row("host", &["id"], row)).optional()? {
            store_hold(connection, id, hold.breaker_closed())?;
        }
    }
    Ok(())
}

fn holds(connection: &Connection, which: &'static str) -> Result<Vec<(i64, HostHold)>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM host WHERE {which}"))?
        .query_map([], in_row("host", &["id"], |row| Ok((row.get("id")?, hold(row)?))))?
        .collect()
}

fn store_hold(connection: &Connection, host: i64, hold: HostHold) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE host SET open_until = ?2, not_before = ?3, lease_until = ?4,
                 lease_worker = iif(?4 IS NULL, NULL, lease_worker), ready_at = ?5
             WHERE id = ?1",
        )?
        .execute(params![
            host,
            millis(hold.open_until),
            millis(hold.not_before),
            millis(hold.leased_until),
            ReadyAt(hold)
        ])?;
    Ok(())
}

pub(super) fn hosts(connection: &Connection) -> Result<Vec<(HostKey, HostState)>> {
    let host = |row: &Row<'_>| Ok((host_key(row)?, host_state(row)?));
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM host WHERE asked = 1 ORDER BY key"))?
        .query_map([], in_row("host", &["id"], host))?
        .collect()
}
