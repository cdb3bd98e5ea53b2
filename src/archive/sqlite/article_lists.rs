//! Articles by source, host and month, and those that lack an image.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, Error, OptionalExtension, Result, Row, params};

use super::articles::{self, DATE};
use super::codec::{millis_of, moment, outside_of_calendar};
use super::error::{first_readable, in_row, readable};
use super::walk::{self, Walked};
use crate::archive::catalog::{ArticleFilter, ArticleRow, DatedArticle, IndexedRow, MOST_MONTHS, month_of, start_of};
use crate::model::{ArticleId, HostKey, SourceName};

/// A page of articles, newest first.
pub(super) fn page(
    connection: &Connection,
    filter: &ArticleFilter,
    before: Option<DatedArticle>,
    limit: usize,
) -> Result<Walked<ArticleRow, DatedArticle>> {
    page_by(connection, filter, before, limit, walk::few_of(connection)?)
}

/// The same. Up to `few` articles that a filter finds by itself are sorted by date; where it finds more, all are gone
/// through in order of date.
fn page_by(
    connection: &Connection,
    filter: &ArticleFilter,
    before: Option<DatedArticle>,
    limit: usize,
    few: u64,
) -> Result<Walked<ArticleRow, DatedArticle>> {
    let found = match found_by(filter) {
        Some(urls) if are_few(connection, filter, urls, few)? => Some(urls),
        _ => None,
    };
    let (from, to) = millis_of(filter.dates.as_ref());
    let end = (to, i64::MAX);
    let (date, id) = before.map_or(end, |place| end.min((place.date.as_millisecond(), place.id.0)));
    let sql = found.map_or_else(|| page_sql(filter), |urls| sorted_sql(filter, urls));
    let mut statement = connection.prepare_cached(&sql)?;
    let host = filter.host.as_ref().map(HostKey::as_str);
    let rows = statement.query(params![host, filter.source, date, id, from])?;
    let place = |row: &Row<'_>| Ok(DatedArticle { date: moment(row, "date")?, id: row.get("id")? });
    let whole = whole_sql(filter);
    let mut page = walk::page(rows, limit, place, |row| match found {
        Some(_) => {
            let id: i64 = row.get("id")?;
            connection.prepare_cached(&whole)?.query_row((host, id), articles::article).optional()
        }
        None => articles::article(row).map(Some),
    })?;
    if before.is_none() && filter.dates.is_none() {
        page.unreadable.extend(misplaced(connection, filter)?);
    }
    Ok(page)
}

/// The errors of articles that have no date.
fn misplaced(connection: &Connection, filter: &ArticleFilter) -> Result<Vec<Error>> {
    let mut statement = connection.prepare_cached(&page_sql(filter))?;
    let host = filter.host.as_ref().map(HostKey::as_str);
    let mut unreadable = Vec::new();
    for (from, to) in outside_of_calendar() {
        let rows = statement.query(params![host, filter.source, to, i64::MAX, from])?;
        unreadable.extend(walk::misplaced(rows, articles::article)?);
    }
    Ok(unreadable)
}

/// The statement of a page of articles in order. The database begins at its place by the bound of the date alone: it does
/// not see that the pair of date and number has one.
fn page_sql(filter: &ArticleFilter) -> String {
    let (columns, shows, which) = (articles::COLUMNS, shows(filter), which(filter));
    format!("SELECT {columns}, {DATE} AS date, {shows} AS is_meant FROM article {which}")
}

/// The statement of a page of the articles that show some of these URLs, each once, with nothing but their places.
fn sorted_sql(filter: &ArticleFilter, urls: &str) -> String {
    let which = which(filter);
    format!(
        "SELECT article.id, {DATE} AS date, 1 AS is_meant
         FROM (SELECT DISTINCT r.article_id FROM ({urls}) u {SHOWN}) f CROSS JOIN article ON article.id = f.article_id
         {which}"
    )
}

/// The statement of an article that was sorted, if it is meant. Of those that a page does not show nothing is looked up
/// but their places.
fn whole_sql(filter: &ArticleFilter) -> String {
    let (columns, shows) = (articles::COLUMNS, shows(filter));
    format!("SELECT {columns} FROM article WHERE id = ?2 AND ({shows})")
}

/// From which place on, and in which order.
fn which(filter: &ArticleFilter) -> String {
    let of_source = of_source(filter);
    format!(
        "WHERE {of_source} AND {DATE} <= ?3 AND ({DATE}, article.id) < (?3, ?4) AND {DATE} >= ?5
         ORDER BY {DATE} DESC, article.id DESC"
    )
}

