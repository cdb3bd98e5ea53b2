//! The index of texts in one database file of its own, beside that of the catalog.

mod file;
mod find;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::codec::{Millis, moment};
use super::readers::within;
use crate::archive::catalog::IndexedRow;
use crate::archive::search_index::{IndexEntry, MatchOrder, SearchIndex, SearchIndexError, TextMatches, TextQuery};
use crate::extract::{CUTTER, cut};
use crate::model::{ArticleId, Digest};

/// The index in one file. Each call opens the file: it may have been made anew by another process.
pub(in crate::archive) struct SqliteSearch {
    path: Arc<Path>,
}

impl SqliteSearch {
    pub(in crate::archive) fn new(path: PathBuf) -> Self {
        Self { path: path.into() }
    }

    /// Runs a call on a thread that may wait for the disk.
    async fn blocking<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Path) -> Result<T, SearchIndexError> + Send + 'static,
    ) -> Result<T, SearchIndexError> {
        let path = Arc::clone(&self.path);
        let done = tokio::task::spawn_blocking(move || call(&path)).await;
        let gone = |error: tokio::task::JoinError| SearchIndexError::Database {
            place: self.path.display().to_string(),
            cause: error.to_string(),
        };
        done.map_err(gone)?
    }

    async fn read<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T, SearchIndexError> {
        self.blocking(|path| call(&mut file::to_read(path)?).map_err(|error| file::failed(path, &error))).await
    }

    /// Runs a call in one transaction.
    async fn write(
        &self,
        call: impl FnOnce(&Connection) -> Result<()> + Send + 'static,
    ) -> Result<(), SearchIndexError> {
        self.blocking(|path| in_transaction(&file::to_write(path)?, call).map_err(|error| file::failed(path, &error)))
            .await
    }
}

fn in_transaction(connection: &Connection, call: impl FnOnce(&Connection) -> Result<()>) -> Result<()> {
    let transaction = connection.unchecked_transaction()?;
    call(&transaction)?;
    transaction.commit()
}

#[async_trait]
impl SearchIndex for SqliteSearch {
    async fn prepare(&self) -> Result<Option<String>, SearchIndexError> {
        self.blocking(|path| {
            let why = match file::to_write(path) {
                Ok(_) => return Ok(None),
                Err(SearchIndexError::Missing) => None,
                Err(SearchIndexError::Unusable { why, .. }) => Some(why),
                Err(error) => return Err(error),
            };
            file::discard(path)?;
            file::make(path)?;
            Ok(why)
        })
        .await
    }

    async fn discard(&self) -> Result<(), SearchIndexError> {
        self.blocking(file::discard).await
    }

    async fn mark(&self) -> Result<Option<Digest>, SearchIndexError> {
        self.read(|connection| connection.query_row("SELECT mark FROM finished", [], |row| row.get(0)).optional()).await
    }

    async fn finish(&self, mark: Digest) -> Result<(), SearchIndexError> {
        self.write(move |connection| {
            connection.execute("DELETE FROM finished", [])?;
            connection.execute("INSERT INTO finished VALUES (?1)", [mark]).map(drop)
        })
        .await
    }

