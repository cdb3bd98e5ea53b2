//! The queue of what to request, and what becomes of URLs and articles when jobs end.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Result, params};

use super::{Sqlite, article_facts, assets, effects, jobs, leases, urls};
use crate::archive::catalog::{
    CatalogError, CompletedJob, Job, Lease, Queue, QueueChanges, UrlRow, Worker, WriteOutcome,
};
use crate::archive::rules::{self, Due, JobFacts, ShowingArticle};
use crate::config::{ChangedImages, Recheck};
use crate::model::{HostKey, HostState, JobId, RunId, UrlId};

#[async_trait]
impl Queue for Sqlite {
    async fn enqueue_due(&self, now: Timestamp, horizon: Duration) -> Result<u64, CatalogError> {
        let due = Due::new(now, horizon);
        self.write_any(move |connection| {
            leases::end_implausible(connection, due)?;
            jobs::queue_due(connection, due)
        })
        .await
    }

    async fn enqueue(&self, urls: &[UrlId]) -> Result<u64, CatalogError> {
        let urls = urls.to_vec();
        self.write_any(move |connection| enqueue(connection, &urls)).await
    }

    async fn reschedule_rechecks(&self, recheck: Recheck) -> Result<(), CatalogError> {
        self.write_any(move |connection| urls::reschedule_rechecks(connection, recheck)).await
    }

    async fn close_breakers(&self, hosts: &[HostKey]) -> Result<(), CatalogError> {
        let hosts = hosts.to_vec();
        self.write(move |connection| leases::close_breakers(connection, &hosts)).await
    }

    async fn queued_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError> {
        self.read_readable(move |connection| jobs::queued_urls(connection, after, limit)).await
    }

    async fn due_urls(
        &self,
        now: Timestamp,
        horizon: Duration,
        after: Option<UrlId>,
        limit: usize,
    ) -> Result<Vec<UrlRow>, CatalogError> {
        let due = Due::new(now, horizon);
        self.read_readable(move |connection| jobs::due_urls(connection, due, after, limit)).await
    }

    async fn queued(&self) -> Result<u64, CatalogError> {
        self.read(jobs::count).await
    }

    async fn lease(
        &self,
        worker: &Worker,
        limit: usize,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Vec<Lease>, CatalogError> {
        let worker = worker.clone();
        self.write(move |connection| leases::lease(connection, &worker, limit, ttl, now)).await
    }

    async fn renew(&self, lease: &Lease, ttl: Duration, now: Timestamp) -> Result<Option<Lease>, CatalogError> {
        let lease = lease.clone();
        self.write(move |connection| leases::renew(connection, &lease, ttl, now)).await
    }

    async fn jobs(&self, lease: &Lease, after: Option<JobId>, limit: usize) -> Result<Vec<Job>, CatalogError> {
        let lease = lease.clone();
        self.read_readable(move |connection| match leases::held(connection, &lease)? {
            Some(host) => jobs::of_host(connection, host, after, limit),
            None => Ok(Vec::new()),
        })
        .await
    }

    async fn complete_jobs(
        &self,
        lease: &Lease,
        run: RunId,
        jobs: Vec<CompletedJob>,
        changed: ChangedImages,
    ) -> Result<(WriteOutcome, QueueChanges), CatalogError> {
        let lease = lease.clone();
        self.write(move |connection| complete(connection, &lease, run, jobs, changed)).await
    }

    async fn host(&self, host: &HostKey) -> Result<Option<HostState>, CatalogError> {
        let host = host.clone();
        self.read(move |connection| leases::host(connection, &host)).await
    }

    async fn record_host(&self, host: &HostKey, state: &HostState) -> Result<(), CatalogError> {
        let (host, state) = (host.clone(), state.clone());
        self.write(move |connection| leases::record(connection, &host, &state)).await
    }

    async fn release(&self, lease: &Lease, state: &HostState) -> Result<WriteOutcome, CatalogError> {
        let (lease, state) = (lease.clone(), state.clone());
        self.write(move |connection| leases::release(connection, &lease, &state)).await
    }
}

fn enqueue(connection: &Connection, asked: &[UrlId]) -> Result<u64> {
    let facts = asked.iter().map(|url| Ok(urls::facts_if_any(connection, *url)?.map(|facts| (*url, facts))));
    let known = facts.filter_map(Result::transpose).collect::<Result<_>>()?;
    effects::apply(connection, rules::requested(known))
}

pub(super) fn complete(
    connection: &Connection,
    lease: &Lease,
    run: RunId,
    completed: Vec<CompletedJob>,
    changed: ChangedImages,
) -> Result<(WriteOutcome, QueueChanges)> {
    let Some(host) = leases::held(connection, lease)? else {
        return Ok((WriteOutcome::Conflict, QueueChanges::default()));
    };
    let (mut affected, mut sharing) = (BTreeSet::new(), Vec::new());
    for job in completed {
        if !jobs::is_queued(connection, job.job, job.url, host)? {
            continue;
        }
        let before = facts_of(connection, &job)?;
        let decision = rules::completed(run, job, &before, changed);
        effects::apply(connection, decision.effects)?;
        affected.extend(decision.articles);
        if let Some(url) = decision.compared
            && is_shared(connection, host, url)?
        {
            sharing.push(url);
        }
    }
    let ready_articles = article_facts::ready_of(connection, affected)?;
    Ok((WriteOutcome::Applied, QueueChanges { ready_articles, queued: 0, sharing }))
}

/// What is on record of the URL of a job.
fn facts_of(connection: &Connection, job: &CompletedJob) -> Result<JobFacts> {
    let asset = job.result.kept().map(|digest| assets::known(connection, digest)).transpose()?;
    let showing = showing(connection, job.url)?;
    Ok(JobFacts { url: urls::facts_of(connection, job.url)?, asset: asset.flatten(), showing })
}

/// The articles that show a URL.
fn showing(connection: &Connection, url: UrlId) -> Result<Vec<ShowingArticle>> {
    connection
        .prepare_cached(
            "SELECT id, mirror IS NOT NULL,
                 EXISTS (SELECT 1 FROM shown_version s WHERE s.article_id = article.id AND s.url_id = ?1)
             FROM article WHERE id IN (SELECT article_id FROM reference WHERE url_id = ?1)",
        )?
        .query_map([url], |row| {
            Ok(ShowingArticle { id: row.get(0)?, has_mirror: row.get(1)?, keeps_a_version: row.get(2)? })
        })?
        .collect()
}

/// Whether another URL of its host has a URL's asset.
fn is_shared(connection: &Connection, host: i64, url: UrlId) -> Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM url WHERE digest = (SELECT digest FROM url WHERE id = ?1) AND host_id = ?2 AND id <> ?1",
        )?
        .exists(params![url, host])
}
