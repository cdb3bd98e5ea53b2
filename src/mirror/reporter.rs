//! The report of a run: made from what was counted, and kept in the archive.

use std::sync::Arc;

use jiff::Timestamp;

use super::control::Control;
use super::decisive::Decisive;
use super::error::MirrorError;
use super::tally::Tally;
use crate::archive::{Archive, Body, Prefix, RunId, StoreKey};
use crate::model::{MissingUrls, ReferenceCounts, Report, RunOutcome};

/// Makes and keeps reports.
pub(super) struct Reporter {
    pub(super) archive: Arc<Archive>,
    pub(super) tally: Arc<Tally>,
    pub(super) control: Arc<Control>,
    /// The settings that decide whether requests succeed, where the run took heed of a change of them.
    pub(super) decisive: Option<Decisive>,
    /// Whether the user wanted something to be asked for again.
    pub(super) is_retry: bool,
    /// Whether robots.txt is ignored, as the user asked.
    pub(super) ignored_robots: bool,
    /// How many reports are kept.
    pub(super) keep: usize,
}

impl Reporter {
    /// The report of a run that leaves so many URLs in the queue.
    pub(super) async fn report(&self, began: Timestamp, left: u64) -> Result<Report, MirrorError> {
        let totals = self.archive.catalog.totals().await?;
        let mut report = self.started(began);
        let complete = left == 0 && self.control.has_read_all();
        report.outcome = match (self.control.is_stopped(), complete) {
            (true, _) => RunOutcome::Interrupted,
            (false, true) => RunOutcome::Complete,
            (false, false) => RunOutcome::Incomplete,
        };
        report.urls.left = left;
        report.stopped_by = self.control.used_up().filter(|_| report.outcome == RunOutcome::Incomplete);
        report.references =
            ReferenceCounts { found: totals.references, local: totals.local, remote: totals.references - totals.local };
        let asked = report.urls.fetched + report.urls.not_modified;
        report.urls.fresh = totals.urls_good.saturating_sub(asked);
        if report.outcome != RunOutcome::Interrupted {
            self.note_missing(&mut report).await?;
            report.settings = self.decisive.as_ref().map(Decisive::digests).unwrap_or_default();
        }
        Ok(report)
    }

    /// The report of a run that could not go on. What it counted so far is in it.
    pub(super) fn failed(&self, began: Timestamp, error: &MirrorError) -> Report {
        Report { outcome: RunOutcome::Failed, error: Some(error.to_string()), ..self.started(began) }
    }

    fn started(&self, began: Timestamp) -> Report {
        let (run, elapsed_ms) = (began.strftime("%Y%m%dT%H%M%SZ").to_string(), self.control.elapsed_ms());
        let retried = self.is_retry.then(|| self.tally.retried.get());
        Report { run, retried, ignored_robots: self.ignored_robots, elapsed_ms, ..self.tally.report() }
    }

    /// A run that the user stopped reports nothing as missing: the next one goes on, and then it is news.
    async fn note_missing(&self, report: &mut Report) -> Result<(), MirrorError> {
        let missing = self.archive.catalog.report_missing().await?;
        report.newly_missing = missing.new;
        let next_attempt = missing.next_attempt.map(|at| at.to_string());
        report.missing = MissingUrls { urls: missing.urls, newly_untried: missing.new_untried, next_attempt };
        Ok(())
    }

    /// The report is a file for other programs and a row for `status`; only the newest files are kept.
    pub(super) async fn keep(&self, run: RunId, report: &mut Report) -> Result<(), MirrorError> {
        let key = self.free_key(&report.run).await?;
        if let StoreKey::Report { run } = &key {
            report.run = run.to_string();
        }
        let json = serde_json::to_string_pretty(report).expect("a report is plain data");
        self.archive.objects.put(&key, Body::Bytes(json.clone().into_bytes())).await?;
        self.archive.catalog.finish_run(run, Timestamp::now(), &json).await?;
        self.remove_old().await
    }

    /// The key of a report: runs that begin in one second have numbers.
    async fn free_key(&self, run: &str) -> Result<StoreKey, MirrorError> {
        let mut number = 1_u32;
        loop {
            let name = if number == 1 { run.to_owned() } else { format!("{run}-{number}") };
            let key = StoreKey::Report { run: name.parse().expect("a moment is a path") };
            if self.archive.objects.stat(&key).await?.is_none() {
                return Ok(key);
            }
            number += 1;
        }
    }

    async fn remove_old(&self) -> Result<(), MirrorError> {
        let reports = self.archive.objects.list(Prefix::Reports).await?;
        let old = reports.len().saturating_sub(self.keep.max(1));
        for (key, _) in &reports[..old] {
            self.archive.objects.delete(key).await?;
        }
        Ok(())
    }
}
