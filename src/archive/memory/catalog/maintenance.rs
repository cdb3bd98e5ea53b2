//! What proving, mending and pruning an archive needs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::MemoryCatalog;
use super::state::{State, UrlEntry, page};
use crate::archive::catalog::{ArchiveRow, ArticleRow, AssetRow, BlobRow, CatalogError, Maintenance, ThumbnailRow};
use crate::archive::rules::BlobUses;
use crate::model::{ArticleId, ArticleKey, Digest, MediaType, ThumbnailName};

#[async_trait]
impl Maintenance for MemoryCatalog {
    async fn archive(&self) -> Result<ArchiveRow, CatalogError> {
        Ok(self.state().archive)
    }

    /// Nothing can be wrong with it: there is no file.
    async fn integrity(&self) -> Result<Vec<String>, CatalogError> {
        Ok(Vec::new())
    }

    async fn content_mark(&self) -> Result<Option<Digest>, CatalogError> {
        Ok(None)
    }

    async fn copy_to(&self, file: &Path) -> Result<(), CatalogError> {
        let (place, cause) = (file.display().to_string(), "a catalog in memory has no copies".to_owned());
        Err(CatalogError::Database { place, cause })
    }

    async fn blobs_on_record(&self, shard: u8) -> Result<Vec<BlobRow>, CatalogError> {
        Ok(self.state().blobs.values().filter(|row| is_of_shard(row.digest, shard)).copied().collect())
    }

    async fn assets_on_record(&self, shard: u8) -> Result<Vec<AssetRow>, CatalogError> {
        let state = self.state();
        let of_shard = state.assets.keys().filter(|digest| is_of_shard(**digest, shard));
        Ok(of_shard.map(|digest| state.asset(*digest)).collect())
    }

    async fn thumbnails_on_record(&self, shard: u8) -> Result<Vec<ThumbnailRow>, CatalogError> {
        let state = self.state();
        Ok(state.thumbnails.values().filter(|row| is_of_shard(row.original, shard)).cloned().collect())
    }

    async fn urls_of(&self, digest: Digest) -> Result<Vec<Url>, CatalogError> {
        let state = self.state();
        let gave = state.urls.values();
        let gave = gave.filter(|entry| entry.facts.kept == Some(digest) || entry.replaced.contains(&digest));
        Ok(gave.map(|entry| entry.url.clone()).collect())
    }

    async fn articles_of_original(&self, digest: Digest) -> Result<Vec<ArticleKey>, CatalogError> {
        let state = self.state();
        let is_of = |id: &ArticleId| {
            let article = &state.articles[id];
            article.version.original == digest || article.earlier.iter().any(|version| version.original == digest)
        };
        Ok(state.article_ids.iter().filter(|(_, id)| is_of(id)).map(|(key, _)| key.clone()).collect())
    }

    async fn make_stale(&self, articles: &[ArticleId]) -> Result<(), CatalogError> {
        self.state().make_stale(articles.iter().copied());
        Ok(())
    }

    async fn forget_thumbnails(&self, thumbnails: &[(Digest, ThumbnailName)]) -> Result<(), CatalogError> {
        let mut state = self.state();
        for thumbnail in thumbnails {
            state.thumbnails.remove(thumbnail);
            state.make_stale_showing(thumbnail.0);
        }
        Ok(())
    }

    async fn articles_by_row(
        &self,
        after: Option<ArticleId>,
        limit: usize,
    ) -> Result<Vec<(ArticleId, Result<ArticleRow, CatalogError>)>, CatalogError> {
        let state = self.state();
        Ok(page(&state.articles, after, limit, |id, _| state.article_row(*id).map(|row| (*id, Ok(row)))))
    }

    async fn articles_showing(&self, digest: Digest) -> Result<Vec<ArticleId>, CatalogError> {
        let state = self.state();
        let gave = |entry: &&UrlEntry| entry.facts.kept == Some(digest) || entry.replaced.contains(&digest);
        let showing = state.urls.values().filter(gave).flat_map(|entry| entry.showing.iter().copied());
        let first = state.articles.iter().filter(|(_, entry)| entry.shown_first.values().any(|shown| *shown == digest));
        Ok(showing.chain(first.map(|(id, _)| *id)).collect::<BTreeSet<_>>().into_iter().collect())
    }

