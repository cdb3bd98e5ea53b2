//! The mirrors of articles: their digests, their edits, and what their files look like.

use rusqlite::{Connection, Result, Row, params};

use super::article_facts;
use super::error::{Damaged, in_row, name_row};
use crate::archive::rules::ArticleFacts;
use crate::model::{ArticleId, Digest, Edit, Fingerprint, Span};

/// The mirrored file of an article's row, once it has appeared: `mirror, mirror_size, mirror_modified, mirror_inode`, the
/// first of them at this position.
pub(super) fn mirror(row: &Row<'_>, first: usize) -> Result<Option<(Digest, Fingerprint)>> {
    let digest: Option<Digest> = row.get(first)?;
    let size: Option<u64> = row.get(first + 1)?;
    let Some((digest, size)) = digest.zip(size) else { return Ok(None) };
    let inode: i64 = row.get(first + 3)?;
    Ok(Some((digest, Fingerprint { size, modified: row.get(first + 2)?, inode: inode.cast_unsigned() })))
}

/// Puts a mirror whose file has not appeared in place of the one that is on record.
pub(super) fn store(connection: &Connection, article: ArticleId, digest: Digest, edits: &[Edit]) -> Result<()> {
    connection
        .prepare_cached("UPDATE article SET mirror = ?2, mirror_size = NULL WHERE id = ?1")?
        .execute(params![article, digest])?;
    replace_edits(connection, article, edits)
}

fn replace_edits(connection: &Connection, article: ArticleId, edits: &[Edit]) -> Result<()> {
    connection.prepare_cached("DELETE FROM edit WHERE article_id = ?1")?.execute([article])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO edit (article_id, ord, start, \"end\", raw, replacement) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (ord, edit) in edits.iter().enumerate() {
        insert.execute(params![article, ord, edit.span.start, edit.span.end, edit.raw, edit.replacement])?;
    }
    Ok(())
}

/// The references of an article whose URL has a good capture.
pub(super) fn kept_spans(connection: &Connection, article: ArticleId) -> Result<Vec<Span>> {
    connection
        .prepare_cached(
            "SELECT r.start, r.\"end\" FROM reference r JOIN url u ON u.id = r.url_id
             WHERE r.article_id = ?1 AND u.digest IS NOT NULL",
        )?
        .query_map([article], |row| Ok(Span::new(row.get(0)?, row.get(1)?)))?
        .collect()
}

pub(super) fn finish(connection: &Connection, article: ArticleId, fingerprint: Fingerprint) -> Result<()> {
    connection
        .prepare_cached("UPDATE article SET mirror_size = ?2, mirror_modified = ?3, mirror_inode = ?4 WHERE id = ?1")?
        .execute(params![article, fingerprint.size, fingerprint.modified, fingerprint.inode.cast_signed()])?;
    article_facts::change(connection, article, ArticleFacts::mirror_appeared)
}

/// How many times as long as its article the edits of a mirror may be, and how many bytes longer: they hold what they
/// replace, what takes its place, and links.
const TIMES: u64 = 8;
const LINKS: u64 = 16 << 20;
/// The most bytes of edits in any case.
const MOST: u64 = 256 << 20;

/// The edits of an article, if they are as long as those of an article of its size can be. The catalog may be somebody
/// else's: what its edits take is summed up before one of them is read.
pub(super) fn edits(connection: &Connection, article: ArticleId) -> Result<Vec<Edit>> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce(sum(octet_length(raw) + octet_length(replacement)), 0),
                (SELECT size FROM article WHERE id = ?1)
         FROM edit WHERE article_id = ?1",
    )?;
    let (length, size): (u64, Option<u64>) = statement.query_row([article], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let most = size.unwrap_or_default().saturating_mul(TIMES).saturating_add(LINKS).min(MOST);
    if length > most {
        let error = Damaged::in_column("list of edits", format_args!("{length} bytes, more than {most}"));
        return Err(name_row(error, || format!("edits of article {}", article.0)));
    }
    read_edits(connection, article)
}

fn read_edits(connection: &Connection, article: ArticleId) -> Result<Vec<Edit>> {
    let edit = |row: &Row<'_>| {
        Ok(Edit {
            span: Span::new(row.get("start")?, row.get("end")?),
            raw: row.get("raw")?,
            replacement: row.get("replacement")?,
        })
    };
    let mut statement = connection.prepare_cached("SELECT * FROM edit WHERE article_id = ?1 ORDER BY ord")?;
    let rows = statement.query_map([article], in_row("edit", &["article_id", "ord"], edit))?;
    rows.collect()
}
