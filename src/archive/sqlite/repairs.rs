//! What is to be made again.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Result};

use super::{Sqlite, article_facts, assets, effects, urls};
use crate::archive::catalog::{CatalogError, Repairs};
use crate::archive::rules::{self, AssetFacts, LostThumbnail};
use crate::model::{ArticleId, Digest, ThumbnailName};

#[async_trait]
impl Repairs for Sqlite {
    async fn make_stale(&self, articles: &[ArticleId]) -> Result<(), CatalogError> {
        let articles = articles.to_vec();
        self.write_any(move |connection| article_facts::make_stale(connection, articles)).await
    }

    async fn forget_thumbnails(&self, thumbnails: &[(Digest, ThumbnailName)]) -> Result<(), CatalogError> {
        let thumbnails = thumbnails.to_vec();
        self.write_any(move |connection| lose_thumbnails(connection, thumbnails)).await
    }

    async fn lose_asset(&self, digest: Digest, now: Timestamp) -> Result<(), CatalogError> {
        self.write(move |connection| lose_asset(connection, digest, now)).await
    }
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

fn lose_thumbnails(connection: &Connection, thumbnails: Vec<(Digest, ThumbnailName)>) -> Result<()> {
    let lost = thumbnails
        .into_iter()
        .map(|(original, name)| Ok(LostThumbnail { original, name, showing: showing(connection, original)? }));
    let lost = lost.collect::<Result<_>>()?;
    effects::apply(connection, rules::thumbnails_lost(lost)).map(drop)
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
