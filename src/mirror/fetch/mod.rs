//! The queue → captures → blobs.

mod inline;
mod job;
mod turns;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tracing::{Instrument, info};

use super::control::Control;
use super::error::MirrorError;
use super::placeholder::PlaceholderStage;
use super::tally::Tally;
use crate::archive::{Archive, Job, JobId, Lease, RunId, Worker};
use crate::clock;
use crate::fetch::Fetcher;
use crate::locks::Mutex;
use crate::model::HostKey;
use crate::trace;

pub(super) use inline::InlineSource;
pub(super) use job::JobStage;
use turns::Turns;

/// How long a host is leased at a time. A worker that dies blocks its hosts for no longer than this.
const LEASE: Duration = Duration::from_secs(6 * 3600);
/// How many hosts are worked on at a time. Those that are silent, slow or have asked for a pause are among them, and must
/// not keep others from being asked.
const HOSTS: usize = 4096;
/// How many hosts are leased at a time: those that are worked on, and those that wait for their turn.
const LEASED: usize = 4 * HOSTS;
/// How many hosts may have many jobs under way: as many as keep their connections meanwhile.
pub(super) const BUSY_HOSTS: usize = 64;
/// How many hosts may be new at a time. Where thousands wait, their first requests would keep those that are worked on
/// already, and the articles that are still read, from the processor and the catalog.
pub(super) const NEW_HOSTS: usize = 256;
/// How long a host is new: one that answers in time has ended by then, and one that is silent costs nothing more.
const NEW: Duration = Duration::from_millis(500);
/// As how many new hosts one counts while articles are read: what they show comes first, as the hosts with the most URLs
/// are only known then.
const WHILE_READING: u32 = 16;
/// More hosts than a catalog has.
const ALL_HOSTS: usize = 1 << 30;
/// No host is held for longer: what is not asked for is not held up by that.
const LONG: Duration = Duration::from_secs(20 * 365 * 86_400);
/// A host that is busy and keeps its requests waiting lets another be busy after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Jobs of a busy host that are taken from the catalog at a time.
const PAGE: usize = 64;
/// Jobs under way beyond the requests of busy hosts: they wait for the disk, for thumbnails, or for each other, while
/// further ones are asked for. Up to five busy hosts share these.
const AHEAD: usize = 160;
/// Each of more busy hosts has so many.
const LEAST_AHEAD: usize = 32;

/// Works through the queue: leases hosts and starts their jobs.
pub(super) struct FetchStage {
    pub(super) archive: Arc<Archive>,
    pub(super) fetcher: Fetcher,
    pub(super) control: Arc<Control>,
    pub(super) tally: Arc<Tally>,
    pub(super) placeholders: Arc<PlaceholderStage>,
    pub(super) jobs: Arc<JobStage>,
    /// Something was put into the queue.
    pub(super) queued: Arc<Notify>,
    pub(super) run: RunId,
    /// One permit for each host that may be busy.
    pub(super) busy: Arc<Semaphore>,
    /// Permits of hosts that may be new.
    pub(super) new: Arc<Semaphore>,
    /// Hosts with jobs of which the catalog cannot be read: what is left of them waits for the next run.
    pub(super) passed_over: Mutex<HashSet<HostKey>>,
}

/// The jobs of a leased host, page by page.
struct HostQueue {
    lease: Lease,
    last: Option<JobId>,
    waiting: std::vec::IntoIter<Job>,
    /// How many requests the host may have in flight.
    per_host: usize,
    /// Held by a host that has more jobs than those it was tried with, and that is not slow.
    busy: Option<OwnedSemaphorePermit>,
}

/// Jobs of a busy host beyond its requests, where so many are busy.
fn ahead(busy: usize) -> usize {
    LEAST_AHEAD.max(AHEAD / busy.max(1))
}

impl HostQueue {
    /// How many of its jobs may be under way where so many hosts are busy.
    fn at_once(&self, busy: usize) -> usize {
        if self.busy.is_some() { self.per_host + ahead(busy) } else { self.per_host }
    }

    /// After which time it is looked whether a host that is busy keeps its requests waiting.
    const fn look_again(&self) -> Duration {
        if self.busy.is_some() { LOOK_AGAIN } else { LONG }
    }

    /// How many of its jobs are taken from the catalog at a time.
    fn page(&self) -> usize {
        if self.busy.is_some() { PAGE } else { self.per_host.min(PAGE) }
    }
}

