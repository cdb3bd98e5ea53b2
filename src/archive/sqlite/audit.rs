//! What `verify` and `gc` ask and do.

use jiff::Timestamp;
use rusqlite::{Connection, Result, Row, params};
use url::Url;

use super::articles;
use super::codec::{Millis, Text};
use super::urls;
use crate::archive::{ArticleId, AssetRow, BlobRow, ThumbnailRow, UrlId};
use crate::model::{ArticleKey, Digest, MediaType};

/// The database's own checks: of its pages and indexes, and of rows that name others.
pub(super) fn integrity(connection: &Connection) -> Result<Vec<String>> {
    let mut found: Vec<String> =
        connection.prepare("PRAGMA integrity_check")?.query_map([], |row| row.get(0))?.collect::<Result<_>>()?;
    found.retain(|line| line != "ok");
    let mut check = connection.prepare("PRAGMA foreign_key_check")?;
    let dangling = check.query_map([], |row| {
        let (table, other): (String, String) = (row.get(0)?, row.get(2)?);
        Ok(format!("a row of {table} names one of {other} that is not there"))
    })?;
    found.extend(dangling.collect::<Result<Vec<_>>>()?);
    Ok(found)
}

/// The least digest that starts with this byte, and the one that begins the next shard. No digest has more than 32
/// bytes, so of the last shard 33 are the end.
fn bounds(shard: u8) -> ([u8; 1], Vec<u8>) {
    let end = shard.checked_add(1).map_or_else(|| vec![u8::MAX; 33], |next| vec![next]);
    ([shard], end)
}

pub(super) fn blobs(connection: &Connection, shard: u8) -> Result<Vec<BlobRow>> {
    let (from, to) = bounds(shard);
    connection
        .prepare_cached("SELECT * FROM blob WHERE digest >= ?1 AND digest < ?2 ORDER BY digest, media_type")?
        .query_map(params![from, to], blob)?
        .collect()
}

fn blob(row: &Row<'_>) -> Result<BlobRow> {
    Ok(BlobRow {
        digest: row.get("digest")?,
        media_type: row.get("media_type")?,
        size: row.get("size")?,
        created: row.get::<_, Millis>("created")?.0,
    })
}

pub(super) fn assets(connection: &Connection, shard: u8) -> Result<Vec<AssetRow>> {
    let (from, to) = bounds(shard);
    connection
        .prepare_cached(
            "SELECT a.*, b.size FROM asset a JOIN blob b ON b.digest = a.digest AND b.media_type = a.media_type
             WHERE a.digest >= ?1 AND a.digest < ?2 ORDER BY a.digest",
        )?
        .query_map(params![from, to], |row| {
            Ok(AssetRow { digest: row.get("digest")?, size: row.get("size")?, asset: urls::asset(row)? })
        })?
        .collect()
}

pub(super) fn thumbnails(connection: &Connection, shard: u8) -> Result<Vec<ThumbnailRow>> {
    let (from, to) = bounds(shard);
    connection
        .prepare_cached("SELECT * FROM thumbnail WHERE original >= ?1 AND original < ?2 ORDER BY original, name")?
        .query_map(params![from, to], urls::thumbnail)?
        .collect()
}

pub(super) fn urls_of(connection: &Connection, digest: Digest) -> Result<Vec<Url>> {
    connection
        .prepare_cached(
            "SELECT url FROM url WHERE digest = ?1 OR id IN (SELECT url_id FROM replaced_asset WHERE digest = ?1) ORDER BY id",
        )?
        .query_map([digest], |row| row.get::<_, Text<Url>>(0).map(|url| url.0))?
        .collect()
}

pub(super) fn articles_of_original(connection: &Connection, digest: Digest) -> Result<Vec<ArticleKey>> {
    connection
        .prepare_cached(
            "SELECT source, path FROM article
             WHERE original = ?1 OR id IN (SELECT article_id FROM article_version WHERE original = ?1)
             ORDER BY source, path",
        )?
        .query_map([digest], |row| Ok(ArticleKey { source: row.get(0)?, path: row.get(1)? }))?
        .collect()
}

pub(super) fn make_stale(connection: &Connection, ids: &[ArticleId]) -> Result<()> {
    let mut stale = connection.prepare_cached(&format!("{} WHERE id = ?1", articles::MAKE_STALE))?;
    ids.iter().try_for_each(|id| stale.execute([id]).map(drop))
}

