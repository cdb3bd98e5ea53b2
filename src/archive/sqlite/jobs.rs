//! The rows of the queue. A finished job is deleted. Triggers keep the counts of hosts and articles.

use rusqlite::{Connection, Result, Row, params};

use super::codec::{Millis, moment_if_any, url_if_any};
use super::error::{in_row, readable};
use super::urls;
use crate::archive::catalog::{Job, UrlRow};
use crate::archive::rules::Due;
use crate::model::{JobId, UrlId};

/// Queues a URL that some article shows, unless it is queued already, and gives how many jobs that made.
pub(super) fn queue(connection: &Connection, url: UrlId) -> Result<u64> {
    let queued = connection
        .prepare_cached(
            "INSERT INTO job (host_id, url_id) SELECT host_id, id FROM url WHERE id = ?1
                 AND NOT EXISTS (SELECT 1 FROM job WHERE url_id = ?1)
                 AND EXISTS (SELECT 1 FROM reference WHERE url_id = ?1)",
        )?
        .execute([url])?;
    Ok(queued as u64)
}

/// Queues every URL that some article shows and whose next attempt is due, longest due first.
pub(super) fn queue_due(connection: &Connection, due: Due) -> Result<u64> {
    let (passed, latest) = due.bounds();
    let queued = connection
        .prepare_cached(
            "INSERT INTO job (host_id, url_id) SELECT host_id, id FROM url
             WHERE (next_attempt <= ?1 OR next_attempt > ?2) AND NOT EXISTS (SELECT 1 FROM job WHERE url_id = url.id)
                 AND EXISTS (SELECT 1 FROM reference WHERE url_id = url.id)
             ORDER BY next_attempt, id",
        )?
        .execute([Millis(passed), Millis(latest)])?;
    Ok(queued as u64)
}

/// The URLs in the queue, page by page.
pub(super) fn queued_urls(connection: &Connection, after: Option<UrlId>, limit: usize) -> Result<Vec<Result<UrlRow>>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM url u {} WHERE EXISTS (SELECT 1 FROM job WHERE url_id = u.id) AND u.id > ?1
             ORDER BY u.id",
        urls::COLUMNS,
        urls::WITH_ASSET
    ))?;
    readable(statement.query_map([after.map_or(0, |id| id.0)], urls::url)?, limit)
}

/// The URLs that [`queue_due`] queues, page by page.
pub(super) fn due_urls(
    connection: &Connection,
    due: Due,
    after: Option<UrlId>,
    limit: usize,
) -> Result<Vec<Result<UrlRow>>> {
    let (passed, latest) = due.bounds();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM url u {} WHERE (u.next_attempt <= ?1 OR u.next_attempt > ?2)
                 AND EXISTS (SELECT 1 FROM reference WHERE url_id = u.id) AND u.id > ?3 ORDER BY u.id",
        urls::COLUMNS,
        urls::WITH_ASSET
    ))?;
    let bounds = params![Millis(passed), Millis(latest), after.map_or(0, |id| id.0)];
    readable(statement.query_map(bounds, urls::url)?, limit)
}

pub(super) fn count(connection: &Connection) -> Result<u64> {
    connection.prepare_cached("SELECT count(*) FROM job")?.query_one([], |row| row.get(0))
}

/// Whether a job of a host is in the queue.
pub(super) fn is_queued(connection: &Connection, job: JobId, url: UrlId, host: i64) -> Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM job WHERE id = ?1 AND url_id = ?2 AND host_id = ?3")?
        .exists(params![job, url, host])
}

/// The jobs of a host, each with the first reference to its URL.
pub(super) fn of_host(
    connection: &Connection,
    host: i64,
    after: Option<JobId>,
    limit: usize,
) -> Result<Vec<Result<Job>>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT j.id AS job_id, {}, r.kind, article.url AS article_url, article.published AS article_published
             FROM job j JOIN url u ON u.id = j.url_id {}
                 JOIN reference r ON (r.article_id, r.ord) =
                     (SELECT article_id, ord FROM reference WHERE url_id = j.url_id ORDER BY article_id, ord LIMIT 1)
                 JOIN article ON article.id = r.article_id
             WHERE j.host_id = ?1 AND j.id > ?2 ORDER BY j.id",
        urls::COLUMNS,
        urls::WITH_ASSET
    ))?;
    let rows = statement.query_map(params![host, after.map_or(0, |id| id.0)], in_row("job", &["job_id"], job))?;
    readable(rows, limit)
}

fn job(row: &Row<'_>) -> Result<Job> {
    Ok(Job {
        id: row.get("job_id")?,
        url: urls::url(row)?,
        article_url: url_if_any(row, "article_url")?,
        article_published: moment_if_any(row, "article_published")?,
        kind: row.get("kind")?,
    })
}
