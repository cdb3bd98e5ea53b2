//! URLs, their captures, and the blobs, assets and thumbnails behind them.

use jiff::Timestamp;
use rusqlite::types::Null;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use url::Url;

use super::articles::moment;
use super::codec::{Length, Millis, Text};
use crate::archive::{RenditionRow, RunId, ThumbnailRow, UrlId, UrlRow};
use crate::model::{Asset, Digest, Exchange, HostKey, MediaType, Validators};

/// What [`url()`] reads, of a row `u` joined as [`WITH_ASSET`] says.
pub(super) const COLUMNS: &str = "u.id AS url_id, u.url, u.state, u.reason, u.status, u.attempts, u.next_attempt,
    u.first_good, u.last_good, u.etag, u.last_modified, u.digest, b.size, a.media_type, a.width, a.height,
    a.orientation, a.frames, a.alpha, a.bit_depth, a.color_space, a.icc_name, a.taken, a.truncated, a.perceptual_hash";

/// A URL with its asset and that one's blob, where it has them.
pub(super) const WITH_ASSET: &str = "LEFT JOIN asset a ON a.digest = u.digest
    LEFT JOIN blob b ON b.digest = a.digest AND b.media_type = a.media_type";

/// The URL of a row with [`COLUMNS`].
pub(super) fn url(row: &Row<'_>) -> Result<UrlRow> {
    let good = moment(row, "first_good")?.zip(moment(row, "last_good")?);
    Ok(UrlRow {
        id: row.get("url_id")?,
        url: row.get::<_, Text<Url>>("url")?.0,
        state: row.get("state")?,
        reason: row.get("reason")?,
        status: row.get("status")?,
        attempts: row.get("attempts")?,
        next_attempt: moment(row, "next_attempt")?,
        good,
        asset: match row.get("digest")? {
            Some(digest) => Some((digest, row.get("size")?, asset(row)?)),
            None => None,
        },
        validators: Validators { etag: row.get("etag")?, last_modified: row.get("last_modified")? },
    })
}

/// The asset of a row with its columns.
pub(super) fn asset(row: &Row<'_>) -> Result<Asset> {
    Ok(Asset {
        media_type: row.get("media_type")?,
        width: row.get("width")?,
        height: row.get("height")?,
        orientation: row.get("orientation")?,
        frames: row.get("frames")?,
        alpha: row.get("alpha")?,
        bit_depth: row.get("bit_depth")?,
        color_space: row.get("color_space")?,
        icc_name: row.get("icc_name")?,
        taken: row.get("taken")?,
        truncated: row.get("truncated")?,
        perceptual_hash: row.get::<_, Option<i64>>("perceptual_hash")?.map(i64::cast_unsigned),
    })
}

pub(super) fn by_url(connection: &Connection, wanted: &Url) -> Result<Option<UrlRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM url u {WITH_ASSET} WHERE u.url = ?1"))?
        .query_row([Text(wanted)], url)
        .optional()
}

pub(super) fn failing(connection: &Connection, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM url u {WITH_ASSET}
             WHERE (u.digest IS NULL OR u.state IN ('failed', 'retired')) AND u.id > ?1 ORDER BY u.id LIMIT ?2"
        ))?
        .query_map(params![after.map_or(0, |id| id.0), limit], url)?
        .collect()
}

/// The row of a URL, made where there is none.
pub(super) fn ensure(connection: &Connection, url: &Url) -> Result<UrlId> {
    let text = Text(url);
    let known = connection.prepare_cached("SELECT id FROM url WHERE url = ?1")?.query_row([&text], |row| row.get(0));
    if let Some(id) = known.optional()? {
        return Ok(id);
    }
    connection
        .prepare_cached("INSERT INTO url (url, host_id) VALUES (?1, ?2) RETURNING id")?
        .query_one(params![text, ensure_host(connection, url)?], |row| row.get(0))
}

/// The row of a URL's host. URLs that name none, such as those of local files, share one without a name.
fn ensure_host(connection: &Connection, url: &Url) -> Result<i64> {
    let key = HostKey::of(url).map_or_else(String::new, |key| key.as_str().to_owned());
    connection.prepare_cached("INSERT INTO host (key) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([&key])?;
    connection.prepare_cached("SELECT id FROM host WHERE key = ?1")?.query_one([&key], |row| row.get(0))
}

/// Appends one attempt.
pub(super) fn record_capture(
    connection: &Connection,
    url: UrlId,
    run: RunId,
    digest: Option<Digest>,
    exchanges: &[Exchange],
) -> Result<()> {
    let capture: i64 = connection
        .prepare_cached("INSERT INTO capture (url_id, run_id, digest) VALUES (?1, ?2, ?3) RETURNING id")?
        .query_one(params![url, run, digest], |row| row.get(0))?;
    exchanges.iter().enumerate().try_for_each(|(ord, exchange)| record_exchange(connection, capture, ord, exchange))
}

fn record_exchange(connection: &Connection, capture: i64, ord: usize, exchange: &Exchange) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO exchange (capture_id, ord, url, at, elapsed, request_head, response_head, status, peer,
                 protocol, digest, length, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
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
            exchange.digest,
            exchange.length,
            exchange.reason
        ])?;
    Ok(())
}

