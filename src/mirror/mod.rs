//! The pipeline: discover → extract → fetch → ingest → thumbnail → rewrite → report.
//!
//! This is the only place where things run side by side. Three stages run at once: one reads articles and puts what
//! they show into the catalog's queue, one leases hosts and works through their jobs, one writes the mirror of every
//! article of which nothing is left in the queue. The catalog is between them, so a run can stop anywhere and the next
//! one goes on from there.

mod budget;
mod elsewhere;
mod fetching;
mod in_place;
mod inline;
mod placeholder;
mod reading;
mod rehearsal;
mod report;
mod writing;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::archive::{Archive, ArticleId, CatalogError, ObjectError, ReadError, RunId};
use crate::config::Config;
use crate::extract::ExtractOptions;
use crate::fetch::{Fallback, FetchError, Fetcher};
use crate::ingest::{Ingest, IngestError, publish};
use crate::model::{Digest, HostKey};
use crate::render::{RenderError, Renderer};
use crate::source::{Source, SourceError};

pub use inline::NAMED_BY_CONTENT;
pub use rehearsal::{Rehearsal, rehearse};
pub use report::{
    ArticleCounts, BlobCounts, Budget, ChangedImage, Counter, FailedUrl, Problem, ReferenceCounts, Report, RunOutcome,
    Tally, ThumbnailCounts, UrlCounts,
};

/// Part of the digest of a mirror's settings: raised when the same settings find or write something else.
const EDITION: u32 = 1;

/// A run that cannot go on. What it kept so far is kept.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// A source that cannot be read at all.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The archive cannot keep blobs.
    #[error(transparent)]
    Blob(#[from] ObjectError),
    /// A blob cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// What was fetched cannot be kept.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// A thumbnail cannot be kept.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The report cannot be written.
    #[error("cannot write the report {}: {cause}", path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
}

/// One pass over sources, with everything it needs.
pub struct Mirror {
    config: Config,
    archive: Arc<Archive>,
    fetcher: Fetcher,
    fallback: Option<Fallback>,
    ingest: Ingest,
    renderer: Renderer,
    sources: Vec<Source>,
    tally: Arc<Tally>,
    stop: CancellationToken,
    began: Instant,
    /// The time was up before every article was read.
    cut_short: AtomicBool,
    /// Something was put into the queue.
    queued: Notify,
    lanes: writing::Lanes,
    /// What hosts were asked whether it is a stand-in: once in a run.
    inquiries: Mutex<HashSet<(HostKey, Digest)>>,
}

impl Mirror {
    /// A run over `sources` into `archive`. It ends soon after `stop` is cancelled.
    ///
    /// # Errors
    /// Settings of the web archives that cannot work.
    pub fn new(
        config: Config,
        archive: Arc<Archive>,
        fetcher: Fetcher,
        sources: Vec<Source>,
        stop: CancellationToken,
    ) -> Result<Self, FetchError> {
        let ingest = Ingest::new(Arc::clone(&archive), &config);
        let renderer = Renderer::new(Arc::clone(&archive), &config);
        let fallback = Fallback::new(&config.fallback)?;
        Ok(Self {
            config,
            archive,
            fetcher,
            fallback,
            ingest,
            renderer,
            sources,
            tally: Arc::default(),
            stop,
            began: Instant::now(),
            cut_short: AtomicBool::new(false),
            queued: Notify::new(),
            lanes: writing::Lanes::default(),
            inquiries: Mutex::default(),
        })
    }

    /// What the run counts while it goes on.
    pub fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// Does the whole job and gives its report, which is also kept in the archive.
    pub async fn run(self) -> Result<Report, MirrorError> {
        let began = Timestamp::now();
        let run = self.archive.catalog.begin_run(began).await?;
        let this = Arc::new(self);
        let left = this.stages(run, began).await?;
        let report = this.report(began, left).await?;
        this.keep_report(run, &report).await?;
        Ok(report)
    }

