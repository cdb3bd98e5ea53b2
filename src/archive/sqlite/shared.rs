//! Bytes that came for several URLs of one host, and bodies that were refused.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, params};
use url::Url;

use super::articles;
use super::audit;
use super::codec::{Text, millis};
use super::urls;
use crate::archive::{
    ArticleId, CompletedJob, JobResult, PlaceholderVerdict, Revocation, Revoked, RunId, SharedBlob, SharedUrl, UrlId,
};
use crate::model::{Digest, Exchange, HostKey, Reason};

/// What a URL showed before these bytes: its newest good capture of others, where that is kept and no stand-in itself.
const BEFORE: &str = "(SELECT c.digest FROM capture c JOIN asset a ON a.digest = c.digest
    WHERE c.url_id = u.id AND c.digest <> u.digest AND NOT EXISTS
        (SELECT 1 FROM shared_body s
            WHERE s.host_id = u.host_id AND s.digest = c.digest AND (s.placeholder OR s.displaces))
    ORDER BY c.id DESC LIMIT 1)";

pub(super) fn urls_sharing(
    connection: &Connection,
    host: &HostKey,
    digest: Digest,
    limit: usize,
) -> Result<Vec<SharedUrl>> {
    connection
        .prepare_cached(&format!(
            "SELECT u.id, u.url, {BEFORE} FROM url u
             WHERE u.digest = ?1 AND u.host_id = (SELECT id FROM host WHERE key = ?2) ORDER BY u.id LIMIT ?3"
        ))?
        .query_map(params![digest, host.as_str(), limit], |row| {
            Ok(SharedUrl { id: row.get(0)?, url: row.get::<_, Text<Url>>(1)?.0, previous: row.get(2)? })
        })?
        .collect()
}

/// Whether another URL of its host has the asset that an outcome gave, or left to, a URL.
pub(super) fn is_shared(connection: &Connection, host: i64, outcome: &CompletedJob) -> Result<bool> {
    if !matches!(outcome.result, JobResult::Kept { .. } | JobResult::NotModified { .. }) {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "SELECT 1 FROM url WHERE digest = (SELECT digest FROM url WHERE id = ?1) AND host_id = ?2 AND id <> ?1",
        )?
        .exists(params![outcome.url, host])
}

pub(super) fn unprobed(connection: &Connection, least: usize) -> Result<Vec<(HostKey, Digest)>> {
    connection
        .prepare_cached(
            "SELECT h.key, u.digest FROM url u JOIN host h ON h.id = u.host_id
             WHERE u.digest NOT NULL AND h.key <> 'file:' GROUP BY u.digest, u.host_id
             HAVING count(*) >= ?1 AND NOT EXISTS (SELECT 1 FROM shared_body s
                 WHERE s.host_id = u.host_id AND s.digest = u.digest AND s.placeholder NOT NULL)",
        )?
        .query_map([least], |row| Ok((HostKey::from_stored(row.get(0)?), row.get(1)?)))?
        .collect()
}

pub(super) fn known(connection: &Connection, host: &HostKey) -> Result<Vec<(Digest, SharedBlob)>> {
    connection
        .prepare_cached(
            "SELECT digest, placeholder, displaces FROM shared_body WHERE host_id = (SELECT id FROM host WHERE key = ?1)",
        )?
        .query_map([host.as_str()], |row| {
            let verdict = |stand_in| if stand_in { PlaceholderVerdict::Placeholder } else { PlaceholderVerdict::Genuine };
            let shared = SharedBlob { verdict: row.get::<_, Option<bool>>(1)?.map(verdict), replaces_others: row.get(2)? };
            Ok((row.get(0)?, shared))
        })?
        .collect()
}

/// Notes what shared bytes are, with the requests that asked for it.
pub(super) fn record_verdict(
    connection: &Connection,
    run: RunId,
    host: &HostKey,
    digest: Digest,
    verdict: Option<PlaceholderVerdict>,
    asked: &[(UrlId, Vec<Exchange>)],
) -> Result<()> {
    for (url, exchanges) in asked.iter().filter(|(_, exchanges)| !exchanges.is_empty()) {
        urls::record_capture(connection, *url, run, None, exchanges)?;
    }
    let Some(verdict) = verdict else { return Ok(()) };
    connection
        .prepare_cached(
            "INSERT INTO shared_body (host_id, digest, placeholder) SELECT id, ?2, ?3 FROM host WHERE key = ?1
             ON CONFLICT (host_id, digest) DO UPDATE SET placeholder = excluded.placeholder",
        )?
        .execute(params![host.as_str(), digest, verdict == PlaceholderVerdict::Placeholder])?;
    Ok(())
}

