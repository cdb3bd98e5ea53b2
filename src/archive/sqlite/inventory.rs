//! What is on record, row by row, and what refers to it.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};
use url::Url;

use super::error::catalog_error;
use super::{Sqlite, articles, assets, urls};
use crate::archive::catalog::{
    ArticleRow, AssetRow, BlobRow, CatalogError, Derived, Inventory, ReadRows, ThumbnailRow,
};
use crate::model::{ArticleId, ArticleKey, Digest};

#[async_trait]
impl Inventory for Sqlite {
    async fn blobs_on_record(&self, shard: u8) -> Result<ReadRows<BlobRow>, CatalogError> {
        self.read_rows(move |connection| assets::blobs(connection, shard)).await
    }

    async fn assets_on_record(&self, shard: u8) -> Result<ReadRows<AssetRow>, CatalogError> {
        self.read_rows(move |connection| assets::assets(connection, shard)).await
    }

    async fn thumbnails_on_record(&self, shards: RangeInclusive<u8>) -> Result<ReadRows<ThumbnailRow>, CatalogError> {
        self.read_rows(move |connection| assets::thumbnails_of_shards(connection, &shards)).await
    }

    async fn compared(&self, what: Derived) -> Result<Option<Digest>, CatalogError> {
        self.read(move |connection| {
            let mut compared = connection.prepare_cached("SELECT state FROM compared WHERE part = ?1")?;
            compared.query_row([what.as_str()], |row| row.get(0)).optional()
        })
        .await
    }

    async fn record_compared(&self, what: Derived, state: Digest) -> Result<(), CatalogError> {
        self.write(move |connection| {
            let mut record = connection.prepare_cached("INSERT OR REPLACE INTO compared VALUES (?1, ?2)")?;
            record.execute(params![what.as_str(), state]).map(drop)
        })
        .await
    }

    async fn urls_of(&self, digest: Digest) -> Result<Vec<Url>, CatalogError> {
        self.read_readable(move |connection| urls::that_gave(connection, digest)).await
    }

    async fn urls_that_sent(&self, body: Digest) -> Result<Vec<Url>, CatalogError> {
        self.read_readable(move |connection| urls::that_sent(connection, body)).await
    }

    async fn articles_of_original(&self, digest: Digest) -> Result<Vec<ArticleKey>, CatalogError> {
        self.read_readable(move |connection| articles::keys_of_original(connection, digest)).await
    }

    async fn articles_by_row(
        &self,
        after: Option<ArticleId>,
        limit: usize,
    ) -> Result<Vec<(ArticleId, Result<ArticleRow, CatalogError>)>, CatalogError> {
        let rows = self.read(move |connection| articles::page_by_row(connection, after, limit)).await?;
        Ok(self.by_row(rows))
    }

    async fn article_keys_by_row(
        &self,
        after: Option<ArticleId>,
        limit: usize,
    ) -> Result<Vec<(ArticleId, Result<ArticleKey, CatalogError>)>, CatalogError> {
        let rows = self.read(move |connection| articles::keys_by_row(connection, after, limit)).await?;
        Ok(self.by_row(rows))
    }

    async fn articles_showing(&self, digest: Digest) -> Result<Vec<ArticleId>, CatalogError> {
        self.read(move |connection| assets::articles_showing(connection, digest)).await
    }
}

impl Sqlite {
    /// The same of rows that come with their numbers.
    fn by_row<T>(&self, rows: Vec<(ArticleId, rusqlite::Result<T>)>) -> Vec<(ArticleId, Result<T, CatalogError>)> {
        let path = self.readers.path();
        rows.into_iter().map(|(id, row)| (id, row.map_err(|error| catalog_error(path, &error)))).collect()
    }
}
