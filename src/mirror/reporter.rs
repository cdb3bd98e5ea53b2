//! The report of a run: made from what was counted, and kept in the archive.

use std::sync::Arc;

use jiff::Timestamp;

use super::control::Control;
use super::error::MirrorError;
use super::request_settings::RequestSettings;
use super::tally::Tally;

use crate::archive::{Archive, Body, Prefix, ReportedMissing, RunId, StoreKey};
use crate::clock;
use crate::model::{MissingUrls, ProblemReason, ReferenceCounts, Report, RunOutcome};

/// Makes and keeps reports.
pub(super) struct Reporter {
    pub(super) archive: Arc<Archive>,
    pub(super) tally: Arc<Tally>,
    pub(super) control: Arc<Control>,
    /// The settings that decide whether requests succeed, if the run compared them with those of the last one.
    pub(super) request_settings: Option<RequestSettings>,
    /// Whether the user named something to retry.
    pub(super) is_retry: bool,
    /// Whether robots.txt is ignored, at the user's request.
    pub(super) ignored_robots: bool,
    /// How many reports are kept.
    pub(super) keep: usize,
}

impl Reporter {
    /// The report of a run that leaves so many URLs in the queue.
    pub(super) async fn report(&self, began: Timestamp, left: u64) -> Result<Report, MirrorError> {
        let totals = self.archive.catalog.totals().await?;
        for row in self.archive.catalog.unreadable_rows() {
            self.tally.problem("the catalog", ProblemReason::DamagedCatalog, row);
        }
        let mut report = self.started(began);
        let complete = left == 0 && self.tally.put_off.get() == 0 && self.control.has_read_all();
        report.outcome = match (self.control.is_stopped(), complete) {
            (true, _) => RunOutcome::Interrupted,
            (false, true) => RunOutcome::Complete,
            (false, false) => RunOutcome::Incomplete,
        };
        report.urls.left = left;
        report.stopped_by = self.control.used_up().filter(|_| report.outcome == RunOutcome::Incomplete);
        report.references = ReferenceCounts::of_totals(totals.references, totals.local);
        let asked = report.urls.fetched + report.urls.not_modified;
        report.urls.fresh = totals.urls_good.saturating_sub(asked);
        for failed in &mut report.failed_thumbnails {
            failed.url = self.archive.catalog.urls_of(failed.image).await?.first().map(ToString::to_string);
        }
        if report.outcome != RunOutcome::Interrupted {
            self.note_missing(&mut report).await?;
            report.settings = self.request_settings.as_ref().map(RequestSettings::digests).unwrap_or_default();
        }
        Ok(report)
    }

    /// The report of a run that failed. It has what was counted so far.
    pub(super) fn failed(&self, began: Timestamp, error: &MirrorError) -> Report {
        Report { outcome: RunOutcome::Failed, error: Some(error.to_string()), ..self.started(began) }
    }

    fn started(&self, began: Timestamp) -> Report {
        let (run, elapsed_ms) = (began.strftime("%Y%m%dT%H%M%SZ").to_string(), self.control.elapsed_ms());
        let retried = self.is_retry.then(|| self.tally.retried.get());
        Report { run, retried, ignored_robots: self.ignored_robots, elapsed_ms, ..self.tally.report() }
    }

