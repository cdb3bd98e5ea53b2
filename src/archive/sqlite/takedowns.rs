//! Takedowns: what they reach, and how it is removed.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Result, Row, params};

use super::codec::{Text, article_key, url_of};
use super::error::in_row;
use super::{Sqlite, article_facts, assets, document_rows, effects, takedown_rows, uses};
use crate::archive::catalog::{CatalogError, TakedownReach, TakedownRow, TakedownTarget, Takedowns};
use crate::archive::rules::{self, ReachFacts, ReachableUrl};
use crate::model::{ArticleId, ArticleKey};

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
        self.write_any(move |connection| take_down(connection, &target, at, &reason)).await
    }

    async fn takedowns(&self) -> Result<Vec<TakedownRow>, CatalogError> {
        self.read(takedown_rows::all).await
    }

    async fn is_taken_down(&self, article: &ArticleKey) -> Result<bool, CatalogError> {
        let targets = TakedownTarget::covering_article(article);
        self.read(move |connection| takedown_rows::have_any(connection, &targets)).await
    }
}

/// Numbers as a list in JSON, which a statement takes as one parameter.
fn list(ids: impl Iterator<Item = i64>) -> String {
    format!("[{}]", ids.map(|id| id.to_string()).collect::<Vec<_>>().join(","))
}

fn reach(connection: &Connection, target: &TakedownTarget) -> Result<TakedownReach> {
    let articles = articles_of(connection, target)?;
    let in_articles = list(articles.iter().map(|(id, _)| id.0));
    let urls = urls_of(connection, target, &in_articles)?;
    let in_urls = list(urls.iter().map(|url| url.id.0));
    let mut blobs = Vec::new();
    let digests = uses::blobs_of(connection, &in_articles, &in_urls)?;
    for digest in &digests {
        let uses = uses::all(connection, *digest)?;
        blobs.extend(assets::blobs_of(connection, *digest)?.into_iter().map(|row| (row, uses.clone())));
    }
    let thumbnails = assets::thumbnails(connection, &digests)?;
    Ok(rules::reach(target, ReachFacts { articles, urls, blobs, thumbnails }))
}

fn articles_of(connection: &Connection, target: &TakedownTarget) -> Result<Vec<(ArticleId, ArticleKey)>> {
    let (source, path) = match target {
        TakedownTarget::Article(key) => (&key.source, Some(key.path.as_str())),
        TakedownTarget::Source(source) => (source, None),
        TakedownTarget::Url(_) | TakedownTarget::Host(_) | TakedownTarget::Text(_) => return Ok(Vec::new()),
    };
    let article = |row: &Row<'_>| Ok((row.get("id")?, article_key(row)?));
    connection
        .prepare_cached(
            "SELECT id, source, path FROM article WHERE source = ?1 AND path = coalesce(?2, path) ORDER BY id",
        )?
        .query_map(params![source, path], in_row("article", &["id"], article))?
        .collect()
}

/// The URLs of a target; of articles, those that they show, and those that their source requested and that may have their
/// text: pages and feeds. Of a source, all that it requested.
fn urls_of(connection: &Connection, target: &TakedownTarget, in_articles: &str) -> Result<Vec<ReachableUrl>> {
    let url = in_row("url", &["id"], |row| {
        let id = row.get("id")?;
        let (showing, requested) = (article_facts::showing(connection, id)?, document_rows::requested(connection, id)?);
        Ok(ReachableUrl { id, url: url_of(row, "url")?, showing, requested })
    });
    match target {
        TakedownTarget::Text(_) => Ok(Vec::new()),
        TakedownTarget::Url(wanted) => connection
            .prepare_cached("SELECT id, url FROM url WHERE url = ?1")?
            .query_map([Text(wanted)], url)?
            .collect(),
        TakedownTarget::Host(host) => connection
            .prepare_cached("SELECT id, url FROM url WHERE host_id = (SELECT id FROM host WHERE key = ?1) ORDER BY id")?
            .query_map([host.as_str()], url)?
            .collect(),
        TakedownTarget::Article(ArticleKey { source, .. }) | TakedownTarget::Source(source) => connection
            .prepare_cached(
                "WITH gone (id) AS (SELECT value FROM json_each(?1)),
                 original (digest) AS (
                     SELECT original FROM article WHERE id IN (SELECT id FROM gone)
                     UNION SELECT original FROM article_version WHERE article_id IN (SELECT id FROM gone))
                 SELECT id, url FROM url WHERE id IN (
                     SELECT url_id FROM reference WHERE article_id IN (SELECT id FROM gone) AND url_id NOT NULL
                     UNION SELECT url_id FROM capture c WHERE source = ?2 AND (?3 OR kind = 'feed' OR EXISTS (
                         SELECT 1 FROM exchange e WHERE e.capture_id = c.id AND e.body IN (SELECT digest FROM original))))
                 ORDER BY id",
            )?
            .query_map(params![in_articles, source, matches!(target, TakedownTarget::Source(_))], url)?
            .collect(),
    }
}

fn take_down(connection: &Connection, target: &TakedownTarget, at: Timestamp, reason: &str) -> Result<TakedownReach> {
    let reach = reach(connection, target)?;
    takedown_rows::record(connection, target, at, reason)?;
    let urls = reach.urls.iter().map(|(url, _)| Ok((*url, article_facts::showing(connection, *url)?)));
    let showing = urls.collect::<Result<Vec<_>>>()?;
    effects::apply(connection, rules::taken_down(&reach, &showing))?;
    Ok(reach)
}