/// The URLs by which a filter finds articles: those of the host, which is `?1`, or those that are missing.
fn found_by(filter: &ArticleFilter) -> Option<&'static str> {
    match filter {
        ArticleFilter { host: Some(_), .. } => {
            Some("SELECT id FROM url WHERE host_id = (SELECT id FROM host WHERE key = ?1)")
        }
        ArticleFilter { missing: true, .. } => Some(
            "SELECT id FROM url INDEXED BY url_missing WHERE digest IS NULL AND state <> 'document' AND ?1 IS NULL",
        ),
        _ => None,
    }
}

/// The references to these URLs, with the articles that show them.
const SHOWN: &str = "CROSS JOIN reference r ON r.url_id = u.id";

/// Whether there are at most `few` of these URLs, and at most as many references to them.
fn are_few(connection: &Connection, filter: &ArticleFilter, urls: &str, few: u64) -> Result<bool> {
    let host = filter.host.as_ref().map(HostKey::as_str);
    let some = format!("({urls} LIMIT ?2 + 1) u");
    connection
        .prepare_cached(&format!(
            "SELECT (SELECT count(*) FROM {some}) <= ?2 AND
                 (SELECT count(*) FROM (SELECT 1 FROM {some} {SHOWN} LIMIT ?2 + 1)) <= ?2"
        ))?
        .query_row((host, few.cast_signed()), |row| row.get(0))
}

/// Whether an article is of the source that is meant, which is `?2`.
fn of_source(filter: &ArticleFilter) -> &'static str {
    if filter.source.is_some() { "source = ?2" } else { "?2 IS NULL" }
}

/// Whether an article shows what is meant; the host is `?1`.
fn shows(filter: &ArticleFilter) -> String {
    let shows = |which: &str| {
        format!(
            "EXISTS (SELECT 1 FROM reference r CROSS JOIN url u ON u.id = r.url_id WHERE r.article_id = article.id AND {which})"
        )
    };
    let of_host = match filter.host {
        Some(_) => shows("u.host_id = (SELECT id FROM host WHERE key = ?1)"),
        None => "?1 IS NULL".to_owned(),
    };
    let lacks = if filter.missing { shows("u.digest IS NULL") } else { "1".to_owned() };
    format!("({of_host}) AND ({lacks})")
}

pub(super) fn among(
    connection: &Connection,
    ids: &[ArticleId],
    filter: &ArticleFilter,
) -> Result<Vec<(ArticleId, Result<ArticleRow>)>> {
    let (columns, of_source, shows) = (articles::COLUMNS, of_source(filter), shows(filter));
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {columns} FROM article
         WHERE id = ?3 AND ({DATE} BETWEEN ?4 AND ?5 OR {DATE} NOT BETWEEN ?6 AND ?7) AND {of_source} AND {shows}"
    ))?;
    // Whether one without a date is meant cannot be known: its error says that it is there.
    let ((from, to), (first, last)) = (millis_of(filter.dates.as_ref()), millis_of(None));
    let host = filter.host.as_ref().map(HostKey::as_str);
    let mut rows = Vec::new();
    for id in ids {
        let found = statement.query_map(params![host, filter.source, id, from, to, first, last], articles::article)?;
        rows.extend(readable(found, 1)?.into_iter().map(|row| (*id, row)));
    }
    Ok(rows)
}

pub(super) fn indexable(
    connection: &Connection,
    after: Option<ArticleId>,
    limit: usize,
) -> Result<Vec<Result<IndexedRow>>> {
    let read = in_row("article", &["id"], |row| {
        let date = moment(row, "date")?;
        Ok(IndexedRow { id: row.get("id")?, original: row.get("original")?, date, source: row.get("source")? })
    });
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, original, {DATE} AS date, source FROM article WHERE id > ?1 ORDER BY id"
    ))?;
    readable(statement.query_map([after.map_or(0, |id| id.0)], read)?, limit)
}

pub(super) fn newer_article(
    connection: &Connection,
    source: &SourceName,
    place: DatedArticle,
) -> Result<Option<ArticleRow>> {
    let columns = articles::COLUMNS;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {columns} FROM article
         WHERE source = ?1 AND {DATE} >= ?2 AND ({DATE}, id) > (?2, ?3) ORDER BY {DATE}, id"
    ))?;
    let place = params![source, place.date.as_millisecond(), place.id.0];
    first_readable(statement.query_map(place, articles::article)?)
}

/// Each month is one look into the index, however many articles it has.
pub(super) fn months(connection: &Connection, source: Option<&SourceName>) -> Result<Vec<Date>> {
    let of_source = if source.is_some() { "source = ?2" } else { "?2 IS NULL" };
    let mut newest = connection.prepare_cached(&format!(
        "SELECT {DATE} AS date FROM article WHERE {of_source} AND {DATE} <= ?1 ORDER BY {DATE} DESC LIMIT 1"
    ))?;
    // The list of all articles says which row has a date that is none.
    let (mut months, mut last) = (Vec::new(), millis_of(None).1);
    while months.len() < MOST_MONTHS {
        let date = newest.query_row(params![last, source], |row| row.get::<_, i64>("date")).optional()?;
        let Some(date) = date.and_then(|date| Timestamp::from_millisecond(date).ok()) else { break };
        let month = month_of(date);
        last = start_of(month).as_millisecond() - 1;
        months.push(month);
    }
    Ok(months)
}

