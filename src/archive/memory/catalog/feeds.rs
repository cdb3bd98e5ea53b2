//! Feeds and their entries.

use async_trait::async_trait;
use url::Url;

use super::MemoryCatalog;
use crate::archive::catalog::{CatalogError, EntryPage, EntryRow, FeedRow, Feeds};
use crate::archive::rules;
use crate::model::{Digest, SourceName};

#[async_trait]
impl Feeds for MemoryCatalog {
    async fn feed(&self, source: &SourceName, url: &Url) -> Result<Option<FeedRow>, CatalogError> {
        Ok(self.state().feeds.get(&(source.clone(), url.clone())).cloned())
    }

    async fn record_feed(&self, source: &SourceName, url: &Url, row: &FeedRow) -> Result<(), CatalogError> {
        self.state().feeds.insert((source.clone(), url.clone()), row.clone());
        Ok(())
    }

    async fn entry(&self, source: &SourceName, identity: Digest) -> Result<Option<EntryRow>, CatalogError> {
        Ok(self.state().entries.get(&(source.clone(), identity)).cloned())
    }

    async fn add_entry(&self, source: &SourceName, identity: Digest, row: &EntryRow) -> Result<bool, CatalogError> {
        let mut state = self.state();
        let key = rules::path_key(&row.path);
        let is_taken = |((of, other), entry): (&(SourceName, Digest), &EntryRow)| {
            of == source && (*other == identity || rules::path_key(&entry.path) == key)
        };
        if state.entries.iter().any(is_taken) {
            return Ok(false);
        }
        state.entries.insert((source.clone(), identity), row.clone());
        Ok(true)
    }

    async fn record_entry_page(
        &self,
        source: &SourceName,
        identity: Digest,
        page: &EntryPage,
    ) -> Result<(), CatalogError> {
        if let Some(entry) = self.state().entries.get_mut(&(source.clone(), identity)) {
            entry.page = Some(page.clone());
        }
        Ok(())
    }
}
