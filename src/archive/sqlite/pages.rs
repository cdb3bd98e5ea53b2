//! Pages of the web, and crawls that are not at their end.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use url::Url;

use super::Sqlite;
use super::codec::{Millis, moment, url_if_any};
use super::error::in_row;
use crate::archive::catalog::{CatalogError, PageContent, PageRow, Pages};
use crate::model::{ArticleId, Digest, RelativePath, SourceName, Validators};

#[async_trait]
impl Pages for Sqlite {
    async fn page(&self, source: &SourceName, url: &Url) -> Result<Option<PageRow>, CatalogError> {
        let (source, url) = (source.clone(), url.clone());
        self.read(move |connection| page(connection, &source, &url)).await
    }

    async fn record_page(&self, source: &SourceName, url: &Url, row: &PageRow) -> Result<(), CatalogError> {
        let (source, url, row) = (source.clone(), url.clone(), row.clone());
        self.write(move |connection| record(connection, &source, &url, &row)).await
    }

    async fn pages_with_sheets(&self, source: &SourceName) -> Result<Vec<(ArticleId, bool)>, CatalogError> {
        let source = source.clone();
        self.read(move |connection| with_sheets(connection, &source)).await
    }

    async fn crawl_began(&self, source: &SourceName) -> Result<Option<Timestamp>, CatalogError> {
        let source = source.clone();
        self.read(move |connection| began(connection, &source)).await
    }

    async fn begin_crawl(&self, source: &SourceName, at: Timestamp) -> Result<(), CatalogError> {
        let source = source.clone();
        self.write(move |connection| {
            let mut insert =
                connection.prepare_cached("INSERT OR IGNORE INTO crawl (source, began_at) VALUES (?1, ?2)")?;
            insert.execute(params![source, Millis(at)]).map(drop)
        })
        .await
    }

    async fn end_crawl(&self, source: &SourceName) -> Result<(), CatalogError> {
        let source = source.clone();
        self.write(move |connection| {
            connection.prepare_cached("DELETE FROM crawl WHERE source = ?1")?.execute(params![source]).map(drop)
        })
        .await
    }
}

fn page(connection: &Connection, source: &SourceName, url: &Url) -> Result<Option<PageRow>> {
    let row = |row: &Row<'_>| {
        Ok(PageRow {
            content: content(row)?,
            validators: Validators { etag: row.get("etag")?, last_modified: row.get("last_modified")? },
            lastmod: row.get("lastmod")?,
            found_at: moment(row, "found_at")?,
        })
    };
    connection
        .prepare_cached("SELECT * FROM page WHERE source = ?1 AND url = ?2")?
        .query_row(params![source, url.as_str()], in_row("page", &["source", "url"], row))
        .optional()
}

fn content(row: &Row<'_>) -> Result<PageContent> {
    let path: Option<RelativePath> = row.get("path")?;
    let original: Option<Digest> = row.get("original")?;
    Ok(match (path.zip(original), url_if_any(row, "moved_to")?) {
        (Some((path, original)), _) => PageContent::Article { path, original },
        (None, Some(to)) => PageContent::Moved(to),
        (None, None) => PageContent::Image,
    })
}

fn record(connection: &Connection, source: &SourceName, url: &Url, row: &PageRow) -> Result<()> {
    let (path, original, moved_to) = match &row.content {
        PageContent::Article { path, original } => (Some(path), Some(original), None),
        PageContent::Moved(to) => (None, None, Some(to.as_str())),
        PageContent::Image => (None, None, None),
    };
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO page
                 (source, url, path, original, moved_to, etag, last_modified, lastmod, found_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            source,
            url.as_str(),
            path,
            original,
            moved_to,
            row.validators.etag,
            row.validators.last_modified,
            row.lastmod,
            Millis(row.found_at),
        ])?;
    Ok(())
}

/// A base is made neutral together with what it completes, so that an edit there says nothing of a link.
fn with_sheets(connection: &Connection, source: &SourceName) -> Result<Vec<(ArticleId, bool)>> {
    connection
        .prepare_cached(
            "SELECT r.article_id, max(NOT EXISTS
                     (SELECT 1 FROM edit e WHERE e.article_id = r.article_id AND e.start = r.start AND e.\"end\" = r.\"end\"))
                 OR EXISTS (SELECT 1 FROM reference b WHERE b.article_id = r.article_id AND b.kind = 'base')
             FROM reference r JOIN article a ON a.id = r.article_id
             WHERE a.source = ?1 AND r.kind = 'style_sheet' GROUP BY r.article_id ORDER BY r.article_id",
        )?
        .query_map([source], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn began(connection: &Connection, source: &SourceName) -> Result<Option<Timestamp>> {
    connection
        .prepare_cached("SELECT * FROM crawl WHERE source = ?1")?
        .query_row(params![source], in_row("crawl", &["source"], |row| moment(row, "began_at")))
        .optional()
}
