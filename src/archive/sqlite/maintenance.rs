//! What proving, mending and pruning an archive needs.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Result};
use url::Url;

use super::error::catalog_error;
use super::{Sqlite, article_facts, articles, assets, checksum, copy, effects, garbage, identity, urls};
use crate::archive::catalog::{
    ArchiveRow, ArticleRow, AssetRow, BlobRow, CatalogError, Maintenance, ReadRows, ThumbnailRow,
};
use crate::archive::rules::{self, AssetFacts};
use crate::model::{ArticleId, ArticleKey, Digest, MediaType, ThumbnailName};

#[async_trait]
impl Maintenance for Sqlite {
    async fn archive(&self) -> Result<ArchiveRow, CatalogError> {
        self.read(identity::archive).await
    }

    async fn integrity(&self) -> Result<Vec<String>, CatalogError> {
        let path = self.readers.path().to_owned();
        self.read(move |connection| {
            let mut found = integrity(connection)?;
            if checksum::mismatches(&path) {
                found.push("its file was changed since offprint last wrote it".into());
            }
            Ok(found)
        })
        .await
    }

    fn unreadable_rows(&self) -> Vec<String> {
        self.unreadable.lock().iter().cloned().collect()
    }

    async fn content_mark(&self) -> Result<Option<Digest>, CatalogError> {
        self.read(copy::content_mark).await.map(Some)
    }

    async fn copy_to(&self, file: &Path) -> Result<(), CatalogError> {
        let file = file.to_owned();
        self.read(move |connection| copy::copy_to(connection, &file)).await
    }

    async fn blobs_on_record(&self, shard: u8) -> Result<ReadRows<BlobRow>, CatalogError> {
        self.read_rows(move |connection| assets::blobs(connection, shard)).await
    }

    async fn assets_on_record(&self, shard: u8) -> Result<ReadRows<AssetRow>, CatalogError> {
        self.read_rows(move |connection| assets::assets(connection, shard)).await
    }

    async fn thumbnails_on_record(&self, shard: u8) -> Result<ReadRows<ThumbnailRow>, CatalogError> {
        self.read_rows(move |connection| assets::thumbnails_of_shard(connection, shard)).await
    }

    async fn urls_of(&self, digest: Digest) -> Result<Vec<Url>, CatalogError> {
        self.read_readable(move |connection| urls::that_gave(connection, digest)).await
    }

    async fn articles_of_original(&self, digest: Digest) -> Result<Vec<ArticleKey>, CatalogError> {
        self.read_readable(move |connection| articles::keys_of_original(connection, digest)).await
    }

    async fn make_stale(&self, articles: &[ArticleId]) -> Result<(), CatalogError> {
        let articles = articles.to_vec();
        self.write(move |connection| article_facts::make_stale(connection, articles)).await
    }

    async fn forget_thumbnails(&self, thumbnails: &[(Digest, ThumbnailName)]) -> Result<(), CatalogError> {
        let thumbnails = thumbnails.to_vec();
        self.write(move |connection| {
            thumbnails.iter().try_for_each(|(original, name)| {
                assets::forget_thumbnails(connection, *original, Some(name))?;
                let showing = showing(connection, *original)?;
                article_facts::make_stale(connection, showing)
            })
        })
        .await
    }

    async fn articles_by_row(
        &self,
        after: Option<ArticleId>,
        limit: usize,
    ) -> Result<Vec<(ArticleId, Result<ArticleRow, CatalogError>)>, CatalogError> {
        let rows = self.read(move |connection| articles::page_by_row(connection, after, limit)).await?;
        let path = self.readers.path();
        Ok(rows.into_iter().map(|(id, row)| (id, row.map_err(|error| catalog_error(path, &error)))).collect())
    }

    async fn articles_showing(&self, digest: Digest) -> Result<Vec<ArticleId>, CatalogError> {
        self.read(move |connection| assets::articles_showing(connection, digest)).await
    }

    async fn discard_thumbnails(&self, thumbnails: &[(Digest, ThumbnailName)]) -> Result<(), CatalogError> {
        let thumbnails = thumbnails.to_vec();
        self.write(move |connection| {
            thumbnails
                .iter()
                .try_for_each(|(original, name)| assets::forget_thumbnails(connection, *original, Some(name)))
        })
        .await
    }

