//! Blobs that a host sends for several URLs, and the revocation of those that are placeholders.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Result, Row, params};

use super::codec::{moment, url_of};
use super::error::in_row;
use super::{Sqlite, article_facts, effects, urls};
use crate::archive::catalog::{
    CatalogError, PlaceholderVerdict, Placeholders, Revocation, Revoked, SharedBlob, SharedUrl,
};
use crate::archive::rules::{self, Earlier, PlaceholderUrl};
use crate::model::{ArticleId, Digest, Exchange, HostKey, RunId, UrlId};

#[async_trait]
impl Placeholders for Sqlite {
    async fn urls_sharing(&self, host: &HostKey, digest: Digest, limit: usize) -> Result<Vec<SharedUrl>, CatalogError> {
        let host = host.clone();
        self.read(move |connection| urls_sharing(connection, &host, digest, limit)).await
    }

    async fn unprobed_shared_blobs(&self, least: usize) -> Result<Vec<(HostKey, Digest)>, CatalogError> {
        self.read(move |connection| unprobed(connection, least)).await
    }

    async fn shared_blobs(&self, host: &HostKey) -> Result<Vec<(Digest, SharedBlob)>, CatalogError> {
        let host = host.clone();
        self.read(move |connection| known(connection, &host)).await
    }

    async fn record_verdict(
        &self,
        run: RunId,
        host: &HostKey,
        digest: Digest,
        verdict: Option<PlaceholderVerdict>,
        asked: &[(UrlId, Vec<Exchange>)],
    ) -> Result<(), CatalogError> {
        let (host, asked) = (host.clone(), asked.to_vec());
        self.write(move |connection| {
            for (url, exchanges) in asked {
                effects::apply(connection, rules::captured(url, run, None, exchanges))?;
            }
            verdict.map_or(Ok(()), |verdict| record_verdict(connection, &host, digest, verdict))
        })
        .await
    }

    async fn revoke(&self, run: RunId, host: &HostKey, what: &Revocation) -> Result<Revoked, CatalogError> {
        let (host, what) = (host.clone(), what.clone());
        self.write_any(move |connection| revoke(connection, run, &host, &what)).await
    }
}

fn urls_sharing(connection: &Connection, host: &HostKey, digest: Digest, limit: usize) -> Result<Vec<SharedUrl>> {
    let shared = |row: &Row<'_>| Ok(SharedUrl { id: row.get("id")?, url: url_of(row, "url")?, previous: None });
    let mut sharing: Vec<SharedUrl> = connection
        .prepare_cached(
            "SELECT id, url FROM url
             WHERE digest = ?1 AND host_id = (SELECT id FROM host WHERE key = ?2) ORDER BY id LIMIT ?3",
        )?
        .query_map(params![digest, host.as_str(), limit], in_row("url", &["id"], shared))?
        .collect::<Result<_>>()?;
    for shared in &mut sharing {
        shared.previous = previous(connection, shared.id, digest)?.map(|(digest, _)| digest);
    }
    Ok(sharing)
}

/// The version that a URL had before these bytes.
fn previous(connection: &Connection, url: UrlId, current: Digest) -> Result<Option<(Digest, Timestamp)>> {
    let mut earlier = connection.prepare_cached(
        "SELECT c.id, c.digest, a.digest IS NOT NULL AS is_kept, s.placeholder, s.replaces_others,
             (SELECT at FROM exchange WHERE capture_id = c.id ORDER BY ord DESC LIMIT 1) AS at
         FROM capture c JOIN url u ON u.id = c.url_id LEFT JOIN asset a ON a.digest = c.digest
             LEFT JOIN shared_blob s ON s.host_id = u.host_id AND s.digest = c.digest
         WHERE c.url_id = ?1 AND c.digest NOT NULL ORDER BY c.id DESC",
    )?;
    let mut earlier = earlier.query_map([url], in_row("capture", &["id"], earlier_capture))?;
    let mut failed = None;
    let found =
        rules::previous(current, std::iter::from_fn(|| earlier.next()?.map_err(|error| failed = Some(error)).ok()));
    failed.map_or(Ok(found), Err)
}

fn earlier_capture(row: &Row<'_>) -> Result<Earlier> {
    Ok(Earlier {
        digest: row.get("digest")?,
        at: moment(row, "at")?,
        is_kept: row.get("is_kept")?,
        shared: SharedBlob {
            verdict: verdict(row)?,
            replaces_others: row.get::<_, Option<bool>>("replaces_others")?.unwrap_or_default(),
        },
    })
}

