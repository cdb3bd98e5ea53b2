//! Where articles stand between being read and being written: what the rules read and write of them.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::error::in_row;
use crate::archive::rules::ArticleFacts;
use crate::model::{ArticleId, UrlId};

/// The facts of a row: `stale, writing, vanished, revision, waiting`, the first of them at this position.
pub(super) fn facts(row: &Row<'_>, first: usize) -> Result<ArticleFacts> {
    Ok(ArticleFacts {
        stale: row.get(first)?,
        writing: row.get(first + 1)?,
        vanished: row.get(first + 2)?,
        revision: row.get(first + 3)?,
        waiting: row.get(first + 4)?,
    })
}

pub(super) fn facts_of(connection: &Connection, article: ArticleId) -> Result<Option<ArticleFacts>> {
    connection
        .prepare_cached("SELECT id, stale, writing, vanished, revision, waiting FROM article WHERE id = ?1")?
        .query_row([article], in_row("article", &["id"], |row| facts(row, 1)))
        .optional()
}

/// Stores what the rules made of an article. Triggers keep `waiting`.
pub(super) fn store(connection: &Connection, article: ArticleId, facts: ArticleFacts) -> Result<()> {
    connection
        .prepare_cached("UPDATE article SET stale = ?2, writing = ?3, vanished = ?4, revision = ?5 WHERE id = ?1")?
        .execute(params![article, facts.stale, facts.writing, facts.vanished, facts.revision])?;
    Ok(())
}

/// Reads an article's facts, and stores what `rule` makes of them.
pub(super) fn change(
    connection: &Connection,
    article: ArticleId,
    rule: impl FnOnce(ArticleFacts) -> ArticleFacts,
) -> Result<()> {
    facts_of(connection, article)?.map_or(Ok(()), |facts| store(connection, article, rule(facts)))
}

/// Makes articles stale.
pub(super) fn make_stale(connection: &Connection, articles: impl IntoIterator<Item = ArticleId>) -> Result<()> {
    articles.into_iter().try_for_each(|article| change(connection, article, ArticleFacts::made_stale))
}

/// The articles that show a URL.
pub(super) fn showing(connection: &Connection, url: UrlId) -> Result<Vec<ArticleId>> {
    connection
        .prepare_cached("SELECT DISTINCT article_id FROM reference WHERE url_id = ?1")?
        .query_map([url], |row| row.get(0))?
        .collect()
}

/// Those of some articles that are ready.
pub(super) fn ready_of(
    connection: &Connection,
    articles: impl IntoIterator<Item = ArticleId>,
) -> Result<Vec<ArticleId>> {
    let mut ready = Vec::new();
    for article in articles {
        if facts_of(connection, article)?.is_some_and(ArticleFacts::is_ready) {
            ready.push(article);
        }
    }
    Ok(ready)
}

/// Counts again how many URLs of an article are queued, after its references changed.
pub(super) fn recount_waiting(connection: &Connection, article: ArticleId) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE article SET waiting =
                 (SELECT count(DISTINCT r.url_id) FROM reference r JOIN job j ON j.url_id = r.url_id
                  WHERE r.article_id = ?1)
             WHERE id = ?1",
        )?
        .execute([article])?;
    Ok(())
}
