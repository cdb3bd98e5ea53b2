//! What the archive holds, and what is missing and why.

mod similar;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::archive::{Archive, CatalogError, RunRow, Totals, UrlRow, UrlState};
use crate::model::{ChangedImage, HostKey, HostState, Reason, RefererStrategy, Report};

pub use similar::{DuplicateGroup, Match, Similar, Suggestion, similar};

/// URLs taken from the catalog at a time.
const PAGE: usize = 1000;
/// Missing URLs that are listed one by one; the counts are always whole.
const LISTED: usize = 1000;
/// Runs that are listed.
const RUNS: usize = 10;

/// The state of an archive.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// Articles.
    pub articles: u64,
    /// Articles that are no longer in their source.
    pub vanished: u64,
    /// References of all articles.
    pub references: u64,
    /// References that the mirror serves from the archive.
    pub local: u64,
    /// Distinct URLs.
    pub urls: u64,
    /// URLs with a good capture.
    pub urls_good: u64,
    /// Blobs of media.
    pub images: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The bytes that one copy for each URL would take, divided by the bytes that are kept.
    pub dedup_ratio: f64,
    /// Thumbnails.
    pub thumbnails: u64,
    /// URLs without a good capture, by reason.
    pub missing_by_reason: BTreeMap<String, u64>,
    /// The same, by host.
    pub missing_by_host: BTreeMap<String, u64>,
    /// URLs with a good capture whose last attempt failed.
    pub rot: u64,
    /// The same, by host.
    pub rot_by_host: BTreeMap<String, u64>,
    /// URLs that are no longer requested.
    pub retired: u64,
    /// Failed URLs by the day (UTC) of their next attempt.
    pub retries: BTreeMap<String, u64>,
    /// Images whose bytes changed at their origin, as the last runs reported them.
    pub changed_images: Vec<ChangedImage>,
    /// URLs without a good capture, one by one.
    pub missing: Vec<Missing>,
    /// Hosts with a state other than the default.
    pub hosts: Vec<Host>,
    /// The last runs, newest first.
    pub runs: Vec<Run>,
}

/// A URL without a good capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Missing {
    /// The URL.
    pub url: String,
    /// Why; `None` where it was not tried yet.
    pub reason: Option<Reason>,
    /// What happened at the last attempt, in one sentence with the way out.
    pub detail: Option<String>,
    /// The status of the last attempt.
    pub status: Option<u16>,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is requested next; `None` for never.
    pub next_attempt: Option<String>,
    /// Articles that show it.
    pub articles: Vec<String>,
}

/// A host with a state other than the default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Host {
    /// Its name.
    pub host: String,
    /// Which Referer strategy it needs.
    pub referer: RefererStrategy,
    /// Connection failures since its last answer.
    pub failures: u32,
    /// Its circuit breaker is open until this moment: it gets no request.
    pub open_until: Option<String>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Run {
    /// When it began.
    pub began: String,
    /// When it ended; `None` where it was interrupted or is under way.
    pub ended: Option<String>,
    /// Its report; `None` where it has none, or where another version of offprint wrote one that this one cannot read.
    pub report: Option<Report>,
}

/// The state of an archive.
pub async fn status(archive: &Archive) -> Result<Status, CatalogError> {
    let mut status = Status::of_totals(archive.catalog.totals().await?);
    let mut last = None;
    loop {
        let urls = archive.catalog.failing_urls(last, PAGE).await?;
        let Some(end) = urls.last() else { break };
        last = Some(end.id);
        for url in &urls {
            status.count(url, archive).await?;
        }
    }
    let hosts = archive.catalog.hosts().await?;
    status.hosts = hosts.into_iter().filter(|(_, state)| *state != HostState::default()).map(host).collect();
    status.runs = archive.catalog.runs(RUNS).await?.iter().map(run).collect();
    let reports = status.runs.iter().filter_map(|run| run.report.as_ref());
    status.changed_images = reports.flat_map(|report| &report.changed_images).cloned().collect();
    Ok(status)
}

impl Status {
    fn of_totals(totals: Totals) -> Self {
        Self {
            articles: totals.articles,
            vanished: totals.vanished,
            references: totals.references,
            local: totals.local,
            urls: totals.urls,
            urls_good: totals.urls_good,
            images: totals.blobs,
            bytes: totals.bytes,
            dedup_ratio: if totals.bytes == 0 { 1.0 } else { totals.bytes_without_dedup as f64 / totals.bytes as f64 },
            thumbnails: totals.thumbnails,
            ..Self::default()
        }
    }

    async fn count(&mut self, url: &UrlRow, archive: &Archive) -> Result<(), CatalogError> {
        let host = HostKey::of(&url.url).map_or_else(|| url.url.scheme().to_owned(), |host| host.to_string());
        self.retired += u64::from(url.state == UrlState::Retired);
        if let Some(at) = url.next_attempt {
            *self.retries.entry(at.strftime("%Y-%m-%d").to_string()).or_default() += 1;
        }
        if url.asset.is_some() {
            self.rot += 1;
            *self.rot_by_host.entry(host).or_default() += 1;
            return Ok(());
        }
        let reason = url.reason.map_or("not_tried_yet", Reason::as_str);
        *self.missing_by_reason.entry(reason.to_owned()).or_default() += 1;
        *self.missing_by_host.entry(host).or_default() += 1;
        if self.missing.len() < LISTED {
            let articles = archive.catalog.articles_of(url.id, 5).await?;
            self.missing.push(Missing {
                url: url.url.to_string(),
                reason: url.reason,
                detail: url.detail.clone(),
                status: url.status,
                attempts: url.attempts,
                next_attempt: url.next_attempt.map(|at| at.to_string()),
                articles: articles.iter().map(ToString::to_string).collect(),
            });
        }
        Ok(())
    }
}

fn host((host, state): (HostKey, HostState)) -> Host {
    Host {
        host: host.to_string(),
        referer: state.referer,
        failures: state.failures,
        open_until: state.open_until.map(|at| at.to_string()),
    }
}

fn run(row: &RunRow) -> Run {
    Run {
        began: row.began.to_string(),
        ended: row.ended.map(|at| at.to_string()),
        report: serde_json::from_str(&row.report).ok(),
    }
}