    async fn indexed(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<IndexedRow>, SearchIndexError> {
        self.read(move |connection| indexed(connection, after, limit)).await
    }

    async fn put(&self, entries: Vec<IndexEntry>) -> Result<(), SearchIndexError> {
        self.write(move |connection| {
            connection.execute("DELETE FROM finished", [])?;
            entries.iter().try_for_each(|entry| put(connection, entry))
        })
        .await
    }

    async fn remove(&self, ids: Vec<ArticleId>) -> Result<(), SearchIndexError> {
        self.blocking(move |path| match file::to_write(path) {
            Ok(connection) => remove(&connection, &ids).map_err(|error| file::failed(path, &error)),
            Err(SearchIndexError::Missing) => Ok(()),
            Err(SearchIndexError::Unusable { .. }) => file::discard(path),
            Err(error) => Err(error),
        })
        .await
    }

    async fn matches(
        &self,
        query: &TextQuery,
        order: MatchOrder,
        limit: usize,
    ) -> Result<TextMatches, SearchIndexError> {
        let query = query.clone();
        self.read(move |connection| {
            within(connection, find::TIME, |connection| find::matches(connection, &query, order, limit))
        })
        .await
    }
}

fn indexed(connection: &Connection, after: Option<ArticleId>, limit: usize) -> Result<Vec<IndexedRow>> {
    let read = |row: &Row<'_>| {
        let [id, original, source] = [0, 1, 3];
        Ok(IndexedRow {
            id: row.get(id)?,
            original: row.get(original)?,
            date: moment(row, 2)?,
            source: row.get(source)?,
        })
    };
    // What was cut by another rule is to be cut anew: its original is none of any article.
    connection
        .prepare(
            "SELECT article_id, CASE cutter WHEN ?3 THEN original ELSE zeroblob(32) END, date, source FROM indexed
             WHERE article_id > ?1 ORDER BY article_id LIMIT ?2",
        )?
        .query_map(params![after.map_or(i64::MIN, |id| id.0), limit, CUTTER], read)?
        .collect()
}

