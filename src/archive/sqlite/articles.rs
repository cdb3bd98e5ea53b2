//! Articles, their references and their mirrors.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use url::Url;

use super::codec::{Millis, Text, millis};
use super::queue;
use super::urls;
use crate::archive::{
    ArticleId, ArticleRow, ArticleState, NewReference, QueueChanges, ReferenceRow, Revision, UrlId, VersionRow,
    WriteOutcome,
};
use crate::model::{ArticleKey, ArticleVersion, Asset, Digest, Edit, Fingerprint, Span};

const COLUMNS: &str = "id, source, path, original, size, modified, inode, format, settings, title, published, url,
    read_at, stale, revision, vanished, mirror, mirror_size, mirror_modified, mirror_inode";

pub(super) fn by_key(connection: &Connection, key: &ArticleKey) -> Result<Option<ArticleRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM article WHERE source = ?1 AND path = ?2"))?
        .query_row(params![key.source, key.path], article)
        .optional()
}

pub(super) fn by_id(connection: &Connection, id: ArticleId) -> Result<Option<ArticleRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM article WHERE id = ?1"))?
        .query_row([id], article)
        .optional()
}

pub(super) fn page(
    connection: &Connection,
    source: Option<&str>,
    after: Option<&ArticleKey>,
    limit: usize,
) -> Result<Vec<ArticleRow>> {
    let (after_source, after_path) = after.map_or(("", ""), |key| (key.source.as_str(), key.path.as_str()));
    // Within one source the path alone is compared: a comparison of pairs would walk the source from its start.
    let beyond = match source {
        Some(source) if source < after_source => return Ok(Vec::new()),
        Some(source) if source == after_source => "source = ?1 AND path > ?3 AND ?2 NOT NULL",
        Some(_) => "source = ?1 AND ?2 NOT NULL AND ?3 NOT NULL",
        None => "(source, path) > (?2, ?3) AND ?1 IS NULL",
    };
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM article WHERE {beyond} ORDER BY source, path LIMIT ?4"))?
        .query_map(params![source, after_source, after_path, limit], article)?
        .collect()
}

fn article(row: &Row<'_>) -> Result<ArticleRow> {
    let stale: bool = row.get("stale")?;
    let vanished: bool = row.get("vanished")?;
    Ok(ArticleRow {
        id: row.get("id")?,
        version: version(row)?,
        state: match (stale, vanished) {
            (true, _) => ArticleState::Stale,
            (false, true) => ArticleState::Vanished,
            (false, false) => ArticleState::Mirrored,
        },
        revision: row.get("revision")?,
        mirror: mirror(row)?,
    })
}

fn version(row: &Row<'_>) -> Result<ArticleVersion> {
    Ok(ArticleVersion {
        key: ArticleKey { source: row.get("source")?, path: row.get("path")? },
        original: row.get("original")?,
        fingerprint: Fingerprint {
            size: row.get("size")?,
            modified: row.get("modified")?,
            inode: row.get::<_, i64>("inode")?.cast_unsigned(),
        },
        format: row.get("format")?,
        settings: row.get("settings")?,
        title: row.get("title")?,
        published: moment(row, "published")?,
        url: row.get::<_, Option<Text<Url>>>("url")?.map(|url| url.0),
        read_at: row.get::<_, Millis>("read_at")?.0,
    })
}

/// A moment that may be absent.
pub(super) fn moment(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<Millis>>(column)?.map(|at| at.0))
}

/// The mirrored file, once it has appeared.
fn mirror(row: &Row<'_>) -> Result<Option<(Digest, Fingerprint)>> {
    let digest: Option<Digest> = row.get("mirror")?;
    let size: Option<u64> = row.get("mirror_size")?;
    let Some((digest, size)) = digest.zip(size) else { return Ok(None) };
    let inode: i64 = row.get("mirror_inode")?;
    Ok(Some((digest, Fingerprint { size, modified: row.get("mirror_modified")?, inode: inode.cast_unsigned() })))
}

pub(super) fn record(
    connection: &Connection,
    version: &ArticleVersion,
    size: u64,
    references: &[NewReference],
) -> Result<(ArticleId, QueueChanges)> {
    urls::record_blob(connection, version.original, version.format.blob_type(), size, version.read_at)?;
    keep_replaced_version(connection, version)?;
    let id = record_version(connection, version)?;
    let before = url_ids(connection, id)?;
    connection.prepare_cached("DELETE FROM reference WHERE article_id = ?1")?.execute([id])?;
    let mut queued = 0;
    for (ord, reference) in references.iter().enumerate() {
        queued += record_reference(connection, id, ord, reference, version.read_at)?;
    }
    queue::forget_unshown(connection, &before)?;
    forget_versions_not_shown(connection, id)?;
    Ok((id, QueueChanges { ready_articles: ready_of(connection, [id])?, queued, ..QueueChanges::default() }))
}

