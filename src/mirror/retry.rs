//! What is requested again although it is not due: because the user names it, or because a setting changed that decided
//! the failure.

use std::collections::BTreeSet;
use std::str::FromStr;

use url::Url;

use super::error::MirrorError;
use super::request_settings::{self, RequestSettings};
use crate::archive::{Archive, UrlId, UrlRow};
use crate::model::{HostKey, Reason, Report};

/// URLs taken from the catalog at a time.
const PAGE: usize = 1000;
/// How many runs are searched for the report of the last one that covered all sources.
const RUNS_LOOKED_AT: usize = 20;

/// Which of the URLs that failed are requested again now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
#[non_exhaustive]
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
            Self::Reason(reason) => row.facts.reason == Some(*reason),
            Self::Url(url) => row.url == *url,
        }
    }
}

fn is_of_host(url: &Url, host: &str) -> bool {
    let Some(name) = url.host_str() else { return false };
    let port = url.port_or_known_default();
    name == host || port.is_some_and(|port| format!("{name}:{port}") == host)
}

/// Which of the URLs that failed are requested although they are not due.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// What the user wants.
    retry: Option<Retry>,
    /// What is decided by other settings than those of the last run.
    changed: BTreeSet<&'static str>,
    /// Whether good images are due at other times than the last run made them.
    pub(super) reschedules: bool,
}

impl Again {
    /// What the user names, and what `settings` decide that differ from those of the last run.
    pub(super) async fn new(
        archive: &Archive,
        settings: Option<&RequestSettings>,
        retry: Option<Retry>,
    ) -> Result<Self, MirrorError> {
        let Some(settings) = settings else { return Ok(Self { retry, ..Self::default() }) };
        let runs = archive.catalog.runs(RUNS_LOOKED_AT).await?;
        let last = runs.iter().find_map(|run| with_digests(&run.report)).unwrap_or_default();
        let mut changed = settings.changed_since(&last.settings);
        if last.offline {
            changed.extend(request_settings::REACHABILITY);
        }
        let reschedules = settings.rechecks_otherwise_than(&last.settings);
        Ok(Self { retry, changed, reschedules })
    }

    /// Whether a URL that failed is asked for.
    fn asks_for(&self, row: &UrlRow) -> bool {
        self.is_named(row) || self.is_decided_anew(row)
    }

    fn is_named(&self, row: &UrlRow) -> bool {
        self.retry.as_ref().is_some_and(|retry| retry.matches(row))
    }

    fn is_decided_anew(&self, row: &UrlRow) -> bool {
        let group = row.facts.reason.and_then(|reason| request_settings::deciding(reason, row.facts.status));
        group.is_some_and(|group| self.changed.contains(group))
    }

    /// Those on the next page of the URLs that failed which are asked for, from after `last` on; `None` at the end.
    pub(super) async fn next_page(
        &self,
        archive: &Archive,
        last: &mut Option<UrlId>,
    ) -> Result<Option<Vec<UrlRow>>, MirrorError> {
        if self.retry.is_none() && self.changed.is_empty() {
            return Ok(None);
        }
        let mut rows = archive.catalog.failing_urls(*last, PAGE).await?;
        let Some(end) = rows.last() else { return Ok(None) };
        *last = Some(end.id);
        rows.retain(|row| self.asks_for(row));
        Ok(Some(rows))
    }

