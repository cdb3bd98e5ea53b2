//! What refers to a blob, and what nothing refers to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, Result, Row, params};

use super::assets;
use super::codec::{Millis, moment};
use super::error::in_row;
use crate::archive::catalog::BlobRow;
use crate::archive::rules::BlobUses;
use crate::model::{Digest, MediaType};

/// Who refers to a blob, of a row of `blob`.
const USES: &str = "EXISTS (SELECT 1 FROM article WHERE original = blob.digest) AS is_original,
    EXISTS (SELECT 1 FROM article_version WHERE original = blob.digest) AS was_original,
    EXISTS (SELECT 1 FROM url WHERE digest = blob.digest) AS is_asset,
    EXISTS (SELECT 1 FROM replaced_asset WHERE digest = blob.digest) AS was_asset,
    EXISTS (SELECT 1 FROM shown_version WHERE digest = blob.digest) AS is_shown_first,
    EXISTS (SELECT 1 FROM refused_body WHERE digest = blob.digest) AS was_revoked,
    EXISTS (SELECT 1 FROM exchange WHERE body = blob.digest) AS is_evidence";

fn uses(row: &Row<'_>) -> Result<BlobUses> {
    Ok(BlobUses {
        is_original: row.get("is_original")?,
        was_original: row.get("was_original")?,
        is_asset: row.get("is_asset")?,
        was_asset: row.get("was_asset")?,
        is_shown_first: row.get("is_shown_first")?,
        was_revoked: row.get("was_revoked")?,
        is_evidence: row.get("is_evidence")?,
    })
}

pub(super) fn unreferenced(connection: &Connection, shard: u8, before: Timestamp) -> Result<Vec<BlobRow>> {
    let mut uses_of =
        connection.prepare_cached(&format!("SELECT {USES} FROM blob WHERE digest = ?1 AND media_type = ?2"))?;
    let mut garbage = Vec::new();
    for blob in assets::blobs(connection, shard)? {
        let blob = blob?;
        if blob.created < before && uses_of.query_one(params![blob.digest, blob.media_type], uses)?.is_garbage() {
            garbage.push(blob);
        }
    }
    Ok(garbage)
}

pub(super) fn seen(connection: &Connection) -> Result<BTreeMap<String, Timestamp>> {
    let noted = |row: &Row<'_>| Ok((row.get("path")?, moment(row, "first_seen")?));
    connection
        .prepare_cached("SELECT path, first_seen FROM garbage")?
        .query_map([], in_row("garbage", &["path"], noted))?
        .collect()
}

pub(super) fn note(connection: &Connection, garbage: &BTreeMap<String, Timestamp>) -> Result<()> {
    let known = seen(connection)?;
    let mut forget = connection.prepare_cached("DELETE FROM garbage WHERE path = ?1")?;
    for path in known.keys().filter(|path| !garbage.contains_key(*path)) {
        forget.execute([path])?;
    }
    let mut note = connection.prepare_cached("INSERT OR REPLACE INTO garbage (path, first_seen) VALUES (?1, ?2)")?;
    for (path, at) in garbage.iter().filter(|(path, at)| known.get(*path) != Some(at)) {
        note.execute(params![path, Millis(*at)])?;
    }
    Ok(())
}

pub(super) fn forget_blob(connection: &Connection, digest: Digest, media_type: MediaType) -> Result<bool> {
    let uses = connection
        .prepare_cached(&format!("SELECT {USES} FROM blob WHERE digest = ?1 AND media_type = ?2"))?
        .query_map(params![digest, media_type], uses)?
        .next()
        .transpose()?;
    let is_garbage = uses.is_some_and(BlobUses::is_garbage);
    if is_garbage {
        assets::forget_thumbnails(connection, digest, None)?;
        assets::forget(connection, digest, media_type)?;
    }
    Ok(is_garbage)
}
