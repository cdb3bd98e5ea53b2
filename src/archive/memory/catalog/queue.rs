//! The queue, the leases of hosts, and what becomes of URLs and articles when jobs end.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::state::{HostEntry, State, page};
use super::{MemoryCatalog, missing};
use crate::archive::catalog::{
    CatalogError, CompletedJob, Job, JobResult, Lease, Queue, QueueChanges, RefusedBody, UrlRow, Worker, WriteOutcome,
};
use crate::archive::rules::{self, AssetChange, Due, HostHold, Response, UrlFacts};
use crate::config::ChangedImages;
use crate::model::{HostKey, HostState, JobId, RunId, UrlId, saturating_add};

#[async_trait]
impl Queue for MemoryCatalog {
    async fn enqueue_due(&self, now: Timestamp, horizon: Duration) -> Result<u64, CatalogError> {
        let (mut state, due) = (self.state(), Due::new(now, horizon));
        state.hosts.values_mut().for_each(|host| host.end_implausible(due));
        let is_due = |facts: &UrlFacts| facts.next_attempt.is_some_and(|at| due.has_passed(at));
        let urls = state.urls.iter().filter(|(_, entry)| is_due(&entry.facts));
        let mut urls: Vec<_> = urls.map(|(id, entry)| (entry.facts.next_attempt, *id)).collect();
        urls.sort_unstable();
        Ok(urls.into_iter().map(|(_, url)| state.queue(url)).sum())
    }

    async fn enqueue(&self, urls: &[UrlId]) -> Result<u64, CatalogError> {
        let mut state = self.state();
        Ok(urls.iter().map(|url| state.queue(*url)).sum())
    }

    async fn close_breakers(&self, hosts: &[HostKey]) -> Result<(), CatalogError> {
        let mut state = self.state();
        for host in hosts {
            if let Some(host) = state.hosts.get_mut(host) {
                host.state.open_until = host.hold().breaker_closed().open_until;
            }
        }
        Ok(())
    }

    async fn queued_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError> {
        let state = self.state();
        let queued: BTreeSet<_> = state.jobs.values().copied().collect();
        Ok(page(&state.urls, after, limit, |id, _| queued.contains(id).then(|| state.url_row(*id))))
    }

    async fn due_urls(
        &self,
        now: Timestamp,
        horizon: Duration,
        after: Option<UrlId>,
        limit: usize,
    ) -> Result<Vec<UrlRow>, CatalogError> {
        let (state, due) = (self.state(), Due::new(now, horizon));
        Ok(page(&state.urls, after, limit, |id, entry| {
            let is_due = entry.facts.next_attempt.is_some_and(|at| due.has_passed(at)) && !entry.showing.is_empty();
            is_due.then(|| state.url_row(*id))
        }))
    }

    async fn queued(&self) -> Result<u64, CatalogError> {
        Ok(self.state().jobs.len() as u64)
    }

    async fn lease(
        &self,
        _worker: &Worker,
        limit: usize,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Vec<Lease>, CatalogError> {
        let mut state = self.state();
        let ready = state.hosts.iter_mut().filter(|(_, host)| !host.jobs.is_empty());
        let mut ready: Vec<_> = ready.filter(|(_, host)| host.hold().ready_at().is_none_or(|at| at <= now)).collect();
        ready.sort_by_key(|(_, host)| (host.hold().ready_at(), host.first_job));
        let leases = ready.into_iter().take(limit).map(|(key, host)| host.lease(key, saturating_add(now, ttl)));
        Ok(leases.collect())
    }

    async fn renew(&self, lease: &Lease, ttl: Duration, now: Timestamp) -> Result<Option<Lease>, CatalogError> {
        let mut state = self.state();
        let Some(host) = state.held(lease) else { return Ok(None) };
        let until = saturating_add(now, ttl);
        host.leased_until = Some(until);
        Ok(Some(Lease { until, ..lease.clone() }))
    }

    async fn jobs(&self, lease: &Lease, after: Option<JobId>, limit: usize) -> Result<Vec<Job>, CatalogError> {
        let mut state = self.state();
        let Some(host) = state.held(lease) else { return Ok(Vec::new()) };
        let jobs: Vec<_> = host.jobs.iter().copied().filter(|job| Some(*job) > after).take(limit).collect();
        Ok(jobs.into_iter().map(|job| state.job(job)).collect())
    }

    async fn complete_jobs(
        &self,
        lease: &Lease,
        run: RunId,
        jobs: Vec<CompletedJob>,
        changed: ChangedImages,
    ) -> Result<(WriteOutcome, QueueChanges), CatalogError> {
        let mut state = self.state();
        if state.held(lease).is_none() {
            return Ok((WriteOutcome::Conflict, QueueChanges::default()));
        }
        if !state.runs.contains_key(&run) {
            return Err(missing("the run"));
        }
        let (mut affected, mut sharing) = (BTreeSet::new(), Vec::new());
        for job in jobs.iter().filter(|job| state.is_of_host(job, &lease.host)).collect::<Vec<_>>() {
            // A list may name a job twice: it counts once.
            if state.jobs.contains_key(&job.job) {
                state.unqueue(job.url);
                state.record(run, job, changed);
                affected.extend(state.showing(job.url));
                if UrlFacts::is_worth_comparing(&job.result) && state.is_shared(job.url) {
                    sharing.push(job.url);
                }
            }
        }
        let ready_articles = state.ready_of(affected);
        Ok((WriteOutcome::Applied, QueueChanges { ready_articles, queued: 0, sharing }))
    }

    async fn release(&self, lease: &Lease, state: &HostState) -> Result<WriteOutcome, CatalogError> {
        let mut all = self.state();
        let Some(host) = all.held(lease) else { return Ok(WriteOutcome::Conflict) };
        (host.state, host.leased_until) = (state.clone(), None);
        host.first_job = host.jobs.first().copied();
        Ok(WriteOutcome::Applied)
    }
}

impl HostEntry {
    fn lease(&mut self, key: &HostKey, until: Timestamp) -> Lease {
        self.was_leased = true;
        self.leased_until = Some(until);
        self.epoch += 1;
        Lease { host: key.clone(), epoch: self.epoch, until, state: self.state.clone() }
    }

