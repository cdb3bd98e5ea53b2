//! The versions of articles.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::codec::{Millis, Text, millis, moment, moment_if_any};
use super::error::in_row;
use crate::archive::catalog::VersionRow;
use crate::model::{ArticleId, ArticleKey, ArticleVersion, Digest};

/// The row of an article with the original that is on record; without one where the row was just made, to be written into
/// before the transaction ends.
pub(super) fn ensure(connection: &Connection, key: &ArticleKey) -> Result<(ArticleId, Option<Digest>)> {
    let known = connection
        .prepare_cached("SELECT id, original FROM article WHERE source = ?1 AND path = ?2")?
        .query_row(params![key.source, key.path], |row| Ok((row.get(0)?, Some(row.get(1)?))))
        .optional()?;
    known.map_or_else(|| Ok((insert(connection, key)?, None)), Ok)
}

fn insert(connection: &Connection, key: &ArticleKey) -> Result<ArticleId> {
    connection
        .prepare_cached(
            "INSERT INTO article (source, path, original, size, modified, inode, format, settings, read_at)
             VALUES (?1, ?2, x'', 0, 0, 0, '', x'', 0) RETURNING id",
        )?
        .query_one(params![key.source, key.path], |row| row.get(0))
}

/// Notes that the version on record is an earlier one.
pub(super) fn keep(connection: &Connection, id: ArticleId) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO article_version (article_id, ord, original, format, title, published, read_at)
             SELECT id, (SELECT count(*) FROM article_version WHERE article_id = id), original, format, title,
                 published, read_at
             FROM article WHERE id = ?1",
        )?
        .execute([id])?;
    Ok(())
}

pub(super) fn store(connection: &Connection, id: ArticleId, version: &ArticleVersion) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE article SET original = ?2, size = ?3, modified = ?4, inode = ?5, format = ?6, encoding = ?7,
                 settings = ?8, title = ?9, published = ?10, url = ?11, read_at = ?12
             WHERE id = ?1",
        )?
        .execute(params![
            id,
            version.original,
            version.fingerprint.size,
            version.fingerprint.modified,
            version.fingerprint.inode.cast_signed(),
            version.format,
            version.encoding,
            version.settings,
            version.title,
            millis(version.published),
            version.url.as_ref().map(Text),
            Millis(version.read_at),
        ])?;
    Ok(())
}

/// Every version of an article, oldest first.
pub(super) fn of_article(connection: &Connection, id: ArticleId) -> Result<Vec<VersionRow>> {
    let version = |row: &Row<'_>| {
        Ok(VersionRow {
            original: row.get("original")?,
            format: row.get("format")?,
            title: row.get("title")?,
            published: moment_if_any(row, "published")?,
            read_at: moment(row, "read_at")?,
        })
    };
    connection
        .prepare_cached(
            "SELECT article_id, ord, original, format, title, published, read_at, 0 AS newest FROM article_version
                 WHERE article_id = ?1
             UNION ALL
             SELECT id, 0, original, format, title, published, read_at, 1 FROM article WHERE id = ?1
             ORDER BY newest, ord",
        )?
        .query_map([id], in_row("article", &["article_id"], version))?
        .collect()
}
