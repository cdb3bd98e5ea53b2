//! Notifications about a run: POST requests when it starts and ends, and a file for Prometheus.
//!
//! The URLs are the user's own settings, so private hosts are allowed. A notification that fails never changes how a
//! run ends.

mod prometheus;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;

use crate::config::ReportConfig;
use crate::fetch::{tls_config, whole_message};
use crate::model::Report;

pub use prometheus::{exposition, write as write_prometheus};

/// How long one notification may take.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// How many redirects a notification follows.
const REDIRECTS: usize = 3;

/// A notification could not be sent.
#[derive(Debug, thiserror::Error)]
#[error("cannot notify `report.{setting}`: {cause}")]
#[non_exhaustive]
pub struct NotifyError {
    /// The key of the settings. Its value may be a secret and is not shown.
    pub setting: &'static str,
    /// Why.
    pub cause: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub enum RunEnd<'a> {
    /// It has a report.
    Reported {
        /// The report.
        report: &'a Report,
        /// Whether it did its work. An image that its host does not have is no failure of the run.
        succeeded: bool,
        /// The report in a line.
        summary: &'a str,
    },
    /// It could not run, or not to its end.
    Failed {
        /// Why, in a line.
        message: &'a str,
    },
}

impl RunEnd<'_> {
    fn is_success(&self) -> bool {
        matches!(self, Self::Reported { succeeded: true, .. })
    }

    fn as_text(&self) -> String {
        match self {
            Self::Reported { summary, .. } => (*summary).to_owned(),
            Self::Failed { message } => (*message).to_owned(),
        }
    }

    /// The report; of a run without one, its outcome is `failed` and `error` says why.
    fn as_json(&self) -> String {
        match self {
            Self::Reported { report, .. } => serde_json::to_string(report).expect("a report is plain data"),
            Self::Failed { message } => serde_json::json!({"outcome": "failed", "error": message}).to_string(),
        }
    }
}

/// Sends notifications to the URLs of `[report]`.
pub struct Notifier {
    client: Client,
    settings: ReportConfig,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notifier")
    }
}

impl Notifier {
    /// A notifier that trusts the authorities of the system, and those in `ca_file` where its path is not empty.
    pub fn new(settings: &ReportConfig, ca_file: &Path) -> Result<Self, NotifyError> {
        let failed = |cause: String| NotifyError { setting: "webhook", cause };
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::limited(REDIRECTS))
            .referer(false)
            .user_agent(concat!("offprint/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .tls_backend_preconfigured(tls_config(ca_file).map_err(|error| failed(error.to_string()))?)
            .build()
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self { client, settings: settings.clone() })
    }

    /// Sends `ping_start`.
    pub async fn run_started(&self) -> Result<(), NotifyError> {
        self.post("ping_start", &self.settings.ping_start, TEXT, String::new()).await
    }

    /// Sends `webhook` and one of `ping_success` and `ping_failure` at the same time. Returns those that failed, or
    /// took longer than `timeout`.
    pub async fn run_finished(&self, end: RunEnd<'_>, timeout: Duration) -> Vec<NotifyError> {
        let (setting, ping) = if end.is_success() {
            ("ping_success", &self.settings.ping_success)
        } else {
            ("ping_failure", &self.settings.ping_failure)
        };
        let webhook = self.post("webhook", &self.settings.webhook, JSON, end.as_json());
        let ping = self.post(setting, ping, TEXT, end.as_text());
        let sent = tokio::join!(within(timeout, "webhook", webhook), within(timeout, setting, ping));
        [sent.0, sent.1].into_iter().filter_map(Result::err).collect()
    }

    async fn post(&self, setting: &'static str, url: &str, kind: &str, body: String) -> Result<(), NotifyError> {
        if url.is_empty() {
            return Ok(());
        }
        let failed = |cause: String| NotifyError { setting, cause };
        let request = self.client.post(url).header("Content-Type", kind).body(body);
        let answer = request.send().await.map_err(|error| failed(whole_message(&error.without_url())))?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(failed(format!("it answered {status}"))) }
    }
}

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

async fn within(
    timeout: Duration,
    setting: &'static str,
    notification: impl Future<Output = Result<(), NotifyError>>,
) -> Result<(), NotifyError> {
    let late = |_| NotifyError { setting, cause: format!("no answer within {timeout:?}") };
    tokio::time::timeout(timeout, notification).await.map_err(late)?
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::model::RunOutcome;

    #[test]
    fn a_run_that_did_its_work_is_a_success_and_no_other_is() {
        let report = Report::default();
        let reported = |succeeded| RunEnd::Reported { report: &report, succeeded, summary: "done: 3 articles" };
        assert!(reported(true).is_success() && !reported(false).is_success());
        assert!(!RunEnd::Failed { message: "no" }.is_success());
        assert_eq!(reported(false).as_text(), "done: 3 articles");
        assert_eq!(RunEnd::Failed { message: "no disk" }.as_text(), "no disk");
    }

    #[test]
    fn the_webhook_gets_a_report_or_what_a_report_would_say_of_a_failure() {
        let report = Report { outcome: RunOutcome::Incomplete, newly_missing: 3, ..Report::default() };
        let sent = RunEnd::Reported { report: &report, succeeded: true, summary: "" }.as_json();
        assert_eq!(serde_json::from_str::<Report>(&sent).unwrap(), report);
        let sent = RunEnd::Failed { message: "no \"disk\"" }.as_json();
        let read: Report = serde_json::from_str(&sent).unwrap();
        assert_eq!((read.outcome, read.error.as_deref()), (RunOutcome::Failed, Some("no \"disk\"")));
    }

    #[tokio::test]
    async fn a_notification_that_takes_too_long_is_given_up_and_named() {
        tokio::time::pause();
        let timeout = Duration::from_secs(2);
        let late = within(timeout, "webhook", pending()).await.unwrap_err();
        assert_eq!(late.to_string(), "cannot notify `report.webhook`: no answer within 2s");
        assert!(within(timeout, "webhook", std::future::ready(Ok(()))).await.is_ok());
    }

    #[tokio::test]
    async fn what_is_not_configured_is_not_sent() {
        let settings = crate::config::Config::default().report;
        let notifier = Notifier::new(&settings, Path::new("")).unwrap();
        notifier.run_started().await.unwrap();
        let report = Report::default();
        let end = RunEnd::Reported { report: &report, succeeded: true, summary: "" };
        assert!(notifier.run_finished(end, TIMEOUT).await.is_empty());
    }

    #[tokio::test]
    async fn no_address_is_in_an_error() {
        let mut settings = crate::config::Config::default().report;
        // Nothing listens on port 9 of this address.
        settings.webhook = "http://127.0.0.1:9/hush".to_owned();
        settings.ping_failure = "http://127.0.0.1:9/hush".to_owned();
        let notifier = Notifier::new(&settings, Path::new("")).unwrap();
        let errors = notifier.run_finished(RunEnd::Failed { message: "no" }, TIMEOUT).await;
        let keys: Vec<_> = errors.iter().map(|error| error.setting).collect();
        assert_eq!(keys, ["webhook", "ping_failure"]);
        assert!(errors.iter().all(|error| !error.to_string().contains("hush")), "{errors:?}");
    }

    #[test]
    fn a_file_of_authorities_that_cannot_be_read_is_an_error() {
        let settings = crate::config::Config::default().report;
        let failed = Notifier::new(&settings, Path::new("/nowhere/ca.pem")).unwrap_err();
        assert!(failed.to_string().contains("/nowhere/ca.pem"), "{failed}");
    }
}
