//! What `verify`, `repair` and `gc` need.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::MemoryCatalog;
use super::state::{State, UrlEntry, page};
use crate::archive::catalog::{
    ArchiveRow, ArticleRow, AssetRow, BlobRow, CatalogError, Maintenance, ReadRows, ThumbnailRow,
};
use crate::archive::rules::{self, AssetFacts, BlobUses};
use crate::model::{ArticleId, ArticleKey, Digest, MediaType, ThumbnailName};

#[async_trait]
impl Maintenance for MemoryCatalog {
    async fn archive(&self) -> Result<ArchiveRow, CatalogError> {
        Ok(self.state().archive)
    }

    /// Nothing can be wrong: there is no file.
    async fn integrity(&self) -> Result<Vec<String>, CatalogError> {
        Ok(Vec::new())
    }

    /// Nothing in memory is read as something that it is not.
    fn unreadable_rows(&self) -> Vec<String> {
        Vec::new()
    }

    async fn content_mark(&self) -> Result<Option<Digest>, CatalogError> {
        Ok(None)
    }

    async fn copy_to(&self, file: &Path) -> Result<(), CatalogError> {
        let (place, cause) = (file.display().to_string(), "a catalog in memory has no copies".to_owned());
        Err(CatalogError::Database { place, cause })
    }

    async fn blobs_on_record(&self, shard: u8) -> Result<ReadRows<BlobRow>, CatalogError> {
        Ok(self.state().blobs.values().filter(|row| is_of_shard(row.digest, shard)).copied().map(Ok).collect())
    }

    async fn assets_on_record(&self, shard: u8) -> Result<ReadRows<AssetRow>, CatalogError> {
        let state = self.state();
        let of_shard = state.assets.keys().filter(|digest| is_of_shard(**digest, shard));
        Ok(of_shard.map(|digest| Ok(state.asset(*digest))).collect())
    }

    async fn thumbnails_on_record(&self, shard: u8) -> Result<ReadRows<ThumbnailRow>, CatalogError> {
        let state = self.state();
        Ok(state.thumbnails.values().filter(|row| is_of_shard(row.original, shard)).cloned().map(Ok).collect())
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
            let showing = state.articles_with(thumbnail.0);
            state.make_stale(showing);
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
    /// The articles that show an asset: those of its URLs, and those that still show it after its URL changed.
    fn articles_with(&self, digest: Digest) -> Vec<ArticleId> {
        let of_urls = self.urls_with(digest).into_iter().flat_map(|url| self.showing(url));
        let shows_first = |id: &ArticleId| self.articles[id].shown_first.values().any(|shown| *shown == digest);
        let first = self.articles.keys().copied().filter(shows_first);
        of_urls.chain(first).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn lose_asset(&mut self, digest: Digest, now: Timestamp) {
        let urls = self.urls_with(digest).into_iter();
        let facts = AssetFacts {
            media_type: self.assets.get(&digest).map(|asset| asset.media_type),
            urls: urls.map(|url| (url, self.urls[&url].facts.clone())).collect(),
            showing: self.articles_with(digest),
        };
        self.apply(rules::lost(digest, facts, now));
    }

    /// Who refers to a blob.
    pub(super) fn uses(&self, digest: Digest) -> BlobUses {
        let (articles, urls) = (|| self.articles.values(), || self.urls.values());
        let mut exchanges = self.captures.values().flat_map(|(_, capture)| &capture.exchanges);
        BlobUses {
            is_original: articles().any(|article| article.version.original == digest),
            was_original: articles().any(|article| article.earlier.iter().any(|version| version.original == digest)),
            is_asset: urls().any(|entry| entry.facts.kept == Some(digest)),
            was_asset: urls().any(|entry| entry.replaced.contains(&digest)),
            is_shown_first: articles().any(|article| article.shown_first.values().any(|shown| *shown == digest)),
            was_revoked: urls().any(|entry| entry.revoked == Some(digest)),
            is_evidence: exchanges.any(|exchange| exchange.body.as_ref().is_some_and(|body| body.digest == digest)),
        }
    }
}
