//! The pipeline: discover → extract → fetch → ingest → thumbnail → rewrite → report.
//!
//! This is the only place where things run side by side. Three stages run at once: one reads articles and puts what
//! they show into the catalog's queue, one leases hosts and works through their jobs, one writes the mirror of every
//! article of which nothing is left in the queue. The catalog is between them, so a run can stop anywhere and the next
//! one goes on from there.

mod control;
mod error;
mod fetching;
mod inline;
mod placeholder;
mod plan;
mod read;
mod ready;
mod rendering;
mod report;
mod settings;
mod sources;
mod tally;
mod writing;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info};

use crate::archive::{Archive, Body, Prefix, RunId, StoreKey};
use crate::config::Config;
use crate::fetch::{Alternates, FetchError, Fetcher};
use crate::ingest::Ingest;
use crate::model::{Digest, HostKey};
use crate::render::Renderer;
use crate::source::Source;
use crate::trace;

use control::Control;
use plan::Planner;
use read::ReadStage;
use ready::{ReadyArticles, ready_articles};
use sources::Sources;

pub use error::MirrorError;
pub use plan::{Plan, plan};
pub use report::{
    ArticleCounts, BlobCounts, Budget, ChangedImage, FailedUrl, Problem, ReferenceCounts, Report, RunOutcome,
    SourceOutcome, SourceReport, ThumbnailCounts, UrlCounts,
};
pub use tally::{Counter, Tally};

