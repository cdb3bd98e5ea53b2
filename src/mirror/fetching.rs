//! The queue → captures → blobs.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{Instrument, info};

use super::{ChangedImage, FailedUrl, Mirror, MirrorError, ReadyArticles};
use crate::archive::{CompletedJob, Job, JobId, JobResult, Lease, Put, RunId, UrlId, UrlRow, Worker, WriteOutcome};
use crate::fetch::{AskArchives, Fetched, Purpose, Request};
use crate::ingest::{ImageJudge, Ingested, NI_SCHEME};
use crate::model::{Asset, Failure, Reason, Validators};
use crate::trace;

/// How long a host is leased at a time. A worker that dies keeps its hosts from others no longer than this.
const LEASE: Duration = Duration::from_secs(300);
/// For each request that may be in flight, so many hosts are worked through at a time: dead ones, which take long to
/// tell, are among them.
const HOSTS: usize = 8;
/// Jobs taken from the catalog at a time.
const PAGE: usize = 64;
/// Jobs of one host under way beyond those that may be asking it: they wait for the disk or are being thumbnailed.
const AHEAD: usize = 8;
/// Articles named in a report beside one URL.
const ARTICLES_NAMED: usize = 20;

impl Mirror {
    /// Works through the queue until nothing is left that may be asked for now.
    pub(super) async fn fetch_queue(
        self: Arc<Self>,
        run: RunId,
        ready: ReadyArticles,
        mut read: watch::Receiver<bool>,
    ) -> Result<(), MirrorError> {
        let worker = Worker(format!("{}-{}", std::process::id(), run.0));
        let mut hosts = JoinSet::new();
        loop {
            let all_read = *read.borrow_and_update();
            let room = self.config.fetch.concurrency.saturating_mul(HOSTS).saturating_sub(hosts.len());
            let leased = if self.control.may_go_on() { self.lease(&worker, room).await? } else { Vec::new() };
            let none_leased = leased.is_empty();
            for lease in leased {
                let span = trace::host(&lease.host);
                hosts.spawn(Arc::clone(&self).process_host(lease, run, ready.clone()).instrument(span));
            }
            if hosts.is_empty() && none_leased && (all_read || !self.control.may_go_on()) {
                return Ok(());
            }
            tokio::select! {
                Some(host) = hosts.join_next() => host.expect("a host's work does not panic")?,
                () = self.queued.notified() => {}
                _ = read.changed(), if !all_read => {}
            }
        }
    }

    async fn lease(&self, worker: &Worker, room: usize) -> Result<Vec<Lease>, MirrorError> {
        if room == 0 {
            return Ok(Vec::new());
        }
        Ok(self.archive.catalog.lease(worker, room, LEASE, Timestamp::now()).await?)
    }

    /// Works through the jobs of one host, then gives the lease back with what was learned of the host.
    async fn process_host(self: Arc<Self>, lease: Lease, run: RunId, ready: ReadyArticles) -> Result<(), MirrorError> {
        self.fetcher.restore_host(&lease.host, &lease.state);
        self.recall_placeholders(&lease.host).await?;
        let result = tokio::select! {
            result = self.drain_host(&lease, run, &ready) => result,
            () = self.control.stopped() => Ok(()),
        };
        info!("no more requests to the host for now");
        self.fetcher.close_host(&lease.host);
        self.archive.catalog.release(&lease, &self.fetcher.host_state(&lease.host)).await?;
        self.ingest.placeholders.forget(&lease.host);
        self.forget_recent(&lease.host);
        result
    }

    /// Each job is a task of its own: it goes on while this one waits for the catalog, and never holds up another.
    async fn drain_host(self: &Arc<Self>, lease: &Lease, run: RunId, ready: &ReadyArticles) -> Result<(), MirrorError> {
        let mut lease = lease.clone();
        let mut waiting = Vec::new().into_iter();
        let mut last = None;
        let mut under_way = JoinSet::new();
        let at_once = self.fetcher.per_host(&lease.host) + AHEAD;
        loop {
            if waiting.len() == 0 && under_way.len() < at_once && self.control.may_go_on() {
                waiting = self.more_jobs(&mut lease, &mut last).await?.into_iter();
            }
            while under_way.len() < at_once && self.control.may_go_on() {
                let Some(job) = waiting.next() else { break };
                self.tally.begun.one();
                let span = trace::job(&job.url.url);
                under_way.spawn(Arc::clone(self).process_job(lease.clone(), run, job, ready.clone()).instrument(span));
            }
            match under_way.join_next().await {
                Some(result) => result.expect("a job does not panic")?,
                None => return Ok(()),
            }
        }
    }

    async fn more_jobs(&self, lease: &mut Lease, last: &mut Option<JobId>) -> Result<Vec<Job>, MirrorError> {
        let now = Timestamp::now();
        if lease.until.duration_since(now).unsigned_abs() < LEASE / 2 {
            match self.archive.catalog.renew(lease, LEASE, now).await? {
                Some(renewed) => *lease = renewed,
                None => return Ok(Vec::new()),
            }
        }
        let mut jobs = self.archive.catalog.jobs(lease, *last, PAGE).await?;
        *last = jobs.last().map(|job| job.id).or(*last);
        // URLs that have never failed come first: a host is probed with them, and not with those that fail anyway.
        jobs.sort_by_key(|job| job.url.attempts);
        Ok(jobs)
    }