/// Keeps the version on record where its bytes differ from the new one's.
fn keep_replaced_version(connection: &Connection, new: &ArticleVersion) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO article_version (article_id, ord, original, format, title, published, read_at)
             SELECT id, (SELECT count(*) FROM article_version WHERE article_id = id), original, format, title,
                 published, read_at
             FROM article WHERE source = ?1 AND path = ?2 AND original <> ?3",
        )?
        .execute(params![new.key.source, new.key.path, new.original])?;
    Ok(())
}

fn record_version(connection: &Connection, version: &ArticleVersion) -> Result<ArticleId> {
    connection
        .prepare_cached(
            "INSERT INTO article (source, path, original, size, modified, inode, format, settings, title, published,
                 url, read_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (source, path) DO UPDATE SET original = excluded.original, size = excluded.size,
                 modified = excluded.modified, inode = excluded.inode, format = excluded.format,
                 settings = excluded.settings, title = excluded.title, published = excluded.published,
                 url = excluded.url, read_at = excluded.read_at, stale = 1, revision = revision + 1, writing = 0,
                 vanished = 0, refused = 0
             RETURNING id",
        )?
        .query_one(
            params![
                version.key.source,
                version.key.path,
                version.original,
                version.fingerprint.size,
                version.fingerprint.modified,
                version.fingerprint.inode.cast_signed(),
                version.format,
                version.settings,
                version.title,
                millis(version.published),
                version.url.as_ref().map(Text),
                Millis(version.read_at),
            ],
            |row| row.get(0),
        )
}

/// Records a reference, and gives how many jobs it put into the queue: one or none.
fn record_reference(
    connection: &Connection,
    article: ArticleId,
    ord: usize,
    reference: &NewReference,
    at: Timestamp,
) -> Result<u64> {
    let url = reference.url.as_ref().map(|url| urls::ensure(connection, url)).transpose()?;
    connection
        .prepare_cached(
            "INSERT INTO reference (article_id, ord, start, \"end\", kind, name, picture, url_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            article,
            ord,
            reference.span.start,
            reference.span.end,
            reference.kind,
            reference.name,
            reference.image_group,
            url
        ])?;
    url.map_or(Ok(0), |url| queue::enqueue_if_due(connection, url, at))
}

/// An article that no longer shows a URL has no say in which version it shows.
fn forget_versions_not_shown(connection: &Connection, id: ArticleId) -> Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM shown_version WHERE article_id = ?1
                 AND url_id NOT IN (SELECT url_id FROM reference WHERE article_id = ?1 AND url_id IS NOT NULL)",
        )?
        .execute([id])?;
    Ok(())
}

/// The URLs that an article shows.
fn url_ids(connection: &Connection, id: ArticleId) -> Result<Vec<UrlId>> {
    connection
        .prepare_cached("SELECT DISTINCT url_id FROM reference WHERE article_id = ?1 AND url_id IS NOT NULL")?
        .query_map([id], |row| row.get(0))?
        .collect()
}

pub(super) fn touch(connection: &Connection, id: ArticleId, fingerprint: Fingerprint) -> Result<()> {
    connection
        .prepare_cached("UPDATE article SET size = ?2, modified = ?3, inode = ?4, vanished = 0 WHERE id = ?1")?
        .execute(params![id, fingerprint.size, fingerprint.modified, fingerprint.inode.cast_signed()])?;
    Ok(())
}

pub(super) fn versions(connection: &Connection, id: ArticleId) -> Result<Vec<VersionRow>> {
    let version = |row: &Row<'_>| {
        Ok(VersionRow {
            original: row.get("original")?,
            format: row.get("format")?,
            title: row.get("title")?,
            published: moment(row, "published")?,
            read_at: row.get::<_, Millis>("read_at")?.0,
        })
    };
    connection
        .prepare_cached(
            "SELECT original, format, title, published, read_at, 0 AS newest, ord FROM article_version
                 WHERE article_id = ?1
             UNION ALL
             SELECT original, format, title, published, read_at, 1, 0 FROM article WHERE id = ?1
             ORDER BY newest, ord",
        )?
        .query_map([id], version)?
        .collect()
}

