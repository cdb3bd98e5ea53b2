//! Blobs, what is known of those that are media, and their thumbnails.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use rusqlite::types::Null;
use rusqlite::{Connection, OptionalExtension, Result, Row, params, params_from_iter};

use super::codec::{Millis, moment};
use super::error::{in_row, readable};
use crate::archive::catalog::{AssetRow, BlobRow, RenditionRow, ThumbnailRow};
use crate::model::{ArticleId, Asset, Digest, Ending, MediaType, ThumbnailName};

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
        ending: ending(row.get("truncated")?),
        perceptual_hash: row.get::<_, Option<i64>>("perceptual_hash")?.map(i64::cast_unsigned),
    })
}

/// The column `truncated` as an ending. The column was a boolean before there was a value of 2.
const fn ending(truncated: u8) -> Ending {
    match truncated {
        0 => Ending::Whole,
        2 => Ending::NoEndMarker,
        _ => Ending::Truncated,
    }
}

/// An ending as the column `truncated`.
const fn truncated(ending: Ending) -> u8 {
    match ending {
        Ending::Whole => 0,
        Ending::Truncated => 1,
        Ending::NoEndMarker => 2,
    }
}

const WITH_SIZE: &str = "SELECT a.*, b.size FROM asset a
    JOIN blob b ON b.digest = a.digest AND b.media_type = a.media_type";

fn sized_asset(row: &Row<'_>) -> Result<AssetRow> {
    in_row("asset", &["digest"], |row| {
        Ok(AssetRow { digest: row.get("digest")?, size: row.get("size")?, asset: asset(row)? })
    })(row)
}

/// The half-open range of digests of a shard, which is their first byte. No digest has more than 32 bytes, so 33 bytes
/// end the last shard.
fn bounds(shards: &RangeInclusive<u8>) -> ([u8; 1], Vec<u8>) {
    let end = shards.end().checked_add(1).map_or_else(|| vec![u8::MAX; 33], |next| vec![next]);
    ([*shards.start()], end)
}

pub(super) fn assets(connection: &Connection, shard: u8) -> Result<Vec<Result<AssetRow>>> {
    let (from, to) = bounds(&(shard..=shard));
    connection
        .prepare_cached(&format!("{WITH_SIZE} WHERE a.digest >= ?1 AND a.digest < ?2 ORDER BY a.digest"))?
        .query_map(params![from, to], |row| Ok(sized_asset(row)))?
        .collect()
}

pub(super) fn blobs(connection: &Connection, shard: u8) -> Result<Vec<Result<BlobRow>>> {
    let (from, to) = bounds(&(shard..=shard));
    connection
        .prepare_cached("SELECT * FROM blob WHERE digest >= ?1 AND digest < ?2 ORDER BY digest, media_type")?
        .query_map(params![from, to], |row| Ok(blob_row(row)))?
        .collect()
}

/// The rows of some bytes: one for each kind as which they are kept.
pub(super) fn blobs_of(connection: &Connection, digest: Digest) -> Result<Vec<BlobRow>> {
    connection
        .prepare_cached("SELECT * FROM blob WHERE digest = ?1 ORDER BY media_type")?
        .query_map([digest], blob_row)?
        .collect()
}

fn blob_row(row: &Row<'_>) -> Result<BlobRow> {
    in_row("blob", &["digest", "media_type"], |row| {
        Ok(BlobRow {
            digest: row.get("digest")?,
            media_type: row.get("media_type")?,
            size: row.get("size")?,
            created: moment(row, "created")?,
        })
    })(row)
}

pub(super) fn blob(connection: &Connection, digest: Digest) -> Result<Option<(MediaType, u64)>> {
    connection
        .prepare_cached(
            "SELECT b.* FROM blob b LEFT JOIN asset a USING (digest, media_type)
             WHERE b.digest = ?1 ORDER BY a.digest IS NULL LIMIT 1",
        )?
        .query_row([digest], |row| blob_row(row).map(|row| (row.media_type, row.size)))
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

fn delete_blob(connection: &Connection, digest: Digest, media_type: MediaType) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM blob WHERE digest = ?1 AND media_type = ?2")?
        .execute(params![digest, media_type])?;
    Ok(())
}

