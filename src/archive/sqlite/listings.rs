//! Lists for people who look through an archive.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::codec::{millis_of, moment};
use super::error::{in_row, readable};
use super::{Sqlite, articles, assets, leases, marks, runs, urls, walk};
use crate::archive::catalog::{
    ArticleFilter, ArticleMark, ArticleRow, AssetRow, CatalogError, DatedArticle, DatedImage, HostRow, ImageFilter,
    ImageRow, IndexedRow, ListPage, Listings, MOST_COUNTED, MOST_MONTHS, MissingFilter, RunRow, UrlRow, month_of,
    start_of,
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
        self.list_page(move |connection| articles_page(connection, &filter, before, limit)).await
    }

    async fn listed_among(&self, ids: &[ArticleId], filter: &ArticleFilter) -> Result<Vec<ArticleRow>, CatalogError> {
        let (ids, filter) = (ids.to_vec(), filter.clone());
        let rows = self.list(move |connection| listed_among(connection, &ids, &filter)).await?;
        Ok(self.noted(self.with_errors(rows)))
    }

    async fn indexable(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<IndexedRow>, CatalogError> {
        self.read_readable(move |connection| indexable(connection, after, limit)).await
    }

    async fn newer_article(
        &self,
        source: &SourceName,
        place: DatedArticle,
    ) -> Result<Option<ArticleRow>, CatalogError> {
        let source = source.clone();
        self.list(move |connection| newer_article(connection, &source, place)).await
    }

    async fn article_months(&self, source: Option<&SourceName>) -> Result<Vec<Date>, CatalogError> {
        let source = source.cloned();
        self.list(move |connection| months(connection, source.as_ref())).await
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

    async fn urls_of_image(&self, digest: Digest, limit: usize) -> Result<Vec<UrlRow>, CatalogError> {
        let list = move |connection: &Connection| {
            Ok(ListPage { rows: urls_of_image(connection, digest, limit)?, next: None::<UrlId> })
        };
        Ok(self.list_page(list).await?.rows)
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

    async fn list_hosts(&self, after: Option<&HostKey>, limit: usize) -> Result<Vec<HostRow>, CatalogError> {
        let after = after.cloned();
        self.list(move |connection| hosts_page(connection, after.as_ref(), limit)).await
    }

    async fn list_runs(&self, before: Option<RunId>, limit: usize) -> Result<Vec<RunRow>, CatalogError> {
        self.list(move |connection| runs::before(connection, before, limit)).await
    }

    async fn run_at(&self, began: Timestamp) -> Result<Option<RunRow>, CatalogError> {
        self.list(move |connection| runs::began_at(connection, began)).await
    }
}

/// When an article is dated, as the indexes spell it.
const DATE: &str = "coalesce(published, read_at)";

fn articles_page(
    connection: &Connection,
    filter: &ArticleFilter,
    before: Option<DatedArticle>,
    limit: usize,
) -> Result<ListPage<Result<ArticleRow>, DatedArticle>> {
    let of_source = of_source(filter);
    let (columns, shows) = (articles::COLUMNS, shows(filter));
    let sql = format!(
        "SELECT {columns}, {DATE} AS date, {shows} AS is_meant FROM article
         WHERE {of_source} AND ({DATE}, id) < (?1, ?2) AND {DATE} >= ?3 ORDER BY {DATE} DESC, id DESC"
    );
    let (from, to) = millis_of(filter.dates.as_ref());
    let end = (to, 0);
    let (date, id) = before.map_or(end, |place| end.min((place.date.as_millisecond(), place.id.0)));
    let mut statement = connection.prepare_cached(&sql)?;
    let host = filter.host.as_ref().map(HostKey::as_str);
    let rows = statement.query(params![date, id, from, filter.source, host])?;
    let place = |row: &Row<'_>| Ok(DatedArticle { date: moment(row, "date")?, id: row.get("id")? });
    walk::page(rows, limit, place, |row| articles::article(row).map(Some))
}

/// Whether an article is of the source that is meant, which is `?4`.
fn of_source(filter: &ArticleFilter) -> &'static str {
    if filter.source.is_some() { "source = ?4" } else { "?4 IS NULL" }
}

/// Whether an article shows what is meant; the host is `?5`.
fn shows(filter: &ArticleFilter) -> String {
    let shows = |which: &str| {
        format!(
            "EXISTS (SELECT 1 FROM reference r JOIN url u ON u.id = r.url_id WHERE r.article_id = article.id AND {which})"
        )
    };
    let of_host = match filter.host {
        Some(_) => shows("u.host_id = (SELECT id FROM host WHERE key = ?5)"),
        None => "?5 IS NULL".to_owned(),
    };
    let lacks = if filter.missing { shows("u.digest IS NULL") } else { "1".to_owned() };
    format!("({of_host}) AND ({lacks})")
}

fn listed_among(connection: &Connection, ids: &[ArticleId], filter: &ArticleFilter) -> Result<Vec<Result<ArticleRow>>> {
    let (columns, of_source, shows) = (articles::COLUMNS, of_source(filter), shows(filter));
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {columns} FROM article WHERE id = ?1 AND {DATE} >= ?2 AND {DATE} < ?3 AND {of_source} AND {shows}"
    ))?;
    let (from, to) = millis_of(filter.dates.as_ref());
    let host = filter.host.as_ref().map(HostKey::as_str);
    let mut rows = Vec::new();
    for id in ids {
        let found = statement.query_map(params![id, from, to, filter.source, host], articles::article)?;
        rows.extend(readable(found, 1)?);
    }
    Ok(rows)
}

