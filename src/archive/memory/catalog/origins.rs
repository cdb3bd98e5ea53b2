//! Where a text or an image came from.

use async_trait::async_trait;

use super::MemoryCatalog;
use super::state::page;
use crate::archive::catalog::{CatalogError, Origins, UrlRow};
use crate::model::{ArticleId, ArticleKey, Digest, Fingerprint, Format, UrlId};

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

    async fn article_with_mirror(
        &self,
        except: &ArticleKey,
        file: Fingerprint,
    ) -> Result<Option<ArticleKey>, CatalogError> {
        let state = self.state();
        let is_it = |key: &ArticleKey, id: &ArticleId| {
            key.source == except.source && key != except && state.articles[id].mirror_file == Some(file)
        };
        Ok(state.article_ids.iter().find(|(key, id)| is_it(key, id)).map(|(key, _)| key.clone()))
    }

    async fn file_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError> {
        let state = self.state();
        let is_meant = |entry: &super::state::UrlEntry| entry.url.scheme() == "file" && !entry.showing.is_empty();
        Ok(page(&state.urls, after, limit, |id, entry| is_meant(entry).then(|| state.url_row(*id))))
    }
}