    /// Does one job from the request to the commit.
    async fn process_job(
        self: Arc<Self>,
        lease: Lease,
        run: RunId,
        job: Job,
        ready: ReadyArticles,
    ) -> Result<(), MirrorError> {
        let verdict = self.ingest.verdict(&job);
        let fetched = match job.url.url.scheme() {
            "file" => self.adopt(&job, &verdict).await,
            NI_SCHEME => Fetched::without_request(self.inline_image(&job.url, &verdict).await),
            _ => self.ask(&job, &verdict).await,
        };
        let fetched = self.refuse_replacement(run, &job, fetched).await?;
        let mut fetched = fetched;
        let refused = fetched.take_refused();
        let Fetched { exchanges, outcome, .. } = fetched;
        self.tally.requests.add(exchanges.len() as u64);
        self.tally.bytes.add(exchanges.iter().map(|exchange| exchange.length).sum());
        let mut ingested = self.ingest.ingest(&job.url, outcome, Timestamp::now()).await?;
        self.render_kept(&mut ingested.result).await?;
        let refused = match refused {
            Some(staged) if matches!(ingested.result, JobResult::Failed { .. }) => {
                Some(self.ingest.keep_refused(staged).await?)
            }
            _ => None,
        };
        let result = ingested.result.clone();
        let outcome = CompletedJob { job: job.id, url: job.url.id, exchanges, result, refused };
        let changed = self.config.rewrite.changed_images;
        let (claim, now_ready) = self.archive.catalog.complete_jobs(&lease, run, vec![outcome], changed).await?;
        if claim == WriteOutcome::Applied {
            self.count(&job.url, &ingested).await?;
            if let Some(digest) = self.suspect(&job, &ingested.result, &now_ready) {
                ready.announce(self.examine_shared(run, &job, digest).await?).await;
            }
            ready.announce(now_ready.ready_articles).await;
        }
        Ok(())
    }

    /// Makes the thumbnails of what was just kept.
    async fn render_kept(&self, result: &mut JobResult) -> Result<(), MirrorError> {
        let JobResult::Kept { digest, asset, .. } = result else { return Ok(()) };
        asset.perceptual_hash = self.render(*digest, asset).await?;
        Ok(())
    }

    async fn ask(&self, job: &Job, verdict: &ImageJudge<'_>) -> Fetched<Asset> {
        // Without the capture that validators belong to, "not modified" would be no answer.
        let nothing_to_compare = Validators::default();
        let has_capture = job.url.asset.is_some();
        let request = Request {
            url: &job.url.url,
            purpose: Purpose::Media,
            article: job.article_url.as_ref(),
            validators: if has_capture { &job.url.validators } else { &nothing_to_compare },
            judge: verdict,
        };
        // The kept capture is what the host sent once. No copy from elsewhere is better.
        if has_capture {
            return self.fetcher.fetch(&request).await;
        }
        let published = job.article_published.unwrap_or_else(Timestamp::now);
        self.alternates.fetch(&request, published, AskArchives::IfGone).await
    }

    /// A local file goes the way of every image, but for the request.
    async fn adopt(&self, job: &Job, verdict: &ImageJudge<'_>) -> Fetched<Asset> {
        let file = self.sources.local_file(&job.url.url);
        let outcome = match file {
            Some(file) => self.ingest.adopt(|| std::fs::File::open(file), verdict).await,
            None => Err(Failure::new(Reason::LocalFile, "it is missing, or outside its source")),
        };
        Fetched::without_request(outcome)
    }

    async fn count(&self, url: &UrlRow, ingested: &Ingested) -> Result<(), MirrorError> {
        let tally = &self.tally;
        match &ingested.result {
            JobResult::Kept { digest, .. } => {
                tally.fetched.one();
                self.note_recent(&url.url, *digest);
            }
            JobResult::NotModified { .. } => tally.not_modified.one(),
            JobResult::Deferred { .. } => tally.deferred.one(),
            JobResult::Failed { .. } => self.count_failure(url, &ingested.result).await?,
        }
        match ingested.kept {
            Some((Put::Created | Put::Replaced, size)) => {
                tally.blobs_new.one();
                tally.bytes_new.add(size);
            }
            Some((Put::Existed, _)) => tally.blobs_duplicate.one(),
            None => {}
        }
        if let Some((old, new)) = ingested.changed {
            let articles = self.articles_of(url.id).await?;
            let (old, new) = (old.to_string(), new.to_string());
            tally.changed_image(ChangedImage { url: url.url.to_string(), old, new, articles });
        }
        Ok(())
    }

    async fn count_failure(&self, url: &UrlRow, result: &JobResult) -> Result<(), MirrorError> {
        let JobResult::Failed { failure, next_attempt } = result else { return Ok(()) };
        self.tally.failed.one();
        if url.attempts == 0 && url.asset.is_none() {
            self.tally.newly_missing.one();
        }
        self.tally.failure(FailedUrl {
            url: url.url.to_string(),
            articles: self.articles_of(url.id).await?,
            reason: failure.reason.as_str(),
            detail: failure.detail.clone(),
            status: failure.status,
            attempts: url.attempts + 1,
            next_attempt: next_attempt.map(|at| at.to_string()),
        });
        Ok(())
    }

    pub(super) async fn articles_of(&self, url: UrlId) -> Result<Vec<String>, MirrorError> {
        let articles = self.archive.catalog.articles_of(url, ARTICLES_NAMED).await?;
        Ok(articles.iter().map(ToString::to_string).collect())
    }
}