/// Makes the articles stale that show an asset.
fn make_showing_stale(connection: &Connection, digest: Digest) -> Result<()> {
    let urls: Vec<UrlId> = connection
        .prepare_cached("SELECT id FROM url WHERE digest = ?1")?
        .query_map([digest], |row| row.get(0))?
        .collect::<Result<_>>()?;
    urls.into_iter().try_for_each(|url| articles::make_stale(connection, url))?;
    let showing: Vec<ArticleId> = connection
        .prepare_cached("SELECT DISTINCT article_id FROM shown_version WHERE digest = ?1")?
        .query_map([digest], |row| row.get(0))?
        .collect::<Result<_>>()?;
    make_stale(connection, &showing)
}

pub(super) fn forget_thumbnails(connection: &Connection, thumbnails: &[(Digest, String)]) -> Result<()> {
    for (original, name) in thumbnails {
        connection
            .prepare_cached("DELETE FROM thumbnail WHERE original = ?1 AND name = ?2")?
            .execute(params![original, name])?;
        make_showing_stale(connection, *original)?;
    }
    Ok(())
}

pub(super) fn lose_asset(connection: &Connection, digest: Digest, now: Timestamp) -> Result<()> {
    make_showing_stale(connection, digest)?;
    connection
        .prepare_cached(
            "UPDATE url SET state = 'deferred', next_attempt = ?2, digest = NULL, first_good = NULL, last_good = NULL,
                 etag = NULL, last_modified = NULL
             WHERE digest = ?1",
        )?
        .execute(params![digest, Millis(now)])?;
    let forget = [
        "DELETE FROM replaced_asset WHERE digest = ?1",
        "DELETE FROM shown_version WHERE digest = ?1",
        "DELETE FROM refused_body WHERE digest = ?1",
        "DELETE FROM thumbnail WHERE original = ?1",
    ];
    forget.iter().try_for_each(|sql| connection.prepare_cached(sql)?.execute([digest]).map(drop))?;
    let media_type: Option<MediaType> = connection
        .prepare_cached("DELETE FROM asset WHERE digest = ?1 RETURNING media_type")?
        .query_map([digest], |row| row.get(0))?
        .next()
        .transpose()?;
    media_type.map_or(Ok(()), |media_type| delete_blob(connection, digest, media_type))
}

fn delete_blob(connection: &Connection, digest: Digest, media_type: MediaType) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM blob WHERE digest = ?1 AND media_type = ?2")?
        .execute(params![digest, media_type])?;
    Ok(())
}

/// That nothing refers to a blob.
const UNREFERENCED: &str = "NOT EXISTS (SELECT 1 FROM article WHERE original = blob.digest)
    AND NOT EXISTS (SELECT 1 FROM article_version WHERE original = blob.digest)
    AND NOT EXISTS (SELECT 1 FROM url WHERE digest = blob.digest)
    AND NOT EXISTS (SELECT 1 FROM replaced_asset WHERE digest = blob.digest)
    AND NOT EXISTS (SELECT 1 FROM refused_body WHERE digest = blob.digest)";

pub(super) fn unreferenced(connection: &Connection, shard: u8, before: Timestamp) -> Result<Vec<BlobRow>> {
    let (from, to) = bounds(shard);
    connection
        .prepare_cached(&format!(
            "SELECT * FROM blob WHERE digest >= ?1 AND digest < ?2 AND created < ?3 AND {UNREFERENCED} ORDER BY digest"
        ))?
        .query_map(params![from, to, Millis(before)], blob)?
        .collect()
}

pub(super) fn forget_blob(connection: &Connection, digest: Digest, media_type: MediaType) -> Result<bool> {
    let unreferenced = connection
        .prepare_cached(&format!("SELECT 1 FROM blob WHERE digest = ?1 AND media_type = ?2 AND {UNREFERENCED}"))?
        .exists(params![digest, media_type])?;
    if unreferenced {
        connection.prepare_cached("DELETE FROM thumbnail WHERE original = ?1")?.execute([digest])?;
        connection
            .prepare_cached("DELETE FROM asset WHERE digest = ?1 AND media_type = ?2")?
            .execute(params![digest, media_type])?;
        delete_blob(connection, digest, media_type)?;
    }
    Ok(unreferenced)
}