/// What is known of an asset.
pub(super) fn known(connection: &Connection, digest: Digest) -> Result<Option<Asset>> {
    connection
        .prepare_cached("SELECT * FROM asset WHERE digest = ?1")?
        .query_row([digest], in_row("asset", &["digest"], asset))
        .optional()
}

/// Forgets an asset with its blob.
pub(super) fn forget(connection: &Connection, digest: Digest, media_type: MediaType) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM asset WHERE digest = ?1 AND media_type = ?2")?
        .execute(params![digest, media_type])?;
    delete_blob(connection, digest, media_type)
}

/// Stores what is known of an asset.
pub(super) fn store(connection: &Connection, digest: Digest, asset: &Asset) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO asset (digest, media_type, width, height, orientation, frames, alpha, bit_depth,
                 color_space, icc_name, taken, truncated, perceptual_hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (digest) DO UPDATE SET media_type = excluded.media_type, width = excluded.width,
                 height = excluded.height, orientation = excluded.orientation, frames = excluded.frames,
                 alpha = excluded.alpha, bit_depth = excluded.bit_depth, color_space = excluded.color_space,
                 icc_name = excluded.icc_name, taken = excluded.taken, truncated = excluded.truncated,
                 perceptual_hash = excluded.perceptual_hash",
        )?
        .execute(params![
            digest,
            asset.media_type,
            asset.width,
            asset.height,
            asset.orientation,
            asset.frames,
            asset.alpha,
            asset.bit_depth,
            asset.color_space,
            asset.icc_name,
            asset.taken,
            truncated(asset.ending),
            asset.perceptual_hash.map(u64::cast_signed)
        ])?;
    Ok(())
}

/// Records thumbnails, and perceptual hashes of assets.
pub(super) fn record_thumbnails(
    connection: &Connection,
    thumbnails: &[ThumbnailRow],
    perceptual_hashes: &[(Digest, u64)],
) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO thumbnail (original, name, recipe, media_type, width, height, size, digest, error)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (original, name) DO UPDATE SET recipe = excluded.recipe, media_type = excluded.media_type,
             width = excluded.width, height = excluded.height, size = excluded.size, digest = excluded.digest,
             error = excluded.error",
    )?;
    for ThumbnailRow { original, name, recipe, made } in thumbnails {
        match made {
            Ok(RenditionRow { media_type, width, height, size, digest }) => {
                insert.execute(params![original, name, recipe, media_type, width, height, size, digest, Null])?
            }
            Err(error) => insert.execute(params![original, name, recipe, Null, 0, 0, 0, Null, error])?,
        };
    }
    let mut update = connection.prepare_cached("UPDATE asset SET perceptual_hash = ?2 WHERE digest = ?1")?;
    perceptual_hashes
        .iter()
        .try_for_each(|(digest, hash)| update.execute(params![digest, hash.cast_signed()]).map(drop))
}

pub(super) fn thumbnails(connection: &Connection, originals: &[Digest]) -> Result<Vec<ThumbnailRow>> {
    let mut of_one = connection.prepare_cached(&format!("{THUMBNAILS} WHERE original = ?1 ORDER BY name"))?;
    let mut originals = originals.to_vec();
    originals.sort_unstable();
    originals.dedup();
    let mut all = Vec::new();
    for original in originals {
        for row in of_one.query_map([original], thumbnail)? {
            all.push(row?);
        }
    }
    Ok(all)
}