fn put(connection: &Connection, IndexEntry { row, title, text, alt }: &IndexEntry) -> Result<()> {
    delete(connection, row.id)?;
    connection
        .prepare_cached("INSERT INTO entry (rowid, title, text, alt) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![row.id, cut(title), cut(text), cut(alt)])?;
    connection
        .prepare_cached("INSERT INTO indexed (article_id, original, cutter, date, source) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![row.id, row.original, CUTTER, Millis(row.date), row.source])
        .map(drop)
}

/// Removes the rows of an article. Its terms stay in the segments until these are merged.
fn delete(connection: &Connection, id: ArticleId) -> Result<()> {
    connection.prepare_cached("DELETE FROM indexed WHERE article_id = ?1")?.execute([id])?;
    connection.prepare_cached("DELETE FROM entry WHERE rowid = ?1")?.execute([id]).map(drop)
}

/// Removes articles with their terms: merging all segments into one leaves out those of removed rows
/// (<https://www.sqlite.org/fts5.html#the_optimize_command>).
fn remove(connection: &Connection, ids: &[ArticleId]) -> Result<()> {
    in_transaction(connection, |connection| {
        connection.execute("DELETE FROM finished", [])?;
        ids.iter().try_for_each(|id| delete(connection, *id))?;
        connection.execute("INSERT INTO entry (entry) VALUES ('optimize')", []).map(drop)
    })?;
    // A reader in the way is no error, but a row that says so.
    let is_busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    let busy = || rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None);
    if is_busy { Err(busy()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::archive::catalog::DatedArticle;
    use crate::archive::search_index::Ranked;
    use crate::extract::Phrase;

    fn index(texts: &[String]) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("schema.sql")).unwrap();
        connection.execute_batch("CREATE TABLE plain (id INTEGER PRIMARY KEY, text TEXT)").unwrap();
        for (id, text) in (1_i64..).zip(texts) {
            let (original, date) = (Digest::of(text.as_bytes()), Timestamp::from_second(id).unwrap());
            let row = IndexedRow { id: ArticleId(id), original, date, source: "posts".parse().unwrap() };
            let entry = IndexEntry { row, title: String::new(), text: text.clone(), alt: String::new() };
            put(&connection, &entry).unwrap();
            connection.execute("INSERT INTO plain VALUES (?1, ?2)", params![id, spaced(text)]).unwrap();
        }
        connection
    }

    /// Words and runs of other characters with a space around each.
    fn spaced(text: &str) -> String {
        let kind = |c: char| if c.is_ascii_alphanumeric() { 1 } else { 2 * i32::from(c.is_alphanumeric()) };
        let (mut out, mut before) = (String::from(" "), 0);
        for c in text.chars() {
            if kind(c) != before || kind(c) == 0 {
                out.push(' ');
            }
            before = kind(c);
            out.extend((before > 0).then_some(c));
        }
        out.push(' ');
        let runs: Vec<&str> = out.split_whitespace().collect();
        format!(" {} ", runs.join(" "))
    }

    /// What `LIKE` finds: words whole, other characters within any run.
    fn like(connection: &Connection, phrase: &str) -> Vec<i64> {
        let phrase = spaced(phrase);
        let bare = phrase.trim();
        let space = |c: Option<char>| if c.is_some_and(|c| c.is_ascii()) { " " } else { "" };
        let pattern = format!("%{}{bare}{}%", space(bare.chars().next()), space(bare.chars().next_back()));
        let mut found = connection.prepare_cached("SELECT id FROM plain WHERE text LIKE ?1 ORDER BY id DESC").unwrap();
        found.query_map([pattern], |row| row.get(0)).unwrap().collect::<Result<_>>().unwrap()
    }

    fn ids(connection: &Connection, phrase: Phrase, order: MatchOrder) -> Vec<i64> {
        let query = TextQuery { with: vec![phrase], ..TextQuery::default() };
        let found = find::matches(connection, &query, order, 999).unwrap();
        assert_eq!(found.count, found.rows.len() as u64);
        found.rows.iter().map(|row| row.id.0).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// No false hit and no miss, for one to eight characters of any text and for words.
        #[test]
        fn what_is_found_is_what_like_finds(
            texts in prop::collection::vec("[我们你好系统々ー가𠮷ab1c 。.-]{0,40}", 1..20),
            cuts in prop::collection::vec((0_usize..20, 0_usize..40, 1_usize..9), 1..20),
            others in prop::collection::vec("[我们你系统ab1c ]{1,8}", 1..9),
        ) {
            let connection = index(&texts);
            let parts = cuts.iter().map(|(text, start, length)| {
                texts[text % texts.len()].chars().skip(*start).take(*length).collect::<String>()
            });
            for phrase in parts.chain(others) {
                let Some(wanted) = Phrase::new(&phrase) else { continue };
                let found = ids(&connection, wanted.clone(), MatchOrder::Newest(None));
                prop_assert_eq!(&found, &like(&connection, &phrase), "{:?}", phrase);
                let mut best = ids(&connection, wanted, MatchOrder::Best(None));
                best.sort_unstable_by_key(|id| -id);
                prop_assert_eq!(found, best);
            }
        }
    }

    #[test]
    fn the_newest_of_many_are_found_by_their_dates() {
        let texts: Vec<_> = (0..10_050).map(|at| if at % 2 == 0 { "rain" } else { "rain snow" }.to_owned()).collect();
        let connection = index(&texts);
        let query = TextQuery { with: vec![Phrase::new("rain").unwrap()], ..TextQuery::default() };
        let before = DatedArticle { date: Timestamp::from_second(5000).unwrap(), id: ArticleId(5000) };
        let found = find::matches(&connection, &query, MatchOrder::Newest(Some(before)), 3).unwrap();
        assert_eq!(found.rows.iter().map(|row| row.id.0).collect::<Vec<_>>(), [4999, 4998, 4997]);
        assert_eq!((found.count, found.has_more), (10_001, true));
        let last = MatchOrder::Best(Some(Ranked { rank: f64::MAX, id: ArticleId(0) }));
        assert_eq!(find::matches(&connection, &query, last, 3).unwrap().rows, []);
    }

    #[test]
    fn what_was_cut_by_another_rule_is_due_again() {
        let connection = index(&["rain".to_owned()]);
        assert_eq!(indexed(&connection, None, 9).unwrap()[0].original, Digest::of(b"rain"));
        connection.execute("UPDATE indexed SET cutter = cutter + 1", []).unwrap();
        assert_ne!(indexed(&connection, None, 9).unwrap()[0].original, Digest::of(b"rain"));
    }
}
