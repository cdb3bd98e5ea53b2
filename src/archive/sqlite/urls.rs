//! URLs: their rows, and what is known of the attempts to get them.

use jiff::Timestamp;
use rusqlite::{Connection, Error, OptionalExtension, Result, Row, params};
use url::Url;

use super::codec::{Detail, Text, millis, moment, moment_if_any, url_of};
use super::error::{in_row, is_of_one_row, readable};
use super::{assets, takedown_rows};
use crate::archive::catalog::{AssetRow, MissingReport, ReportedMissing, TakedownTarget, UrlFacts, UrlRow, UrlState};
use crate::archive::rules;
use crate::config::Recheck;
use crate::model::{Digest, HostKey, UrlId, Validators};

/// What [`url()`] reads, of a row `u` joined as [`WITH_ASSET`] says.
pub(super) const COLUMNS: &str = "u.id AS url_id, u.url, u.state, u.reason, u.detail, u.status, u.attempts,
    u.next_attempt, u.first_good, u.last_good, u.reported, u.etag, u.last_modified, u.digest, b.size, a.media_type, a.width,
    a.height, a.orientation, a.frames, a.alpha, a.bit_depth, a.color_space, a.icc_name, a.taken, a.truncated,
    a.perceptual_hash";

/// A URL with its asset and that one's blob, where it has them.
pub(super) const WITH_ASSET: &str = "LEFT JOIN asset a ON a.digest = u.digest
    LEFT JOIN blob b ON b.digest = a.digest AND b.media_type = a.media_type";

/// The URL of a row with [`COLUMNS`].
pub(super) fn url(row: &Row<'_>) -> Result<UrlRow> {
    in_row("url", &["url_id"], |row| {
        let facts = facts(row)?;
        let asset = match facts.kept {
            Some(digest) => Some(AssetRow { digest, size: row.get("size")?, asset: assets::asset(row)? }),
            None => None,
        };
        Ok(UrlRow { id: row.get("url_id")?, url: url_of(row, "url")?, facts, asset })
    })(row)
}

fn facts(row: &Row<'_>) -> Result<UrlFacts> {
    Ok(UrlFacts {
        state: row.get("state")?,
        reason: row.get("reason")?,
        detail: row.get::<_, Option<Detail>>("detail")?.map(|detail| detail.0),
        status: row.get("status")?,
        attempts: row.get("attempts")?,
        next_attempt: moment_if_any(row, "next_attempt")?,
        good: moment_if_any(row, "first_good")?.zip(moment_if_any(row, "last_good")?),
        kept: row.get("digest")?,
        validators: Validators { etag: row.get("etag")?, last_modified: row.get("last_modified")? },
        reported: MissingReport::from_number(row.get("reported")?),
    })
}

/// What the rules read of a URL.
pub(super) fn facts_of(connection: &Connection, url: UrlId) -> Result<UrlFacts> {
    facts_if_any(connection, url)?.ok_or(Error::QueryReturnedNoRows)
}

/// What the rules read of a URL; `None` where it is not on record.
pub(super) fn facts_if_any(connection: &Connection, url: UrlId) -> Result<Option<UrlFacts>> {
    connection
        .prepare_cached(
            "SELECT id, state, reason, detail, status, attempts, next_attempt, first_good, last_good, digest, etag,
                 last_modified, reported
             FROM url WHERE id = ?1",
        )?
        .query_row([url], in_row("url", &["id"], facts))
        .optional()
}

/// Stores what the rules made of a URL.
pub(super) fn store(connection: &Connection, url: UrlId, facts: &UrlFacts) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE url SET state = ?2, reason = ?3, detail = ?4, status = ?5, attempts = ?6, next_attempt = ?7,
                 first_good = ?8, last_good = ?9, digest = ?10, etag = ?11, last_modified = ?12,
                 reported = ?13
             WHERE id = ?1",
        )?
        .execute(params![
            url,
            facts.state,
            facts.reason,
            facts.detail,
            facts.status,
            facts.attempts,
            millis(facts.next_attempt),
            millis(facts.good.map(|(first, _)| first)),
            millis(facts.good.map(|(_, last)| last)),
            facts.kept,
            facts.validators.etag,
            facts.validators.last_modified,
            facts.reported.as_number()
        ])?;
    Ok(())
}

pub(super) fn by_url(connection: &Connection, wanted: &Url) -> Result<Option<UrlRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM url u {WITH_ASSET} WHERE u.url = ?1"))?
        .query_row([Text(wanted)], url)
        .optional()
}

/// The URLs of which [`UrlFacts::is_failing`] holds, by an index that says the same.
pub(super) fn failing(connection: &Connection, after: Option<UrlId>, limit: usize) -> Result<Vec<Result<UrlRow>>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM url u {WITH_ASSET}
         WHERE (u.digest IS NULL OR u.state IN ('failed', 'retired')) AND u.state <> 'document' AND u.id > ?1
         ORDER BY u.id"
    ))?;
    readable(statement.query_map([after.map_or(0, |id| id.0)], url)?, limit)
}

