//! What is to be made again.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryCatalog;
use super::state::State;
use crate::archive::catalog::{CatalogError, Repairs};
use crate::archive::rules::{self, AssetFacts, LostThumbnail};
use crate::model::{ArticleId, Digest, ThumbnailName};

#[async_trait]
impl Repairs for MemoryCatalog {
    async fn make_stale(&self, articles: &[ArticleId]) -> Result<(), CatalogError> {
        self.state().make_stale(articles.iter().copied());
        Ok(())
    }

    async fn forget_thumbnails(&self, thumbnails: &[(Digest, ThumbnailName)]) -> Result<(), CatalogError> {
        let mut state = self.state();
        let lost = thumbnails.iter().map(|(original, name)| {
            let showing = state.articles_with(*original);
            LostThumbnail { original: *original, name: name.clone(), showing }
        });
        let effects = rules::thumbnails_lost(lost.collect());
        state.apply(effects);
        Ok(())
    }

    async fn lose_asset(&self, digest: Digest, now: Timestamp) -> Result<(), CatalogError> {
        self.state().lose_asset(digest, now);
        Ok(())
    }
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
}
