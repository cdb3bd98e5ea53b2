//! Lists for people who look through an archive.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, Result, params};

use super::error::in_row;
use super::walk::{self, Walked};
use super::{Sqlite, article_lists, image_lists, leases, marks, runs, urls};
use crate::archive::catalog::{
    ArticleFilter, ArticleMark, ArticleRow, CatalogError, DatedArticle, DatedImage, HostRow, ImageFilter, ImageRow,
    IndexedRow, ListPage, Listings, MOST_COUNTED, MissingFilter, RunRow, UrlRow,
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
        self.list_page(move |connection| image_lists::page(connection, &filter, before, limit)).await
    }

    async fn newer_image(&self, place: DatedImage) -> Result<Option<ImageRow>, CatalogError> {
        self.list(move |connection| image_lists::newer_image(connection, place)).await
    }

    async fn image(&self, digest: Digest) -> Result<Option<ImageRow>, CatalogError> {
        self.list(move |connection| image_lists::image_of(connection, digest)).await
    }

    async fn image_hashes(&self, after: Option<Digest>, limit: usize) -> Result<Vec<(Digest, u64)>, CatalogError> {
        self.list(move |connection| image_lists::hashes(connection, after, limit)).await
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
    use super::super::codec::millis_of;
    use super::super::filled::{filled, plan};
    use super::*;
    use crate::model::Reason;

    #[test]
    fn every_list_begins_at_its_place_by_an_index() {
        let connection = filled(2);
        let host = Some(HostKey::from_stored("a.example".to_owned()));
        let missing = |host: &Option<HostKey>, reason| missing_sql(&MissingFilter { host: host.clone(), reason });
        for (sql, index) in [
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
        let page = image_lists::page(&connection, &ImageFilter::default(), Some(place), 9).unwrap();
        assert_eq!((page.rows.len(), page.next), (6, None), "the oldest end the list");
        let newer = image_lists::newer_image(&connection, place).unwrap().unwrap();
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
        let page = image_lists::page(&connection, &ImageFilter::default(), None, 99).unwrap();
        assert_eq!((page.rows.len(), page.unreadable.len()), (all - 1, 1));
    }
}