    /// Puts all of them into the queue, and closes the circuit breakers that are in their way. Gives how many the user
    /// named, and how many were not in the queue yet.
    pub(super) async fn enqueue(&self, archive: &Archive) -> Result<(u64, u64), MirrorError> {
        let (mut last, mut named, mut queued) = (None, 0, 0);
        let mut hosts = BTreeSet::new();
        while let Some(rows) = self.next_page(archive, &mut last).await? {
            named += rows.iter().filter(|row| self.is_named(row)).count() as u64;
            hosts.extend(rows.iter().filter_map(|row| HostKey::of(&row.url)));
            queued += archive.catalog.enqueue(&rows.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
        }
        archive.catalog.close_breakers(&hosts.into_iter().collect::<Vec<_>>()).await?;
        Ok((named, queued))
    }
}

/// The report of an earlier run, if it has digests of the settings: not every run compares them.
fn with_digests(report: &str) -> Option<Report> {
    serde_json::from_str(report).ok().filter(|report: &Report| !report.settings.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Config;
    use crate::fixtures;

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
    fn only_a_report_with_digests_says_how_its_run_asked() {
        assert!(with_digests("").is_none() && with_digests("{\"outcome\":\"failed\"}").is_none());
        assert!(with_digests("{\"settings\":{}}").is_none(), "a run over a few articles");
        let last = with_digests("{\"settings\":{\"size\":\"0a\"},\"offline\":true}").unwrap();
        assert_eq!((last.settings["size"].as_str(), last.offline), ("0a", true));
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

    /// URLs of two hosts: one that hosts refuse, one that does not exist, one that cannot be reached, and a good one.
    async fn failing() -> Arc<Archive> {
        let archive = fixtures::archive();
        let urls = ["http://a.example/403", "http://a.example/404", "http://b.example/dns", "http://b.example/good"];
        fixtures::show(&archive, "a.md", &urls).await;
        fixtures::complete(&archive, 2_000, |url| match url.path() {
            "/403" => fixtures::failed(Reason::HttpStatus, Some(403), 90_000),
            "/404" => fixtures::failed(Reason::HttpStatus, Some(404), 90_000),
            "/dns" => fixtures::failed(Reason::Dns, None, 90_000),
            _ => fixtures::kept("good"),
        })
        .await;
        archive
    }

    async fn queued(archive: &Archive) -> Vec<String> {
        let rows = archive.catalog.queued_urls(None, 100).await.unwrap();
        rows.iter().map(|row| row.url.path().to_owned()).collect()
    }

    #[tokio::test]
    async fn what_the_user_names_is_queued_and_what_is_good_never() {
        for (retry, expected) in [
            (Retry::All, &["/403", "/404", "/dns"][..]),
            (Retry::Host("a.example".to_owned()), &["/403", "/404"]),
            (Retry::Host("a.example:80".to_owned()), &["/403", "/404"]),
            (Retry::Host("c.example".to_owned()), &[]),
            (Retry::Reason(Reason::Dns), &["/dns"]),
            (Retry::Reason(Reason::Tls), &[]),
            (Retry::Url(fixtures::url("http://a.example/404")), &["/404"]),
            (Retry::Url(fixtures::url("http://b.example/good")), &[]),
        ] {
            let archive = failing().await;
            let again = Again::new(&archive, None, Some(retry.clone())).await.unwrap();
            let (named, count) = again.enqueue(&archive).await.unwrap();
            assert_eq!((named, count), (expected.len() as u64, expected.len() as u64), "{retry:?}");
            assert_eq!(queued(&archive).await, expected, "{retry:?}");
            assert_eq!(again.enqueue(&archive).await.unwrap().1, 0, "nothing is queued twice");
        }
    }

    #[tokio::test]
    async fn a_setting_that_changed_asks_again_for_what_it_decided() {
        let mut config = Config::default();
        let before = RequestSettings::new(&config);
        let report = |settings: RequestSettings, offline: bool| {
            let report = Report { settings: settings.digests(), offline, ..Report::default() };
            serde_json::to_string(&report).unwrap()
        };
        config.fetch.user_agent = "another".to_owned();
        for (settings, offline, expected) in [
            (RequestSettings::new(&config), false, &["/403"][..]),
            (before.clone(), false, &[]),
            (before.clone(), true, &["/dns"]),
        ] {
            let archive = failing().await;
            let run = archive.catalog.begin_run(fixtures::at(3_000)).await.unwrap();
            archive.catalog.finish_run(run, fixtures::at(3_001), &report(before.clone(), offline)).await.unwrap();
            let again = Again::new(&archive, Some(&settings), None).await.unwrap();
            again.enqueue(&archive).await.unwrap();
            assert_eq!(queued(&archive).await, expected, "{offline}");
        }
    }

    #[tokio::test]
    async fn a_run_over_a_few_articles_decides_nothing_by_settings() {
        let archive = failing().await;
        let again = Again::new(&archive, None, None).await.unwrap();
        assert_eq!(again.enqueue(&archive).await.unwrap(), (0, 0));
        let rows = archive.catalog.failing_urls(None, 100).await.unwrap();
        assert!(rows.len() == 3 && !rows.iter().any(|row| again.asks_for(row)));
    }
}
