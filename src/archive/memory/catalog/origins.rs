//! Where a text or an image came from.

use async_trait::async_trait;

use super::MemoryCatalog;
use super::state::page;
use crate::archive::catalog::{CatalogError, Origins, UrlRow};
use crate::model::{ArticleId, ArticleKey, Digest, Format, UrlId};

#[async_trait]
impl Origins for MemoryCatalog {
    async fn originals_of_mirror(&self, mirror: Digest) -> Result<Vec<(Digest, Format)>, CatalogError> {
        let state = self.state();
        let of_mirror = state.articles.values().filter(|entry| entry.mirror == Some(mirror));
        let mut originals: Vec<_> = of_mirror.map(|entry| (entry.version.original, entry.version.format)).collect();
        originals.sort_by_key(|(original, format)| (*original, format.as_str()));
        originals.dedup();
        Ok(originals)
    }

    async fn articles_with_mirror(&self, except: &ArticleKey, mirror: Digest) -> Result<Vec<ArticleKey>, CatalogError> {
        let state = self.state();
        let is_one = |key: &ArticleKey, id: &ArticleId| {
            let entry = &state.articles[id];
            key.source == except.source && key != except && entry.mirror == Some(mirror) && !entry.facts.vanished
        };
        Ok(state.article_ids.iter().filter(|(key, id)| is_one(key, id)).map(|(key, _)| key.clone()).collect())
    }

    async fn file_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError> {
        let state = self.state();
        let is_meant = |entry: &super::state::UrlEntry| entry.url.scheme() == "file" && !entry.showing.is_empty();
        Ok(page(&state.urls, after, limit, |id, entry| is_meant(entry).then(|| state.url_row(*id))))
    }
}