fn indexable(connection: &Connection, after: Option<ArticleId>, limit: usize) -> Result<Vec<Result<IndexedRow>>> {
    let read = in_row("article", &["id"], |row| {
        let date = moment(row, "date")?;
        Ok(IndexedRow { id: row.get("id")?, original: row.get("original")?, date, source: row.get("source")? })
    });
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, original, {DATE} AS date, source FROM article WHERE id > ?1 ORDER BY id"
    ))?;
    readable(statement.query_map([after.map_or(0, |id| id.0)], read)?, limit)
}

fn newer_article(connection: &Connection, source: &SourceName, place: DatedArticle) -> Result<Option<ArticleRow>> {
    let columns = articles::COLUMNS;
    connection
        .prepare_cached(&format!(
            "SELECT {columns} FROM article WHERE source = ?1 AND ({DATE}, id) > (?2, ?3) ORDER BY {DATE}, id LIMIT 1"
        ))?
        .query_row(params![source, place.date.as_millisecond(), place.id.0], articles::article)
        .optional()
}

/// Each month is one look into the index, however many articles it has.
fn months(connection: &Connection, source: Option<&SourceName>) -> Result<Vec<Date>> {
    let of_source = if source.is_some() { "source = ?2" } else { "?2 IS NULL" };
    let mut newest = connection.prepare_cached(&format!(
        "SELECT id, {DATE} AS date FROM article WHERE {of_source} AND {DATE} < ?1 ORDER BY {DATE} DESC LIMIT 1"
    ))?;
    let date = in_row("article", &["id"], |row| moment(row, "date"));
    let (mut months, mut before) = (Vec::new(), i64::MAX);
    while months.len() < MOST_MONTHS {
        let Some(date) = newest.query_row(params![before, source], &date).optional()? else { break };
        let month = month_of(date);
        before = start_of(month).as_millisecond();
        months.push(month);
    }
    Ok(months)
}

fn images_page(
    connection: &Connection,
    filter: &ImageFilter,
    before: Option<DatedImage>,
    limit: usize,
) -> Result<ListPage<Result<ImageRow>, DatedImage>> {
    let of_host = match filter.host {
        Some(_) => {
            "EXISTS (SELECT 1 FROM url u WHERE u.digest = b.digest AND u.host_id = (SELECT id FROM host WHERE key = ?4))"
        }
        None => "?4 IS NULL",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT a.*, b.size, b.created, {of_host} AS is_meant
         FROM blob b CROSS JOIN asset a ON a.digest = b.digest AND a.media_type = b.media_type
         WHERE (b.created, b.digest) < (?1, ?2) AND b.created >= ?3 ORDER BY b.created DESC, b.digest DESC"
    ))?;
    let (from, to) = millis_of(filter.dates.as_ref());
    let end = (to, Vec::new());
    let place = before.map(|place| (place.recorded.as_millisecond(), place.digest.as_bytes().to_vec()));
    let (created, digest) = place.map_or_else(|| end.clone(), |place| place.min(end.clone()));
    let host = filter.host.as_ref().map(HostKey::as_str);
    let rows = statement.query(params![created, digest, from, host])?;
    let place = |row: &Row<'_>| Ok(DatedImage { recorded: moment(row, "created")?, digest: row.get("digest")? });
    walk::page(rows, limit, place, |row| Ok(Some(image(row)?).filter(|row| filter.holds_for(&row.image.asset))))
}

