//! Images by host and time.

use rusqlite::{Connection, Error, OptionalExtension, Result, Row, params};

use super::assets;
use super::codec::{millis_of, moment, outside_of_calendar};
use super::error::{first_readable, in_row};
use super::walk::{self, Walked};
use crate::archive::catalog::{AssetRow, DatedImage, ImageFilter, ImageRow};
use crate::model::{Digest, HostKey, MediaType};

pub(super) fn page(
    connection: &Connection,
    filter: &ImageFilter,
    before: Option<DatedImage>,
    limit: usize,
) -> Result<Walked<ImageRow, DatedImage>> {
    page_by(connection, filter, before, limit, walk::few_of(connection)?)
}

/// This comes after each digest: it is longer.
const AFTER_ALL: [u8; 33] = [0xff; 33];

/// The URLs of a host, which is `?1`.
const OF_HOST: &str = "SELECT digest FROM url WHERE host_id = (SELECT id FROM host WHERE key = ?1)";

/// Whether it gave an image.
const IS_OF_HOST: &str =
    "EXISTS (SELECT 1 FROM url u WHERE u.digest = b.digest AND u.host_id = (SELECT id FROM host WHERE key = ?1))";

/// Whether a host has at most `few` URLs.
fn are_few(connection: &Connection, host: &str, few: u64) -> Result<bool> {
    connection
        .prepare_cached(&format!("SELECT count(*) <= ?2 FROM ({OF_HOST} LIMIT ?2 + 1)"))?
        .query_row((host, few.cast_signed()), |row| row.get(0))
}

/// A page. Up to `few` images of a host are sorted by date; where there are more, all images are gone through in order of
/// date.
fn page_by(
    connection: &Connection,
    filter: &ImageFilter,
    before: Option<DatedImage>,
    limit: usize,
    few: u64,
) -> Result<Walked<ImageRow, DatedImage>> {
    let host = filter.host.as_ref().map(HostKey::as_str);
    let (found, of_host) = match host {
        Some(host) if are_few(connection, host, few)? => {
            (format!("(SELECT DISTINCT digest FROM ({OF_HOST})) f CROSS JOIN blob b ON b.digest = f.digest"), "1")
        }
        Some(_) => ("blob b".to_owned(), IS_OF_HOST),
        None => ("blob b".to_owned(), "?1 IS NULL"),
    };
    let mut statement = connection.prepare_cached(&page_sql(&found, of_host))?;
    let (from, to) = millis_of(filter.dates.as_ref());
    let end = (to, AFTER_ALL.to_vec());
    let place = before.map(|place| (place.recorded.as_millisecond(), place.digest.as_bytes().to_vec()));
    let (created, digest) = place.map_or_else(|| end.clone(), |place| place.min(end.clone()));
    let rows = statement.query(params![host, created, digest, from])?;
    let place = |row: &Row<'_>| Ok(DatedImage { recorded: moment(row, "created")?, digest: row.get("digest")? });
    let is_meant = |row: &ImageRow| filter.holds_for(&row.image.asset);
    let mut page = walk::page(rows, limit, place, |row| Ok(image_at(connection, row)?.filter(is_meant)))?;
    if before.is_none() && filter.dates.is_none() {
        page.unreadable.extend(misplaced(connection, host)?);
    }
    Ok(page)
}

/// The errors of images that were recorded at no time.
fn misplaced(connection: &Connection, host: Option<&str>) -> Result<Vec<Error>> {
    let of_host = if host.is_some() { IS_OF_HOST } else { "?1 IS NULL" };
    let mut statement = connection.prepare_cached(&page_sql("blob b", of_host))?;
    let mut unreadable = Vec::new();
    for (from, to) in outside_of_calendar() {
        let rows = statement.query(params![host, to, AFTER_ALL, from])?;
        unreadable.extend(walk::misplaced(rows, |row| image_at(connection, row))?);
    }
    Ok(unreadable)
}