pub(super) fn captures(connection: &Connection, url: UrlId) -> Result<Vec<Exchange>> {
    connection
        .prepare_cached(
            "SELECT e.* FROM capture c JOIN exchange e ON e.capture_id = c.id WHERE c.url_id = ?1
             ORDER BY c.id, e.ord",
        )?
        .query_map([url], exchange)?
        .collect()
}

fn exchange(row: &Row<'_>) -> Result<Exchange> {
    let protocol: Option<String> = row.get("protocol")?;
    Ok(Exchange {
        url: row.get::<_, Text<Url>>("url")?.0,
        at: row.get::<_, Millis>("at")?.0,
        elapsed: row.get::<_, Length>("elapsed")?.0,
        request_head: row.get("request_head")?,
        response_head: row.get("response_head")?,
        status: row.get("status")?,
        peer: row.get::<_, Option<Text<std::net::SocketAddr>>>("peer")?.map(|peer| peer.0),
        protocol: protocol.as_deref().and_then(protocol_name),
        coding: String::new(),
        digest: row.get("digest")?,
        length: row.get("length")?,
        body: None,
        reason: row.get("reason")?,
    })
}

/// The protocols that offprint speaks, as it names them.
fn protocol_name(name: &str) -> Option<&'static str> {
    ["http/1.1", "h2", "http/1.0", "h3"].into_iter().find(|known| *known == name)
}

pub(super) fn blob(connection: &Connection, digest: Digest) -> Result<Option<(MediaType, u64)>> {
    connection
        .prepare_cached(
            "SELECT b.media_type, b.size FROM blob b LEFT JOIN asset a USING (digest, media_type)
             WHERE b.digest = ?1 ORDER BY a.digest IS NULL LIMIT 1",
        )?
        .query_row([digest], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

pub(super) fn record_blob(
    connection: &Connection,
    digest: Digest,
    media_type: MediaType,
    size: u64,
    at: Timestamp,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO blob (digest, media_type, size, created) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?
        .execute(params![digest, media_type, size, Millis(at)])?;
    Ok(())
}

/// Records an asset with its blob. What is known of it is renewed, save its media type: the links in articles that
/// are mirrored already end in its extension.
pub(super) fn record_asset(
    connection: &Connection,
    digest: Digest,
    size: u64,
    asset: &Asset,
    at: Timestamp,
) -> Result<()> {
    let known = connection
        .prepare_cached("SELECT media_type FROM asset WHERE digest = ?1")?
        .query_row([digest], |row| row.get(0))
        .optional()?;
    let media_type = known.unwrap_or(asset.media_type);
    record_blob(connection, digest, media_type, size, at)?;
    connection
        .prepare_cached(
            "INSERT INTO asset (digest, media_type, width, height, orientation, frames, alpha, bit_depth,
                 color_space, icc_name, taken, truncated, perceptual_hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (digest) DO UPDATE SET width = excluded.width, height = excluded.height,
                 orientation = excluded.orientation, frames = excluded.frames, alpha = excluded.alpha,
                 bit_depth = excluded.bit_depth, color_space = excluded.color_space, icc_name = excluded.icc_name,
                 taken = excluded.taken, truncated = excluded.truncated,
                 perceptual_hash = coalesce(excluded.perceptual_hash, perceptual_hash)",
        )?
        .execute(params![
            digest,
            media_type,
            asset.width,
            asset.height,
            asset.orientation,
            asset.frames,
            asset.alpha,
            asset.bit_depth,
            asset.color_space,
            asset.icc_name,
            asset.taken,
            asset.truncated,
            asset.perceptual_hash.map(u64::cast_signed)
        ])?;
    Ok(())
}

pub(super) fn record_thumbnails(connection: &Connection, rows: &[ThumbnailRow]) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO thumbnail (original, name, settings, media_type, width, height, size, digest, error)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for ThumbnailRow { original, name, settings, made } in rows {
        match made {
            Ok(RenditionRow { media_type, width, height, size, digest }) => {
                insert.execute(params![original, name, settings, media_type, width, height, size, digest, Null])?
            }
            Err(error) => insert.execute(params![original, name, settings, Null, 0, 0, 0, Null, error])?,
        };
    }
    Ok(())
}

pub(super) fn thumbnails(connection: &Connection, original: Digest) -> Result<Vec<ThumbnailRow>> {
    connection
        .prepare_cached("SELECT * FROM thumbnail WHERE original = ?1 ORDER BY name")?
        .query_map([original], thumbnail)?
        .collect()
}

pub(super) fn thumbnail(row: &Row<'_>) -> Result<ThumbnailRow> {
    let made = match row.get("media_type")? {
        Some(media_type) => Ok(RenditionRow {
            media_type,
            width: row.get("width")?,
            height: row.get("height")?,
            size: row.get("size")?,
            digest: row.get("digest")?,
        }),
        None => Err(row.get::<_, Option<String>>("error")?.unwrap_or_default()),
    };
    Ok(ThumbnailRow { original: row.get("original")?, name: row.get("name")?, settings: row.get("settings")?, made })
}
