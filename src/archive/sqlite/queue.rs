//! The queue of what to fetch, the leases of its hosts, and what became of each job.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use url::Url;

use super::articles::{self, moment};
use super::codec::{Length, Millis, Text, millis};
use super::{shared, urls};
use crate::archive::{
    CompletedJob, Job, JobId, JobResult, Lease, QueueChanges, RefusedBody, RunId, UrlId, UrlState, Worker, WriteOutcome,
};
use crate::model::{Digest, HostKey, HostState, saturating_add};

/// Queues a URL that is new or due, unless it is queued already, and gives how many jobs that made.
pub(super) fn enqueue_if_due(connection: &Connection, url: UrlId, at: Timestamp) -> Result<u64> {
    let queued = connection
        .prepare_cached(
            "INSERT INTO job (host_id, url_id) SELECT host_id, id FROM url
             WHERE id = ?1 AND (state = 'new' OR next_attempt <= ?2)
                 AND NOT EXISTS (SELECT 1 FROM job WHERE url_id = ?1)",
        )?
        .execute(params![url, Millis(at)])?;
    Ok(queued as u64)
}

/// Queues every URL that is due and that some article shows, longest due first.
pub(super) fn enqueue_due(connection: &Connection, now: Timestamp) -> Result<u64> {
    let queued = connection
        .prepare_cached(
            "INSERT INTO job (host_id, url_id) SELECT host_id, id FROM url
             WHERE next_attempt <= ?1 AND NOT EXISTS (SELECT 1 FROM job WHERE url_id = url.id)
                 AND EXISTS (SELECT 1 FROM reference WHERE url_id = url.id)
             ORDER BY next_attempt, id",
        )?
        .execute([Millis(now)])?;
    Ok(queued as u64)
}

/// Takes those of some URLs from the queue that no article shows any more.
pub(super) fn forget_unshown(connection: &Connection, urls: &[UrlId]) -> Result<()> {
    let mut forget = connection.prepare_cached(
        "DELETE FROM job WHERE url_id = ?1 AND NOT EXISTS (SELECT 1 FROM reference WHERE url_id = ?1)",
    )?;
    urls.iter().try_for_each(|url| forget.execute([url]).map(drop))
}

pub(super) fn queued(connection: &Connection) -> Result<u64> {
    connection.prepare_cached("SELECT count(*) FROM job")?.query_one([], |row| row.get(0))
}

const HOST_STATE: &str = "key, lease_epoch, lease_until, rung, failures, open_until, not_before, delay";

pub(super) fn lease(
    connection: &Connection,
    worker: &Worker,
    limit: usize,
    ttl: Duration,
    now: Timestamp,
) -> Result<Vec<Lease>> {
    let hosts: Vec<i64> = connection
        .prepare_cached(
            "SELECT id FROM host
             WHERE pending > 0 AND (lease_worker IS NULL OR lease_until <= ?1)
                 AND (open_until IS NULL OR open_until <= ?1) AND (not_before IS NULL OR not_before <= ?1)
             ORDER BY max(coalesce(open_until, 0), coalesce(not_before, 0)),
                 (SELECT min(id) FROM job WHERE host_id = host.id)
             LIMIT ?2",
        )?
        .query_map(params![Millis(now), limit], |row| row.get(0))?
        .collect::<Result<_>>()?;
    let mut take = connection.prepare_cached(&format!(
        "UPDATE host SET lease_worker = ?2, lease_until = ?3, lease_epoch = lease_epoch + 1, asked = 1
         WHERE id = ?1 RETURNING {HOST_STATE}"
    ))?;
    hosts.iter().map(|host| take.query_one(params![host, worker.0, Millis(saturating_add(now, ttl))], leased)).collect()
}

fn leased(row: &Row<'_>) -> Result<Lease> {
    Ok(Lease {
        host: host_key(row)?,
        epoch: row.get("lease_epoch")?,
        until: row.get::<_, Millis>("lease_until")?.0,
        state: host_state(row)?,
    })
}

fn host_key(row: &Row<'_>) -> Result<HostKey> {
    Ok(HostKey::from_stored(row.get("key")?))
}

fn host_state(row: &Row<'_>) -> Result<HostState> {
    Ok(HostState {
        referer: row.get("rung")?,
        failures: row.get("failures")?,
        open_until: moment(row, "open_until")?,
        not_before: moment(row, "not_before")?,
        delay: row.get::<_, Length>("delay")?.0,
    })
}

