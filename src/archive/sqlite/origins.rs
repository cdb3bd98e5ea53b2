//! Where a text or an image came from.

use async_trait::async_trait;
use rusqlite::{Connection, Result, Row, params};

use super::codec::article_key;
use super::error::{in_row, readable};
use super::{Sqlite, urls};
use crate::archive::catalog::{CatalogError, Origins, UrlRow};
use crate::model::{ArticleKey, Digest, Format, UrlId};

#[async_trait]
impl Origins for Sqlite {
    async fn originals_of_mirror(&self, mirror: Digest) -> Result<Vec<(Digest, Format)>, CatalogError> {
        self.read(move |connection| originals_of_mirror(connection, mirror)).await
    }

    async fn articles_with_mirror(&self, except: &ArticleKey, mirror: Digest) -> Result<Vec<ArticleKey>, CatalogError> {
        let except = except.clone();
        self.read(move |connection| articles_with_mirror(connection, &except, mirror)).await
    }

    async fn file_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError> {
        self.read_readable(move |connection| file_urls(connection, after, limit)).await
    }
}

fn originals_of_mirror(connection: &Connection, mirror: Digest) -> Result<Vec<(Digest, Format)>> {
    let original = |row: &Row<'_>| Ok((row.get("original")?, row.get("format")?));
    connection
        .prepare_cached(
            "SELECT min(id) AS id, original, format FROM article WHERE mirror = ?1
             GROUP BY original, format ORDER BY original, format",
        )?
        .query_map([mirror], in_row("article", &["id"], original))?
        .collect()
}

fn articles_with_mirror(connection: &Connection, except: &ArticleKey, mirror: Digest) -> Result<Vec<ArticleKey>> {
    connection
        .prepare_cached(
            "SELECT id, source, path FROM article
             WHERE mirror = ?1 AND source = ?2 AND path <> ?3 AND NOT vanished ORDER BY path",
        )?
        .query_map(params![mirror, except.source, except.path], in_row("article", &["id"], article_key))?
        .collect()
}

fn file_urls(connection: &Connection, after: Option<UrlId>, limit: usize) -> Result<Vec<Result<UrlRow>>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM url u {} WHERE u.url >= 'file:' AND u.url < 'file;' AND u.id > ?1
                 AND EXISTS (SELECT 1 FROM reference r WHERE r.url_id = u.id)
             ORDER BY u.id",
        urls::COLUMNS,
        urls::WITH_ASSET
    ))?;
    readable(statement.query_map([after.map_or(0, |id| id.0)], urls::url)?, limit)
}
