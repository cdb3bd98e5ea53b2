//! Telling those whom the settings name how the nightly run goes. What fails here is a warning, never the run's end.

use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;

use super::exit::Exit;
use super::open_to_read;
use super::output::{Output, printable};
use super::run::summary;
use crate::config::Config;
use crate::mirror::{Report, RunOutcome};
use crate::notify::{self, Ending, Notifier, NotifyError};
use crate::status;

/// How long those who are told may hold up the end of a run that was told to stop.
const PATIENCE_AT_STOP: Duration = Duration::from_secs(2);

/// What is told about one run.
pub(crate) struct Notice<'a> {
    config: &'a Config,
    output: &'a Output,
    notifier: Option<Notifier>,
}

impl<'a> Notice<'a> {
    /// Tells that a run starts.
    pub(crate) async fn of_start(config: &'a Config, output: &'a Output) -> Self {
        let mut notice = Self { config, output, notifier: None };
        let settings = &config.report;
        let pings = [&settings.ping_start, &settings.ping_success, &settings.ping_failure, &settings.webhook];
        if pings.iter().all(|url| url.is_empty()) {
            return notice;
        }
        match Notifier::new(settings, &config.fetch.ca_file) {
            Ok(notifier) => {
                notice.warn(notifier.started().await.err());
                notice.notifier = Some(notifier);
            }
            Err(error) => notice.warn([error]),
        }
        notice
    }

    /// Tells how it ended.
    pub(crate) async fn of_end(&self, result: &anyhow::Result<Report>) {
        match result {
            Ok(report) => {
                if let Err(error) = self.write_prometheus(report).await {
                    self.output.error(&error);
                }
                let patience = match report.outcome {
                    RunOutcome::Interrupted => PATIENCE_AT_STOP,
                    RunOutcome::Complete | RunOutcome::Incomplete => notify::PATIENCE,
                };
                let well = matches!(Exit::of_report(report), Exit::Done | Exit::Missing);
                self.tell(Ending::Reported { report, well, summary: &summary(report) }, patience).await;
            }
            Err(error) => self.tell(Ending::Failed { message: &format!("{error:#}") }, notify::PATIENCE).await,
        }
    }

    async fn tell(&self, ending: Ending<'_>, patience: Duration) {
        if let Some(notifier) = &self.notifier {
            self.warn(notifier.ended(ending, patience).await);
        }
    }

    async fn write_prometheus(&self, report: &Report) -> anyhow::Result<()> {
        let file = &self.config.report.prometheus;
        if file.as_os_str().is_empty() {
            return Ok(());
        }
        let archive = open_to_read(self.config).context("cannot count for `report.prometheus`")?;
        let status = status::status(&archive).await?;
        notify::write_prometheus(file, &notify::exposition(report, &status, Timestamp::now()))?;
        Ok(())
    }

    /// Also with -q: who is not told by those who should would not notice.
    fn warn(&self, errors: impl IntoIterator<Item = NotifyError>) {
        for error in errors {
            self.output.error(&anyhow::anyhow!(printable(&error.to_string())));
        }
    }
}