fn record_replacing(connection: &Connection, host: &HostKey, digest: Digest) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO shared_body (host_id, digest, displaces) SELECT id, ?2, 1 FROM host WHERE key = ?1
             ON CONFLICT (host_id, digest) DO UPDATE SET displaces = 1",
        )?
        .execute(params![host.as_str(), digest])?;
    Ok(())
}

/// Takes a stand-in back from the URLs that show it.
pub(super) fn revoke(connection: &Connection, run: RunId, host: &HostKey, what: &Revocation) -> Result<Revoked> {
    let mut taken = Revoked::default();
    let mut affected = BTreeSet::new();
    if what.only.is_some() {
        record_replacing(connection, host, what.digest)?;
    }
    for shared in urls_sharing(connection, host, what.digest, usize::try_from(i64::MAX).unwrap_or(usize::MAX))? {
        if what.only.as_ref().is_some_and(|only| !only.contains(&shared.id)) {
            continue;
        }
        taken.of_this_run += u64::from(is_of_run(connection, run, &shared, what.digest)?);
        restore(connection, &shared, what.digest, what.next_attempt)?;
        if what.requeue {
            taken.changes.queued += queue(connection, shared.id)?;
        }
        affected.extend(articles::showing(connection, shared.id)?);
        taken.urls.push(shared.id);
    }
    affected.extend(show_no_longer(connection, host, what)?);
    taken.changes.ready_articles = articles::ready_of(connection, affected)?;
    Ok(taken)
}

/// Articles that showed a stand-in before their URLs gave the pictures themselves show those.
fn show_no_longer(connection: &Connection, host: &HostKey, what: &Revocation) -> Result<Vec<ArticleId>> {
    let shown: Vec<(ArticleId, UrlId)> = connection
        .prepare_cached(
            "SELECT s.article_id, s.url_id FROM shown_version s JOIN url u ON u.id = s.url_id
             WHERE s.digest = ?1 AND u.host_id = (SELECT id FROM host WHERE key = ?2)",
        )?
        .query_map(params![what.digest, host.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_>>()?;
    let mut forget = connection.prepare_cached("DELETE FROM shown_version WHERE article_id = ?1 AND url_id = ?2")?;
    let mut affected = Vec::new();
    for (article, url) in shown {
        if what.only.as_ref().is_none_or(|only| only.contains(&url)) {
            forget.execute(params![article, url])?;
            affected.push(article);
        }
    }
    audit::make_stale(connection, &affected)?;
    Ok(affected)
}

fn is_of_run(connection: &Connection, run: RunId, shared: &SharedUrl, digest: Digest) -> Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM capture WHERE url_id = ?1 AND run_id = ?2 AND digest = ?3")?
        .exists(params![shared.id, run, digest])
}

/// What the URL showed before is its good capture again. Its validators are those of the stand-in and go with it.
fn restore(connection: &Connection, shared: &SharedUrl, digest: Digest, next_attempt: Option<Timestamp>) -> Result<()> {
    let last_good: Option<i64> = connection
        .prepare_cached(
            "SELECT e.at FROM capture c JOIN exchange e ON e.capture_id = c.id WHERE c.url_id = ?1 AND c.digest = ?2
             ORDER BY c.id DESC, e.ord DESC LIMIT 1",
        )?
        .query_row(params![shared.id, shared.previous], |row| row.get(0))
        .optional()?;
    connection
        .prepare_cached(
            "UPDATE url SET state = 'failed', reason = ?2, attempts = attempts + 1, next_attempt = ?3, digest = ?4,
                 first_good = iif(?4 IS NULL, NULL, first_good), last_good = ?5, etag = NULL, last_modified = NULL
             WHERE id = ?1",
        )?
        .execute(params![shared.id, Reason::Placeholder, millis(next_attempt), shared.previous, last_good])?;
    connection
        .prepare_cached("DELETE FROM replaced_asset WHERE url_id = ?1 AND digest = ?2")?
        .execute(params![shared.id, shared.previous])?;
    record_refused(connection, shared.id, digest)?;
    articles::make_stale(connection, shared.id)
}

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

/// Notes which refused body of a URL is kept: the newest.
pub(super) fn record_refused(connection: &Connection, url: UrlId, digest: Digest) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO refused_body (url_id, digest) VALUES (?1, ?2)")?
        .execute(params![url, digest])?;
    Ok(())
}
