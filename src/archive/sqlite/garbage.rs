//! Blobs that nothing uses, and since when.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Result, Row, params};

use super::codec::{Millis, moment};
use super::error::in_row;
use super::{Sqlite, assets, effects, uses};
use crate::archive::catalog::{BlobRow, CatalogError, GarbageCollection};
use crate::archive::rules;
use crate::model::{Digest, MediaType, ThumbnailName};

#[async_trait]
impl GarbageCollection for Sqlite {
    async fn unreferenced_blobs(&self, shard: u8, before: Timestamp) -> Result<Vec<BlobRow>, CatalogError> {
        self.read(move |connection| unreferenced(connection, shard, before)).await
    }

    async fn garbage_seen(&self) -> Result<BTreeMap<String, Timestamp>, CatalogError> {
        self.read(seen).await
    }

    async fn note_garbage(&self, seen: &BTreeMap<String, Timestamp>) -> Result<(), CatalogError> {
        let seen = seen.clone();
        self.write_any(move |connection| note(connection, &seen)).await
    }

    async fn forget_blob(&self, digest: Digest, media_type: MediaType) -> Result<bool, CatalogError> {
        self.write(move |connection| forget_blob(connection, digest, media_type)).await
    }

    async fn discard_thumbnails(&self, thumbnails: &[(Digest, ThumbnailName)]) -> Result<(), CatalogError> {
        let thumbnails = thumbnails.to_vec();
        self.write_any(move |connection| {
            thumbnails
                .iter()
                .try_for_each(|(original, name)| assets::forget_thumbnails(connection, *original, Some(name)))
        })
        .await
    }
}

fn unreferenced(connection: &Connection, shard: u8, before: Timestamp) -> Result<Vec<BlobRow>> {
    let mut garbage = Vec::new();
    for blob in assets::blobs(connection, shard)? {
        let blob = blob?;
        if blob.created < before && rules::is_garbage(uses::any(connection, blob.digest)?) {
            garbage.push(blob);
        }
    }
    Ok(garbage)
}

fn seen(connection: &Connection) -> Result<BTreeMap<String, Timestamp>> {
    let noted = |row: &Row<'_>| Ok((row.get("path")?, moment(row, "first_seen")?));
    connection
        .prepare_cached("SELECT path, first_seen FROM garbage")?
        .query_map([], in_row("garbage", &["path"], noted))?
        .collect()
}

fn note(connection: &Connection, garbage: &BTreeMap<String, Timestamp>) -> Result<()> {
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

/// Forgets a blob, unless it has a use; whether it was there and is forgotten.
fn forget_blob(connection: &Connection, digest: Digest, media_type: MediaType) -> Result<bool> {
    if !assets::blobs_of(connection, digest)?.iter().any(|row| row.media_type == media_type) {
        return Ok(false);
    }
    let effects = rules::forgotten(digest, media_type, uses::any(connection, digest)?);
    let is_forgotten = !effects.is_empty();
    effects::apply(connection, effects)?;
    Ok(is_forgotten)
}
