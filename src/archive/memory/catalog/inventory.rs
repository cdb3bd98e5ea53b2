//! What is on record, row by row, and what refers to it.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use url::Url;

use super::MemoryCatalog;
use super::state::{UrlEntry, is_of_shard, page};
use crate::archive::catalog::{
    ArticleRow, AssetRow, BlobRow, CatalogError, Derived, Inventory, ReadRows, ThumbnailRow,
};
use crate::model::{ArticleId, ArticleKey, Digest};

#[async_trait]
impl Inventory for MemoryCatalog {
    async fn blobs_on_record(&self, shard: u8) -> Result<ReadRows<BlobRow>, CatalogError> {
        Ok(self.state().blobs.values().filter(|row| is_of_shard(row.digest, shard)).copied().map(Ok).collect())
    }

    async fn assets_on_record(&self, shard: u8) -> Result<ReadRows<AssetRow>, CatalogError> {
        let state = self.state();
        let of_shard = state.assets.keys().filter(|digest| is_of_shard(**digest, shard));
        Ok(of_shard.map(|digest| Ok(state.asset(*digest))).collect())
    }

    async fn thumbnails_on_record(&self, shards: RangeInclusive<u8>) -> Result<ReadRows<ThumbnailRow>, CatalogError> {
        let state = self.state();
        let of_shards = |row: &&ThumbnailRow| shards.contains(&row.original.as_bytes()[0]);
        Ok(state.thumbnails.values().filter(of_shards).cloned().map(Ok).collect())
    }

    async fn compared(&self, what: Derived) -> Result<Option<Digest>, CatalogError> {
        Ok(self.state().compared.get(&what).copied())
    }

    async fn record_compared(&self, what: Derived, state: Digest) -> Result<(), CatalogError> {
        self.state().compared.insert(what, state);
        Ok(())
    }

    async fn urls_of(&self, digest: Digest) -> Result<Vec<Url>, CatalogError> {
        let state = self.state();
        let gave = state.urls.values();
        let gave = gave.filter(|entry| entry.facts.kept == Some(digest) || entry.replaced.contains(&digest));
        Ok(gave.map(|entry| entry.url.clone()).collect())
    }

    async fn urls_that_sent(&self, body: Digest) -> Result<Vec<Url>, CatalogError> {
        let state = self.state();
        let exchanges = state.captures.values().flat_map(|(_, capture)| &capture.exchanges);
        let sent = exchanges.filter(|exchange| exchange.body.as_ref().is_some_and(|kept| kept.digest == body));
        let refused = state.urls.values().filter(|entry| entry.revoked == Some(body));
        let urls = sent.map(|exchange| &exchange.url).chain(refused.map(|entry| &entry.url));
        Ok(urls.cloned().collect::<BTreeSet<_>>().into_iter().collect())
    }

    async fn articles_of_original(&self, digest: Digest) -> Result<Vec<ArticleKey>, CatalogError> {
        let state = self.state();
        let is_of = |id: &ArticleId| {
            let article = &state.articles[id];
            article.version.original == digest || article.earlier.iter().any(|version| version.original == digest)
        };
        Ok(state.article_ids.iter().filter(|(_, id)| is_of(id)).map(|(key, _)| key.clone()).collect())
    }

    async fn articles_by_row(
        &self,
        after: Option<ArticleId>,
        limit: usize,
    ) -> Result<Vec<(ArticleId, Result<ArticleRow, CatalogError>)>, CatalogError> {
        let state = self.state();
        Ok(page(&state.articles, after, limit, |id, _| state.article_row(*id).map(|row| (*id, Ok(row)))))
    }

    async fn article_keys_by_row(
        &self,
        after: Option<ArticleId>,
        limit: usize,
    ) -> Result<Vec<(ArticleId, Result<ArticleKey, CatalogError>)>, CatalogError> {
        let state = self.state();
        Ok(page(&state.articles, after, limit, |id, entry| Some((*id, Ok(entry.version.key.clone())))))
    }

    async fn articles_showing(&self, digest: Digest) -> Result<Vec<ArticleId>, CatalogError> {
        let state = self.state();
        let gave = |entry: &&UrlEntry| entry.facts.kept == Some(digest) || entry.replaced.contains(&digest);
        let showing = state.urls.values().filter(gave).flat_map(|entry| entry.showing.iter().copied());
        let first = state.articles.iter().filter(|(_, entry)| entry.shown_first.values().any(|shown| *shown == digest));
        Ok(showing.chain(first.map(|(id, _)| *id)).collect::<BTreeSet<_>>().into_iter().collect())
    }
}
