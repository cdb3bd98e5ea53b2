//! Captures and their exchanges.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Result, Row, params};
use url::Url;

use super::codec::{Length, Millis, Text, moment, url_of};
use super::error::in_row;
use super::{Sqlite, assets, leases, revisits, urls};
use crate::archive::catalog::{AssetRow, Captures, CatalogError, ThumbnailRow, UrlRow};
use crate::model::{
    Capture, CaptureId, CaptureKind, Digest, Exchange, HostKey, HostState, KeptBody, MediaType, RunId, SourceName,
    ThumbnailName, UrlId,
};

#[async_trait]
impl Captures for Sqlite {
    async fn url(&self, url: &Url) -> Result<Option<UrlRow>, CatalogError> {
        let url = url.clone();
        self.read(move |connection| urls::by_url(connection, &url)).await
    }

    async fn failing_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError> {
        self.read_readable(move |connection| urls::failing(connection, after, limit)).await
    }

    async fn captures(&self, url: UrlId) -> Result<Vec<Capture>, CatalogError> {
        self.read(move |connection| of_url(connection, url)).await
    }

    async fn captures_after(&self, after: Option<CaptureId>, limit: usize) -> Result<Vec<Capture>, CatalogError> {
        self.read(move |connection| page(connection, after, limit)).await
    }

    async fn hosts(&self) -> Result<Vec<(HostKey, HostState)>, CatalogError> {
        self.read(leases::hosts).await
    }

    async fn blob(&self, digest: Digest) -> Result<Option<(MediaType, u64)>, CatalogError> {
        self.read(move |connection| assets::blob(connection, digest)).await
    }

    async fn thumbnails(&self, originals: &[Digest]) -> Result<Vec<ThumbnailRow>, CatalogError> {
        let originals = originals.to_vec();
        self.read(move |connection| assets::thumbnails(connection, &originals)).await
    }

    async fn record_thumbnails(
        &self,
        thumbnails: &[ThumbnailRow],
        perceptual_hashes: &[(Digest, u64)],
    ) -> Result<(), CatalogError> {
        let (thumbnails, hashes) = (thumbnails.to_vec(), perceptual_hashes.to_vec());
        self.write(move |connection| assets::record_thumbnails(connection, &thumbnails, &hashes)).await
    }

    async fn assets_lacking(
        &self,
        recipes: &[(ThumbnailName, Digest)],
        after: Option<Digest>,
        limit: usize,
    ) -> Result<Vec<AssetRow>, CatalogError> {
        let recipes = recipes.to_vec();
        self.read_readable(move |connection| assets::lacking(connection, &recipes, after, limit)).await
    }
}

/// Which URL was requested, as what, and by whom.
#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) url: UrlId,
    pub(super) run: RunId,
    pub(super) kind: CaptureKind,
    pub(super) source: Option<&'a SourceName>,
}

/// Appends an attempt to get an image.
pub(super) fn append_media(
    connection: &Connection,
    url: UrlId,
    run: RunId,
    digest: Option<Digest>,
    exchanges: &[Exchange],
) -> Result<()> {
    append(connection, Made { url, run, kind: CaptureKind::Media, source: None }, digest, exchanges)
}

/// Appends one attempt.
pub(super) fn append(
    connection: &Connection,
    made: Made<'_>,
    digest: Option<Digest>,
    exchanges: &[Exchange],
) -> Result<()> {
    let Made { url, run, kind, source } = made;
    let capture: i64 = connection
        .prepare_cached(
            "INSERT INTO capture (url_id, run_id, kind, source, digest) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id",
        )?
        .query_one(params![url, run, kind, source, digest], |row| row.get(0))?;
    exchanges.iter().enumerate().try_for_each(|(ord, exchange)| record_exchange(connection, capture, ord, exchange))
}

fn record_exchange(connection: &Connection, capture: i64, ord: usize, exchange: &Exchange) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO exchange (capture_id, ord, url, at, elapsed, request_head, response_head, status, peer,
                 protocol, coding, digest, length, body, body_type, body_length, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?
        .execute(params![
            capture,
            ord,
            Text(&exchange.url),
            Millis(exchange.at),
            Length(exchange.elapsed),
            exchange.request_head,
            exchange.response_head,
            exchange.status,
            exchange.peer.map(Text),
            exchange.protocol,
            exchange.coding,
            exchange.digest,
            exchange.length,
            exchange.body.as_ref().map(|body| body.digest),
            exchange.body.as_ref().map(|body| body.media_type),
            exchange.body.as_ref().map(|body| body.length),
            exchange.reason
        ])?;
    Ok(())
}