pub(super) fn mark_vanished(connection: &Connection, ids: &[ArticleId]) -> Result<()> {
    let mut mark = connection.prepare_cached("UPDATE article SET vanished = 1 WHERE id = ?1")?;
    ids.iter().try_for_each(|id| mark.execute([id]).map(drop))
}

/// What makes a stale article ready: none of its URLs is in the queue.
const NOTHING_QUEUED: &str = "NOT EXISTS (SELECT 1 FROM reference r JOIN job j ON j.url_id = r.url_id
    WHERE r.article_id = article.id)";

pub(super) fn ready(connection: &Connection, after: Option<ArticleId>, limit: usize) -> Result<Vec<ArticleId>> {
    connection
        .prepare_cached(&format!(
            "SELECT id FROM article WHERE stale = 1 AND id > ?1 AND {NOTHING_QUEUED} ORDER BY id LIMIT ?2"
        ))?
        .query_map(params![after.map_or(0, |id| id.0), limit], |row| row.get(0))?
        .collect()
}

pub(super) fn stale(connection: &Connection, after: Option<ArticleId>, limit: usize) -> Result<Vec<ArticleId>> {
    connection
        .prepare_cached("SELECT id FROM article WHERE stale = 1 AND id > ?1 ORDER BY id LIMIT ?2")?
        .query_map(params![after.map_or(0, |id| id.0), limit], |row| row.get(0))?
        .collect()
}

/// Those of some articles that are ready.
pub(super) fn ready_of(
    connection: &Connection,
    articles: impl IntoIterator<Item = ArticleId>,
) -> Result<Vec<ArticleId>> {
    let mut ready = connection
        .prepare_cached(&format!("SELECT count(*) FROM article WHERE id = ?1 AND stale = 1 AND {NOTHING_QUEUED}"))?;
    let mut found = Vec::new();
    for id in articles {
        if ready.query_row([id], |row| row.get(0))? {
            found.push(id);
        }
    }
    Ok(found)
}

pub(super) fn references(connection: &Connection, id: ArticleId) -> Result<Vec<ReferenceRow>> {
    let shown_first = shown_first(connection, id)?;
    connection
        .prepare_cached(&format!(
            "SELECT r.start, r.\"end\", r.kind, r.name, r.picture, {} FROM reference r
             LEFT JOIN url u ON u.id = r.url_id {} WHERE r.article_id = ?1 ORDER BY r.ord",
            urls::COLUMNS,
            urls::WITH_ASSET
        ))?
        .query_map([id], |row| {
            let url: Option<UrlId> = row.get("url_id")?;
            Ok(ReferenceRow {
                span: Span::new(row.get("start")?, row.get("end")?),
                kind: row.get("kind")?,
                name: row.get("name")?,
                image_group: row.get("picture")?,
                url: url.map(|_| urls::url(row)).transpose()?,
                shown_first: url.and_then(|url| shown_first.get(&url).cloned()),
            })
        })?
        .collect()
}

/// The versions that an article showed before their URLs' bytes changed.
fn shown_first(connection: &Connection, id: ArticleId) -> Result<HashMap<UrlId, (Digest, u64, Asset)>> {
    connection
        .prepare_cached(
            "SELECT s.url_id, a.*, b.size FROM shown_version s JOIN asset a ON a.digest = s.digest
             JOIN blob b ON b.digest = a.digest AND b.media_type = a.media_type WHERE s.article_id = ?1",
        )?
        .query_map([id], |row| Ok((row.get("url_id")?, (row.get("digest")?, row.get("size")?, urls::asset(row)?))))?
        .collect()
}

/// Mirrored articles go on showing these bytes of a URL, where they do not show still older ones.
pub(super) fn keep_shown_version(connection: &Connection, url: UrlId, digest: Digest) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO shown_version (article_id, url_id, digest)
             SELECT DISTINCT r.article_id, r.url_id, ?2 FROM reference r JOIN article a ON a.id = r.article_id
             WHERE r.url_id = ?1 AND a.mirror IS NOT NULL",
        )?
        .execute(params![url, digest])?;
    Ok(())
}

