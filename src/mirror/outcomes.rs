//! What became of URLs: counted, and noted for the report.

use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use super::error::MirrorError;
use super::request_settings;
use super::tally::Tally;
use crate::archive::{Archive, JobResult, Put, UrlId, UrlRow};
use crate::ingest::Ingested;
use crate::model::{ChangedImage, Exchange, FailedUrl, Failure, HostState, Reason};

/// Articles named in a report beside one URL.
const ARTICLES_NAMED: usize = 20;

/// Counts what became of URLs.
#[derive(Clone)]
pub(super) struct Outcomes {
    pub(super) archive: Arc<Archive>,
    pub(super) tally: Arc<Tally>,
}

impl Outcomes {
    /// Counts requests and what came with them.
    pub(super) fn exchanged(&self, exchanges: &[Exchange]) {
        self.tally.exchanged(exchanges);
    }

    /// Counts how a job ended. `url` and `host` are as they were before.
    pub(super) async fn count(&self, url: &UrlRow, host: &HostState, ingested: &Ingested) -> Result<(), MirrorError> {
        match &ingested.result {
            JobResult::Kept { .. } => self.tally.fetched.one(),
            JobResult::NotModified { .. } => self.tally.not_modified.one(),
            JobResult::Deferred { failure, .. } => {
                self.tally.deferred.one();
                self.tally.put_off.add(u64::from(failure.reason == Reason::Budget));
            }
            JobResult::Failed { failure, next_attempt } => {
                let is_first = url.facts.attempts == 0 && host.failures == 0;
                self.tally.unreachable.add(u64::from(is_first && request_settings::is_unreachable(failure.reason)));
                self.failed(url.id, &url.url, failure, url.facts.attempts + 1, *next_attempt).await?;
            }
        }
        self.count_blob(ingested.kept);
        if let Some((old, new)) = ingested.changed {
            let articles = self.articles_of(url.id).await?;
            self.tally.changed_image(ChangedImage { url: url.url.to_string(), old, new, articles });
        }
        Ok(())
    }

    fn count_blob(&self, kept: Option<(Put, u64)>) {
        match kept {
            Some((Put::Created | Put::Replaced, size)) => {
                self.tally.blobs_new.one();
                self.tally.bytes_new.add(size);
            }
            Some((Put::Existed, _)) => self.tally.blobs_duplicate.one(),
            None => {}
        }
    }

    /// Notes that the archive has no free place for what a URL gave.
    pub(super) fn misplaced(&self, url: &Url, why: &str) {
        self.tally.misplaced(url, why);
    }

    /// Notes a URL that failed, with the articles that show it.
    pub(super) async fn failed(
        &self,
        id: UrlId,
        url: &Url,
        failure: &Failure,
        attempts: u32,
        next_attempt: Option<Timestamp>,
    ) -> Result<(), MirrorError> {
        self.tally.failed.one();
        if failure.reason == Reason::NotKept {
            self.misplaced(url, &failure.detail);
        }
        self.tally.failure(FailedUrl {
            url: url.to_string(),
            articles: self.articles_of(id).await?,
            reason: failure.reason,
            detail: failure.detail.clone(),
            status: failure.status,
            attempts,
            next_attempt: next_attempt.map(|at| at.to_string()),
        });
        Ok(())
    }

    async fn articles_of(&self, url: UrlId) -> Result<Vec<String>, MirrorError> {
        let articles = self.archive.catalog.articles_of(url, ARTICLES_NAMED).await?;
        Ok(articles.iter().map(ToString::to_string).collect())
    }
}
