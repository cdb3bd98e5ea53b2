//! The queue, the leases of hosts, and what becomes of URLs and articles when jobs end.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::state::{HostEntry, State, page};
use super::{MemoryCatalog, missing};
use crate::archive::catalog::{
    CatalogError, CompletedJob, Job, Lease, Queue, QueueChanges, UrlRow, UrlState, Worker, WriteOutcome,
};
use crate::archive::rules::{self, Due, HostHold, JobFacts, ShowingArticle};
use crate::config::{ChangedImages, Recheck};
use crate::model::{HostKey, HostState, JobId, RunId, UrlId, saturating_add};

#[async_trait]
impl Queue for MemoryCatalog {
    async fn enqueue_due(&self, now: Timestamp, horizon: Duration) -> Result<u64, CatalogError> {
        let (mut state, due) = (self.state(), Due::new(now, horizon));
        state.hosts.values_mut().for_each(|host| host.end_implausible(due));
        let urls = state.urls.iter().filter(|(_, entry)| due.is_due_again(&entry.facts));
        let mut urls: Vec<_> = urls.map(|(id, entry)| (entry.facts.next_attempt, *id)).collect();
        urls.sort_unstable();
        Ok(urls.into_iter().map(|(_, url)| state.queue(url)).sum())
    }

    async fn enqueue(&self, urls: &[UrlId]) -> Result<u64, CatalogError> {
        let mut state = self.state();
        let known = urls.iter().filter_map(|url| Some((*url, state.urls.get(url)?.facts.clone()))).collect();
        Ok(state.apply(rules::requested(known)))
    }

    async fn reschedule_rechecks(&self, recheck: Recheck) -> Result<(), CatalogError> {
        for facts in self.state().urls.values_mut().map(|entry| &mut entry.facts) {
            if let (UrlState::Good, Some((_, last))) = (facts.state, facts.good) {
                facts.next_attempt = rules::recheck_at(recheck, last);
            }
        }
        Ok(())
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
        Ok(page(&state.urls, after, limit, |id, entry| entry.job.is_some().then(|| state.url_row(*id))))
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
            let is_due = due.is_due_again(&entry.facts) && !entry.showing.is_empty();
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
        for job in jobs {
            if !state.is_of_host(&job, &lease.host) {
                continue;
            }
            let before = state.job_facts(&job);
            let decision = rules::completed(run, job, &before, changed);
            state.apply(decision.effects);
            affected.extend(decision.articles);
            sharing.extend(decision.compared.filter(|url| state.is_shared(*url)));
        }
        let ready_articles = state.ready_of(affected);
        Ok((WriteOutcome::Applied, QueueChanges { ready_articles, queued: 0, sharing }))
    }

    async fn host(&self, host: &HostKey) -> Result<Option<HostState>, CatalogError> {
        let state = self.state();
        Ok(state.hosts.get(host).filter(|host| host.was_asked).map(|host| host.state.clone()))
    }

    async fn record_host(&self, host: &HostKey, state: &HostState) -> Result<(), CatalogError> {
        let mut all = self.state();
        let host = all.hosts.entry(host.clone()).or_default();
        (host.was_asked, host.state) = (true, state.clone());
        Ok(())
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
        self.was_asked = true;
        self.leased_until = Some(until);
        self.epoch += 1;
        let jobs = self.jobs.len() as u64;
        Lease { host: key.clone(), epoch: self.epoch, until, state: self.state.clone(), jobs }
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
            kind: reference.place.kind,
        }
    }

    fn is_of_host(&self, job: &CompletedJob, host: &HostKey) -> bool {
        self.jobs.get(&job.job) == Some(&job.url) && self.urls[&job.url].host == *host
    }

    /// What is on record of the URL of a job.
    fn job_facts(&self, job: &CompletedJob) -> JobFacts {
        let showing = self.urls[&job.url].showing.iter().map(|id| {
            let entry = &self.articles[id];
            let keeps_a_version = entry.shown_first.contains_key(&job.url);
            ShowingArticle { id: *id, has_mirror: entry.mirror.is_some(), keeps_a_version }
        });
        JobFacts {
            url: self.urls[&job.url].facts.clone(),
            asset: job.result.kept().and_then(|digest| self.assets.get(&digest).cloned()),
            showing: showing.collect(),
        }
    }

    /// Whether another URL of its host has a URL's asset.
    fn is_shared(&self, url: UrlId) -> bool {
        let entry = &self.urls[&url];
        let is_same = |id: &UrlId| *id != url && self.urls[id].host == entry.host;
        entry.facts.kept.is_some_and(|digest| self.urls_with(digest).iter().any(is_same))
    }
}