impl FetchStage {
    /// Works through the queue until no job that may be started now is left, and every article was `read`.
    pub(super) async fn run(self, read: watch::Receiver<bool>) -> Result<(), MirrorError> {
        let this = Arc::new(self);
        this.fetcher.set_open(true);
        let mut running = std::pin::pin!(Arc::clone(&this).work(read));
        tokio::select! {
            result = &mut running => return result,
            () = this.control.ended() => this.fetcher.set_open(false),
        }
        tokio::select! {
            result = &mut running => return result,
            () = this.control.given_up() => this.fetcher.give_up(),
        }
        running.await
    }

    async fn work(self: Arc<Self>, mut read: watch::Receiver<bool>) -> Result<(), MirrorError> {
        let this = self;
        let worker = Worker(format!("{}-{}", std::process::id(), this.run.0));
        let (mut hosts, mut turns, mut all_read) = (JoinSet::new(), Turns::default(), false);
        loop {
            if *read.borrow_and_update() && !std::mem::replace(&mut all_read, true) {
                // What was leased while articles were read may have many more jobs by now.
                turns.give_back(&this.archive).await?;
            }
            if this.control.may_go_on() {
                turns.add(this.lease(&worker, LEASED.saturating_sub(hosts.len() + turns.len())).await?);
            } else {
                turns.give_back(&this.archive).await?;
            }
            let weight = if all_read { 1 } else { WHILE_READING };
            while hosts.len() < HOSTS
                && turns.len() > 0
                && let Ok(new) = Arc::clone(&this.new).try_acquire_many_owned(weight)
                && let Some(lease) = turns.pop()
            {
                let span = trace::host(&lease.host);
                hosts.spawn(Arc::clone(&this).begin_host(lease, new).instrument(span));
            }
            if hosts.is_empty() && (all_read || !this.control.may_go_on()) {
                return this.keep_received(&worker, read).await;
            }
            tokio::select! {
                Some(host) = hosts.join_next() => {
                    host.expect("a host's work does not panic")?;
                    // Hosts that have ended meanwhile are replaced together.
                    while let Some(host) = hosts.try_join_next() {
                        host.expect("a host's work does not panic")?;
                    }
                }
                () = this.queued.notified() => {}
                _ = this.new.acquire_many(weight), if turns.len() > 0 && hosts.len() < HOSTS => {}
                _ = read.changed(), if !all_read => {}
            }
        }
    }

    /// What came without a request is kept, whatever is not asked for now: offline, over a budget, of a host that is not to
    /// be asked.
    async fn keep_received(
        self: Arc<Self>,
        worker: &Worker,
        mut read: watch::Receiver<bool>,
    ) -> Result<(), MirrorError> {
        // Where its sender is gone, reading has ended, too.
        let _ = read.wait_for(|all_read| *all_read).await;
        if self.control.is_stopped() || !self.jobs.received.is_any_held() {
            return Ok(());
        }
        for lease in self.archive.catalog.lease(worker, ALL_HOSTS, LEASE, clock::now() + LONG).await? {
            let mut last = None;
            loop {
                let page = self.archive.catalog.jobs(&lease, last, PAGE).await?;
                let Some(end) = page.last() else { break };
                last = Some(end.id);
                for job in page.into_iter().filter(|job| self.jobs.received.holds(&job.url.url)) {
                    self.tally.begun.one();
                    Arc::clone(&self.jobs).process(lease.clone(), job).await?;
                }
            }
            self.archive.catalog.release(&lease, &lease.state).await?;
        }
        Ok(())
    }

    async fn lease(&self, worker: &Worker, room: usize) -> Result<Vec<Lease>, MirrorError> {
        if room == 0 {
            return Ok(Vec::new());
        }
        let mut leased = self.archive.catalog.lease(worker, room, LEASE, clock::now()).await?;
        let is_passed_over = |lease: &Lease| self.passed_over.lock().contains(&lease.host);
        for lease in leased.iter().filter(|lease| is_passed_over(lease)) {
            self.archive.catalog.release(lease, &lease.state).await?;
        }
        leased.retain(|lease| !is_passed_over(lease));
        Ok(leased)
    }

    /// Leaves what else a host has for the next run.
    fn pass_over(&self, lease: &Lease) {
        self.passed_over.lock().insert(lease.host.clone());
    }

