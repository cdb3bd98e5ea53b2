//! The main job: list → extract → fetch → ingest → render → rewrite → report.
//!
//! Only this module runs things side by side. Three stages run at once: one reads articles and queues the URLs that
//! they show, one leases hosts and processes their jobs, one writes the mirror of every article without a queued URL.
//! The catalog is between them, so a run can stop anywhere and the next one continues from there. Each stage is a
//! struct with what that stage needs; [`Mirror`] only wires them.

mod article_memory;
mod astray;
mod control;
mod error;
mod fetch;
mod index;
mod local_files;
mod open;
mod outcomes;
mod placeholder;
mod plan;
mod read;
mod ready;
mod render;
mod reporter;
mod request_settings;
mod retry;
mod settings;
mod source_report;
mod source_watch;
mod sources;
mod tally;
mod traced;
mod write;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info};

use crate::archive::rules::{CopySchedule, Due, Schedule};
use crate::archive::{Archive, Newer, RunId};
use crate::clock;
use crate::config::{Config, RunConfig};
use crate::fetch::{Alternates, FetchError, Fetcher};
use crate::ingest::{CatalogHosts, DocumentLog, Ingest, KnownPlaceholders};
use crate::locks::Mutex;
use crate::model::{ProblemReason, Report};
use crate::source::{Received, Source, WebReader};
use crate::trace;

use article_memory::ArticleMemory;
use control::Control;
use fetch::{BUSY_HOSTS, FetchStage, InlineSource, JobStage, NEW_HOSTS};
use index::IndexStage;
use outcomes::Outcomes;
use placeholder::{PlaceholderParts, PlaceholderStage};
use plan::{Pending, Planner};
use read::ReadStage;
use ready::{ReadyArticles, ready_articles};
use render::RenderStage;
use reporter::Reporter;
use request_settings::RequestSettings;
use retry::Again;
use source_watch::SourceWatch;
use sources::Sources;
use write::WriteStage;

pub use error::MirrorError;
pub use open::{open_for_dry_run, open_for_run};
pub use plan::{OriginalRecorder, Plan, plan};
pub use retry::{Retry, RetryError};
pub use tally::{Counter, Tally};

