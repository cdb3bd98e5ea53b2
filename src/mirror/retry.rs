//! What is asked for again although it is not due: because the user says so, or because a setting changed that decided.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use url::Url;

use super::decisive::{self, Decisive};
use super::error::MirrorError;
use crate::archive::{Archive, UrlRow};
use crate::model::{HostKey, Reason};

/// URLs taken from the catalog at a time.
const PAGE: usize = 1000;

/// Which of the URLs that failed are asked for again now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retry {
    /// All of them, those that were given up, too.
    All,
    /// Those of a host, with or without its port.
    Host(String),
    /// Those that failed for a reason.
    Reason(Reason),
    /// This one.
    Url(Url),
}

/// A word that names nothing to retry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is neither `all` nor a host, a URL or a reason; the reasons are {reasons}")]
pub struct RetryError {
    word: String,
    reasons: String,
}

impl FromStr for Retry {
    type Err = RetryError;

    fn from_str(word: &str) -> Result<Self, RetryError> {
        if word == "all" {
            return Ok(Self::All);
        }
        if let Some(reason) = Reason::ALL.iter().find(|reason| reason.as_str() == word) {
            return Ok(Self::Reason(*reason));
        }
        if let Some(url) = Url::parse(word).ok().filter(|url| word.contains("://") || url.scheme() == "file") {
            return Ok(Self::Url(url));
        }
        if word == "localhost" || word.contains(['.', ':']) {
            return Ok(Self::Host(word.to_ascii_lowercase()));
        }
        let reasons = Reason::ALL.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join(", ");
        Err(RetryError { word: word.to_owned(), reasons })
    }
}

impl Retry {
    fn matches(&self, row: &UrlRow) -> bool {
        match self {
            Self::All => true,
            Self::Host(host) => is_of_host(&row.url, host),
            Self::Reason(reason) => row.reason == Some(*reason),
            Self::Url(url) => row.url == *url,
        }
    }
}

fn is_of_host(url: &Url, host: &str) -> bool {
    let Some(name) = url.host_str() else { return false };
    let port = url.port_or_known_default();
    name == host || port.is_some_and(|port| format!("{name}:{port}") == host)
}

/// Puts URLs into the queue that are not due.
pub(super) struct RetryStage {
    pub(super) archive: Arc<Archive>,
    pub(super) decisive: Decisive,
}

impl RetryStage {
    /// Puts what the user names into the queue, and closes the circuit breakers that are in its way. Gives how many URLs
    /// match, and how many were not in the queue yet.
    pub(super) async fn retry(&self, retry: &Retry) -> Result<(u64, u64), MirrorError> {
        self.enqueue(|row| retry.matches(row)).await
    }

    /// Puts what failed for a reason that a setting decides into the queue, where that setting is not the one of the last
    /// run. Gives how many.
    pub(super) async fn retry_changed(&self) -> Result<u64, MirrorError> {
        let changed = self.decisive.changed_since(&self.last_digests().await?);
        if changed.is_empty() {
            return Ok(0);
        }
        let (_, queued) = self.enqueue(|row| is_decided_by(row, &changed)).await?;
        Ok(queued)
    }

    /// The digests that the newest report has.
    async fn last_digests(&self) -> Result<BTreeMap<String, String>, MirrorError> {
        let digests = |report: &str| {
            let report: serde_json::Value = serde_json::from_str(report).ok()?;
            serde_json::from_value(report.get("settings")?.clone()).ok()
        };
        let runs = self.archive.catalog.runs(decisive::RUNS_LOOKED_AT).await?;
        Ok(runs.iter().find_map(|run| digests(&run.report)).unwrap_or_default())
    }

    async fn enqueue(&self, is_meant: impl Fn(&UrlRow) -> bool) -> Result<(u64, u64), MirrorError> {
        let (mut last, mut matching, mut queued) = (None, 0, 0);
        let mut hosts = BTreeSet::new();
        loop {
            let rows = self.archive.catalog.failing_urls(last, PAGE).await?;
            let Some(end) = rows.last() else { break };
            last = Some(end.id);
            let meant: Vec<_> = rows.iter().filter(|row| is_meant(row)).collect();
            hosts.extend(meant.iter().filter_map(|row| HostKey::of(&row.url)));
            let ids: Vec<_> = meant.iter().map(|row| row.id).collect();
            matching += ids.len() as u64;
            queued += self.archive.catalog.enqueue(&ids).await?;
        }
        self.archive.catalog.close_breakers(&hosts.into_iter().collect::<Vec<_>>()).await?;
        Ok((matching, queued))
    }
}

fn is_decided_by(row: &UrlRow, changed: &BTreeSet<&'static str>) -> bool {
    row.reason.and_then(|reason| decisive::deciding(reason, row.status)).is_some_and(|group| changed.contains(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_all_a_reason_a_url_or_a_host() {
        let parsed = |word: &str| word.parse::<Retry>();
        assert_eq!(parsed("all"), Ok(Retry::All));
        assert_eq!(parsed("dns"), Ok(Retry::Reason(Reason::Dns)));
        let url: Url = "https://a.example/1.png".parse().unwrap();
        assert_eq!(parsed(url.as_str()), Ok(Retry::Url(url)));
        assert_eq!(parsed("A.example:8080"), Ok(Retry::Host("a.example:8080".to_owned())));
        let refused = parsed("dsn").unwrap_err().to_string();
        assert!(refused.starts_with("\"dsn\" is neither") && refused.contains("dns"), "{refused}");
    }

    #[test]
    fn a_host_is_meant_with_and_without_its_port() {
        let url: Url = "https://a.example/1.png".parse().unwrap();
        for (host, expected) in
            [("a.example", true), ("a.example:443", true), ("a.example:80", false), ("b.example", false)]
        {
            assert_eq!(is_of_host(&url, host), expected, "{host}");
        }
    }
}