/// The statement of a page: blobs alone. What else there is of an image is looked up for those that a page shows, and not
/// for all that are sorted or gone through.
fn page_sql(found: &str, of_host: &str) -> String {
    format!(
        "SELECT b.digest, b.media_type, b.created, {of_host} AS is_meant FROM {found}
         WHERE (b.created, b.digest) < (?2, ?3) AND b.created >= ?4 ORDER BY b.created DESC, b.digest DESC"
    )
}

/// The image that a blob is. A text is none.
fn image_at(connection: &Connection, row: &Row<'_>) -> Result<Option<ImageRow>> {
    let blob = in_row("blob", &["digest", "media_type"], |row| Ok((row.get("digest")?, row.get("media_type")?)));
    let (digest, media_type): (Digest, MediaType) = blob(row)?;
    Ok(image_of(connection, digest)?.filter(|row| row.image.asset.media_type == media_type))
}

pub(super) fn newer_image(connection: &Connection, place: DatedImage) -> Result<Option<ImageRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT a.*, b.size, b.created
         FROM blob b CROSS JOIN asset a ON a.digest = b.digest AND a.media_type = b.media_type
         WHERE (b.created, b.digest) > (?1, ?2) ORDER BY b.created, b.digest",
    )?;
    let rows = statement.query_map(params![place.recorded.as_millisecond(), place.digest], image)?;
    let is_other = |row: &Result<ImageRow>| row.as_ref().is_ok_and(|row| !row.image.asset.media_type.is_image());
    first_readable(rows.filter(|row| !is_other(row)))
}

fn image(row: &Row<'_>) -> Result<ImageRow> {
    in_row("asset", &["digest"], |row| {
        let image = AssetRow { digest: row.get("digest")?, size: row.get("size")?, asset: assets::asset(row)? };
        Ok(ImageRow { image, recorded: moment(row, "created")? })
    })(row)
}

pub(super) fn image_of(connection: &Connection, digest: Digest) -> Result<Option<ImageRow>> {
    connection
        .prepare_cached(
            "SELECT a.*, b.size, b.created FROM asset a
             JOIN blob b ON b.digest = a.digest AND b.media_type = a.media_type WHERE a.digest = ?1",
        )?
        .query_row([digest], image)
        .optional()
}

pub(super) fn hashes(connection: &Connection, after: Option<Digest>, limit: usize) -> Result<Vec<(Digest, u64)>> {
    let after = after.map_or_else(Vec::new, |digest| digest.as_bytes().to_vec());
    let hash = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()));
    connection
        .prepare_cached(
            "SELECT digest, perceptual_hash FROM asset WHERE digest > ?1 AND perceptual_hash IS NOT NULL
             ORDER BY digest LIMIT ?2",
        )?
        .query_map(params![after, limit], hash)?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::filled::{filled, plan};
    use super::*;

    #[test]
    fn images_of_a_host_are_the_same_whether_sorted_or_gone_through() {
        let connection = filled(60);
        let sql = "INSERT INTO host (id, key) VALUES (2, 'b.example'); UPDATE url SET host_id = 2 WHERE id % 7 = 3;
            UPDATE url SET digest = unhex(printf('%064x', 1 + id % 20)), state = 'good' WHERE id % 3;";
        connection.execute_batch(sql).unwrap();
        for (host, count) in [("a.example", 20), ("b.example", 6), ("c.example", 0)] {
            let filter = ImageFilter { host: Some(HostKey::from_stored(host.to_owned())), ..ImageFilter::default() };
            let digests = |few| {
                let page = page_by(&connection, &filter, None, 100, few).unwrap();
                page.rows.into_iter().map(|row| row.image.digest).collect::<Vec<_>>()
            };
            assert_eq!(digests(0), digests(100), "{host}");
            assert_eq!(digests(0).len(), count, "{host}");
        }
    }

    #[test]
    fn a_page_begins_at_its_place_by_the_index_of_dates() {
        let plan = plan(&filled(2), &page_sql("blob b", "1"));
        let index = "blob_created (created>? AND (created,digest)<(?,?))";
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}