/// One pass over sources, with everything it needs.
pub struct Mirror {
    config: Arc<Config>,
    archive: Arc<Archive>,
    fetcher: Fetcher,
    alternates: Alternates,
    ingest: Ingest,
    renderer: Renderer,
    sources: Sources,
    tally: Arc<Tally>,
    control: Arc<Control>,
    /// The time was up before every article was read.
    cut_short: Arc<AtomicBool>,
    /// Something was put into the queue.
    queued: Arc<Notify>,
    lanes: writing::Lanes,
    /// What hosts were asked whether it is a placeholder: once in a run.
    probed: Mutex<HashSet<(HostKey, Digest)>>,
    /// The newest captures of each host, for what share of them is one blob.
    recent: Mutex<HashMap<HostKey, VecDeque<Digest>>>,
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
        let tally = Arc::<Tally>::default();
        Ok(Self {
            ingest: Ingest::new(Arc::clone(&archive), &config),
            renderer: Renderer::new(Arc::clone(&archive), &config),
            alternates: Alternates::new(fetcher.clone(), &config.fallback)?,
            sources: Sources::new(&config, sources, Some(&archive)),
            control: Arc::new(Control::new(config.run.clone(), Arc::clone(&archive), Arc::clone(&tally), stop)),
            config: Arc::new(config),
            archive,
            fetcher,
            tally,
            cut_short: Arc::default(),
            queued: Arc::default(),
            lanes: writing::Lanes::default(),
            probed: Mutex::default(),
            recent: Mutex::default(),
        })
    }

    /// What the run counts while it goes on.
    pub fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// Does the whole job and gives its report, which is also kept in the archive.
    pub async fn run(self) -> Result<Report, MirrorError> {
        let began = Timestamp::now();
        self.run_since(began).instrument(trace::run(began)).await
    }

    async fn run_since(self, began: Timestamp) -> Result<Report, MirrorError> {
        let run = self.archive.catalog.begin_run(began).await?;
        let this = Arc::new(self);
        // The state of all stages together is large: on the heap it does not grow every caller's own.
        let left = Box::pin(this.stages(run, began)).await?;
        let report = this.report(began, left).await?;
        this.keep_report(run, &report).await?;
        info!(outcome = ?report.outcome, articles = report.articles.seen, fetched = report.urls.fetched, failed = report.urls.failed, "run ended");
        Ok(report)
    }

    /// Runs the stages side by side, and gives how many URLs are left in the queue.
    async fn stages(self: &Arc<Self>, run: RunId, began: Timestamp) -> Result<u64, MirrorError> {
        let (ready, to_write) = ready_articles();
        self.revoke_configured(run).await?;
        if self.sources.are_whole() {
            self.tally.queued.add(self.archive.catalog.enqueue_due(began, self.ingest.horizon()).await?);
            self.tally.queued.add(self.enqueue_unprobed().await?);
        }
        let reading = self.stop_on_error(self.read_stage(ready.clone()).run());
        let (done_reading, read) = tokio::sync::watch::channel(false);
        let reading = async {
            let result = reading.await;
            done_reading.send_replace(true);
            result
        };
        let fetching = self.stop_on_error(Arc::clone(self).fetch_queue(run, ready, read));
        let writing = self.stop_on_error(self.write_ready(to_write));
        let ((), (), ()) = tokio::try_join!(reading, fetching, writing)?;
        if !self.control.is_stopped() {
            self.render_lacking().await?;
            self.write_waiting().await?;
        }
        // Only now: fetching may have ended by a budget while articles were still being read.
        Ok(self.archive.catalog.queued().await?)
    }

    fn read_stage(&self, ready: ReadyArticles) -> ReadStage {
        ReadStage {
            archive: Arc::clone(&self.archive),
            sources: self.sources.clone(),
            planner: Planner::new(Arc::clone(&self.config), Some(Arc::clone(&self.archive))),
            tally: Arc::clone(&self.tally),
            control: Arc::clone(&self.control),
            queued: Arc::clone(&self.queued),
            ready,
            cut_short: Arc::clone(&self.cut_short),
        }
    }

    /// A stage that fails stops the others, so that the run ends with its error.
    async fn stop_on_error<T>(&self, stage: impl Future<Output = Result<T, MirrorError>>) -> Result<T, MirrorError> {
        let result = stage.await;
        if result.is_err() {
            self.control.stop();
        }
        result
    }

    async fn report(&self, began: Timestamp, left: u64) -> Result<Report, MirrorError> {
        let totals = self.archive.catalog.totals().await?;
        let mut report = self.tally.report();
        report.run = began.strftime("%Y%m%dT%H%M%SZ").to_string();
        let complete = left == 0 && !self.cut_short.load(Ordering::Relaxed);
        report.outcome = match (self.control.is_stopped(), complete) {
            (true, _) => RunOutcome::Interrupted,
            (false, true) => RunOutcome::Complete,
            (false, false) => RunOutcome::Incomplete,
        };
        report.urls.left = left;
        report.stopped_by = self.control.used_up().filter(|_| report.outcome == RunOutcome::Incomplete);
        report.references =
            ReferenceCounts { found: totals.references, local: totals.local, remote: totals.references - totals.local };
        let asked = report.urls.fetched + report.urls.not_modified;
        report.urls.fresh = totals.urls_good.saturating_sub(asked);
        report.elapsed_ms = self.control.elapsed_ms();
        Ok(report)
    }

    /// The report is a file for other programs and a row for `status`; only the newest files are kept.
    async fn keep_report(&self, run: RunId, report: &Report) -> Result<(), MirrorError> {
        let json = serde_json::to_string_pretty(report).expect("a report is plain data");
        let key = StoreKey::Report { run: report.run.parse().expect("a moment is a path") };
        self.archive.objects.put(&key, Body::Bytes(json.clone().into_bytes())).await?;
        self.archive.catalog.finish_run(run, Timestamp::now(), &json).await?;
        self.remove_old_reports().await
    }

    async fn remove_old_reports(&self) -> Result<(), MirrorError> {
        let reports = self.archive.objects.list(Prefix::Reports).await?;
        let old = reports.len().saturating_sub(self.config.report.keep.max(1));
        for (key, _) in &reports[..old] {
            self.archive.objects.delete(key).await?;
        }
        Ok(())
    }
}