/// One pass over sources.
pub struct Mirror {
    config: Arc<Config>,
    archive: Arc<Archive>,
    fetcher: Fetcher,
    alternates: Arc<Alternates>,
    sources: Sources,
    tally: Arc<Tally>,
    control: Arc<Control>,
    render: Arc<RenderStage>,
    memory: Arc<ArticleMemory>,
    /// Wakes the stage that fetches when something was put into the queue.
    queued: Arc<Notify>,
    /// What the user names with `--retry`.
    retry: Option<Retry>,
    /// Responses that came before their requests.
    received: Received,
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
        fetcher.remember_hosts(CatalogHosts::of(&archive));
        let tally = Arc::<Tally>::default();
        let control = Arc::new(Control::new(config.run.clone(), Arc::clone(&archive), Arc::clone(&tally), stop));
        let render = RenderStage::new(Arc::clone(&archive), &config, Arc::clone(&tally), Arc::clone(&control));
        Ok(Self {
            alternates: Arc::new(Alternates::new(fetcher.clone(), &config.fallback)?),
            sources: Sources::new(&config, sources, Some(&archive)),
            config: Arc::new(config),
            archive,
            fetcher,
            tally,
            control,
            render: Arc::new(render),
            memory: Arc::default(),
            queued: Arc::default(),
            retry: None,
            received: Received::default(),
        })
    }

    /// The same, which also asks again for what failed, due or not.
    #[must_use]
    pub fn retry(self, retry: Option<Retry>) -> Self {
        Self { retry, ..self }
    }

    /// The same, with a page that is there already: it is read instead of being requested.
    ///
    /// # Errors
    /// Where the archive's temporary files cannot be written.
    pub fn with_page(self, url: url::Url, page: &[u8]) -> std::io::Result<Self> {
        self.received.hold_page(url, self.archive.objects.staging().write(page)?);
        Ok(self)
    }

    /// The counts of the run, while it is under way.
    pub fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// Does the whole job and gives its report, which is also kept in the archive.
    ///
    /// # Errors
    /// Where the run cannot go on. What it kept so far is kept.
    pub async fn run(self) -> Result<Report, MirrorError> {
        let began = clock::now();
        self.run_since(began).instrument(trace::run(began)).await
    }

    async fn run_since(self, began: Timestamp) -> Result<Report, MirrorError> {
        self.archive.refuse_without_blobs::<MirrorError>().await?;
        // What the run itself writes is newer in any case.
        let newer = self.archive.newer_runs::<MirrorError>(began).await?;
        let run = self.archive.catalog.begin_run(began).await?;
        let reporter = self.reporter();
        // The state of all stages together is large: on the heap it does not enlarge the futures of all callers.
        let done = match Box::pin(self.stages(run, began)).await {
            Ok(left) => {
                // Neither writes what the other reads.
                match tokio::join!(self.copy_catalog(), self.note_newer(newer)).1 {
                    Ok(()) => reporter.report(began, left).await,
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        };
        let mut report = match done {
            Ok(report) => report,
            Err(error) => {
                // If even that cannot be written, the first error says more.
                let _ = reporter.keep(run, &mut reporter.failed(began, &error)).await;
                return Err(error);
            }
        };
        reporter.keep(run, &mut report).await?;
        info!(outcome = ?report.outcome, articles = report.articles.seen, fetched = report.urls.fetched, failed = report.urls.failed, "run ended");
        Ok(report)
    }

    /// Copies the catalog into the archive if that is due. A failure does not change how the run ends: the report names
    /// the problem.
    async fn copy_catalog(&self) {
        let RunConfig { catalog_copy_every: every, catalog_copies: keep, .. } = self.config.run;
        if let Err(error) = self.archive.copy_catalog(CopySchedule { every, keep }, clock::now()).await {
            self.tally.problem("the copy of the catalog", ProblemReason::CatalogCopy, error);
        }
    }

    /// Reports what in the archive is newer than its catalog. Mirrors that it knows nothing of may be those of articles that
    /// the run has read.
    async fn note_newer(&self, mut newer: Vec<Newer>) -> Result<(), MirrorError> {
        newer.extend(Newer::mirrors(&self.archive.unrecorded_mirrors::<MirrorError>().await?));
        for newer in newer {
            self.tally.problem("the catalog", ProblemReason::OlderCatalog, newer);
        }
        Ok(())
    }

    /// Runs the stages side by side, and gives how many URLs are left in the queue.
    async fn stages(&self, run: RunId, began: Timestamp) -> Result<u64, MirrorError> {
        let (ready, to_write) = ready_articles();
        let (done_reading, read) = watch::channel(false);
        let (reader, writer) = (self.read_stage(run, ready.clone()), self.write_stage());
        let (fetcher, placeholders) = self.fetch_stage(run, ready);
        self.enqueue(&placeholders, began).await?;
        let reading = async {
            let result = reader.run().await;
            done_reading.send_replace(true);
            result
        };
        let reading = self.stop_on_error(reading);
        let fetching = self.stop_on_error(fetcher.run(read));
        let writing = self.stop_on_error(writer.run(to_write));
        let ((), (), ()) = tokio::try_join!(reading, fetching, writing)?;
        if !self.control.is_stopped() {
            self.render.run().await?;
            writer.write_waiting().await?;
        }
        if !self.control.is_stopped() {
            self.index_stage().run().await;
        }
        // Only now: fetching may have ended by a budget while articles were still being read.
        Ok(self.archive.catalog.queued().await?)
    }

    /// Queues the URLs that are due, whatever the articles show now.
    async fn enqueue(&self, placeholders: &PlaceholderStage, began: Timestamp) -> Result<(), MirrorError> {
        let again = Again::new(&self.archive, self.request_settings().as_ref(), self.retry.clone()).await?;
        if again.reschedules {
            self.archive.catalog.reschedule_rechecks(self.config.fetch.recheck).await?;
        }
        for pending in plan::pending(self.sources.are_scheduled()) {
            let queued = match pending {
                Pending::Queued => self.archive.catalog.queued().await?,
                // They count what they queue themselves.
                Pending::Placeholders => placeholders.revoke_configured().await.map(|()| 0)?,
                Pending::Due => {
                    let horizon = Schedule::new(&self.config).horizon();
                    self.archive.catalog.enqueue_due(began, horizon).await?
                }
                Pending::Unprobed => placeholders.enqueue_unprobed().await?,
                Pending::Again => self.enqueue_again(&again).await?,
            };
            self.tally.queued.add(queued);
        }
        Ok(())
    }

    /// Puts into the queue what failed and is asked for again although it is not due, and gives how many that are.
    async fn enqueue_again(&self, again: &Again) -> Result<u64, MirrorError> {
        let (named, queued) = again.enqueue(&self.archive).await?;
        self.tally.retried.add(named);
        Ok(queued)
    }

    /// A stage that fails stops the others, so that the run ends with its error.
    async fn stop_on_error<T>(&self, stage: impl Future<Output = Result<T, MirrorError>>) -> Result<T, MirrorError> {
        let result = stage.await;
        if result.is_err() {
            self.control.stop();
        }
        result
    }

    fn read_stage(&self, run: RunId, ready: ReadyArticles) -> ReadStage {
        let log = Arc::new(DocumentLog::new(&self.archive, &self.config.media, run));
        self.fetcher.log_robots(Arc::clone(&log) as Arc<_>);
        ReadStage {
            archive: Arc::clone(&self.archive),
            sources: self.sources.clone(),
            planner: Planner::new(Arc::clone(&self.config), Some(Arc::clone(&self.archive)), Arc::clone(&self.memory)),
            due: Due::new(clock::now(), Schedule::new(&self.config).horizon()),
            web: WebReader {
                fetcher: self.fetcher.clone(),
                archive: Arc::clone(&self.archive),
                watch: Arc::new(SourceWatch { control: Arc::clone(&self.control), log }),
                received: self.received.clone(),
                feed: self.config.feed.clone(),
                crawl: self.config.crawl.clone(),
                schedule: Schedule::new(&self.config),
                max_article: self.config.rewrite.max_article,
                at_once: self.config.fetch.concurrency,
            },
            tally: Arc::clone(&self.tally),
            control: Arc::clone(&self.control),
            queued: Arc::clone(&self.queued),
            ready,
            is_sheet_new: AtomicBool::new(false),
        }
    }

    fn fetch_stage(&self, run: RunId, ready: ReadyArticles) -> (FetchStage, Arc<PlaceholderStage>) {
        let known = Arc::<KnownPlaceholders>::default();
        let ingest = Arc::new(Ingest::new(Arc::clone(&self.archive), &self.config, Arc::clone(&known)));
        let placeholders = Arc::new(self.placeholder_stage(run, known, Arc::clone(&ingest)));
        let stage = FetchStage {
            archive: Arc::clone(&self.archive),
            fetcher: self.fetcher.clone(),
            control: Arc::clone(&self.control),
            tally: Arc::clone(&self.tally),
            placeholders: Arc::clone(&placeholders),
            jobs: Arc::new(self.job_stage(run, ready, ingest, Arc::clone(&placeholders))),
            queued: Arc::clone(&self.queued),
            run,
            busy: Arc::new(Semaphore::new(BUSY_HOSTS)),
            new: Arc::new(Semaphore::new(NEW_HOSTS)),
            passed_over: Mutex::default(),
        };
        (stage, placeholders)
    }

    fn placeholder_stage(&self, run: RunId, known: Arc<KnownPlaceholders>, ingest: Arc<Ingest>) -> PlaceholderStage {
        let parts = PlaceholderParts {
            archive: Arc::clone(&self.archive),
            fetcher: self.fetcher.clone(),
            control: Arc::clone(&self.control),
            known,
            ingest,
            outcomes: self.outcomes(),
            tally: Arc::clone(&self.tally),
        };
        PlaceholderStage::new(parts, &self.config, run)
    }

    fn job_stage(
        &self,
        run: RunId,
        ready: ReadyArticles,
        ingest: Arc<Ingest>,
        placeholders: Arc<PlaceholderStage>,
    ) -> JobStage {
        JobStage {
            archive: Arc::clone(&self.archive),
            fetcher: self.fetcher.clone(),
            alternates: Arc::clone(&self.alternates),
            inline: InlineSource::new(Arc::clone(&self.archive), Arc::clone(&ingest), &self.config),
            ingest,
            sources: self.sources.clone(),
            received: self.received.clone(),
            placeholders,
            render: Arc::clone(&self.render),
            outcomes: self.outcomes(),
            ready,
            run,
            changed_images: self.config.rewrite.changed_images,
        }
    }

    fn write_stage(&self) -> WriteStage {
        let (archive, tally, render) = (Arc::clone(&self.archive), Arc::clone(&self.tally), Arc::clone(&self.render));
        let (memory, control) = (Arc::clone(&self.memory), Arc::clone(&self.control));
        WriteStage::new(archive, &self.config, self.sources.clone(), tally, render, memory, control)
    }

    fn index_stage(&self) -> IndexStage {
        IndexStage {
            archive: Arc::clone(&self.archive),
            control: Arc::clone(&self.control),
            tally: Arc::clone(&self.tally),
            is_enabled: self.config.search.enabled,
        }
    }

    fn outcomes(&self) -> Outcomes {
        Outcomes { archive: Arc::clone(&self.archive), tally: Arc::clone(&self.tally) }
    }

    /// The settings that decide whether requests succeed, if the run covers all sources.
    fn request_settings(&self) -> Option<RequestSettings> {
        self.sources.are_scheduled().then(|| RequestSettings::new(&self.config))
    }

    fn reporter(&self) -> Reporter {
        Reporter {
            archive: Arc::clone(&self.archive),
            tally: Arc::clone(&self.tally),
            control: Arc::clone(&self.control),
            request_settings: self.request_settings(),
            is_retry: self.retry.is_some(),
            ignored_robots: self.config.fetch.ignore_robots,
            keep: self.config.report.keep,
        }
    }
}
