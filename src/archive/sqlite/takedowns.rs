//! Takedowns: what they reach, and how it is removed.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Result, Row, params};
use url::Url;

use super::codec::{Millis, Text, article_key, moment, url_of};
use super::error::{Damaged, in_row};
use super::{Sqlite, article_facts, assets, effects};
use crate::archive::catalog::{
    BlobRow, CatalogError, TakedownReach, TakedownRow, TakedownTarget, Takedowns, ThumbnailRow,
};
use crate::archive::rules;
use crate::model::{ArticleId, ArticleKey, UrlId};

#[async_trait]
impl Takedowns for Sqlite {
    async fn takedown_reach(&self, target: &TakedownTarget) -> Result<TakedownReach, CatalogError> {
        let target = target.clone();
        self.read(move |connection| reach(connection, &target)).await
    }

    async fn take_down(
        &self,
        target: &TakedownTarget,
        at: Timestamp,
        reason: &str,
    ) -> Result<TakedownReach, CatalogError> {
        let (target, reason) = (target.clone(), reason.to_owned());
        self.write(move |connection| take_down(connection, &target, at, &reason)).await
    }

    async fn takedowns(&self) -> Result<Vec<TakedownRow>, CatalogError> {
        self.read(all).await
    }

    async fn is_taken_down(&self, article: &ArticleKey) -> Result<bool, CatalogError> {
        let (article, source) = (article.to_string(), article.source.to_string());
        self.read(move |connection| {
            let by_itself = is_on_record(connection, "article", &article)?;
            Ok(by_itself || is_on_record(connection, "source", &source)?)
        })
        .await
    }
}

fn is_on_record(connection: &Connection, kind: &str, target: &str) -> Result<bool> {
    connection.prepare_cached("SELECT 1 FROM takedown WHERE kind = ?1 AND target = ?2")?.exists(params![kind, target])
}

fn all(connection: &Connection) -> Result<Vec<TakedownRow>> {
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

/// Numbers as a list in JSON, which a statement takes as one parameter.
fn list(ids: impl Iterator<Item = i64>) -> String {
    format!("[{}]", ids.map(|id| id.to_string()).collect::<Vec<_>>().join(","))
}

fn reach(connection: &Connection, target: &TakedownTarget) -> Result<TakedownReach> {
    let articles = articles_of(connection, target)?;
    let in_articles = list(articles.iter().map(|(id, _)| id.0));
    let reached = urls_of(connection, target, &in_articles)?;
    let in_urls = list(reached.iter().map(|(id, _)| id.0));
    let blobs = blobs_of(connection, &in_articles, &in_urls)?;
    let digests: Vec<_> = blobs.iter().map(|row| row.digest).collect();
    let thumbnails: Vec<ThumbnailRow> = assets::thumbnails(connection, &digests)?;
    Ok(TakedownReach { articles, urls: reached, blobs, thumbnails })
}

fn articles_of(connection: &Connection, target: &TakedownTarget) -> Result<Vec<(ArticleId, ArticleKey)>> {
    let (source, path) = match target {
        TakedownTarget::Article(key) => (&key.source, Some(key.path.as_str())),
        TakedownTarget::Source(source) => (source, None),
        TakedownTarget::Url(_) | TakedownTarget::Host(_) => return Ok(Vec::new()),
    };
    let article = |row: &Row<'_>| Ok((row.get("id")?, article_key(row)?));
    connection
        .prepare_cached(
            "SELECT id, source, path FROM article WHERE source = ?1 AND path = coalesce(?2, path) ORDER BY id",
        )?
        .query_map(params![source, path], in_row("article", &["id"], article))?
        .collect()
}

/// The URLs of a target; of articles, those that no other article shows.
fn urls_of(connection: &Connection, target: &TakedownTarget, in_articles: &str) -> Result<Vec<(UrlId, Url)>> {
    let url = in_row("url", &["id"], |row| Ok((row.get("id")?, url_of(row, "url")?)));
    match target {
        TakedownTarget::Url(wanted) => connection
            .prepare_cached("SELECT id, url FROM url WHERE url = ?1")?
            .query_map([Text(wanted)], url)?
            .collect(),
        TakedownTarget::Host(host) => connection
            .prepare_cached("SELECT id, url FROM url WHERE host_id = (SELECT id FROM host WHERE key = ?1) ORDER BY id")?
            .query_map([host.as_str()], url)?
            .collect(),
        TakedownTarget::Article(_) | TakedownTarget::Source(_) => connection
            .prepare_cached(
                "WITH gone (id) AS (SELECT value FROM json_each(?1))
                 SELECT id, url FROM url WHERE id IN
                     (SELECT url_id FROM reference WHERE article_id IN (SELECT id FROM gone) AND url_id NOT NULL)
                 AND NOT EXISTS (SELECT 1 FROM reference r
                     WHERE r.url_id = url.id AND r.article_id NOT IN (SELECT id FROM gone))
                 ORDER BY id",
            )?
            .query_map([in_articles], url)?
            .collect(),
    }
}

/// The blobs of these articles and URLs to which no others refer.
fn blobs_of(connection: &Connection, in_articles: &str, in_urls: &str) -> Result<Vec<BlobRow>> {
    let blob = |row: &Row<'_>| {
        Ok(BlobRow {
            digest: row.get("digest")?,
            media_type: row.get("media_type")?,
            size: row.get("size")?,
            created: moment(row, "created")?,
        })
    };
    connection
        .prepare_cached(
            "WITH article_ids (id) AS MATERIALIZED (SELECT value FROM json_each(?1)),
             url_ids (id) AS MATERIALIZED (SELECT value FROM json_each(?2)),
             used (digest, goes) AS (
                 SELECT original, id IN (SELECT id FROM article_ids) FROM article
                 UNION ALL SELECT original, article_id IN (SELECT id FROM article_ids) FROM article_version
                 UNION ALL SELECT digest, id IN (SELECT id FROM url_ids) FROM url WHERE digest NOT NULL
                 UNION ALL SELECT digest, url_id IN (SELECT id FROM url_ids) FROM replaced_asset
                 UNION ALL SELECT digest, url_id IN (SELECT id FROM url_ids) FROM refused_body
                 UNION ALL SELECT digest, url_id IN (SELECT id FROM url_ids) OR article_id IN (SELECT id FROM article_ids)
                     FROM shown_version
                 UNION ALL SELECT e.body, c.url_id IN (SELECT id FROM url_ids)
                     FROM exchange e JOIN capture c ON c.id = e.capture_id WHERE e.body NOT NULL)
             SELECT * FROM blob WHERE digest IN (SELECT digest FROM used GROUP BY digest HAVING min(goes) = 1)
             ORDER BY digest, media_type",
        )?
        .query_map(params![in_articles, in_urls], in_row("blob", &["digest", "media_type"], blob))?
        .collect()
}

fn take_down(connection: &Connection, target: &TakedownTarget, at: Timestamp, reason: &str) -> Result<TakedownReach> {
    let reach = reach(connection, target)?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO takedown (kind, target, at, reason) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![target.kind(), target.name(), Millis(at), reason])?;
    let urls = reach.urls.iter().map(|(url, _)| Ok((*url, article_facts::showing(connection, *url)?)));
    let showing = urls.collect::<Result<Vec<_>>>()?;
    effects::apply(connection, rules::taken_down(&reach, &showing))?;
    Ok(reach)
}
