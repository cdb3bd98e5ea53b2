//! Articles and their versions.

use std::collections::BTreeSet;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::codec::{article_key, moment, moment_if_any, url_if_any};
use super::error::{in_row, readable};
use super::writer::Extent;
use super::{Sqlite, article_facts, effects, mirrors, references, urls, versions};
use crate::archive::catalog::{
    ArticleRow, Articles, CatalogError, DatedArticle, NewReference, QueueChanges, ReferenceRow, VersionRow,
    WriteOutcome,
};
use crate::archive::rules::{self, ArticleFacts, KnownArticle, MirrorFacts, RecordFacts};
use crate::model::{
    ArticleId, ArticleKey, ArticleVersion, Digest, Edit, Fingerprint, HostKey, Revision, SourceName, UrlId,
};

/// An article of more references is recorded in a transaction of its own.
const MANY: usize = 500;

#[async_trait]
impl Articles for Sqlite {
    async fn article(&self, key: &ArticleKey) -> Result<Option<ArticleRow>, CatalogError> {
        let key = key.clone();
        self.read(move |connection| by_key(connection, &key)).await
    }

    async fn article_by_id(&self, id: ArticleId) -> Result<Option<ArticleRow>, CatalogError> {
        self.read(move |connection| by_id(connection, id)).await
    }

    async fn articles(
        &self,
        source: Option<&str>,
        after: Option<&ArticleKey>,
        limit: usize,
    ) -> Result<Vec<ArticleRow>, CatalogError> {
        let (source, after) = (source.map(str::to_owned), after.cloned());
        self.read_readable(move |connection| page(connection, source.as_deref(), after.as_ref(), limit)).await
    }

    async fn sources(&self) -> Result<Vec<SourceName>, CatalogError> {
        self.read(sources).await
    }

    async fn articles_by_date(
        &self,
        before: Option<DatedArticle>,
        limit: usize,
    ) -> Result<Vec<ArticleRow>, CatalogError> {
        self.read_readable(move |connection| page_by_date(connection, before, limit)).await
    }

    async fn articles_of_host(
        &self,
        host: &HostKey,
        after: Option<&ArticleKey>,
        limit: usize,
    ) -> Result<Vec<ArticleRow>, CatalogError> {
        let (host, after) = (host.clone(), after.cloned());
        self.read_readable(move |connection| page_of_host(connection, &host, after.as_ref(), limit)).await
    }

    async fn articles_of(&self, url: UrlId, limit: usize) -> Result<Vec<ArticleKey>, CatalogError> {
        self.read_readable(move |connection| keys_showing(connection, url, limit)).await
    }

    async fn record_article(
        &self,
        version: &ArticleVersion,
        size: u64,
        references: &[NewReference],
    ) -> Result<(ArticleId, QueueChanges), CatalogError> {
        let extent = if references.len() > MANY { Extent::Any } else { Extent::Few };
        let (version, references) = (version.clone(), references.to_vec());
        self.write_of(extent, move |connection| record(connection, version, size, references)).await
    }

    async fn touch_article(&self, id: ArticleId, fingerprint: Fingerprint) -> Result<(), CatalogError> {
        self.write(move |connection| touch(connection, id, fingerprint)).await
    }

    async fn mark_vanished(&self, ids: &[ArticleId]) -> Result<(), CatalogError> {
        let ids = ids.to_vec();
        self.write(move |connection| {
            ids.iter().try_for_each(|id| article_facts::change(connection, *id, ArticleFacts::gone_from_source))
        })
        .await
    }

    async fn stale_articles(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<ArticleId>, CatalogError> {
        self.read(move |connection| stale_page(connection, after, limit)).await
    }

    async fn versions(&self, id: ArticleId) -> Result<Vec<VersionRow>, CatalogError> {
        self.read(move |connection| versions::of_article(connection, id)).await
    }

    async fn references(&self, id: ArticleId) -> Result<Vec<ReferenceRow>, CatalogError> {
        self.read(move |connection| references::of_article(connection, id)).await
    }

    async fn record_mirror(
        &self,
        id: ArticleId,
        planned: Revision,
        digest: Digest,
        edits: &[Edit],
    ) -> Result<WriteOutcome, CatalogError> {
        let edits = edits.to_vec();
        self.write(move |connection| record_mirror(connection, id, planned, digest, edits)).await
    }

    async fn finish_mirror(&self, id: ArticleId, fingerprint: Fingerprint) -> Result<(), CatalogError> {
        self.write(move |connection| mirrors::finish(connection, id, fingerprint)).await
    }

    async fn edits(&self, id: ArticleId) -> Result<Vec<Edit>, CatalogError> {
        self.read(move |connection| mirrors::edits(connection, id)).await
    }
}

/// In the order in which [`article`] reads them.
pub(super) const COLUMNS: &str =
    "id, source, path, original, size, modified, inode, format, encoding, settings, title, published,
    url, read_at, stale, writing, vanished, revision, waiting, mirror, mirror_size, mirror_modified, mirror_inode";

/// When an article is dated, as the indexes spell it.
pub(super) const DATE: &str = "coalesce(published, read_at)";

fn by_key(connection: &Connection, key: &ArticleKey) -> Result<Option<ArticleRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM article WHERE source = ?1 AND path = ?2"))?
        .query_row(params![key.source, key.path], article)
        .optional()
}

