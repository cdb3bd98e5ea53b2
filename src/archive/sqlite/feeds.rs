//! Feeds and their entries.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use url::Url;

use super::Sqlite;
use super::codec::{Length, Millis, moment, moment_if_any, url_if_any};
use super::error::in_row;
use crate::archive::catalog::{CatalogError, EntryPage, EntryRow, FeedRow, Feeds};
use crate::archive::rules;
use crate::model::{Digest, SourceName, Validators};

#[async_trait]
impl Feeds for Sqlite {
    async fn feed(&self, source: &SourceName, url: &Url) -> Result<Option<FeedRow>, CatalogError> {
        let (source, url) = (source.clone(), url.clone());
        self.read(move |connection| feed(connection, &source, &url)).await
    }

    async fn record_feed(&self, source: &SourceName, url: &Url, row: &FeedRow) -> Result<(), CatalogError> {
        let (source, url, row) = (source.clone(), url.clone(), row.clone());
        self.write(move |connection| record(connection, &source, &url, &row)).await
    }

    async fn entry(&self, source: &SourceName, identity: Digest) -> Result<Option<EntryRow>, CatalogError> {
        let source = source.clone();
        self.read(move |connection| entry(connection, &source, identity)).await
    }

    async fn add_entry(&self, source: &SourceName, identity: Digest, row: &EntryRow) -> Result<bool, CatalogError> {
        let (source, row) = (source.clone(), row.clone());
        self.write(move |connection| add(connection, &source, identity, &row)).await
    }

    async fn record_entry_page(
        &self,
        source: &SourceName,
        identity: Digest,
        page: &EntryPage,
    ) -> Result<(), CatalogError> {
        let (source, page) = (source.clone(), page.clone());
        self.write(move |connection| record_page(connection, &source, identity, &page)).await
    }
}

fn feed(connection: &Connection, source: &SourceName, url: &Url) -> Result<Option<FeedRow>> {
    let row = |row: &Row<'_>| {
        Ok(FeedRow {
            settings: row.get("settings")?,
            validators: Validators { etag: row.get("etag")?, last_modified: row.get("last_modified")? },
            lifetime: row.get::<_, Option<Length>>("lifetime")?.map(|length| length.0),
            skip_hours: hours(&row.get::<_, String>("skip_hours")?),
            fresh_until: moment_if_any(row, "fresh_until")?,
            moved_to: url_if_any(row, "moved_to")?,
            retired_at: moment_if_any(row, "retired_at")?,
            pages_due: moment_if_any(row, "pages_due")?,
        })
    };
    connection
        .prepare_cached("SELECT * FROM feed WHERE source = ?1 AND url = ?2")?
        .query_row(params![source, url.as_str()], in_row("feed", &["source", "url"], row))
        .optional()
}

fn hours(text: &str) -> Vec<i8> {
    text.split(' ').filter_map(|hour| hour.parse().ok()).collect()
}

fn record(connection: &Connection, source: &SourceName, url: &Url, row: &FeedRow) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO feed
                 (source, url, settings, etag, last_modified, lifetime, skip_hours, fresh_until, moved_to, retired_at,
                  pages_due)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            source,
            url.as_str(),
            row.settings,
            row.validators.etag,
            row.validators.last_modified,
            row.lifetime.map(Length),
            row.skip_hours.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            row.fresh_until.map(Millis),
            row.moved_to.as_ref().map(Url::as_str),
            row.retired_at.map(Millis),
            row.pages_due.map(Millis),
        ])?;
    Ok(())
}

fn entry(connection: &Connection, source: &SourceName, identity: Digest) -> Result<Option<EntryRow>> {
    let row = |row: &Row<'_>| {
        Ok(EntryRow { path: row.get("path")?, first_seen: moment(row, "first_seen")?, page: page(row)? })
    };
    connection
        .prepare_cached("SELECT * FROM feed_entry WHERE source = ?1 AND identity = ?2")?
        .query_row(params![source, identity], in_row("feed_entry", &["source", "path"], row))
        .optional()
}

fn page(row: &Row<'_>) -> Result<Option<EntryPage>> {
    let Some(version) = row.get("page_version")? else { return Ok(None) };
    let (failures, next_attempt) = (row.get("page_failures")?, moment_if_any(row, "page_due")?);
    Ok(Some(EntryPage { version, failures, next_attempt }))
}

fn record_page(connection: &Connection, source: &SourceName, identity: Digest, page: &EntryPage) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE feed_entry SET page_version = ?3, page_failures = ?4, page_due = ?5
             WHERE source = ?1 AND identity = ?2",
        )?
        .execute(params![source, identity, page.version, page.failures, page.next_attempt.map(Millis)])?;
    Ok(())
}

fn add(connection: &Connection, source: &SourceName, identity: Digest, row: &EntryRow) -> Result<bool> {
    let first_seen: Timestamp = row.first_seen;
    let added = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO feed_entry (source, identity, path, path_key, first_seen)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![source, identity, row.path, rules::path_key(&row.path), Millis(first_seen)])?;
    Ok(added > 0)
}