pub(super) fn record_mirror(
    connection: &Connection,
    id: ArticleId,
    planned: Revision,
    digest: Digest,
    edits: &[Edit],
) -> Result<WriteOutcome> {
    let heard = connection
        .prepare_cached(
            "UPDATE article SET mirror = ?3, mirror_size = NULL, writing = 1 WHERE id = ?1 AND revision = ?2",
        )?
        .execute(params![id, planned, digest])?;
    if heard == 0 {
        return Ok(WriteOutcome::Conflict);
    }
    connection.prepare_cached("DELETE FROM edit WHERE article_id = ?1")?.execute([id])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO edit (article_id, ord, start, \"end\", raw, replacement) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (ord, edit) in edits.iter().enumerate() {
        insert.execute(params![id, ord, edit.span.start, edit.span.end, edit.raw, edit.replacement])?;
    }
    let refused = count_refused(connection, id, edits)?;
    connection.prepare_cached("UPDATE article SET refused = ?2 WHERE id = ?1")?.execute(params![id, refused])?;
    Ok(WriteOutcome::Applied)
}

/// How many references have an image that none of the edits shows. Both are in order, and neither overlap themselves.
fn count_refused(connection: &Connection, id: ArticleId, edits: &[Edit]) -> Result<u64> {
    let mut kept = connection.prepare_cached(
        "SELECT r.start, r.\"end\" FROM reference r JOIN url u ON u.id = r.url_id
         WHERE r.article_id = ?1 AND u.digest IS NOT NULL",
    )?;
    let spans = kept.query_map([id], |row| Ok(Span::new(row.get(0)?, row.get(1)?)))?;
    spans.into_iter().try_fold(0, |count, span| {
        let span = span?;
        let near = edits.partition_point(|edit| edit.span.end <= span.start);
        let is_shown = edits.get(near).is_some_and(|edit| edit.span.start < span.end);
        Ok(count + u64::from(!is_shown))
    })
}

pub(super) fn finish_mirror(connection: &Connection, id: ArticleId, fingerprint: Fingerprint) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE article SET mirror_size = ?2, mirror_modified = ?3, mirror_inode = ?4, stale = stale AND NOT writing,
                 writing = 0
             WHERE id = ?1",
        )?
        .execute(params![id, fingerprint.size, fingerprint.modified, fingerprint.inode.cast_signed()])?;
    Ok(())
}

pub(super) fn edits(connection: &Connection, id: ArticleId) -> Result<Vec<Edit>> {
    connection
        .prepare_cached("SELECT start, \"end\", raw, replacement FROM edit WHERE article_id = ?1 ORDER BY ord")?
        .query_map([id], |row| {
            Ok(Edit {
                span: Span::new(row.get("start")?, row.get("end")?),
                raw: row.get("raw")?,
                replacement: row.get("replacement")?,
            })
        })?
        .collect()
}

/// The articles that show a URL.
pub(super) fn showing(connection: &Connection, url: UrlId) -> Result<Vec<ArticleId>> {
    connection
        .prepare_cached("SELECT DISTINCT article_id FROM reference WHERE url_id = ?1")?
        .query_map([url], |row| row.get(0))?
        .collect()
}

/// Makes articles stale: whatever was planned for them before is not heard any more.
pub(super) const MAKE_STALE: &str = "UPDATE article SET stale = 1, revision = revision + 1, writing = 0";

/// Makes the articles stale that show a URL.
pub(super) fn make_stale(connection: &Connection, url: UrlId) -> Result<()> {
    connection
        .prepare_cached(&format!("{MAKE_STALE} WHERE id IN (SELECT article_id FROM reference WHERE url_id = ?1)"))?
        .execute([url])?;
    Ok(())
}

/// Makes the articles stale that do not go on showing an older version of a URL.
pub(super) fn make_stale_without_version(connection: &Connection, url: UrlId) -> Result<()> {
    connection
        .prepare_cached(&format!(
            "{MAKE_STALE} WHERE id IN (SELECT article_id FROM reference WHERE url_id = ?1
                 EXCEPT SELECT article_id FROM shown_version WHERE url_id = ?1)"
        ))?
        .execute([url])?;
    Ok(())
}

pub(super) fn refresh(connection: &Connection, urls: &[UrlId]) -> Result<QueueChanges> {
    let mut affected = std::collections::BTreeSet::new();
    for &url in urls {
        make_stale(connection, url)?;
        affected.extend(showing(connection, url)?);
    }
    Ok(QueueChanges { ready_articles: ready_of(connection, affected)?, ..QueueChanges::default() })
}

pub(super) fn keys_showing(connection: &Connection, url: UrlId, limit: usize) -> Result<Vec<ArticleKey>> {
    connection
        .prepare_cached(
            "SELECT source, path FROM article WHERE id IN (SELECT article_id FROM reference WHERE url_id = ?1)
             ORDER BY source, path LIMIT ?2",
        )?
        .query_map(params![url, limit], |row| Ok(ArticleKey { source: row.get("source")?, path: row.get("path")? }))?
        .collect()
}
