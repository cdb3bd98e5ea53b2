//! What static pages show of articles, in short.

use std::ops::Range;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, Result, Row};

use super::codec::{article_key, moment};
use super::error::{in_row, readable};
use crate::archive::catalog::ArticleMark;
use crate::model::{ArticleId, Hasher};

/// The columns of an article that an entry of a list shows.
const ENTRY: &str = "source, path, title, coalesce(published, read_at) AS date, vanished";

/// The column after the last of these. That of the row's id comes before them.
const ENTRY_END: usize = 6;

/// The rest of what its page shows.
const PAGE: &str = "original, format, encoding, url, mirror_size IS NOT NULL";

/// An article's images with their thumbnails: as many rows for an image as it has thumbnails, and at least one.
const IMAGES: &str =
    "SELECT u.url, coalesce(s.digest, u.digest), s.digest IS NULL, iif(u.digest IS NULL, u.reason, NULL),
        t.name, t.media_type, t.width, t.height, t.digest
    FROM reference r JOIN url u ON u.id = r.url_id
    LEFT JOIN shown_version s ON s.article_id = r.article_id AND s.url_id = r.url_id
    LEFT JOIN thumbnail t ON t.original = coalesce(s.digest, u.digest)
    WHERE r.article_id = ?1 ORDER BY r.ord, t.name LIMIT 100000";

/// Those of its URLs that have no good capture.
const MISSING: &str = "SELECT u.url, u.state, u.reason, substr(u.detail, 1, 1000), u.status, u.attempts, u.next_attempt
    FROM reference r JOIN url u ON u.id = r.url_id WHERE r.article_id = ?1 AND u.digest IS NULL ORDER BY r.ord";

/// The marks of up to `limit` articles after this one, in the order of their rows.
pub(super) fn page(
    connection: &Connection,
    after: Option<ArticleId>,
    limit: usize,
) -> Result<Vec<Result<ArticleMark>>> {
    let sql = format!("SELECT id, {ENTRY}, {PAGE} FROM article WHERE id > ?1 ORDER BY id");
    let mut articles = connection.prepare_cached(&sql)?;
    let mark = |row: &Row<'_>| {
        let (id, columns) = (row.get("id")?, row.as_ref().column_count());
        let (mut entry, mut page, mut missing) = (Mark::default(), Mark::default(), Mark::default());
        entry.columns(row, 1..ENTRY_END)?;
        page.columns(row, 1..columns)?;
        page.rows(&mut connection.prepare_cached(IMAGES)?, id)?;
        let is_any = missing.rows(&mut connection.prepare_cached(MISSING)?, id)?;
        Ok(ArticleMark {
            id,
            key: article_key(row)?,
            date: moment(row, "date")?,
            entry: entry.finish(),
            page: page.finish(),
            missing: if is_any { missing.finish() } else { 0 },
        })
    };
    let rows = articles.query_map([after.map_or(0, |id| id.0)], in_row("article", &["id"], mark))?;
    readable(rows, limit)
}

/// A short digest of values.
#[derive(Default)]
struct Mark(Hasher);

impl Mark {
    /// Adds what these columns of a row hold.
    fn columns(&mut self, row: &Row<'_>, columns: Range<usize>) -> Result<()> {
        for column in columns {
            let bytes = match row.get_ref(column)? {
                ValueRef::Null => &[][..],
                ValueRef::Integer(number) => &number.to_le_bytes(),
                ValueRef::Real(number) => &number.to_le_bytes(),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
            };
            // The lengths keep values apart that stand side by side.
            self.0.update(&(bytes.len() as u64).to_le_bytes());
            self.0.update(bytes);
        }
        Ok(())
    }

    /// Adds all rows of an article. Returns whether there are any.
    fn rows(&mut self, statement: &mut CachedStatement<'_>, article: ArticleId) -> Result<bool> {
        let columns = statement.column_count();
        let (mut rows, mut is_any) = (statement.query([article])?, false);
        while let Some(row) = rows.next()? {
            self.columns(row, 0..columns)?;
            is_any = true;
        }
        Ok(is_any)
    }

    fn finish(self) -> u64 {
        self.0.finish().short()
    }
}