fn newer_image(connection: &Connection, place: DatedImage) -> Result<Option<ImageRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT a.*, b.size, b.created
         FROM blob b CROSS JOIN asset a ON a.digest = b.digest AND a.media_type = b.media_type
         WHERE (b.created, b.digest) > (?1, ?2) ORDER BY b.created, b.digest",
    )?;
    let mut rows = statement.query_map(params![place.recorded.as_millisecond(), place.digest], image)?;
    let is_image = |row: &Result<ImageRow>| !row.as_ref().is_ok_and(|row| !row.image.asset.media_type.is_image());
    rows.find(is_image).transpose()
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

fn urls_of_image(connection: &Connection, digest: Digest, limit: usize) -> Result<Vec<Result<UrlRow>>> {
    let (columns, with_asset) = (urls::COLUMNS, urls::WITH_ASSET);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {columns} FROM url u {with_asset}
         WHERE u.digest = ?1 OR u.id IN (SELECT url_id FROM replaced_asset WHERE digest = ?1) ORDER BY u.id"
    ))?;
    readable(statement.query_map([digest], urls::url)?, limit)
}

/// How the missing URLs of a host are found.
const BY_HOST: &str = "INDEXED BY url_missing";

fn missing_page(
    connection: &Connection,
    filter: &MissingFilter,
    after: Option<UrlId>,
    limit: usize,
) -> Result<ListPage<Result<UrlRow>, UrlId>> {
    // Each of the two has an index with its condition. That of all URLs of a host would be chosen otherwise.
    let (index, lacks) = match filter.host {
        Some(_) => (BY_HOST, "u.digest IS NULL AND u.host_id = (SELECT id FROM host WHERE key = ?2)"),
        None => ("", "(u.digest IS NULL OR u.state IN ('failed', 'retired')) AND ?2 IS NULL"),
    };
    let (columns, with_asset) = (urls::COLUMNS, urls::WITH_ASSET);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {columns}, u.digest IS NULL AND EXISTS (SELECT 1 FROM reference r WHERE r.url_id = u.id)
             AND (?3 IS NULL OR u.reason IS ?3) AS is_meant
         FROM url u {index} {with_asset} WHERE {lacks} AND u.id > ?1 ORDER BY u.id"
    ))?;
    let host = filter.host.as_ref().map(HostKey::as_str);
    let rows = statement.query(params![after.map_or(0, |id| id.0), host, filter.reason])?;
    walk::page(rows, limit, |row| row.get("url_id"), |row| urls::url(row).map(Some))
}