pub(super) fn thumbnails_of_shards(
    connection: &Connection,
    shards: &RangeInclusive<u8>,
) -> Result<Vec<Result<ThumbnailRow>>> {
    let (from, to) = bounds(shards);
    connection
        .prepare_cached(&format!("{THUMBNAILS} WHERE original >= ?1 AND original < ?2 ORDER BY original, name"))?
        .query_map(params![from, to], |row| Ok(thumbnail(row)))?
        .collect()
}

/// The columns of thumbnails in the order in which [`thumbnail`] reads them.
const THUMBNAILS: &str = "SELECT original, name, recipe, media_type, width, height, size, digest, error FROM thumbnail";

/// Reads by position: every run reads the rows of all thumbnails, and would look up nine names in each.
fn thumbnail(row: &Row<'_>) -> Result<ThumbnailRow> {
    in_row("thumbnail", &["original", "name"], |row| {
        let made = match row.get(3)? {
            Some(media_type) => Ok(RenditionRow {
                media_type,
                width: row.get(4)?,
                height: row.get(5)?,
                size: row.get(6)?,
                digest: row.get(7)?,
            }),
            None => Err(row.get::<_, Option<String>>(8)?.unwrap_or_default()),
        };
        Ok(ThumbnailRow { original: row.get(0)?, name: row.get(1)?, recipe: row.get(2)?, made })
    })(row)
}

/// The articles that show a URL which gave a blob at any time, or that still show the blob.
pub(super) fn articles_showing(connection: &Connection, digest: Digest) -> Result<Vec<ArticleId>> {
    connection
        .prepare_cached(
            "SELECT article_id FROM reference WHERE url_id IN (SELECT id FROM url WHERE digest = ?1
                 UNION SELECT url_id FROM replaced_asset WHERE digest = ?1)
             UNION SELECT article_id FROM shown_version WHERE digest = ?1 ORDER BY 1",
        )?
        .query_map([digest], |row| row.get(0))?
        .collect()
}

/// Forgets one thumbnail of a blob, or all.
pub(super) fn forget_thumbnails(connection: &Connection, original: Digest, name: Option<&str>) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM thumbnail WHERE original = ?1 AND name = coalesce(?2, name)")?
        .execute(params![original, name])?;
    Ok(())
}

/// Whether every asset has a recorded thumbnail for each name and recipe, by the counts that triggers keep.
fn none_lacks(connection: &Connection, recipes: &[(ThumbnailName, Digest)]) -> Result<bool> {
    let mut has_all = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM rendered r JOIN total t ON t.assets = r.assets
             WHERE r.name = ?1 AND r.recipe = ?2)",
    )?;
    for (name, recipe) in recipes {
        if !has_all.query_one(params![name, recipe], |row| row.get(0))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The assets without a recorded thumbnail for some name and recipe.
pub(super) fn lacking(
    connection: &Connection,
    recipes: &[(ThumbnailName, Digest)],
    after: Option<Digest>,
    limit: usize,
) -> Result<Vec<Result<AssetRow>>> {
    if none_lacks(connection, recipes)? {
        return Ok(Vec::new());
    }
    let after = after.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default();
    let lacks = |at: usize| {
        let (name, recipe) = (3 + 2 * at, 4 + 2 * at);
        format!(
            "NOT EXISTS (SELECT 1 FROM thumbnail t
                WHERE t.original = a.digest AND t.name = ?{name} AND t.recipe = ?{recipe})"
        )
    };
    let any = (0..recipes.len()).map(lacks).chain(["0".to_owned()]).collect::<Vec<_>>().join(" OR ");
    let mut parameters: Vec<&dyn rusqlite::ToSql> = vec![&after, &limit];
    parameters.extend(recipes.iter().flat_map(|(name, recipe)| [name as &dyn rusqlite::ToSql, recipe]));
    let sql = format!("{WITH_SIZE} WHERE a.digest > ?1 AND ?2 NOT NULL AND ({any}) ORDER BY a.digest");
    let mut statement = connection.prepare_cached(&sql)?;
    readable(statement.query_map(params_from_iter(parameters), sized_asset)?, limit)
}
