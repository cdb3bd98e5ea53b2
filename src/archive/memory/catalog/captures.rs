//! URLs, their captures, and the assets and thumbnails behind them.

use async_trait::async_trait;
use url::Url;

use super::MemoryCatalog;
use super::state::page;
use crate::archive::catalog::{AssetRow, Captures, CatalogError, ThumbnailRow, UrlRow};
use crate::model::{Capture, CaptureId, Digest, HostKey, HostState, MediaType, ThumbnailName, UrlId};

#[async_trait]
impl Captures for MemoryCatalog {
    async fn url(&self, url: &Url) -> Result<Option<UrlRow>, CatalogError> {
        let state = self.state();
        Ok(state.url_ids.get(url).map(|id| state.url_row(*id)))
    }

    async fn failing_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError> {
        let state = self.state();
        Ok(page(&state.urls, after, limit, |id, entry| entry.facts.is_failing().then(|| state.url_row(*id))))
    }

    async fn captures(&self, url: UrlId) -> Result<Vec<Capture>, CatalogError> {
        Ok(self.state().captures_of(url).cloned().collect())
    }

    async fn captures_after(&self, after: Option<CaptureId>, limit: usize) -> Result<Vec<Capture>, CatalogError> {
        Ok(page(&self.state().captures, after, limit, |_, (_, capture)| Some(capture.clone())))
    }

    async fn hosts(&self) -> Result<Vec<(HostKey, HostState)>, CatalogError> {
        let state = self.state();
        let leased = state.hosts.iter().filter(|(_, host)| host.was_asked);
        Ok(leased.map(|(key, host)| (key.clone(), host.state.clone())).collect())
    }

    async fn blob(&self, digest: Digest) -> Result<Option<(MediaType, u64)>, CatalogError> {
        let state = self.state();
        if state.assets.contains_key(&digest) {
            let row = state.asset(digest);
            return Ok(Some((row.asset.media_type, row.size)));
        }
        let row = state.blobs.range((digest, "")..).next().filter(|((found, _), _)| *found == digest);
        Ok(row.map(|(_, row)| (row.media_type, row.size)))
    }

    async fn thumbnails(&self, originals: &[Digest]) -> Result<Vec<ThumbnailRow>, CatalogError> {
        let state = self.state();
        let rows = state.thumbnails.values().filter(|row| originals.contains(&row.original));
        Ok(rows.cloned().collect())
    }

    async fn record_thumbnails(
        &self,
        thumbnails: &[ThumbnailRow],
        perceptual_hashes: &[(Digest, u64)],
    ) -> Result<(), CatalogError> {
        let mut state = self.state();
        let rows = thumbnails.iter().map(|row| ((row.original, row.name.clone()), row.clone()));
        state.thumbnails.extend(rows);
        for (digest, hash) in perceptual_hashes {
            if let Some(asset) = state.assets.get_mut(digest) {
                asset.perceptual_hash = Some(*hash);
            }
        }
        Ok(())
    }

    async fn assets_lacking(
        &self,
        recipes: &[(ThumbnailName, Digest)],
        after: Option<Digest>,
        limit: usize,
    ) -> Result<Vec<AssetRow>, CatalogError> {
        let state = self.state();
        let has = |digest: Digest, (name, recipe): &(ThumbnailName, Digest)| {
            state.thumbnails.get(&(digest, name.clone())).is_some_and(|row| row.recipe == *recipe)
        };
        Ok(page(&state.assets, after, limit, |digest, _| {
            recipes.iter().any(|recipe| !has(*digest, recipe)).then(|| state.asset(*digest))
        }))
    }
}
