//! Lists that look at many rows to find those that are meant.

use std::time::{Duration, Instant};

use rusqlite::{Connection, Error, Result, Row, Rows};

use super::error::is_of_one_row;

/// After this time a page ends with what was found.
const PAGE_TIME: Duration = Duration::from_millis(250);

/// With so many rows that cannot be read a page ends, too.
const MOST_UNREADABLE: usize = 100;

/// A page of a list: its rows, the errors of those between them that cannot be read, and after which place the next one
/// begins.
pub(super) struct Walked<T, P> {
    pub(super) rows: Vec<T>,
    pub(super) unreadable: Vec<Error>,
    pub(super) next: Option<P>,
}

/// How many rows of a catalog with so many URLs are sorted for each page that shows some of them. Fewer are sorted in less
/// time than it takes to meet those of a page on the way through all rows: with `n` of `all`, that are about 60 · all / n
/// rows, each of which takes half as long as one that is sorted.
const fn few(all: u64) -> u64 {
    let few = all.saturating_mul(30).isqrt();
    if few < 1000 { 1000 } else { few }
}

/// The same, for the URLs of this catalog.
pub(super) fn few_of(connection: &Connection) -> Result<u64> {
    let last =
        connection.prepare_cached("SELECT coalesce(max(id), 0) FROM url")?.query_row([], |row| row.get::<_, i64>(0))?;
    Ok(few(last.unsigned_abs()))
}

/// Up to `limit` rows that are meant, by their column `is_meant` and by `read`, which gives `None` for others.
pub(super) fn page<T, P>(
    rows: Rows<'_>,
    limit: usize,
    place: impl Fn(&Row<'_>) -> Result<P>,
    read: impl Fn(&Row<'_>) -> Result<Option<T>>,
) -> Result<Walked<T, P>> {
    page_within(rows, limit, Instant::now() + PAGE_TIME, place, read)
}

/// The errors of rows that have no place in their list, up to as many as a page has.
pub(super) fn misplaced<T>(mut rows: Rows<'_>, read: impl Fn(&Row<'_>) -> Result<T>) -> Result<Vec<Error>> {
    let mut unreadable = Vec::new();
    while unreadable.len() < MOST_UNREADABLE
        && let Some(row) = rows.next()?
    {
        if row.get("is_meant")? {
            unreadable.extend(read(row).err());
        }
    }
    Ok(unreadable)
}

fn page_within<T, P>(
    mut rows: Rows<'_>,
    limit: usize,
    end: Instant,
    place: impl Fn(&Row<'_>) -> Result<P>,
    read: impl Fn(&Row<'_>) -> Result<Option<T>>,
) -> Result<Walked<T, P>> {
    let mut page = Walked { rows: Vec::new(), unreadable: Vec::new(), next: None };
    while let Some(row) = rows.next()? {
        let is_full = page.rows.len() >= limit || page.unreadable.len() >= MOST_UNREADABLE;
        if page.next.is_some() && (is_full || Instant::now() > end) {
            return Ok(page);
        }
        if row.get("is_meant")? {
            match read(row) {
                Ok(read) => page.rows.extend(read),
                Err(error) if is_of_one_row(&error) => page.unreadable.push(error),
                Err(error) => return Err(error),
            }
        }
        page.next = place(row).ok().or(page.next);
    }
    Ok(Walked { next: None, ..page })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    const NUMBERS: &str = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 40)
        SELECT n, n % 2 = 0 AS is_meant FROM number WHERE n > ?1";

    fn numbers(after: i64, limit: usize, end: Instant) -> Walked<i64, i64> {
        let connection = Connection::open_in_memory().unwrap();
        let mut statement = connection.prepare(NUMBERS).unwrap();
        let number = |row: &Row<'_>| row.get::<_, i64>("n");
        let read = |row: &Row<'_>| number(row).map(|n| Some(n).filter(|n| n % 3 == 0));
        page_within(statement.query([after]).unwrap(), limit, end, number, read).unwrap()
    }

    #[test]
    fn what_is_sorted_grows_with_the_root_of_what_there_is() {
        for (all, expected) in
            [(0, 1000), (10_000, 1000), (1_000_000, 5477), (100_000_000, 54_772), (u64::MAX, 4_294_967_295)]
        {
            assert_eq!(few(all), expected, "{all}");
        }
    }

    #[test]
    fn pages_of_any_length_are_the_whole_list() {
        let later = Instant::now() + Duration::from_secs(60);
        for limit in 1..9 {
            let (mut all, mut after) = (Vec::new(), Some(0));
            while let Some(place) = after {
                let page = numbers(place, limit, later);
                assert!(page.rows.len() <= limit);
                all.extend(page.rows);
                after = page.next;
            }
            assert_eq!(all, [6, 12, 18, 24, 30, 36], "{limit} a page");
        }
    }

    /// Of these numbers every fourth cannot be read, and the place of every eighth.
    fn damaged(after: i64, limit: usize) -> Walked<i64, i64> {
        let connection = Connection::open_in_memory().unwrap();
        let numbers = format!(
            "SELECT iif(n % 4, n, 'damaged') AS value, iif(n % 8, n, 'damaged') AS n, is_meant FROM ({NUMBERS})"
        );
        let mut statement = connection.prepare(&numbers).unwrap();
        let number = |row: &Row<'_>| row.get::<_, i64>("n");
        page(statement.query([after]).unwrap(), limit, number, |row| row.get::<_, i64>("value").map(Some)).unwrap()
    }

    #[test]
    fn a_row_that_cannot_be_read_is_an_error_of_its_page_and_counts_for_no_other() {
        for limit in 1..9 {
            let (mut rows, mut errors, mut after) = (Vec::new(), 0, Some(0));
            while let Some(place) = after {
                let page = damaged(place, limit);
                assert!(page.rows.len() <= limit && page.next.is_none_or(|next| next > place));
                rows.extend(page.rows);
                errors += page.unreadable.len();
                after = page.next;
            }
            assert_eq!(rows, [2, 6, 10, 14, 18, 22, 26, 30, 34, 38], "{limit} a page");
            assert!(errors >= 10, "{limit} a page: {errors}");
        }
    }

    #[test]
    fn many_rows_that_cannot_be_read_end_a_page_or_are_left_to_others() {
        let connection = Connection::open_in_memory().unwrap();
        let sql = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 250)
            SELECT n, 1 AS is_meant, 'damaged' AS value FROM number WHERE n > ?1";
        let value = |row: &Row<'_>| row.get::<_, i64>("value");
        let mut statement = connection.prepare(sql).unwrap();
        assert_eq!(misplaced(statement.query([0]).unwrap(), value).unwrap().len(), MOST_UNREADABLE);
        let (mut pages, mut after) = (Vec::new(), Some(0));
        while let Some(place) = after {
            let rows = statement.query([place]).unwrap();
            let page = page(rows, 9, |row| row.get::<_, i64>("n"), |row| value(row).map(Some)).unwrap();
            pages.push(page.unreadable.len());
            after = page.next;
        }
        assert_eq!(pages, [100, 100, 50]);
    }

    #[test]
    fn a_page_that_takes_long_ends_and_the_next_goes_on() {
        let over = Instant::now();
        let (mut all, mut after, mut pages) = (Vec::new(), Some(0), 0);
        while let Some(place) = after {
            let page = numbers(place, 9, over);
            assert!(page.next.is_none_or(|next| next > place), "each page gets on");
            all.extend(page.rows);
            (after, pages) = (page.next, pages + 1);
        }
        assert_eq!((all.len(), pages), (6, 40), "one row a page");
    }
}