    async fn garbage_seen(&self) -> Result<BTreeMap<String, Timestamp>, CatalogError> {
        self.read(garbage::seen).await
    }

    async fn note_garbage(&self, seen: &BTreeMap<String, Timestamp>) -> Result<(), CatalogError> {
        let seen = seen.clone();
        self.write(move |connection| garbage::note(connection, &seen)).await
    }

    async fn lose_asset(&self, digest: Digest, now: Timestamp) -> Result<(), CatalogError> {
        self.write(move |connection| lose_asset(connection, digest, now)).await
    }

    async fn unreferenced_blobs(&self, shard: u8, before: Timestamp) -> Result<Vec<BlobRow>, CatalogError> {
        self.read(move |connection| garbage::unreferenced(connection, shard, before)).await
    }

    async fn forget_blob(&self, digest: Digest, media_type: MediaType) -> Result<bool, CatalogError> {
        self.write(move |connection| garbage::forget_blob(connection, digest, media_type)).await
    }
}

/// The database's own checks: of its pages and indexes, and of rows that name others.
/// The most rows without what they refer to that are reported.
const MOST_DANGLING: usize = 1000;

fn integrity(connection: &Connection) -> Result<Vec<String>> {
    let mut found: Vec<String> =
        connection.prepare("PRAGMA integrity_check")?.query_map([], |row| row.get(0))?.collect::<Result<_>>()?;
    found.retain(|line| line != "ok");
    let mut check = connection.prepare("PRAGMA foreign_key_check")?;
    let dangling = check.query_map([], |row| {
        let (table, other): (String, String) = (row.get(0)?, row.get(2)?);
        Ok(format!("a row of {table} names one of {other} that is not there"))
    })?;
    found.extend(dangling.take(MOST_DANGLING).collect::<Result<Vec<_>>>()?);
    let miscounted = "SELECT 1 FROM host LEFT JOIN (SELECT host_id, count(*) AS jobs FROM job GROUP BY host_id)
            ON host_id = id WHERE pending <> coalesce(jobs, 0)
        UNION ALL SELECT 1 FROM article a LEFT JOIN (SELECT article_id, count(DISTINCT url_id) AS urls
            FROM job JOIN reference USING (url_id) GROUP BY article_id) ON article_id = a.id
            WHERE a.waiting <> coalesce(urls, 0)";
    if connection.prepare(miscounted)?.exists([])? {
        found.push("its counts of jobs are not those of its rows".to_owned());
    }
    if connection.prepare("SELECT * FROM counted EXCEPT SELECT * FROM total")?.exists([])? {
        found.push("its sums are not those of its rows".to_owned());
    }
    let rendered = "SELECT * FROM counted_rendered EXCEPT SELECT * FROM rendered
        UNION ALL SELECT * FROM (SELECT * FROM rendered WHERE assets <> 0 EXCEPT SELECT * FROM counted_rendered)";
    if connection.prepare(rendered)?.exists([])? {
        found.push("its counts of thumbnails are not those of its rows".to_owned());
    }
    Ok(found)
}

/// The articles that show an asset: those of its URLs, and those that still show it after its URL changed.
fn showing(connection: &Connection, digest: Digest) -> Result<Vec<ArticleId>> {
    connection
        .prepare_cached(
            "SELECT article_id FROM reference WHERE url_id IN (SELECT id FROM url WHERE digest = ?1)
             UNION SELECT article_id FROM shown_version WHERE digest = ?1",
        )?
        .query_map([digest], |row| row.get(0))?
        .collect()
}

fn lose_asset(connection: &Connection, digest: Digest, now: Timestamp) -> Result<()> {
    let with_asset = urls::with_asset(connection, digest)?.into_iter();
    let facts = AssetFacts {
        media_type: assets::known(connection, digest)?.map(|asset| asset.media_type),
        urls: with_asset.map(|url| Ok((url, urls::facts_of(connection, url)?))).collect::<Result<_>>()?,
        showing: showing(connection, digest)?,
    };
    effects::apply(connection, rules::lost(digest, facts, now)).map(drop)
}
