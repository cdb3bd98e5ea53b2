//! Notifications about a run: POST requests when it starts and ends, and a file for Prometheus.
//!
//! The addresses are the user's own settings, so private ones are allowed. A notification that fails never changes how a
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

/// Sends notifications to the addresses of `[report]`.
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