    /// Runs the stages side by side, and gives how many URLs are left in the queue.
    async fn stages(self: &Arc<Self>, run: RunId, began: Timestamp) -> Result<u64, MirrorError> {
        let (ready, to_write) = mpsc::channel(256);
        let is_whole = self.sources.iter().all(|source| source.only.is_none());
        self.take_back_configured(run).await?;
        if is_whole {
            self.tally.queued.add(self.archive.catalog.enqueue_due(began, self.ingest.horizon()).await?);
            self.tally.queued.add(self.enqueue_suspects().await?);
        }
        let reading = self.stop_on_error(self.read_sources(ready.clone()));
        let (done_reading, read) = tokio::sync::watch::channel(false);
        let reading = async {
            let result = reading.await;
            done_reading.send_replace(true);
            result
        };
        let fetching = self.stop_on_error(Arc::clone(self).fetch_queue(run, ready, read));
        let writing = self.stop_on_error(self.write_ready(to_write));
        let ((), (), ()) = tokio::try_join!(reading, fetching, writing)?;
        if !self.stop.is_cancelled() {
            self.write_waiting().await?;
        }
        // Only now: fetching may have ended by a budget while articles were still being read.
        Ok(self.archive.catalog.queued().await?)
    }

    /// A stage that fails stops the others, so that the run ends with its error.
    async fn stop_on_error<T>(&self, stage: impl Future<Output = Result<T, MirrorError>>) -> Result<T, MirrorError> {
        let result = stage.await;
        if result.is_err() {
            self.stop.cancel();
        }
        result
    }

    async fn report(&self, began: Timestamp, left: u64) -> Result<Report, MirrorError> {
        let totals = self.archive.catalog.totals().await?;
        let mut report = self.tally.report();
        report.run = began.strftime("%Y%m%dT%H%M%SZ").to_string();
        let complete = left == 0 && !self.cut_short.load(Ordering::Relaxed);
        report.outcome = match (self.stop.is_cancelled(), complete) {
            (true, _) => RunOutcome::Interrupted,
            (false, true) => RunOutcome::Complete,
            (false, false) => RunOutcome::Incomplete,
        };
        report.urls.left = left;
        report.stopped_by = self.used_up().filter(|_| report.outcome == RunOutcome::Incomplete);
        report.references =
            ReferenceCounts { found: totals.references, local: totals.local, remote: totals.references - totals.local };
        let asked = report.urls.fetched + report.urls.not_modified;
        report.urls.fresh = totals.urls_good.saturating_sub(asked);
        report.elapsed_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(report)
    }

    /// The report is a file for other programs and a row for `status`; only the newest files are kept.
    async fn keep_report(&self, run: RunId, report: &Report) -> Result<(), MirrorError> {
        let json = serde_json::to_string_pretty(report).expect("a report is plain data");
        let folder = self.archive.runs();
        let path = folder.join(format!("{}.json", report.run));
        publish(&self.archive, path, json.clone().into_bytes()).await?;
        self.archive.catalog.finish_run(run, Timestamp::now(), &json).await?;
        let keep = self.config.report.keep;
        remove_old_reports(&folder, keep).map_err(|cause| MirrorError::Report { path: folder, cause })
    }

    fn options(&self, source: &Source, path: &str) -> ExtractOptions {
        options(&self.config, source, path)
    }

    fn settings(&self, source: &Source) -> Digest {
        settings(&self.config, source)
    }
}

/// What extraction is told about an article.
fn options(config: &Config, source: &Source, path: &str) -> ExtractOptions {
    ExtractOptions::new(&config.rewrite, source.base_url(path))
}

/// What tells that an article would be mirrored otherwise: the name of every field stands in its Debug form.
fn settings(config: &Config, source: &Source) -> Digest {
    let of_source = (&source.config.output, &source.config.links, &source.config.base_url);
    Digest::of(format!("{EDITION} {of_source:?} {:?} {:?}", config.rewrite, config.thumbnail).as_bytes())
}

/// Where a stage sends the articles that can be written.
type ReadyArticles = mpsc::Sender<ArticleId>;

/// Hands articles to the writing stage. When that has ended, the run is ending too.
async fn announce(ready: &ReadyArticles, articles: Vec<ArticleId>) {
    for article in articles {
        let _ = ready.send(article).await;
    }
}

fn remove_old_reports(folder: &std::path::Path, keep: usize) -> std::io::Result<()> {
    let mut reports: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    reports.sort();
    let old = reports.len().saturating_sub(keep.max(1));
    reports[..old].iter().try_for_each(std::fs::remove_file)
}