fn by_id(connection: &Connection, id: ArticleId) -> Result<Option<ArticleRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM article WHERE id = ?1"))?
        .query_row([id], article)
        .optional()
}

fn page(
    connection: &Connection,
    source: Option<&str>,
    after: Option<&ArticleKey>,
    limit: usize,
) -> Result<Vec<Result<ArticleRow>>> {
    let (after_source, after_path) = after.map_or(("", ""), |key| (key.source.as_str(), key.path.as_str()));
    // Within one source the path alone is compared: a comparison of pairs would walk the source from its start.
    let beyond = match source {
        Some(source) if source < after_source => return Ok(Vec::new()),
        Some(source) if source == after_source => "source = ?1 AND path > ?3 AND ?2 NOT NULL",
        Some(_) => "source = ?1 AND ?2 NOT NULL AND ?3 NOT NULL",
        None => "(source, path) > (?2, ?3) AND ?1 IS NULL",
    };
    let sql = format!("SELECT {COLUMNS} FROM article WHERE {beyond} ORDER BY source, path");
    let mut statement = connection.prepare_cached(&sql)?;
    readable(statement.query_map(params![source, after_source, after_path], article)?, limit)
}

/// Articles in the order of their rows, each with its id, also where the rest of its row cannot be read.
pub(super) fn page_by_row(
    connection: &Connection,
    after: Option<ArticleId>,
    limit: usize,
) -> Result<Vec<(ArticleId, Result<ArticleRow>)>> {
    by_row(connection, COLUMNS, article, after, limit)
}

/// The keys of articles in the order of their rows, each with its id.
pub(super) fn keys_by_row(
    connection: &Connection,
    after: Option<ArticleId>,
    limit: usize,
) -> Result<Vec<(ArticleId, Result<ArticleKey>)>> {
    by_row(connection, "id, source, path", in_row("article", &["id"], article_key), after, limit)
}

fn by_row<T>(
    connection: &Connection,
    columns: &str,
    read: impl Fn(&Row<'_>) -> Result<T>,
    after: Option<ArticleId>,
    limit: usize,
) -> Result<Vec<(ArticleId, Result<T>)>> {
    connection
        .prepare_cached(&format!("SELECT {columns} FROM article WHERE id > ?1 ORDER BY id LIMIT ?2"))?
        .query_map(params![after.map_or(0, |id| id.0), limit], |row| Ok((row.get(0)?, read(row))))?
        .collect()
}

/// Each source is one look into the index, however many articles it has.
fn sources(connection: &Connection) -> Result<Vec<SourceName>> {
    connection
        .prepare_cached(
            "WITH RECURSIVE found (source) AS (
                 SELECT min(source) FROM article
                 UNION ALL SELECT (SELECT min(source) FROM article WHERE source > found.source) FROM found
                     WHERE found.source IS NOT NULL)
             SELECT source FROM found WHERE source IS NOT NULL",
        )?
        .query_map([], in_row("article", &["source"], |row| row.get("source")))?
        .collect()
}

fn page_by_date(
    connection: &Connection,
    before: Option<DatedArticle>,
    limit: usize,
) -> Result<Vec<Result<ArticleRow>>> {
    let (date, id) = before.map_or((i64::MAX, i64::MAX), |place| (place.date.as_millisecond(), place.id.0));
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM article
         WHERE {DATE} <= ?1 AND ({DATE}, id) < (?1, ?2) ORDER BY {DATE} DESC, id DESC"
    ))?;
    readable(statement.query_map(params![date, id], article)?, limit)
}

fn page_of_host(
    connection: &Connection,
    host: &HostKey,
    after: Option<&ArticleKey>,
    limit: usize,
) -> Result<Vec<Result<ArticleRow>>> {
    let (source, path) = after.map_or(("", ""), |key| (key.source.as_str(), key.path.as_str()));
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM article
             WHERE (source, path) > (?2, ?3) AND EXISTS (SELECT 1 FROM reference r CROSS JOIN url u ON u.id = r.url_id
                 WHERE r.article_id = article.id AND u.host_id = (SELECT id FROM host WHERE key = ?1))
             ORDER BY source, path"
    ))?;
    readable(statement.query_map(params![host.as_str(), source, path], article)?, limit)
}

