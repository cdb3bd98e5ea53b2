//! The notifications of the nightly run that `[report]` configures. One that fails is a warning: it never changes how
//! the run ends.

use std::time::Duration;

use anyhow::Context;

use super::output::Output;
use super::report::summary;
use crate::archive::{self, Mode};
use crate::clock;
use crate::config::Config;
use crate::model::{Report, RunOutcome};
use crate::notify::{self, Notifier, NotifyError, RunEnd};
use crate::status;

/// How long notifications may delay the end of an interrupted run.
const TIMEOUT_WHEN_INTERRUPTED: Duration = Duration::from_secs(2);

/// The notifications of one run.
pub(crate) struct Notifications<'a> {
    config: &'a Config,
    output: &'a Output,
    notifier: Option<Notifier>,
}

impl<'a> Notifications<'a> {
    /// Sends the notification that a run starts.
    pub(crate) async fn run_started(config: &'a Config, output: &'a Output) -> Self {
        let mut notifications = Self { config, output, notifier: None };
        let settings = &config.report;
        let pings = [&settings.ping_start, &settings.ping_success, &settings.ping_failure, &settings.webhook];
        if pings.iter().all(|url| url.is_empty()) {
            return notifications;
        }
        match Notifier::new(settings, &config.fetch.ca_file) {
            Ok(notifier) => {
                notifications.warn(notifier.run_started().await.err());
                notifications.notifier = Some(notifier);
            }
            Err(error) => notifications.warn([error]),
        }
        notifications
    }

    /// Sends the notification of how it ended, and writes the file for Prometheus.
    pub(crate) async fn run_finished(&self, result: &anyhow::Result<Report>) {
        match result {
            Ok(report) => {
                if let Err(error) = self.write_prometheus(report).await {
                    self.output.error(&error);
                }
                let timeout = match report.outcome {
                    RunOutcome::Interrupted => TIMEOUT_WHEN_INTERRUPTED,
                    RunOutcome::Complete | RunOutcome::Incomplete | RunOutcome::Failed => notify::TIMEOUT,
                };
                if report.is_empty_handed() {
                    let details: Vec<_> = report.sources.iter().map(|source| source.detail.as_str()).collect();
                    return self.send(RunEnd::Failed { message: &details.join("; ") }, timeout).await;
                }
                let succeeded = report.is_work_done();
                self.send(RunEnd::Reported { report, succeeded, summary: &summary(report) }, timeout).await;
            }
            Err(error) => self.send(RunEnd::Failed { message: &format!("{error:#}") }, notify::TIMEOUT).await,
        }
    }

    async fn send(&self, end: RunEnd<'_>, timeout: Duration) {
        if let Some(notifier) = &self.notifier {
            self.warn(notifier.run_finished(end, timeout).await);
        }
    }

    async fn write_prometheus(&self, report: &Report) -> anyhow::Result<()> {
        let file = &self.config.report.prometheus;
        if file.as_os_str().is_empty() {
            return Ok(());
        }
        let archive = archive::open(&self.config.store, Mode::Read).context("cannot count for `report.prometheus`")?;
        let status = status::status(&archive).await?;
        notify::write_prometheus(file, &notify::exposition(report, &status, clock::now()))?;
        Ok(())
    }

    /// Also with -q: otherwise nobody would notice that a notification failed.
    fn warn(&self, errors: impl IntoIterator<Item = NotifyError>) {
        for error in errors {
            self.output.error(&error.into());
        }
    }
}
