//! Placeholders: one image that a host sends in place of many.
//!
//! The [`detector`] decides from facts. This stage gathers them, sends the probe that the detector wants, and revokes
//! placeholders. It records the verdict of each probe.

mod detector;
mod image_address;
mod probe;
mod recent;
mod revoke;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use url::Url;

use super::control::Control;
use super::error::MirrorError;
use super::outcomes::Outcomes;
use super::tally::Tally;
use crate::archive::rules::Schedule;
use crate::archive::{
    Archive, ArticleId, AssetRow, Job, JobResult, PlaceholderVerdict, QueueChanges, RunId, SharedBlob, SharedUrl,
};
use crate::config::Config;
use crate::fetch::{Answer, Fetched, Fetcher};
use crate::ingest::{Ingest, KnownPlaceholders, is_honest};
use crate::locks::{KeyedGuard, KeyedLocks, Mutex};
use crate::model::{Asset, Digest, Failure, HostKey, Reason};

use detector::{Decision, Facts, SUSPICIOUS};
use probe::Prober;
use recent::RecentCaptures;
use revoke::{REPLACES, Revoker};

pub(super) use revoke::LOOKED_AT;

const PLACEHOLDER: SharedBlob = SharedBlob { verdict: Some(PlaceholderVerdict::Placeholder), replaces_others: false };

/// Detects placeholders among what a run fetches.
pub(super) struct PlaceholderStage {
    archive: Arc<Archive>,
    fetcher: Fetcher,
    control: Arc<Control>,
    known: Arc<KnownPlaceholders>,
    run: RunId,
    config: Arc<Config>,
    prober: Prober,
    revoker: Revoker,
    recent: RecentCaptures,
    /// The (host, digest) pairs that were probed: each once in a run.
    probed: Mutex<HashSet<(HostKey, Digest)>>,
    /// The hosts that have not proven honest and of which a blob is being examined.
    unproven: KeyedLocks<HostKey>,
}

/// What the stage works with.
pub(super) struct PlaceholderParts {
    pub(super) archive: Arc<Archive>,
    pub(super) fetcher: Fetcher,
    pub(super) control: Arc<Control>,
    pub(super) known: Arc<KnownPlaceholders>,
    pub(super) ingest: Arc<Ingest>,
    pub(super) outcomes: Outcomes,
    pub(super) tally: Arc<Tally>,
}

impl PlaceholderStage {
    /// The detection of one run.
    pub(super) fn new(parts: PlaceholderParts, config: &Arc<Config>, run: RunId) -> Self {
        let PlaceholderParts { archive, fetcher, control, known, ingest, outcomes, tally } = parts;
        Self {
            prober: Prober { fetcher: fetcher.clone(), ingest, tally: Arc::clone(&tally) },
            revoker: Revoker {
                archive: Arc::clone(&archive),
                known: Arc::clone(&known),
                schedule: Schedule::new(config),
                outcomes,
                tally,
                run,
            },
            config: Arc::clone(config),
            archive,
            fetcher,
            control,
            known,
            run,
            recent: RecentCaptures::default(),
            probed: Mutex::default(),
            unproven: KeyedLocks::default(),
        }
    }

    /// Revokes placeholders that were kept before the settings named them.
    pub(super) async fn revoke_configured(&self) -> Result<(), MirrorError> {
        for (host, digest) in configured(&self.archive, &self.config, &self.fetcher).await? {
            self.revoker.revoke_all(&host, digest).await?;
        }
        Ok(())
    }

    /// Queues one URL of each group that is still to be probed, because a run ended just then or the host was down.
    /// Gives how many.
    pub(super) async fn enqueue_unprobed(&self) -> Result<u64, MirrorError> {
        let candidates: Vec<_> = unprobed(&self.archive).await?.into_iter().map(|shared| shared.id).collect();
        if candidates.is_empty() {
            return Ok(0);
        }
        Ok(self.archive.catalog.enqueue(&candidates).await?)
    }