    /// A run that the user stopped reports nothing as newly missing: the next run continues, and reports it.
    async fn note_missing(&self, report: &mut Report) -> Result<(), MirrorError> {
        let ReportedMissing { counts, news } = self.archive.catalog.report_missing().await?;
        report.newly_missing = counts.new;
        let mut new: Vec<_> = news.iter().map(ToString::to_string).collect();
        new.sort_unstable();
        let next_attempt = counts.next_attempt.map(|at| at.to_string());
        report.missing = MissingUrls { urls: counts.urls, new, newly_untried: counts.new_untried, next_attempt };
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
        self.archive.catalog.finish_run(run, clock::now(), &json).await?;
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

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::config::Config;
    use crate::fixtures::{self, at};
    use crate::model::{Budget, Reason};

    fn reporter(archive: &Arc<Archive>, change: impl FnOnce(&mut Config)) -> Reporter {
        let mut config = Config::default();
        change(&mut config);
        let tally = Arc::<Tally>::default();
        let stop = CancellationToken::new();
        let control = Arc::new(Control::new(config.run.clone(), Arc::clone(archive), Arc::clone(&tally), stop));
        Reporter {
            archive: Arc::clone(archive),
            tally,
            control,
            request_settings: Some(RequestSettings::new(&config)),
            is_retry: false,
            ignored_robots: false,
            keep: config.report.keep,
        }
    }

    async fn reports(archive: &Archive) -> Vec<String> {
        let listed = archive.objects.list(Prefix::Reports).await.unwrap();
        listed.into_iter().map(|(key, _)| key.path()).collect()
    }

    #[tokio::test]
    async fn a_run_is_complete_where_nothing_is_left_and_everything_was_read() {
        for (left, stopped, cut_short, expected) in [
            (0, false, false, RunOutcome::Complete),
            (3, false, false, RunOutcome::Incomplete),
            (0, false, true, RunOutcome::Incomplete),
            (0, true, false, RunOutcome::Interrupted),
            (3, true, true, RunOutcome::Interrupted),
        ] {
            let reporter = reporter(&fixtures::archive(), |_| ());
            if stopped {
                reporter.control.stop();
            }
            if cut_short {
                reporter.control.cut_short();
            }
            let report = reporter.report(at(1_700_000_000), left).await.unwrap();
            assert_eq!((report.outcome, report.urls.left), (expected, left), "{left} {stopped} {cut_short}");
            assert_eq!(report.settings.is_empty(), stopped, "the next run compares with a run that asked for all");
            assert_eq!(report.run, "20231114T221320Z");
        }
    }

    #[tokio::test]
    async fn a_budget_is_named_only_where_it_left_work() {
        for (left, expected) in [(1, Some(Budget::MaxRequests)), (0, None)] {
            let reporter = reporter(&fixtures::archive(), |config| config.run.max_requests = 1);
            reporter.tally.requests.one();
            assert_eq!(reporter.report(at(1), left).await.unwrap().stopped_by, expected);
        }
    }

    #[tokio::test]
    async fn what_is_missing_is_news_once_and_after_an_interruption_still() {
        let archive = fixtures::archive();
        fixtures::show(&archive, "a.md", &["http://a.example/1", "http://a.example/2"]).await;
        fixtures::complete(&archive, 2_000, |url| match url.path() {
            "/1" => fixtures::failed(Reason::Dns, None, 9_000),
            _ => fixtures::kept("two"),
        })
        .await;
        let stopped = reporter(&archive, |_| ());
        stopped.control.stop();
        assert_eq!(stopped.report(at(1), 0).await.unwrap().newly_missing, 0);
        let first = reporter(&archive, |_| ()).report(at(1), 0).await.unwrap();
        assert_eq!((first.newly_missing, first.missing.urls, first.missing.newly_untried), (1, 1, 0));
        assert_eq!(first.missing.next_attempt.as_deref(), Some("1970-01-01T02:30:00Z"));
        assert_eq!((first.references.found, first.references.local, first.references.remote), (2, 1, 1));
        let second = reporter(&archive, |_| ()).report(at(1), 0).await.unwrap();
        assert_eq!((second.newly_missing, second.missing.urls), (0, 1));
    }

    #[tokio::test]
    async fn runs_of_one_second_have_numbers_and_only_the_newest_reports_are_kept() {
        let archive = fixtures::archive();
        for second in [10, 10, 10, 11] {
            let reporter = reporter(&archive, |config| config.report.keep = 3);
            let run = archive.catalog.begin_run(at(second)).await.unwrap();
            let mut report = reporter.report(at(second), 0).await.unwrap();
            reporter.keep(run, &mut report).await.unwrap();
        }
        let kept = reports(&archive).await;
        let names = ["19700101T000010Z-2", "19700101T000010Z-3", "19700101T000011Z"];
        assert_eq!(kept, names.map(|name| format!("runs/{name}.json")));
        let runs = archive.catalog.runs(9).await.unwrap();
        assert!(runs.len() == 4 && runs.iter().all(|run| run.ended.is_some()), "each has its row");
        let last: Report = serde_json::from_str(&runs[1].report).unwrap();
        assert_eq!(last.run, "19700101T000010Z-3", "as its file is named");
    }

    #[tokio::test]
    async fn a_run_that_could_not_go_on_says_why_and_what_it_did() {
        let archive = fixtures::archive();
        let reporter = reporter(&archive, |config| config.report.keep = 0);
        reporter.tally.fetched.add(7);
        let error = MirrorError::Catalog(crate::archive::CatalogError::Database {
            place: "here".to_owned(),
            cause: "it is full".to_owned(),
        });
        let run = archive.catalog.begin_run(at(5)).await.unwrap();
        let mut report = reporter.failed(at(5), &error);
        assert_eq!((report.outcome, report.urls.fetched), (RunOutcome::Failed, 7));
        assert!(report.error.as_ref().is_some_and(|error| error.contains("it is full")));
        reporter.keep(run, &mut report).await.unwrap();
        assert_eq!(reports(&archive).await.len(), 1, "one report is kept at least");
    }

    #[tokio::test]
    async fn what_the_user_named_is_counted_where_he_named_something() {
        let reporter = reporter(&fixtures::archive(), |_| ());
        reporter.tally.retried.add(2);
        assert_eq!(reporter.report(at(1), 0).await.unwrap().retried, None);
        let reporter = Reporter { is_retry: true, ignored_robots: true, ..reporter };
        let report = reporter.report(at(1), 0).await.unwrap();
        assert_eq!((report.retried, report.ignored_robots), (Some(2), true));
    }
}
