//! Takedowns: what they reach, and how it is removed.

use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryCatalog;
use super::state::{State, UrlEntry};
use crate::archive::catalog::{BlobRow, CatalogError, TakedownReach, TakedownRow, TakedownTarget, Takedowns};
use crate::archive::rules::{self, ReachFacts, ReachableUrl};
use crate::model::{ArticleKey, UrlId};

#[async_trait]
impl Takedowns for MemoryCatalog {
    async fn takedown_reach(&self, target: &TakedownTarget) -> Result<TakedownReach, CatalogError> {
        Ok(self.state().reach(target))
    }

    async fn take_down(
        &self,
        target: &TakedownTarget,
        at: Timestamp,
        reason: &str,
    ) -> Result<TakedownReach, CatalogError> {
        let mut state = self.state();
        let reach = state.reach(target);
        let row = TakedownRow { target: target.clone(), at, reason: reason.to_owned() };
        state.takedowns.insert(target.clone(), row);
        let showing: Vec<_> = reach.urls.iter().map(|(id, _)| (*id, state.showing(*id))).collect();
        state.apply(rules::taken_down(&reach, &showing));
        Ok(reach)
    }

    async fn takedowns(&self) -> Result<Vec<TakedownRow>, CatalogError> {
        let mut rows: Vec<_> = self.state().takedowns.values().cloned().collect();
        rows.sort_by_key(|row| (row.at, row.target.kind(), row.target.name()));
        Ok(rows)
    }

    async fn is_taken_down(&self, article: &ArticleKey) -> Result<bool, CatalogError> {
        Ok(self.state().was_taken_down(&TakedownTarget::covering_article(article)))
    }
}

impl State {
    /// Whether one of these targets was taken down.
    pub(super) fn was_taken_down(&self, targets: &[TakedownTarget]) -> bool {
        targets.iter().any(|target| self.takedowns.contains_key(target))
    }

    /// All that is on record: the rule chooses.
    fn reach(&self, target: &TakedownTarget) -> TakedownReach {
        let uses = self.uses_of_each();
        let uses_of = |row: &BlobRow| uses.get(&row.digest).cloned().unwrap_or_default();
        let shown = |(id, entry): (&UrlId, &UrlEntry)| {
            let showing = entry.showing.iter().copied().collect();
            let requested = self.captures_of(*id).filter_map(|capture| Some((capture.source.clone()?, capture.kind)));
            ReachableUrl { id: *id, url: entry.url.clone(), showing, requested: requested.collect() }
        };
        let facts = ReachFacts {
            articles: self.articles.iter().map(|(id, entry)| (*id, entry.version.key.clone())).collect(),
            urls: self.urls.iter().map(shown).collect(),
            blobs: self.blobs.values().map(|row| (*row, uses_of(row))).collect(),
            thumbnails: self.thumbnails.values().cloned().collect(),
        };
        rules::reach(target, facts)
    }
}