    /// Loads what is known of the blobs that a host sends for several URLs.
    pub(super) async fn begin_host(&self, host: &HostKey) -> Result<(), MirrorError> {
        let configured = self.fetcher.placeholders(host).into_iter().map(|digest| (digest, PLACEHOLDER));
        for (digest, shared) in self.archive.catalog.shared_blobs(host).await?.into_iter().chain(configured) {
            self.known.learn(host, digest, shared);
        }
        Ok(())
    }

    /// Drops what is known of a host to which no more requests are sent.
    pub(super) fn end_host(&self, host: &HostKey) {
        self.known.forget(host);
        self.recent.forget(host);
    }

    /// Refuses an image in place of the kept one, if the host has sent it in place of others, too.
    pub(super) async fn refuse_replacement(
        &self,
        job: &Job,
        mut fetched: Fetched<Asset>,
    ) -> Result<Fetched<Asset>, MirrorError> {
        let (Some(AssetRow { digest: kept, .. }), Some(host)) = (&job.url.asset, asked_host(&job.url.url)) else {
            return Ok(fetched);
        };
        let new = match &fetched.outcome {
            Ok(Answer::Body { staged, .. }) if staged.digest != *kept => staged.digest,
            _ => return Ok(fetched),
        };
        let mut sharing = self.archive.catalog.urls_sharing(&host, new, LOOKED_AT).await?;
        sharing.push(SharedUrl { id: job.url.id, url: job.url.url.clone(), previous: Some(*kept) });
        let mut replaced = detector::replaced(self.known.get(&host, new), &sharing);
        if replaced.pop_if(|shared| shared.id == job.url.id).is_some() {
            self.revoker.restore(&host, new, &replaced).await?;
            refuse(&mut fetched);
        }
        Ok(fetched)
    }

    /// Examines the bytes that a URL has after its job, if other URLs have them as well, and gives the articles that
    /// are ready.
    pub(super) async fn examine(
        &self,
        job: &Job,
        result: &JobResult,
        changes: &QueueChanges,
    ) -> Result<Vec<ArticleId>, MirrorError> {
        let Some(host) = asked_host(&job.url.url) else { return Ok(Vec::new()) };
        if let JobResult::Kept { digest, .. } = result {
            self.recent.note(host.clone(), *digest);
        }
        let Some(digest) = self.candidate(&host, job, result, changes) else { return Ok(Vec::new()) };
        let _turn = self.turn(&host).await;
        let sharing = self.archive.catalog.urls_sharing(&host, digest, LOOKED_AT).await?;
        let facts = Facts {
            known: self.known.get(&host, digest),
            sharing: &sharing,
            url: &job.url.url,
            is_honest: self.known.is_honest(&host),
            share: self.recent.share(&host, digest),
        };
        match detector::decide(&facts) {
            Decision::Revoke => self.revoker.revoke_all(&host, digest).await,
            Decision::Examine { restore, probe } => {
                let mut ready = Vec::new();
                if !restore.is_empty() {
                    ready = self.revoker.restore(&host, digest, &restore).await?;
                }
                if let Some(other) = probe.filter(|_| self.may_probe(&host, digest)) {
                    ready.extend(self.probe(&host, job, other, digest).await?);
                }
                Ok(ready)
            }
        }
    }

    /// The bytes that a URL has after its job, if the other URLs that have them are to be examined: the bytes are
    /// shared, or were found meanwhile to be no image of this URL.
    fn candidate(&self, host: &HostKey, job: &Job, result: &JobResult, changes: &QueueChanges) -> Option<Digest> {
        let digest = match result {
            JobResult::Kept { digest, .. } => *digest,
            JobResult::NotModified { .. } => job.url.asset.as_ref()?.digest,
            JobResult::Failed { .. } | JobResult::Deferred { .. } => return None,
        };
        let known = self.known.get(host, digest);
        let is_known = known.replaces_others || known.verdict == Some(PlaceholderVerdict::Placeholder);
        (is_known || !changes.sharing.is_empty()).then_some(digest)
    }