    /// Processes the jobs of one host, which is new for a while.
    async fn begin_host(self: Arc<Self>, lease: Lease, new: OwnedSemaphorePermit) -> Result<(), MirrorError> {
        let mut work = std::pin::pin!(self.process_host(lease));
        if let Ok(result) = tokio::time::timeout(NEW, &mut work).await {
            return result;
        }
        drop(new);
        work.await
    }

    /// Processes the jobs of one host, then ends the lease and records what was learned of the host.
    async fn process_host(self: Arc<Self>, lease: Lease) -> Result<(), MirrorError> {
        self.fetcher.restore_host(&lease.host, &lease.state);
        self.fetcher.expect_jobs(&lease.host, lease.jobs);
        self.placeholders.begin_host(&lease.host).await?;
        let result = tokio::select! {
            result = self.drain_host(&lease) => result,
            () = self.control.stopped() => Ok(()),
        };
        info!("no more requests to the host for now");
        self.fetcher.close_host(&lease.host);
        self.archive.catalog.release(&lease, &self.fetcher.host_state(&lease.host)).await?;
        self.placeholders.end_host(&lease.host);
        result
    }

    /// Each job is a task of its own: it continues while this one waits for the catalog, and never delays another.
    async fn drain_host(&self, lease: &Lease) -> Result<(), MirrorError> {
        let per_host = self.fetcher.per_host(&lease.host);
        let mut queue =
            HostQueue { lease: lease.clone(), last: None, waiting: Vec::new().into_iter(), per_host, busy: None };
        let mut under_way = JoinSet::new();
        loop {
            if queue.waiting.len() == 0 && under_way.len() < self.at_once(&queue) && self.control.may_go_on() {
                self.refill(&mut queue).await?;
            }
            while under_way.len() < self.at_once(&queue) && self.control.may_go_on() {
                let Some(job) = queue.waiting.next() else { break };
                self.tally.begun.one();
                let span = trace::job(&job.url.url);
                under_way.spawn(Arc::clone(&self.jobs).process(queue.lease.clone(), job).instrument(span));
            }
            let ended = tokio::time::timeout(queue.look_again(), under_way.join_next()).await;
            if self.fetcher.is_slow(&lease.host) {
                queue.busy = None;
            }
            let Ok(ended) = ended else { continue };
            let Some(result) = ended else {
                // It has jobs, or it would not be leased: none of them can be read.
                if queue.last.is_none() && self.control.may_go_on() {
                    self.pass_over(lease);
                }
                return Ok(());
            };
            let result = result.expect("a job does not panic");
            if result.as_ref().is_err_and(MirrorError::is_of_one_row) {
                self.pass_over(lease);
            }
            self.tally.pass_over(lease.host.as_str(), result)?;
        }
    }

    /// How many jobs of a host may be under way now.
    fn at_once(&self, queue: &HostQueue) -> usize {
        queue.at_once(BUSY_HOSTS.saturating_sub(self.busy.available_permits()))
    }

    async fn refill(&self, queue: &mut HostQueue) -> Result<(), MirrorError> {
        let now = clock::now();
        if queue.lease.until.duration_since(now).unsigned_abs() < LEASE / 2 {
            match self.archive.catalog.renew(&queue.lease, LEASE, now).await? {
                Some(renewed) => queue.lease = renewed,
                None => return Ok(()),
            }
        }
        self.let_be_busy(queue).await;
        let mut jobs = self.archive.catalog.jobs(&queue.lease, queue.last, queue.page()).await?;
        queue.last = jobs.last().map(|job| job.id).or(queue.last);
        // URLs that have never failed come first: a host is probed with them, and not with those that fail anyway.
        jobs.sort_by_key(|job| job.url.facts.attempts);
        queue.waiting = jobs.into_iter();
        Ok(())
    }
    /// After its first jobs a host that is not slow is worked on with all that it may have at once, when it is its turn.
    async fn let_be_busy(&self, queue: &mut HostQueue) {
        if queue.busy.is_none() && queue.last.is_some() && !self.fetcher.is_slow(&queue.lease.host) {
            queue.busy = Arc::clone(&self.busy).acquire_owned().await.ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ahead;

    #[test]
    fn few_busy_hosts_share_what_is_ahead_and_each_of_many_has_the_least() {
        assert_eq!([0, 1, 2, 5, 6, 64].map(ahead), [160, 160, 80, 32, 32, 32]);
    }
}
