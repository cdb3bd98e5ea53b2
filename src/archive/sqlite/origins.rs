//! Where a text or an image came from.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::codec::article_key;
use super::error::in_row;
use super::{Sqlite, urls};
use crate::archive::catalog::{CatalogError, Origins, UrlRow};
use crate::model::{ArticleKey, Digest, Fingerprint, Format, UrlId};

#[async_trait]
impl Origins for Sqlite {
    async fn originals_of_mirror(&self, mirror: Digest) -> Result<Vec<(Digest, Format)>, CatalogError> {
        self.read(move |connection| originals_of_mirror(connection, mirror)).await
    }

    async fn article_with_mirror(
        &self,
        except: &ArticleKey,
        file: Fingerprint,
    ) -> Result<Option<ArticleKey>, CatalogError> {
        let except = except.clone();
        self.read(move |connection| article_with_mirror(connection, &except, file)).await
    }

    async fn file_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError> {
        self.read(move |connection| file_urls(connection, after, limit)).await
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

fn article_with_mirror(connection: &Connection, except: &ArticleKey, file: Fingerprint) -> Result<Option<ArticleKey>> {
    connection
        .prepare_cached(
            "SELECT id, source, path FROM article WHERE source = ?1 AND path <> ?2 AND mirror_size = ?3
                 AND mirror_modified = ?4 AND mirror_inode = ?5 ORDER BY path LIMIT 1",
        )?
        .query_row(
            params![except.source, except.path, file.size, file.modified, file.inode.cast_signed()],
            in_row("article", &["id"], article_key),
        )
        .optional()
}

fn file_urls(connection: &Connection, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>> {
    connection
        .prepare_cached(&format!(
            "SELECT {} FROM url u {} WHERE u.url >= 'file:' AND u.url < 'file;' AND u.id > ?1
                 AND EXISTS (SELECT 1 FROM reference r WHERE r.url_id = u.id)
             ORDER BY u.id LIMIT ?2",
            urls::COLUMNS,
            urls::WITH_ASSET
        ))?
        .query_map(params![after.map_or(0, |id| id.0), limit], urls::url)?
        .collect()
}