#[cfg(test)]
mod tests {
    use super::super::filled::{filled, plan};
    use super::*;

    fn ids(page: Walked<ArticleRow, DatedArticle>) -> (Vec<i64>, Option<i64>) {
        (page.rows.into_iter().map(|row| row.id.0).collect(), page.next.map(|place| place.id.0))
    }

    #[test]
    fn a_page_deep_in_a_list_has_the_articles_that_follow() {
        let place = DatedArticle { date: Timestamp::from_millisecond(100_000).unwrap(), id: ArticleId(100) };
        let found = page(&filled(500), &ArticleFilter::default(), Some(place), 3).unwrap();
        assert_eq!(ids(found), (vec![99, 98, 97], Some(97)));
    }

    #[test]
    fn a_page_begins_at_its_place_by_the_index_of_dates() {
        let connection = filled(2);
        let source = Some("posts".parse().unwrap());
        for (filter, index) in [
            (ArticleFilter::default(), "article_date (<expr>>? AND <expr><?)"),
            (
                ArticleFilter { source, missing: true, ..ArticleFilter::default() },
                "article_source_date (source=? AND <expr>>? AND <expr><?)",
            ),
        ] {
            let plan = plan(&connection, &page_sql(&filter));
            assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }

    /// All pages of a list, by turns sorted and gone through.
    fn pages(connection: &Connection, filter: &ArticleFilter, few: [u64; 2]) -> Vec<i64> {
        let (mut all, mut place) = (Vec::new(), None);
        for few in few.into_iter().cycle() {
            let page = page_by(connection, filter, place, 7, few).unwrap();
            all.extend(page.rows.into_iter().map(|row| row.id.0));
            all.extend(page.unreadable.iter().map(|_| -1));
            place = page.next;
            if place.is_none() {
                break;
            }
        }
        all
    }

    #[test]
    fn what_a_filter_finds_is_the_same_whether_sorted_or_gone_through() {
        let connection = filled(60);
        let sql = "INSERT INTO host (id, key) VALUES (2, 'b.example'); UPDATE url SET host_id = 2 WHERE id % 7 = 3;
            UPDATE url SET digest = (SELECT digest FROM blob), state = 'good' WHERE id % 5 = 1;
            UPDATE article SET original = x'00' WHERE id = 31; UPDATE article SET source = 'other' WHERE id % 4 = 0;
            INSERT INTO url (url, host_id, state) VALUES ('https://b.example/page', 2, 'document');
            INSERT INTO reference (article_id, ord, start, \"end\", kind, name, image_group, url_id)
                SELECT id, 1, 0, 1, 'image', 'src', 0, 1 + id * 3 % 60 FROM article;";
        connection.execute_batch(sql).unwrap();
        let dates = Timestamp::from_second(9).unwrap()..Timestamp::from_second(50).unwrap();
        for number in 0..32 {
            let host = [None, Some("a.example"), Some("b.example"), Some("c.example")][number % 4];
            let filter = ArticleFilter {
                host: host.map(|host| HostKey::from_stored(host.to_owned())),
                missing: number & 4 != 0,
                source: (number & 8 != 0).then(|| "other".parse().unwrap()),
                dates: (number & 16 != 0).then(|| dates.clone()),
            };
            let all = pages(&connection, &filter, [0, 0]);
            for few in [[200, 200], [0, 200], [200, 0]] {
                assert_eq!(pages(&connection, &filter, few), all, "{few:?} {filter:?}");
            }
            assert_eq!(all.is_empty(), host == Some("c.example"), "{filter:?}");
        }
    }

    #[test]
    fn few_are_few_urls_and_few_references() {
        let connection = filled(20);
        let filter = ArticleFilter { missing: true, ..ArticleFilter::default() };
        let are_few = |few| are_few(&connection, &filter, found_by(&filter).unwrap(), few).unwrap();
        assert!(are_few(20) && !are_few(19));
        let icon = "INSERT INTO reference (article_id, ord, start, \"end\", kind, name, image_group, url_id)
            SELECT id, 1, 0, 1, 'image', 'src', 0, 1 FROM article";
        connection.execute_batch(icon).unwrap();
        assert!(are_few(40) && !are_few(39), "each article shows two");
        connection.execute_batch("UPDATE url SET state = 'document' WHERE id > 1").unwrap();
        assert!(are_few(21) && !are_few(20));
    }
}
