//! Runs, and sums over everything.

use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryCatalog;
use super::state::{State, next_id};
use crate::archive::catalog::{CatalogError, ReportedMissing, RunRow, Runs, Totals, UrlState};
use crate::model::RunId;

#[async_trait]
impl Runs for MemoryCatalog {
    async fn begin_run(&self, at: Timestamp) -> Result<RunId, CatalogError> {
        let mut state = self.state();
        let id = RunId(next_id(state.runs.keys().last().map(|id| id.0)));
        state.runs.insert(id, RunRow { id, began: at, ended: None, report: String::new() });
        Ok(id)
    }

    async fn finish_run(&self, run: RunId, at: Timestamp, report: &str) -> Result<(), CatalogError> {
        if let Some(row) = self.state().runs.get_mut(&run) {
            (row.ended, row.report) = (Some(at), report.to_owned());
        }
        Ok(())
    }

    async fn runs(&self, limit: usize) -> Result<Vec<RunRow>, CatalogError> {
        Ok(self.state().runs.values().rev().take(limit).cloned().collect())
    }

    async fn run_times(&self) -> Result<Vec<(Timestamp, Option<Timestamp>)>, CatalogError> {
        Ok(self.state().runs.values().map(|run| (run.began, run.ended)).collect())
    }

    async fn report_missing(&self) -> Result<ReportedMissing, CatalogError> {
        let mut missing = ReportedMissing::default();
        for entry in self.state().urls.values_mut() {
            let now = entry.facts.report_next(!entry.showing.is_empty());
            missing.count(&entry.url, entry.facts.reported, now, entry.facts.next_attempt);
            entry.facts.reported = now;
        }
        Ok(missing)
    }

    async fn totals(&self) -> Result<Totals, CatalogError> {
        Ok(self.state().totals())
    }
}

impl State {
    fn totals(&self) -> Totals {
        let is_kept = |url: &crate::model::UrlId| self.urls[url].facts.kept.is_some();
        let references = self.articles.values().flat_map(|article| &article.references);
        let references: Vec<_> = references.filter_map(|(_, url)| *url).collect();
        let kept = references.iter().filter(|url| is_kept(url)).count() as u64;
        let unshown: u64 = self.articles.values().map(|article| article.unshown).sum();
        let copies = self.urls.values().filter_map(|entry| entry.facts.kept);
        Totals {
            articles: self.articles.len() as u64,
            vanished: self.articles.values().filter(|article| article.facts.vanished).count() as u64,
            references: references.len() as u64,
            local: kept.saturating_sub(unshown),
            urls: self.urls.values().filter(|entry| entry.facts.state != UrlState::Document).count() as u64,
            urls_good: self.urls.values().filter(|entry| entry.facts.kept.is_some()).count() as u64,
            blobs: self.assets.len() as u64,
            bytes: self.assets.keys().map(|digest| self.asset(*digest).size).sum(),
            bytes_without_dedup: copies.map(|digest| self.asset(digest).size).sum(),
            thumbnails: self.thumbnails.values().filter(|row| row.made.is_ok()).count() as u64,
            captures: self.captures.len() as u64,
        }
    }
}