fn of_url(connection: &Connection, url: UrlId) -> Result<Vec<Capture>> {
    let captures = connection
        .prepare_cached(
            "SELECT c.id, c.run_id, c.kind, c.source, c.digest, u.url FROM capture c JOIN url u ON u.id = c.url_id
             WHERE c.url_id = ?1 ORDER BY c.id",
        )?
        .query_map([url], capture)?
        .collect::<Result<_>>()?;
    with_exchanges(connection, captures)
}

fn page(connection: &Connection, after: Option<CaptureId>, limit: usize) -> Result<Vec<Capture>> {
    let captures = connection
        .prepare_cached(
            "SELECT c.id, c.run_id, c.kind, c.source, c.digest, u.url FROM capture c JOIN url u ON u.id = c.url_id
             WHERE c.id > ?1 ORDER BY c.id LIMIT ?2",
        )?
        .query_map(params![after.map_or(0, |id| id.0), limit], capture)?
        .collect::<Result<_>>()?;
    with_exchanges(connection, captures)
}

/// A capture that is on record.
pub(super) fn by_id(connection: &Connection, id: CaptureId) -> Result<Capture> {
    let capture = connection
        .prepare_cached(
            "SELECT c.id, c.run_id, c.kind, c.source, c.digest, u.url FROM capture c JOIN url u ON u.id = c.url_id
             WHERE c.id = ?1",
        )?
        .query_one([id], capture)?;
    Ok(with_exchanges(connection, vec![capture])?.remove(0))
}

/// A capture without its exchanges, and so without its moment.
fn capture(row: &Row<'_>) -> Result<Capture> {
    in_row("capture", &["id"], |row| {
        Ok(Capture {
            id: row.get("id")?,
            run: row.get("run_id")?,
            at: Timestamp::UNIX_EPOCH,
            url: url_of(row, "url")?,
            kind: row.get("kind")?,
            source: row.get("source")?,
            exchanges: Vec::new(),
            digest: row.get("digest")?,
            revisits: Vec::new(),
        })
    })(row)
}

fn with_exchanges(connection: &Connection, mut captures: Vec<Capture>) -> Result<Vec<Capture>> {
    let mut exchanges = connection.prepare_cached("SELECT * FROM exchange WHERE capture_id = ?1 ORDER BY ord")?;
    for capture in &mut captures {
        capture.exchanges = exchanges.query_map([capture.id], exchange)?.collect::<Result<_>>()?;
        capture.at = capture.exchanges.first().map_or(capture.at, |first| first.at);
        if capture.kind != CaptureKind::Media {
            capture.revisits = revisits::of_capture(connection, capture.id)?;
        }
    }
    Ok(captures)
}

fn exchange(row: &Row<'_>) -> Result<Exchange> {
    in_row("exchange", &["capture_id", "ord"], |row| {
        let protocol: Option<String> = row.get("protocol")?;
        Ok(Exchange {
            url: url_of(row, "url")?,
            at: moment(row, "at")?,
            elapsed: row.get::<_, Length>("elapsed")?.0,
            request_head: row.get("request_head")?,
            response_head: row.get("response_head")?,
            status: row.get("status")?,
            peer: row.get::<_, Option<Text<std::net::SocketAddr>>>("peer")?.map(|peer| peer.0),
            protocol: protocol.as_deref().and_then(protocol_name),
            coding: row.get("coding")?,
            digest: row.get("digest")?,
            length: row.get("length")?,
            body: kept_body(row)?,
            reason: row.get("reason")?,
        })
    })(row)
}

fn kept_body(row: &Row<'_>) -> Result<Option<KeptBody>> {
    let Some(digest) = row.get("body")? else { return Ok(None) };
    Ok(Some(KeptBody { digest, media_type: row.get("body_type")?, length: row.get("body_length")? }))
}

/// The protocols that offprint speaks, as it names them.
fn protocol_name(name: &str) -> Option<&'static str> {
    ["http/1.1", "h2", "http/1.0", "h3"].into_iter().find(|known| *known == name)
}