fn hosts_page(connection: &Connection, after: Option<&HostKey>, limit: usize) -> Result<Vec<HostRow>> {
    let host = |row: &Row<'_>| {
        let state = if row.get("asked")? { leases::host_state(row)? } else { crate::model::HostState::default() };
        Ok(HostRow { host: leases::host_key(row)?, state, urls: row.get("urls")?, missing: row.get("missing")? })
    };
    let columns = leases::COLUMNS;
    connection
        .prepare_cached(&format!(
            "SELECT {columns}, asked,
                 (SELECT count(*) FROM (SELECT 1 FROM url WHERE host_id = host.id LIMIT {MOST_COUNTED})) AS urls,
                 (SELECT count(*) FROM (SELECT 1 FROM url WHERE host_id = host.id AND digest IS NULL
                     AND state <> 'document' LIMIT {MOST_COUNTED})) AS missing
             FROM host WHERE key > ?1 ORDER BY key LIMIT ?2"
        ))?
        .query_map(params![after.map_or("", HostKey::as_str), limit], in_row("host", &["id"], host))?
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::migrate;
    use super::*;
    use crate::model::{ArticleId, Reason};

    /// A catalog with so many articles, each with an image that is missing, and as many images that are kept.
    fn filled(count: i64) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.set_prepared_statement_cache_capacity(128);
        migrate::migrate(&connection, Path::new("in memory"), migrate::MIGRATIONS).unwrap();
        let sql = "INSERT INTO host (id, key) VALUES (1, 'a.example');
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < COUNT)
                INSERT INTO url (id, url, host_id, state, reason)
                SELECT i, 'https://a.example/' || i, 1, 'failed', 'dns' FROM n;
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < COUNT)
                INSERT INTO article (id, source, path, original, size, modified, inode, format, settings, published, read_at)
                SELECT i, 'posts', i || '.md', zeroblob(32), 1, 1, 1, 'md', zeroblob(32), i * 1000, 1 FROM n;
            INSERT INTO reference (article_id, ord, start, \"end\", kind, name, image_group, url_id)
                SELECT id, 0, 0, 1, 'image', 'src', 0, id FROM url;
            INSERT INTO blob (digest, media_type, size, created)
                SELECT unhex(printf('%064x', id)), 'png', 1, id * 1000 FROM url;
            INSERT INTO asset (digest, media_type, width, height, orientation, frames, alpha, bit_depth, color_space, truncated)
                SELECT digest, media_type, 9, 9, 1, 1, 0, 8, 'rgb', 0 FROM blob;";
        connection.execute_batch(&sql.replace("COUNT", &count.to_string())).unwrap();
        connection
    }

    /// How the database finds the rows of a statement.
    fn plan(connection: &Connection, sql: &str) -> String {
        let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let lines = explained.query_map([], |row| row.get::<_, String>("detail")).unwrap();
        lines.collect::<Result<Vec<_>>>().unwrap().join("; ")
    }

    #[test]
    fn every_list_begins_at_its_place_by_an_index() {
        let connection = filled(2);
        for (sql, index) in [
            (
                "SELECT 1 FROM article WHERE (coalesce(published, read_at), id) < (1, 1) ORDER BY coalesce(published, read_at) DESC, id DESC",
                "article_date",
            ),
            (
                "SELECT 1 FROM article WHERE source = 'a' AND (coalesce(published, read_at), id) < (1, 1) ORDER BY coalesce(published, read_at) DESC, id DESC",
                "article_source_date",
            ),
            (
                "SELECT 1 FROM blob b CROSS JOIN asset a ON a.digest = b.digest WHERE (b.created, b.digest) < (1, x'') ORDER BY b.created DESC, b.digest DESC",
                "blob_created",
            ),
            (
                "SELECT 1 FROM url u BY_HOST WHERE u.digest IS NULL AND u.host_id = 1 AND u.id > 1 ORDER BY u.id",
                "url_missing",
            ),
            (
                "SELECT 1 FROM url u WHERE (u.digest IS NULL OR u.state IN ('failed', 'retired')) AND u.id > 1 ORDER BY u.id",
                "url_failing",
            ),
        ] {
            let plan = plan(&connection, &sql.replace("BY_HOST", BY_HOST));
            assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{sql}: {plan}");
        }
    }

    #[test]
    fn a_page_deep_in_a_list_has_the_rows_that_follow() {
        let connection = filled(500);
        let place = DatedArticle { date: Timestamp::from_millisecond(100_000).unwrap(), id: ArticleId(100) };
        let page = articles_page(&connection, &ArticleFilter::default(), Some(place), 3).unwrap();
        let ids: Vec<_> = page.rows.into_iter().map(|row| row.unwrap().id.0).collect();
        assert_eq!((ids, page.next.unwrap().id.0), (vec![99, 98, 97], 97));
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
    fn a_row_that_cannot_be_read_is_an_error_among_others() {
        let connection = filled(9);
        connection.execute_batch("UPDATE article SET original = x'00' WHERE id = 5").unwrap();
        let page = articles_page(&connection, &ArticleFilter::default(), None, 9).unwrap();
        assert_eq!(page.rows.iter().filter(|row| row.is_err()).count(), 1);
        assert_eq!(page.rows.iter().filter(|row| row.is_ok()).count(), 8);
        assert_eq!(hosts_page(&connection, None, 9).unwrap()[0].missing, 9);
        assert_eq!(months(&connection, None).unwrap().len(), 1);
    }
}