pub(super) fn renew(connection: &Connection, lease: &Lease, ttl: Duration, now: Timestamp) -> Result<Option<Lease>> {
    connection
        .prepare_cached(&format!(
            "UPDATE host SET lease_until = ?3 WHERE key = ?1 AND lease_epoch = ?2 AND lease_worker IS NOT NULL
             RETURNING {HOST_STATE}"
        ))?
        .query_row(params![lease.host.as_str(), lease.epoch, Millis(saturating_add(now, ttl))], leased)
        .optional()
}

/// Gives back every lease: for the one process that holds the archive's lock, when it begins.
pub(super) fn end_leases(connection: &Connection) -> Result<()> {
    connection.execute("UPDATE host SET lease_worker = NULL WHERE lease_worker IS NOT NULL", [])?;
    Ok(())
}

pub(super) fn release(connection: &Connection, lease: &Lease, state: &HostState) -> Result<WriteOutcome> {
    let released = connection
        .prepare_cached(
            "UPDATE host SET lease_worker = NULL, lease_until = NULL, rung = ?3, failures = ?4, open_until = ?5,
                 not_before = ?6, delay = ?7
             WHERE key = ?1 AND lease_epoch = ?2 AND lease_worker IS NOT NULL",
        )?
        .execute(params![
            lease.host.as_str(),
            lease.epoch,
            state.referer,
            state.failures,
            millis(state.open_until),
            millis(state.not_before),
            Length(state.delay)
        ])?;
    Ok(if released == 1 { WriteOutcome::Applied } else { WriteOutcome::Conflict })
}

pub(super) fn hosts(connection: &Connection) -> Result<Vec<(HostKey, HostState)>> {
    connection
        .prepare_cached(&format!("SELECT {HOST_STATE} FROM host WHERE asked = 1 ORDER BY key"))?
        .query_map([], |row| Ok((host_key(row)?, host_state(row)?)))?
        .collect()
}

pub(super) fn jobs(connection: &Connection, lease: &Lease, after: Option<JobId>, limit: usize) -> Result<Vec<Job>> {
    let Some(host) = leased_host(connection, lease)? else { return Ok(Vec::new()) };
    connection
        .prepare_cached(&format!(
            "SELECT j.id AS job_id, {}, r.kind, article.url AS article_url, article.published AS article_published
             FROM job j JOIN url u ON u.id = j.url_id {}
                 JOIN reference r ON (r.article_id, r.ord) =
                     (SELECT article_id, ord FROM reference WHERE url_id = j.url_id LIMIT 1)
                 JOIN article ON article.id = r.article_id
             WHERE j.host_id = ?1 AND j.id > ?2 ORDER BY j.id LIMIT ?3",
            urls::COLUMNS,
            urls::WITH_ASSET
        ))?
        .query_map(params![host, after.map_or(0, |id| id.0), limit], job)?
        .collect()
}

fn job(row: &Row<'_>) -> Result<Job> {
    Ok(Job {
        id: row.get("job_id")?,
        url: urls::url(row)?,
        article_url: row.get::<_, Option<Text<Url>>>("article_url")?.map(|url| url.0),
        article_published: moment(row, "article_published")?,
        kind: row.get("kind")?,
    })
}

/// The row of a lease's host, while the lease is held.
fn leased_host(connection: &Connection, lease: &Lease) -> Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM host WHERE key = ?1 AND lease_epoch = ?2 AND lease_worker IS NOT NULL")?
        .query_row(params![lease.host.as_str(), lease.epoch], |row| row.get(0))
        .optional()
}

pub(super) fn complete(
    connection: &Connection,
    lease: &Lease,
    run: RunId,
    outcomes: &[CompletedJob],
) -> Result<(WriteOutcome, QueueChanges)> {
    let Some(host) = leased_host(connection, lease)? else {
        return Ok((WriteOutcome::Conflict, QueueChanges::default()));
    };
    let (mut affected, mut sharing) = (BTreeSet::new(), Vec::new());
    for outcome in outcomes {
        if end_job(connection, host, outcome)? {
            record(connection, run, outcome)?;
            affected.extend(articles::showing(connection, outcome.url)?);
            if shared::is_shared(connection, host, outcome)? {
                sharing.push(outcome.url);
            }
        }
    }
    Ok((
        WriteOutcome::Applied,
        QueueChanges { ready_articles: articles::ready_of(connection, affected)?, queued: 0, sharing },
    ))
}

/// Takes a job from the queue; false where it was not there (any more), and so its outcome is not to be heard.
fn end_job(connection: &Connection, host: i64, outcome: &CompletedJob) -> Result<bool> {
    let ended = connection
        .prepare_cached("DELETE FROM job WHERE id = ?1 AND url_id = ?2 AND host_id = ?3")?
        .execute(params![outcome.job, outcome.url, host])?;
    Ok(ended == 1)
}