    async fn discard_thumbnails(&self, thumbnails: &[(Digest, ThumbnailName)]) -> Result<(), CatalogError> {
        self.state().thumbnails.retain(|key, _| !thumbnails.contains(key));
        Ok(())
    }

    async fn garbage_seen(&self) -> Result<BTreeMap<String, Timestamp>, CatalogError> {
        Ok(self.state().garbage.clone())
    }

    async fn note_garbage(&self, seen: &BTreeMap<String, Timestamp>) -> Result<(), CatalogError> {
        self.state().garbage.clone_from(seen);
        Ok(())
    }

    async fn lose_asset(&self, digest: Digest, now: Timestamp) -> Result<(), CatalogError> {
        self.state().lose_asset(digest, now);
        Ok(())
    }

    async fn unreferenced_blobs(&self, shard: u8, before: Timestamp) -> Result<Vec<BlobRow>, CatalogError> {
        let state = self.state();
        let old = state.blobs.values().filter(|row| is_of_shard(row.digest, shard) && row.created < before);
        Ok(old.filter(|row| state.uses(row.digest).is_garbage()).copied().collect())
    }

    async fn forget_blob(&self, digest: Digest, media_type: MediaType) -> Result<bool, CatalogError> {
        Ok(self.state().forget_garbage(digest, media_type))
    }
}

fn is_of_shard(digest: Digest, shard: u8) -> bool {
    digest.as_bytes()[0] == shard
}

impl State {
    /// Makes the articles stale that show an asset.
    fn make_stale_showing(&mut self, digest: Digest) {
        for url in self.urls_with(digest) {
            self.make_stale(self.showing(url));
        }
        let shows_first = |id: &ArticleId| self.articles[id].shown_first.values().any(|shown| *shown == digest);
        let showing: Vec<_> = self.articles.keys().copied().filter(shows_first).collect();
        self.make_stale(showing);
    }

    /// Forgets a blob with its thumbnails, unless something keeps it alive.
    pub(super) fn forget_garbage(&mut self, digest: Digest, media_type: MediaType) -> bool {
        let key = (digest, media_type.as_str());
        let is_garbage = self.blobs.contains_key(&key) && self.uses(digest).is_garbage();
        if is_garbage {
            self.forget_thumbnails(digest);
            if self.assets.get(&digest).is_some_and(|asset| asset.media_type == media_type) {
                self.assets.remove(&digest);
            }
            self.blobs.remove(&key);
        }
        is_garbage
    }

    fn forget_thumbnails(&mut self, original: Digest) {
        self.thumbnails.retain(|(of, _), _| *of != original);
    }

    fn lose_asset(&mut self, digest: Digest, now: Timestamp) {
        self.make_stale_showing(digest);
        for url in self.urls_with(digest) {
            let entry = self.url_mut(url);
            entry.facts = std::mem::take(&mut entry.facts).on_lost(now);
        }
        for entry in self.urls.values_mut() {
            entry.replaced.remove(&digest);
            entry.refused = entry.refused.filter(|refused| *refused != digest);
        }
        for article in self.articles.values_mut() {
            article.shown_first.retain(|_, shown| *shown != digest);
        }
        self.forget_thumbnails(digest);
        if let Some(asset) = self.assets.remove(&digest) {
            self.blobs.remove(&(digest, asset.media_type.as_str()));
        }
    }

    /// Who refers to a blob.
    fn uses(&self, digest: Digest) -> BlobUses {
        let (articles, urls) = (|| self.articles.values(), || self.urls.values());
        let mut exchanges = self.captures.values().flat_map(|(_, capture)| &capture.exchanges);
        BlobUses {
            is_original: articles().any(|article| article.version.original == digest),
            was_original: articles().any(|article| article.earlier.iter().any(|version| version.original == digest)),
            is_asset: urls().any(|entry| entry.facts.kept == Some(digest)),
            was_asset: urls().any(|entry| entry.replaced.contains(&digest)),
            is_shown_first: articles().any(|article| article.shown_first.values().any(|shown| *shown == digest)),
            is_refused: urls().any(|entry| entry.refused == Some(digest)),
            is_evidence: exchanges.any(|exchange| exchange.body.as_ref().is_some_and(|body| body.digest == digest)),
        }
    }
}