fn verdict(row: &Row<'_>) -> Result<Option<PlaceholderVerdict>> {
    let verdict = |is| if is { PlaceholderVerdict::Placeholder } else { PlaceholderVerdict::Genuine };
    Ok(row.get::<_, Option<bool>>("placeholder")?.map(verdict))
}

fn unprobed(connection: &Connection, least: usize) -> Result<Vec<(HostKey, Digest)>> {
    let mut shared: Vec<(HostKey, Digest)> = connection
        .prepare_cached(
            "SELECT h.key, u.digest FROM url u JOIN host h ON h.id = u.host_id
             WHERE u.digest NOT NULL GROUP BY u.digest, u.host_id
             HAVING count(*) >= ?1 AND NOT EXISTS (SELECT 1 FROM shared_blob s
                 WHERE s.host_id = u.host_id AND s.digest = u.digest AND s.placeholder NOT NULL)
             ORDER BY u.digest, h.key",
        )?
        .query_map([least], |row| Ok((HostKey::from_stored(row.get(0)?), row.get(1)?)))?
        .collect::<Result<_>>()?;
    shared.retain(|(host, _)| rules::can_be_probed(host));
    Ok(shared)
}

fn known(connection: &Connection, host: &HostKey) -> Result<Vec<(Digest, SharedBlob)>> {
    let shared = |row: &Row<'_>| {
        let shared = SharedBlob { verdict: verdict(row)?, replaces_others: row.get("replaces_others")? };
        Ok((row.get("digest")?, shared))
    };
    connection
        .prepare_cached(
            "SELECT * FROM shared_blob WHERE host_id = (SELECT id FROM host WHERE key = ?1) ORDER BY digest",
        )?
        .query_map([host.as_str()], in_row("shared_blob", &["host_id", "digest"], shared))?
        .collect()
}

fn record_verdict(connection: &Connection, host: &HostKey, digest: Digest, verdict: PlaceholderVerdict) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO shared_blob (host_id, digest, placeholder) SELECT id, ?2, ?3 FROM host WHERE key = ?1
             ON CONFLICT (host_id, digest) DO UPDATE SET placeholder = excluded.placeholder",
        )?
        .execute(params![host.as_str(), digest, verdict == PlaceholderVerdict::Placeholder])?;
    Ok(())
}

fn revoke(connection: &Connection, run: RunId, host: &HostKey, what: &Revocation) -> Result<Revoked> {
    let urls = rules::revoked_from(what, of_host(connection, host, what.digest)?);
    let of_run = urls.iter().map(|url| is_of_run(connection, run, *url, what.digest).map(u64::from));
    let of_this_run = of_run.sum::<Result<_>>()?;
    let facts = urls.iter().map(|url| Ok((*url, facts_of(connection, *url, what.digest)?)));
    let facts = facts.collect::<Result<_>>()?;
    let shown = shown_first(connection, host, what.digest)?;
    let decision = rules::revoked(host, what, facts, &shown);
    Ok(Revoked { urls, of_this_run, changes: effects::decide(connection, decision)? })
}

fn facts_of(connection: &Connection, url: UrlId, digest: Digest) -> Result<PlaceholderUrl> {
    Ok(PlaceholderUrl {
        facts: urls::facts_of(connection, url)?,
        previous: previous(connection, url, digest)?,
        showing: article_facts::showing(connection, url)?,
    })
}

/// The URLs of a host whose asset this is.
fn of_host(connection: &Connection, host: &HostKey, digest: Digest) -> Result<Vec<UrlId>> {
    connection
        .prepare_cached(
            "SELECT id FROM url WHERE digest = ?1 AND host_id = (SELECT id FROM host WHERE key = ?2) ORDER BY id",
        )?
        .query_map(params![digest, host.as_str()], |row| row.get(0))?
        .collect()
}

fn is_of_run(connection: &Connection, run: RunId, url: UrlId, digest: Digest) -> Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM capture WHERE url_id = ?1 AND run_id = ?2 AND digest = ?3")?
        .exists(params![url, run, digest])
}

/// The articles that still show a blob although their URLs of this host gave others since, and these URLs.
fn shown_first(connection: &Connection, host: &HostKey, digest: Digest) -> Result<Vec<(ArticleId, UrlId)>> {
    connection
        .prepare_cached(
            "SELECT s.article_id, s.url_id FROM shown_version s JOIN url u ON u.id = s.url_id
             WHERE s.digest = ?1 AND u.host_id = (SELECT id FROM host WHERE key = ?2)",
        )?
        .query_map(params![digest, host.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
