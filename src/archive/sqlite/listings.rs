//! Lists for people who look through an archive.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, Error, OptionalExtension, Result, Row, params};

use super::codec::{millis_of, moment, outside_of_calendar};
use super::error::{first_readable, in_row};
use super::walk::{self, Walked};
use super::{Sqlite, article_lists, assets, leases, marks, runs, urls};
use crate::archive::catalog::{
    ArticleFilter, ArticleMark, ArticleRow, AssetRow, CatalogError, DatedArticle, DatedImage, HostRow, ImageFilter,
    ImageRow, IndexedRow, ListPage, Listings, MOST_COUNTED, MissingFilter, RunRow, UrlRow,
};
use crate::model::{ArticleId, Digest, HostKey, RunId, SourceName, UrlId};

#[async_trait]
impl Listings for Sqlite {
    async fn list_articles(
        &self,
        filter: &ArticleFilter,
        before: Option<DatedArticle>,
        limit: usize,
    ) -> Result<ListPage<ArticleRow, DatedArticle>, CatalogError> {
        let filter = filter.clone();
        self.list_page(move |connection| article_lists::page(connection, &filter, before, limit)).await
    }

    async fn listed_among(
        &self,
        ids: &[ArticleId],
        filter: &ArticleFilter,
    ) -> Result<Vec<(ArticleId, Result<ArticleRow, CatalogError>)>, CatalogError> {
        let (ids, filter) = (ids.to_vec(), filter.clone());
        let rows = self.list(move |connection| article_lists::among(connection, &ids, &filter)).await?;
        let (ids, rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        Ok(ids.into_iter().zip(self.with_errors(rows)).collect())
    }

    async fn indexable(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<IndexedRow>, CatalogError> {
        self.read_readable(move |connection| article_lists::indexable(connection, after, limit)).await
    }

    async fn newer_article(
        &self,
        source: &SourceName,
        place: DatedArticle,
    ) -> Result<Option<ArticleRow>, CatalogError> {
        let source = source.clone();
        self.list(move |connection| article_lists::newer_article(connection, &source, place)).await
    }

    async fn article_months(&self, source: Option<&SourceName>) -> Result<Vec<Date>, CatalogError> {
        let source = source.cloned();
        self.list(move |connection| article_lists::months(connection, source.as_ref())).await
    }

    async fn list_images(
        &self,
        filter: &ImageFilter,
        before: Option<DatedImage>,
        limit: usize,
    ) -> Result<ListPage<ImageRow, DatedImage>, CatalogError> {
        let filter = filter.clone();
        self.list_page(move |connection| images_page(connection, &filter, before, limit)).await
    }

    async fn newer_image(&self, place: DatedImage) -> Result<Option<ImageRow>, CatalogError> {
        self.list(move |connection| newer_image(connection, place)).await
    }

    async fn image(&self, digest: Digest) -> Result<Option<ImageRow>, CatalogError> {
        self.list(move |connection| image_of(connection, digest)).await
    }

    async fn image_hashes(&self, after: Option<Digest>, limit: usize) -> Result<Vec<(Digest, u64)>, CatalogError> {
        self.list(move |connection| hashes(connection, after, limit)).await
    }

    async fn urls_of_image(&self, digest: Digest, limit: usize) -> Result<ListPage<UrlRow, UrlId>, CatalogError> {
        self.list_page(move |connection| urls_of_image(connection, digest, limit)).await
    }

    async fn list_missing(
        &self,
        filter: &MissingFilter,
        after: Option<UrlId>,
        limit: usize,
    ) -> Result<ListPage<UrlRow, UrlId>, CatalogError> {
        let filter = filter.clone();
        self.list_page(move |connection| missing_page(connection, &filter, after, limit)).await
    }

    async fn article_marks(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<ArticleMark>, CatalogError> {
        self.read_readable(move |connection| marks::page(connection, after, limit)).await
    }

    async fn list_hosts(
        &self,
        after: Option<&HostKey>,
        limit: usize,
    ) -> Result<ListPage<HostRow, HostKey>, CatalogError> {
        let after = after.cloned();
        self.list_page(move |connection| hosts_page(connection, after.as_ref(), limit)).await
    }

    async fn list_runs(&self, before: Option<RunId>, limit: usize) -> Result<ListPage<RunRow, RunId>, CatalogError> {
        self.list_page(move |connection| runs::before(connection, before, limit)).await
    }

    async fn run_at(&self, began: Timestamp) -> Result<Option<RunRow>, CatalogError> {
        self.list(move |connection| runs::began_at(connection, began)).await
    }
}

fn images_page(
    connection: &Connection,
    filter: &ImageFilter,
    before: Option<DatedImage>,
    limit: usize,
) -> Result<Walked<ImageRow, DatedImage>> {
    images_page_by(connection, filter, before, limit, walk::few_of(connection)?)
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
fn images_page_by(
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
    let mut statement = connection.prepare_cached(&images_sql(&found, of_host))?;
    let (from, to) = millis_of(filter.dates.as_ref());
    let end = (to, AFTER_ALL.to_vec());
    let place = before.map(|place| (place.recorded.as_millisecond(), place.digest.as_bytes().to_vec()));
    let (created, digest) = place.map_or_else(|| end.clone(), |place| place.min(end.clone()));
    let rows = statement.query(params![host, created, digest, from])?;
    let place = |row: &Row<'_>| Ok(DatedImage { recorded: moment(row, "created")?, digest: row.get("digest")? });
    let mut page =
        walk::page(rows, limit, place, |row| Ok(Some(image(row)?).filter(|row| filter.holds_for(&row.image.asset))))?;
    if before.is_none() && filter.dates.is_none() {
        page.unreadable.extend(misplaced_images(connection, host)?);
    }
    Ok(page)
}

/// The errors of images that were recorded at no time.
fn misplaced_images(connection: &Connection, host: Option<&str>) -> Result<Vec<Error>> {
    let of_host = if host.is_some() { IS_OF_HOST } else { "?1 IS NULL" };
    let mut statement = connection.prepare_cached(&images_sql("blob b", of_host))?;
    let mut unreadable = Vec::new();
    for (from, to) in outside_of_calendar() {
        unreadable.extend(walk::misplaced(statement.query(params![host, to, AFTER_ALL, from])?, image)?);
    }
    Ok(unreadable)
}

fn images_sql(found: &str, of_host: &str) -> String {
    format!(
        "SELECT a.*, b.size, b.created, {of_host} AS is_meant
         FROM {found} CROSS JOIN asset a ON a.digest = b.digest AND a.media_type = b.media_type
         WHERE (b.created, b.digest) < (?2, ?3) AND b.created >= ?4 ORDER BY b.created DESC, b.digest DESC"
    )
}

fn newer_image(connection: &Connection, place: DatedImage) -> Result<Option<ImageRow>> {
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

fn image_of(connection: &Connection, digest: Digest) -> Result<Option<ImageRow>> {
    connection
        .prepare_cached(
            "SELECT a.*, b.size, b.created FROM asset a
             JOIN blob b ON b.digest = a.digest AND b.media_type = a.media_type WHERE a.digest = ?1",
        )?
        .query_row([digest], image)
        .optional()
}

fn hashes(connection: &Connection, after: Option<Digest>, limit: usize) -> Result<Vec<(Digest, u64)>> {
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

fn urls_of_image(connection: &Connection, digest: Digest, limit: usize) -> Result<Walked<UrlRow, UrlId>> {
    let (columns, with_asset) = (urls::COLUMNS, urls::WITH_ASSET);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {columns}, 1 AS is_meant FROM url u {with_asset}
         WHERE u.digest = ?1 OR u.id IN (SELECT url_id FROM replaced_asset WHERE digest = ?1) ORDER BY u.id"
    ))?;
    walk::page(statement.query([digest])?, limit, |row| row.get("url_id"), |row| urls::url(row).map(Some))
}

/// How the missing URLs are found: of a host, which is `?2`, for a reason, which is `?3`, or all. Each has an index with
/// its condition; that of all URLs of a host would be chosen otherwise.
const fn missing_by(filter: &MissingFilter) -> (&'static str, &'static str) {
    match (filter.host.is_some(), filter.reason.is_some()) {
        (true, _) => (
            "INDEXED BY url_missing",
            "u.digest IS NULL AND u.state <> 'document' AND u.host_id = (SELECT id FROM host WHERE key = ?2)",
        ),
        (false, true) => {
            ("INDEXED BY url_reason", "u.digest IS NULL AND u.state <> 'document' AND u.reason = ?3 AND ?2 IS NULL")
        }
        (false, false) => ("", "(u.digest IS NULL OR u.state IN ('failed', 'retired')) AND ?2 IS NULL"),
    }
}

fn missing_page(
    connection: &Connection,
    filter: &MissingFilter,
    after: Option<UrlId>,
    limit: usize,
) -> Result<Walked<UrlRow, UrlId>> {
    let mut statement = connection.prepare_cached(&missing_sql(filter))?;
    let host = filter.host.as_ref().map(HostKey::as_str);
    let rows = statement.query(params![after.map_or(0, |id| id.0), host, filter.reason])?;
    walk::page(rows, limit, |row| row.get("url_id"), |row| urls::url(row).map(Some))
}

fn missing_sql(filter: &MissingFilter) -> String {
    let (index, lacks) = missing_by(filter);
    let (columns, with_asset) = (urls::COLUMNS, urls::WITH_ASSET);
    format!(
        "SELECT {columns}, u.digest IS NULL AND EXISTS (SELECT 1 FROM reference r WHERE r.url_id = u.id)
             AND (?3 IS NULL OR u.reason IS ?3) AS is_meant
         FROM url u {index} {with_asset} WHERE {lacks} AND u.id > ?1 ORDER BY u.id"
    )
}

fn hosts_page(connection: &Connection, after: Option<&HostKey>, limit: usize) -> Result<Walked<HostRow, HostKey>> {
    let host = in_row("host", &["id"], |row| {
        let state = if row.get("asked")? { leases::host_state(row)? } else { crate::model::HostState::default() };
        Ok(HostRow { host: leases::host_key(row)?, state, urls: row.get("urls")?, missing: row.get("missing")? })
    });
    let mut statement = connection.prepare_cached(&hosts_sql())?;
    let rows = statement.query([after.map_or("", HostKey::as_str)])?;
    walk::page(rows, limit, leases::host_key, |row| host(row).map(Some))
}

fn hosts_sql() -> String {
    let columns = leases::COLUMNS;
    format!(
        "SELECT {columns}, asked, 1 AS is_meant,
             (SELECT count(*) FROM (SELECT 1 FROM url WHERE host_id = host.id LIMIT {MOST_COUNTED})) AS urls,
             (SELECT count(*) FROM (SELECT 1 FROM url INDEXED BY url_missing
                 WHERE host_id = host.id AND digest IS NULL AND state <> 'document' LIMIT {MOST_COUNTED})) AS missing
         FROM host WHERE key > ?1 ORDER BY key"
    )
}

#[cfg(test)]
mod tests {
    use super::super::filled::{filled, plan};
    use super::*;
    use crate::model::Reason;

    #[test]
    fn every_list_begins_at_its_place_by_an_index() {
        let connection = filled(2);
        let host = Some(HostKey::from_stored("a.example".to_owned()));
        let missing = |host: &Option<HostKey>, reason| missing_sql(&MissingFilter { host: host.clone(), reason });
        for (sql, index) in [
            (images_sql("blob b", "1"), "blob_created (created>? AND (created,digest)<(?,?))"),
            (missing(&host, None), "url_missing (host_id=? AND id>?)"),
            (missing(&host, Some(Reason::Dns)), "url_missing (host_id=? AND id>?)"),
            (missing(&None, Some(Reason::Dns)), "url_reason (reason=? AND id>?)"),
            (missing(&None, None), "url_failing (id>?)"),
            (hosts_sql(), "COVERING INDEX url_missing (host_id=?)"),
        ] {
            let plan = plan(&connection, &sql);
            assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{sql}: {plan}");
        }
    }

    #[test]
    fn a_page_deep_in_a_list_has_the_rows_that_follow() {
        let connection = filled(500);
        let digest = |number: u64| format!("{number:064x}").parse::<Digest>().unwrap();
        let place = DatedImage { recorded: Timestamp::from_millisecond(7_000).unwrap(), digest: digest(7) };
        let page = images_page(&connection, &ImageFilter::default(), Some(place), 9).unwrap();
        assert_eq!((page.rows.len(), page.next), (6, None), "the oldest end the list");
        let newer = newer_image(&connection, place).unwrap().unwrap();
        assert_eq!(newer.image.digest, digest(8));
        for host in [None, Some(HostKey::from_stored("a.example".to_owned()))] {
            let filter = MissingFilter { host, reason: Some(Reason::Dns) };
            let page = missing_page(&connection, &filter, Some(UrlId(400)), 60).unwrap();
            assert_eq!((page.rows.len(), page.next), (60, Some(UrlId(460))), "{filter:?}");
        }
    }

    #[test]
    fn images_of_a_host_are_the_same_whether_sorted_or_gone_through() {
        let connection = filled(60);
        let sql = "INSERT INTO host (id, key) VALUES (2, 'b.example'); UPDATE url SET host_id = 2 WHERE id % 7 = 3;
            UPDATE url SET digest = unhex(printf('%064x', 1 + id % 20)), state = 'good' WHERE id % 3;";
        connection.execute_batch(sql).unwrap();
        for (host, count) in [("a.example", 20), ("b.example", 6), ("c.example", 0)] {
            let filter = ImageFilter { host: Some(HostKey::from_stored(host.to_owned())), ..ImageFilter::default() };
            let digests = |few| {
                let page = images_page_by(&connection, &filter, None, 100, few).unwrap();
                page.rows.into_iter().map(|row| row.image.digest).collect::<Vec<_>>()
            };
            assert_eq!(digests(0), digests(100), "{host}");
            assert_eq!(digests(0).len(), count, "{host}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_read_is_an_error_among_others() {
        let connection = filled(9);
        connection.execute_batch("UPDATE article SET original = x'00' WHERE id = 5").unwrap();
        let page = article_lists::page(&connection, &ArticleFilter::default(), None, 9).unwrap();
        assert_eq!((page.rows.len(), page.unreadable.len()), (8, 1));
        assert_eq!(hosts_page(&connection, None, 9).unwrap().rows[0].missing, 9);
        assert_eq!(article_lists::months(&connection, None).unwrap().len(), 1);
    }

    #[test]
    fn what_is_dated_in_no_calendar_is_named_once_and_the_rest_is_listed() {
        let connection = filled(60);
        let sql = format!(
            "UPDATE article SET published = {} WHERE id % 5 = 0; UPDATE article SET published = {} WHERE id = 7;
             UPDATE blob SET created = {} WHERE digest = (SELECT max(digest) FROM asset);",
            i64::MAX,
            i64::MIN,
            i64::MAX
        );
        connection.execute_batch(&sql).unwrap();
        let (mut rows, mut unreadable, mut place) = (0, 0, None);
        loop {
            let page = article_lists::page(&connection, &ArticleFilter::default(), place, 7).unwrap();
            (rows, unreadable) = (rows + page.rows.len(), unreadable + page.unreadable.len());
            place = page.next;
            if place.is_none() {
                break;
            }
        }
        assert_eq!((rows, unreadable), (47, 13));
        assert_eq!(article_lists::months(&connection, None).unwrap().len(), 1);
        let last = millis_of(Some(&(Timestamp::UNIX_EPOCH..Timestamp::from_millisecond(2000).unwrap()))).1;
        assert_eq!(last, 1999, "the end of a range is no part of it");
        let all = connection.query_row("SELECT count(*) FROM asset", [], |row| row.get::<_, usize>(0)).unwrap();
        let page = images_page(&connection, &ImageFilter::default(), None, 99).unwrap();
        assert_eq!((page.rows.len(), page.unreadable.len()), (all - 1, 1));
    }
}