    /// Waits until no other blob of a host is examined, unless the host has proven honest: what one probe shows decides
    /// whether the next is sent.
    async fn turn(&self, host: &HostKey) -> Option<KeyedGuard<HostKey>> {
        if self.known.is_honest(host) { None } else { Some(self.unproven.lock(host.clone()).await) }
    }

    /// Whether requests may be sent about a blob: once in a run, and while the run may continue.
    fn may_probe(&self, host: &HostKey, digest: Digest) -> bool {
        self.control.may_go_on() && self.probed.lock().insert((host.clone(), digest))
    }

    /// Probes whether bytes are a placeholder, and acts on the verdict.
    async fn probe(
        &self,
        host: &HostKey,
        job: &Job,
        other: &SharedUrl,
        digest: Digest,
    ) -> Result<Vec<ArticleId>, MirrorError> {
        let probe = self.prober.probe(job, other, digest).await?;
        let verdict = probe.verdict();
        if verdict.is_some() {
            self.known.learn(host, digest, SharedBlob { verdict, replaces_others: false });
        }
        let mut ready = Vec::new();
        if let Some(referer) = probe.images_came_with {
            self.fetcher.learn(host, referer);
            ready = self.revoker.revoke_all(host, digest).await?;
        }
        self.archive.catalog.record_verdict(self.run, host, digest, verdict, &probe.asked).await?;
        Ok(ready)
    }
}

/// The placeholders that the settings name and that some URL of their host still has.
pub(super) async fn configured(
    archive: &Archive,
    config: &Config,
    fetcher: &Fetcher,
) -> Result<Vec<(HostKey, Digest)>, MirrorError> {
    let named: BTreeSet<_> = config.fetch.host.iter().flat_map(|host| host.placeholders.iter().copied()).collect();
    let mut found = Vec::new();
    for digest in named {
        let urls = archive.catalog.urls_of(digest).await?;
        let hosts: BTreeSet<_> = urls.iter().filter_map(HostKey::of).collect();
        let hosts = hosts.into_iter().filter(|host| fetcher.placeholders(host).contains(&digest));
        found.extend(hosts.map(|host| (host, digest)));
    }
    Ok(found)
}

/// One URL of each group that is still to be probed.
pub(super) async fn unprobed(archive: &Archive) -> Result<Vec<SharedUrl>, MirrorError> {
    let mut candidates = Vec::new();
    for (host, digest) in archive.catalog.unprobed_shared_blobs(SUSPICIOUS).await? {
        let mut sharing = archive.catalog.urls_sharing(&host, digest, LOOKED_AT).await?;
        let known = archive.catalog.shared_blobs(&host).await?;
        let is_honest = is_honest(known.iter().map(|(_, shared)| shared));
        if detector::is_left_to_probe(&sharing, is_honest) && !sharing.is_empty() {
            candidates.push(sharing.swap_remove(0));
        }
    }
    Ok(candidates)
}

/// The host of a URL; none for a local file.
fn asked_host(url: &Url) -> Option<HostKey> {
    HostKey::of(url).filter(|_| url.scheme() != "file")
}

/// Makes a good answer a refused one.
fn refuse(fetched: &mut Fetched<Asset>) {
    let status = fetched.exchanges.last().and_then(|exchange| exchange.status);
    let failure = Failure { status, ..Failure::new(Reason::Placeholder, REPLACES) };
    if let Some(exchange) = fetched.exchanges.last_mut() {
        exchange.reason = Some(Reason::Placeholder);
    }
    if let Ok(Answer::Body { staged, .. }) = std::mem::replace(&mut fetched.outcome, Err(failure)) {
        fetched.evidence.push(staged);
    }
}
