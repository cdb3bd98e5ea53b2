//! The queue of what to request, and what becomes of URLs and articles when jobs end.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Result, params};

use super::{Sqlite, assets, captures, jobs, leases, stale, urls};
use crate::archive::catalog::{
    CatalogError, CompletedJob, Job, JobResult, Lease, Queue, QueueChanges, RefusedBody, UrlRow, Worker, WriteOutcome,
};
use crate::archive::rules::{self, AssetChange, Due, Response, UrlFacts};
use crate::config::ChangedImages;
use crate::model::{ArticleId, Digest, HostKey, HostState, JobId, RunId, UrlId};

#[async_trait]
impl Queue for Sqlite {
    async fn enqueue_due(&self, now: Timestamp, horizon: Duration) -> Result<u64, CatalogError> {
        let due = Due::new(now, horizon);
        self.write(move |connection| {
            leases::end_implausible(connection, due)?;
            jobs::queue_due(connection, due)
        })
        .await
    }

    async fn enqueue(&self, urls: &[UrlId]) -> Result<u64, CatalogError> {
        let urls = urls.to_vec();
        self.write(move |connection| urls.iter().map(|url| jobs::queue(connection, *url)).sum()).await
    }

    async fn close_breakers(&self, hosts: &[HostKey]) -> Result<(), CatalogError> {
        let hosts = hosts.to_vec();
        self.write(move |connection| leases::close_breakers(connection, &hosts)).await
    }

    async fn queued_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError> {
        self.read(move |connection| jobs::queued_urls(connection, after, limit)).await
    }

    async fn due_urls(
        &self,
        now: Timestamp,
        horizon: Duration,
        after: Option<UrlId>,
        limit: usize,
    ) -> Result<Vec<UrlRow>, CatalogError> {
        let due = Due::new(now, horizon);
        self.read(move |connection| jobs::due_urls(connection, due, after, limit)).await
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
        self.read(move |connection| match leases::held(connection, &lease)? {
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
        self.write(move |connection| complete(connection, &lease, run, &jobs, changed)).await
    }

    async fn release(&self, lease: &Lease, state: &HostState) -> Result<WriteOutcome, CatalogError> {
        let (lease, state) = (lease.clone(), state.clone());
        self.write(move |connection| leases::release(connection, &lease, &state)).await
    }
}

pub(super) fn complete(
    connection: &Connection,
    lease: &Lease,
    run: RunId,
    completed: &[CompletedJob],
    changed: ChangedImages,
) -> Result<(WriteOutcome, QueueChanges)> {
    let Some(host) = leases::held(connection, lease)? else {
        return Ok((WriteOutcome::Conflict, QueueChanges::default()));
    };
    let (mut affected, mut sharing) = (BTreeSet::new(), Vec::new());
    for job in completed {
        if jobs::remove(connection, job.job, job.url, host)? {
            record(connection, run, job, changed)?;
            affected.extend(stale::showing(connection, job.url)?);
            if UrlFacts::is_worth_comparing(&job.result) && is_shared(connection, host, job.url)? {
                sharing.push(job.url);
            }
        }
    }
    let ready_articles = stale::ready_of(connection, affected)?;
    Ok((WriteOutcome::Applied, QueueChanges { ready_articles, queued: 0, sharing }))
}

/// Records what a job found, and what follows from it.
fn record(connection: &Connection, run: RunId, job: &CompletedJob, changed: ChangedImages) -> Result<()> {
    let response = Response::of(job);
    captures::record(connection, job.url, run, kept(&job.result), &job.exchanges)?;
    if let Some(RefusedBody { digest, size, media_type }) = job.refused {
        assets::record_blob(connection, digest, media_type, size, response.at)?;
        urls::record_refused(connection, job.url, digest)?;
    }
    if let JobResult::Kept { digest, size, asset, .. } = &job.result {
        assets::record(connection, *digest, *size, asset, response.at)?;
    }
    let before = urls::facts_of(connection, job.url)?;
    let after = before.clone().after(&job.result, response);
    urls::store(connection, job.url, &after)?;
    show_change(connection, job.url, before.change_to(&after), changed)
}

fn kept(result: &JobResult) -> Option<Digest> {
    match result {
        JobResult::Kept { digest, .. } => Some(*digest),
        JobResult::NotModified { .. } | JobResult::Failed { .. } | JobResult::Deferred { .. } => None,
    }
}

/// Does for the articles that show a URL what a change of its asset asks for.
fn show_change(connection: &Connection, url: UrlId, change: AssetChange, changed: ChangedImages) -> Result<()> {
    match change {
        AssetChange::Same => Ok(()),
        AssetChange::First | AssetChange::Gone => {
            let showing = stale::showing(connection, url)?;
            stale::make_stale(connection, showing)
        }
        AssetChange::Replaced(before) => {
            urls::record_replaced(connection, url, before)?;
            for (article, has_mirror, keeps_a_version) in showing_versions(connection, url)? {
                let todo = rules::on_replaced(has_mirror, keeps_a_version, changed);
                if todo.keeps_before {
                    keep_version(connection, article, url, before)?;
                }
                stale::make_stale(connection, todo.becomes_stale.then_some(article))?;
            }
            Ok(())
        }
    }
}

/// The articles that show a URL, whether each has a mirror, and whether it keeps an older version of the URL.
fn showing_versions(connection: &Connection, url: UrlId) -> Result<Vec<(ArticleId, bool, bool)>> {
    connection
        .prepare_cached(
            "SELECT id, mirror IS NOT NULL,
                 EXISTS (SELECT 1 FROM shown_version s WHERE s.article_id = article.id AND s.url_id = ?1)
             FROM article WHERE id IN (SELECT article_id FROM reference WHERE url_id = ?1)",
        )?
        .query_map([url], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

fn keep_version(connection: &Connection, article: ArticleId, url: UrlId, digest: Digest) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO shown_version (article_id, url_id, digest) VALUES (?1, ?2, ?3)")?
        .execute(params![article, url, digest])?;
    Ok(())
}

/// Whether another URL of its host has a URL's asset.
fn is_shared(connection: &Connection, host: i64, url: UrlId) -> Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM url WHERE digest = (SELECT digest FROM url WHERE id = ?1) AND host_id = ?2 AND id <> ?1",
        )?
        .exists(params![url, host])
}