    /// Ends the holds that a clock which was ahead wrote.
    fn end_implausible(&mut self, due: Due) {
        let HostHold { open_until, not_before, leased_until } = self.hold().plausible(due);
        (self.state.open_until, self.state.not_before, self.leased_until) = (open_until, not_before, leased_until);
    }
}

impl State {
    /// The host of a lease, while the lease is held.
    fn held(&mut self, lease: &Lease) -> Option<&mut HostEntry> {
        self.hosts.get_mut(&lease.host).filter(|host| host.epoch == lease.epoch && host.leased_until.is_some())
    }

    /// A job, with the first reference to its URL.
    fn job(&self, id: JobId) -> Job {
        let url = self.jobs[&id];
        let article = self.urls[&url].showing.first().expect("what no article shows is not queued");
        let article = &self.articles[article];
        let mut references = article.references.iter();
        let (reference, _) = references.find(|(_, shown)| *shown == Some(url)).expect("the article shows it");
        Job {
            id,
            url: self.url_row(url),
            article_url: article.version.url.clone(),
            article_published: article.version.published,
            kind: reference.kind,
        }
    }

    fn is_of_host(&self, job: &CompletedJob, host: &HostKey) -> bool {
        self.jobs.get(&job.job) == Some(&job.url) && self.urls[&job.url].host == *host
    }

    /// Records what a job found, and what follows from it.
    fn record(&mut self, run: RunId, job: &CompletedJob, changed: ChangedImages) {
        let response = Response::of(job);
        let mut kept = None;
        if let JobResult::Kept { digest, size, asset, .. } = &job.result {
            self.record_asset(*digest, *size, asset, response.at);
            kept = Some(*digest);
        }
        self.record_capture(job.url, run, kept, &job.exchanges);
        if let Some(RefusedBody { digest, size, media_type }) = job.refused {
            self.record_blob(digest, media_type, size, response.at);
            self.url_mut(job.url).refused = Some(digest);
        }
        let entry = self.url_mut(job.url);
        let before = std::mem::take(&mut entry.facts);
        entry.facts = before.clone().after(&job.result, response);
        let change = before.change_to(&entry.facts);
        self.show_change(job.url, change, changed);
    }

    /// Does for the articles that show a URL what a change of its asset asks for.
    fn show_change(&mut self, url: UrlId, change: AssetChange, changed: ChangedImages) {
        match change {
            AssetChange::Same => {}
            AssetChange::First | AssetChange::Gone => self.make_stale(self.showing(url)),
            AssetChange::Replaced(before) => {
                self.url_mut(url).replaced.insert(before);
                for article in self.showing(url) {
                    let entry = self.articles.get_mut(&article).expect("an article that shows a URL is there");
                    let keeps_a_version = entry.shown_first.contains_key(&url);
                    let todo = rules::on_replaced(entry.mirror.is_some(), keeps_a_version, changed);
                    if todo.keeps_before {
                        entry.shown_first.insert(url, before);
                    }
                    self.make_stale(todo.becomes_stale.then_some(article));
                }
            }
        }
    }

    /// Whether another URL of its host has a URL's asset.
    fn is_shared(&self, url: UrlId) -> bool {
        let entry = &self.urls[&url];
        let is_same = |id: &UrlId| *id != url && self.urls[id].host == entry.host;
        entry.facts.kept.is_some_and(|digest| self.urls_with(digest).iter().any(is_same))
    }
}