/// Stores what [`rules::recheck_at`] says of every URL with a good capture. Of those that have it already, no row changes.
pub(super) fn reschedule_rechecks(connection: &Connection, recheck: Recheck) -> Result<()> {
    let good: Vec<(UrlId, Timestamp, Option<Timestamp>)> = connection
        .prepare_cached("SELECT id, last_good, next_attempt FROM url WHERE state = 'good' AND last_good NOT NULL")?
        .query_map(
            [],
            in_row("url", &["id"], |row| {
                Ok((row.get("id")?, moment(row, "last_good")?, moment_if_any(row, "next_attempt")?))
            }),
        )?
        .filter(|row| !row.as_ref().is_err_and(is_of_one_row))
        .collect::<Result<_>>()?;
    let mut update = connection.prepare_cached("UPDATE url SET next_attempt = ?2 WHERE id = ?1")?;
    for (id, last, before) in good {
        let due = rules::recheck_at(recheck, last);
        if before != due {
            update.execute(params![id, millis(due)])?;
        }
    }
    Ok(())
}

/// Counts the URLs that articles show and that have no good capture, and stores how they were reported.
pub(super) fn report_missing(connection: &Connection) -> Result<ReportedMissing> {
    let reported: Vec<(UrlId, Url, MissingReport, UrlFacts)> = connection
        .prepare_cached(
            "SELECT id, url, state, reason, detail, status, attempts, next_attempt, first_good, last_good, digest, etag,
                 last_modified, reported, EXISTS (SELECT 1 FROM reference WHERE url_id = url.id) AS is_shown
             FROM url WHERE (digest IS NULL OR state IN ('failed', 'retired')) AND digest IS NULL",
        )?
        .query_map(
            [],
            in_row("url", &["id"], |row| {
                let facts = facts(row)?;
                let now = facts.report_next(row.get("is_shown")?);
                Ok((row.get("id")?, url_of(row, "url")?, now, facts))
            }),
        )?
        .filter(|row| !row.as_ref().is_err_and(is_of_one_row))
        .collect::<Result<_>>()?;
    let mut update = connection.prepare_cached("UPDATE url SET reported = ?2 WHERE id = ?1")?;
    let mut missing = ReportedMissing::default();
    for (id, url, now, facts) in reported {
        missing.count(&url, facts.reported, now, facts.next_attempt);
        if facts.reported != now {
            update.execute(params![id, now.as_number()])?;
        }
    }
    Ok(missing)
}

/// The URLs whose asset this is.
pub(super) fn with_asset(connection: &Connection, digest: Digest) -> Result<Vec<UrlId>> {
    connection
        .prepare_cached("SELECT id FROM url WHERE digest = ?1 ORDER BY id")?
        .query_map([digest], |row| row.get(0))?
        .collect()
}

/// The URLs that ever gave a blob.
pub(super) fn that_gave(connection: &Connection, digest: Digest) -> Result<Vec<Result<Url>>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, url FROM url
         WHERE digest = ?1 OR id IN (SELECT url_id FROM replaced_asset WHERE digest = ?1) ORDER BY id",
    )?;
    readable(statement.query_map([digest], in_row("url", &["id"], |row| url_of(row, "url")))?, usize::MAX)
}

/// The URLs that sent a body which is kept as evidence, or which was refused later.
pub(super) fn that_sent(connection: &Connection, body: Digest) -> Result<Vec<Result<Url>>> {
    let mut statement = connection.prepare_cached(
        "SELECT url FROM exchange WHERE body = ?1
         UNION SELECT url FROM url WHERE id IN (SELECT url_id FROM refused_body WHERE digest = ?1) ORDER BY 1",
    )?;
    readable(statement.query_map([body], in_row("exchange", &["url"], |row| url_of(row, "url")))?, usize::MAX)
}

/// The row of a URL that an article shows, made where there is none.
pub(super) fn ensure(connection: &Connection, url: &Url) -> Result<UrlId> {
    let known = connection
        .prepare_cached("SELECT id, state FROM url WHERE url = ?1")?
        .query_row([Text(url)], |row| Ok((row.get(0)?, row.get::<_, UrlState>(1)?)));
    let Some((id, state)) = known.optional()? else {
        let id = insert(connection, url, UrlState::New)?;
        let is_taken_down = takedown_rows::have_any(connection, &TakedownTarget::covering_url(url))?;
        let facts = UrlFacts::first_seen(is_taken_down);
        if facts != UrlFacts::default() {
            store(connection, id, &facts)?;
        }
        return Ok(id);
    };
    if state == UrlState::Document {
        store(connection, id, &facts_of(connection, id)?.shown())?;
    }
    Ok(id)
}

/// Makes the row of a URL.
pub(super) fn insert(connection: &Connection, url: &Url, state: UrlState) -> Result<UrlId> {
    connection
        .prepare_cached("INSERT INTO url (url, host_id, state) VALUES (?1, ?2, ?3) RETURNING id")?
        .query_one(params![Text(url), ensure_host(connection, url)?, state], |row| row.get(0))
}

/// The row of a URL's host. URLs that name none, such as those of local files, share one without a name.
fn ensure_host(connection: &Connection, url: &Url) -> Result<i64> {
    let key = HostKey::of(url).map_or_else(String::new, |key| key.as_str().to_owned());
    host_id(connection, &key)
}

/// The row of a host, made where there is none.
pub(super) fn host_id(connection: &Connection, key: &str) -> Result<i64> {
    connection.prepare_cached("INSERT INTO host (key) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([key])?;
    connection.prepare_cached("SELECT id FROM host WHERE key = ?1")?.query_one([key], |row| row.get(0))
}
