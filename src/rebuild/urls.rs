//! Restores the URLs: each with the blob that a mirror shows for it.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::blobs::Unrecorded;
use super::rebuilt::RebuildError;
use crate::archive::rules::Schedule;
use crate::archive::{Archive, CompletedJob, Job, JobResult, Lease, RunId, Worker};
use crate::clock;
use crate::config::Config;
use crate::model::{Digest, Validators};

/// Jobs taken from the catalog at a time.
const PAGE: usize = 256;
/// More hosts than a catalog has.
const HOSTS: usize = 1 << 30;
/// No host is held for longer: no request is sent.
const LONG: Duration = Duration::from_secs(20 * 365 * 86_400);

/// Completes the jobs of these URLs with the blobs that mirrors show for them, and gives how many. Other URLs stay in the
/// queue.
pub(super) async fn record(
    config: &Config,
    archive: &Archive,
    unrecorded: &Unrecorded,
    shown: &HashMap<Url, Digest>,
    run: RunId,
) -> Result<u64, RebuildError> {
    let mut wanted = Vec::new();
    for url in shown.keys() {
        let row = archive.catalog.url(url).await?;
        wanted.extend(row.filter(|row| row.asset.is_none()).map(|row| row.id));
    }
    archive.catalog.enqueue(&wanted).await?;
    let now = clock::now();
    let next_attempt = Schedule::new(config).recheck(now);
    let mut recorded = 0;
    let worker = Worker("rebuild".to_owned());
    let leases = archive.catalog.lease(&worker, HOSTS, LONG, now + LONG).await?;
    for lease in &leases {
        let mut last = None;
        loop {
            let page = archive.catalog.jobs(lease, last, PAGE).await?;
            let Some(end) = page.last() else { break };
            last = Some(end.id);
            let kept: Vec<_> = page
                .iter()
                .filter_map(|job| completed(job, *shown.get(&job.url.url)?, unrecorded, (now, next_attempt)))
                .collect();
            recorded += kept.len() as u64;
            archive.catalog.complete_jobs(lease, run, kept, config.rewrite.changed_images).await?;
        }
    }
    release(archive, &leases).await?;
    Ok(recorded)
}

fn completed(
    job: &Job,
    digest: Digest,
    known: &Unrecorded,
    (at, next_attempt): (Timestamp, Option<Timestamp>),
) -> Option<CompletedJob> {
    let (asset, size) = known.media.get(&digest)?.clone();
    let result = JobResult::Kept { digest, size, asset, validators: Validators::default(), next_attempt };
    Some(CompletedJob { job: job.id, url: job.url.id, at, exchanges: Vec::new(), result })
}

async fn release(archive: &Archive, leases: &[Lease]) -> Result<(), RebuildError> {
    for lease in leases {
        archive.catalog.release(lease, &lease.state).await?;
    }
    Ok(())
}