fn keys_showing(connection: &Connection, url: UrlId, limit: usize) -> Result<Vec<Result<ArticleKey>>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, source, path FROM article WHERE id IN (SELECT article_id FROM reference WHERE url_id = ?1)
         ORDER BY source, path",
    )?;
    readable(statement.query_map([url], in_row("article", &["id"], article_key))?, limit)
}

/// The articles of which a blob is the original, now or before.
pub(super) fn keys_of_original(connection: &Connection, digest: Digest) -> Result<Vec<Result<ArticleKey>>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, source, path FROM article
         WHERE original = ?1 OR id IN (SELECT article_id FROM article_version WHERE original = ?1)
         ORDER BY source, path",
    )?;
    readable(statement.query_map([digest], in_row("article", &["id"], article_key))?, usize::MAX)
}

fn stale_page(connection: &Connection, after: Option<ArticleId>, limit: usize) -> Result<Vec<ArticleId>> {
    connection
        .prepare_cached("SELECT id FROM article WHERE stale = 1 AND id > ?1 ORDER BY id LIMIT ?2")?
        .query_map(params![after.map_or(0, |id| id.0), limit], |row| row.get(0))?
        .collect()
}

/// Reads [`COLUMNS`] by position: every run reads the rows of all articles, and would look up 23 names in each.
pub(super) fn article(row: &Row<'_>) -> Result<ArticleRow> {
    in_row("article", &["id"], |row| {
        let facts = article_facts::facts(row, 14)?;
        Ok(ArticleRow {
            id: row.get(0)?,
            version: version(row)?,
            state: facts.state(),
            is_gone: facts.vanished,
            revision: facts.revision,
            waiting: facts.waiting,
            mirror: mirrors::mirror(row, 19)?,
        })
    })(row)
}

fn version(row: &Row<'_>) -> Result<ArticleVersion> {
    Ok(ArticleVersion {
        key: ArticleKey { source: row.get(1)?, path: row.get(2)? },
        original: row.get(3)?,
        fingerprint: Fingerprint {
            size: row.get(4)?,
            modified: row.get(5)?,
            inode: row.get::<_, i64>(6)?.cast_unsigned(),
        },
        format: row.get(7)?,
        encoding: row.get(8)?,
        settings: row.get(9)?,
        title: row.get(10)?,
        published: moment_if_any(row, 11)?,
        url: url_if_any(row, 12)?,
        read_at: moment(row, 13)?,
    })
}

/// What is on record where an article was read: its row and those of what it shows are made where there are none.
fn facts_of(connection: &Connection, key: &ArticleKey, references: Vec<NewReference>) -> Result<RecordFacts> {
    let (article, original) = versions::ensure(connection, key)?;
    let facts = article_facts::facts_of(connection, article)?;
    let before = match original.zip(facts) {
        Some((original, facts)) => {
            Some(KnownArticle { original, facts, urls: references::url_ids(connection, article)? })
        }
        None => None,
    };
    let references = references::with_urls(connection, references)?;
    let shown: BTreeSet<UrlId> = references.iter().filter_map(|(_, url)| *url).collect();
    let urls = shown.into_iter().map(|url| Ok((url, urls::facts_of(connection, url)?))).collect::<Result<_>>()?;
    Ok(RecordFacts { article, before, references, urls })
}

pub(super) fn record(
    connection: &Connection,
    version: ArticleVersion,
    size: u64,
    references: Vec<NewReference>,
) -> Result<(ArticleId, QueueChanges)> {
    let facts = facts_of(connection, &version.key, references)?;
    Ok((facts.article, effects::decide(connection, rules::recorded(version, size, facts))?))
}

fn record_mirror(
    connection: &Connection,
    article: ArticleId,
    planned: Revision,
    digest: Digest,
    edits: Vec<Edit>,
) -> Result<WriteOutcome> {
    let Some(facts) = article_facts::facts_of(connection, article)? else { return Ok(WriteOutcome::Conflict) };
    let facts = MirrorFacts { facts, kept: mirrors::kept_spans(connection, article)? };
    let Some(effects) = rules::mirrored(article, planned, digest, edits, facts) else {
        return Ok(WriteOutcome::Conflict);
    };
    effects::apply(connection, effects)?;
    Ok(WriteOutcome::Applied)
}

fn touch(connection: &Connection, id: ArticleId, fingerprint: Fingerprint) -> Result<()> {
    connection
        .prepare_cached("UPDATE article SET size = ?2, modified = ?3, inode = ?4 WHERE id = ?1")?
        .execute(params![id, fingerprint.size, fingerprint.modified, fingerprint.inode.cast_signed()])?;
    article_facts::change(connection, id, ArticleFacts::back_in_source)
}
