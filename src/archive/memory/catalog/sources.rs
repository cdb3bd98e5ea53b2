//! Sources, and how they could last be read.

use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryCatalog;
use crate::archive::catalog::{CatalogError, SourceOutcome, SourceRow, Sources};
use crate::model::SourceName;

#[async_trait]
impl Sources for MemoryCatalog {
    async fn record_source(
        &self,
        name: &SourceName,
        kind: &str,
        location: &str,
        outcome: &SourceOutcome,
        at: Timestamp,
    ) -> Result<(), CatalogError> {
        let mut state = self.state();
        let before = state.sources.get(name).and_then(|source| source.listed_at);
        let row = SourceRow {
            name: name.clone(),
            kind: kind.to_owned(),
            location: location.to_owned(),
            outcome: outcome.clone(),
            listed_at: outcome.is_listed().then_some(at).or(before),
        };
        state.sources.insert(name.clone(), row);
        Ok(())
    }

    async fn sources(&self) -> Result<Vec<SourceRow>, CatalogError> {
        Ok(self.state().sources.values().cloned().collect())
    }
}
