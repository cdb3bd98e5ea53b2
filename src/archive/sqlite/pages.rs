//! Pages of the web, and crawls that are not at their end.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use url::Url;

use super::Sqlite;
use super::codec::{Millis, moment, url_if_any};
use super::error::in_row;
use crate::archive::catalog::{CatalogError, PageContent, PageRow, Pages};
use crate::model::{Digest, RelativePath, SourceName, Validators};

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

fn began(connection: &Connection, source: &SourceName) -> Result<Option<Timestamp>> {
    connection
        .prepare_cached("SELECT * FROM crawl WHERE source = ?1")?
        .query_row(params![source], in_row("crawl", &["source"], |row| moment(row, "began_at")))
        .optional()
}