fn record(connection: &Connection, run: RunId, outcome: &CompletedJob) -> Result<()> {
    let at = outcome.exchanges.last().map_or_else(Timestamp::now, |exchange| exchange.at);
    let digest = match &outcome.result {
        JobResult::Kept { digest, .. } => Some(*digest),
        _ => None,
    };
    if !outcome.exchanges.is_empty() {
        urls::record_capture(connection, outcome.url, run, digest, &outcome.exchanges)?;
    }
    if let Some(RefusedBody { digest, size, media_type }) = outcome.refused {
        urls::record_blob(connection, digest, media_type, size, at)?;
        shared::record_refused(connection, outcome.url, digest)?;
    }
    let answered = outcome.exchanges.last().and_then(|exchange| exchange.status);
    match &outcome.result {
        JobResult::Kept { digest, size, asset, .. } => {
            urls::record_asset(connection, *digest, *size, asset, at)?;
            keep(connection, outcome, *digest, answered, at)
        }
        JobResult::NotModified { next_attempt } => not_modified(connection, outcome.url, answered, *next_attempt, at),
        JobResult::Failed { .. } | JobResult::Deferred { .. } => put_off(connection, outcome),
    }
}

/// Notes a good capture. Where it is the first, the articles that show the URL become stale; where it has new bytes,
/// the mirrored ones go on showing the ones before.
fn keep(
    connection: &Connection,
    outcome: &CompletedJob,
    digest: Digest,
    status: Option<u16>,
    at: Timestamp,
) -> Result<()> {
    let JobResult::Kept { validators, next_attempt, .. } = &outcome.result else { return Ok(()) };
    let before: Option<Digest> = connection
        .prepare_cached("SELECT digest FROM url WHERE id = ?1")?
        .query_one([outcome.url], |row| row.get(0))?;
    connection
        .prepare_cached(
            "UPDATE url SET state = 'good', reason = NULL, status = ?2, attempts = 0, next_attempt = ?3,
                 first_good = coalesce(first_good, ?4), last_good = ?4, digest = ?5, etag = ?6, last_modified = ?7
             WHERE id = ?1",
        )?
        .execute(params![
            outcome.url,
            status,
            millis(*next_attempt),
            Millis(at),
            digest,
            validators.etag,
            validators.last_modified
        ])?;
    if before == Some(digest) {
        return Ok(());
    }
    let Some(before) = before else { return articles::make_stale(connection, outcome.url) };
    connection
        .prepare_cached("INSERT INTO replaced_asset (digest, url_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![before, outcome.url])?;
    articles::keep_shown_version(connection, outcome.url, before)?;
    articles::make_stale_without_version(connection, outcome.url)
}

/// Notes that the good capture still stands. Without one there is nothing that could.
fn not_modified(
    connection: &Connection,
    url: UrlId,
    status: Option<u16>,
    next_attempt: Option<Timestamp>,
    at: Timestamp,
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE url SET state = iif(digest IS NULL, 'failed', 'good'), reason = NULL, status = ?2, attempts = 0,
                 next_attempt = ?3, last_good = iif(digest IS NULL, NULL, ?4)
             WHERE id = ?1",
        )?
        .execute(params![url, status, millis(next_attempt), Millis(at)])?;
    Ok(())
}

/// Notes that there is no good capture this time. What is kept from before stays.
fn put_off(connection: &Connection, outcome: &CompletedJob) -> Result<()> {
    let (state, reason, status, failures, next_attempt) = match &outcome.result {
        JobResult::Failed { reason, status, next_attempt } => {
            let state = if next_attempt.is_some() { UrlState::Failed } else { UrlState::Retired };
            (state, reason, Some(*status), 1, *next_attempt)
        }
        JobResult::Deferred { reason, next_attempt } => (UrlState::Deferred, reason, None, 0, Some(*next_attempt)),
        JobResult::Kept { .. } | JobResult::NotModified { .. } => return Ok(()),
    };
    connection
        .prepare_cached(
            "UPDATE url SET state = ?2, reason = ?3, status = iif(?4, ?5, status), attempts = attempts + ?6,
                 next_attempt = ?7
             WHERE id = ?1",
        )?
        .execute(params![
            outcome.url,
            state,
            reason,
            status.is_some(),
            status.flatten(),
            failures,
            millis(next_attempt)
        ])?;
    Ok(())
}
