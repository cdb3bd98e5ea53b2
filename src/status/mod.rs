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
    pub missing: Vec<MissingUrl>,
    /// Hosts with a state other than the default.
    pub hosts: Vec<KnownHost>,
    /// The last runs, newest first.
    pub runs: Vec<PastRun>,
}

/// A URL without a good capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MissingUrl {
    /// The URL.
    pub url: String,
    /// Why; `None` if it was not tried yet.
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
pub struct KnownHost {
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
pub struct PastRun {
    /// When it began.
    pub began: String,
    /// When it ended; `None` if it was interrupted or is under way.
    pub ended: Option<String>,
    /// Its report; `None` if it has none, or one that this version of offprint cannot read.
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
        self.retired += u64::from(url.facts.state == UrlState::Retired);
        if let Some(at) = url.facts.next_attempt {
            *self.retries.entry(at.strftime("%Y-%m-%d").to_string()).or_default() += 1;
        }
        if url.asset.is_some() {
            self.rot += 1;
            *self.rot_by_host.entry(host).or_default() += 1;
            return Ok(());
        }
        let reason = url.facts.reason.map_or("not_tried_yet", Reason::as_str);
        *self.missing_by_reason.entry(reason.to_owned()).or_default() += 1;
        *self.missing_by_host.entry(host).or_default() += 1;
        if self.missing.len() < LISTED {
            let articles = archive.catalog.articles_of(url.id, 5).await?;
            self.missing.push(MissingUrl {
                url: url.url.to_string(),
                reason: url.facts.reason,
                detail: url.facts.detail.clone(),
                status: url.facts.status,
                attempts: url.facts.attempts,
                next_attempt: url.facts.next_attempt.map(|at| at.to_string()),
                articles: articles.iter().map(ToString::to_string).collect(),
            });
        }
        Ok(())
    }
}

fn host((host, state): (HostKey, HostState)) -> KnownHost {
    KnownHost {
        host: host.to_string(),
        referer: state.referer,
        failures: state.failures,
        open_until: state.open_until.map(|at| at.to_string()),
    }
}

fn run(row: &RunRow) -> PastRun {
    PastRun {
        began: row.began.to_string(),
        ended: row.ended.map(|at| at.to_string()),
        report: serde_json::from_str(&row.report).ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::archive::{AssetRow, UrlFacts};
    use crate::fixtures::{self, at};

    fn row(id: i64, url: &str, reason: Option<Reason>, state: UrlState, next: Option<i64>) -> UrlRow {
        UrlRow {
            id: crate::model::UrlId(id),
            url: fixtures::url(url),
            facts: UrlFacts {
                state,
                reason,
                detail: reason.map(|_| "why".to_owned()),
                attempts: 1,
                next_attempt: next.map(at),
                ..UrlFacts::default()
            },
            asset: None,
        }
    }

    fn waited<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    fn counted(rows: &[UrlRow]) -> Status {
        let archive = fixtures::archive();
        let mut status = Status::default();
        for row in rows {
            waited(status.count(row, &archive)).unwrap();
        }
        status
    }

    fn any_row() -> impl Strategy<Value = UrlRow> {
        let reason = prop::option::of(prop::sample::select(Reason::ALL.to_vec()));
        let host = prop::sample::select(vec!["a.example", "b.example:8080", "c.example"]);
        let state = prop::sample::select(vec![UrlState::New, UrlState::Failed, UrlState::Deferred, UrlState::Retired]);
        let next = prop::option::of(0..1_000_000_i64);
        (0..9_i64, reason, host, state, next, any::<bool>()).prop_map(|(id, reason, host, state, next, is_kept)| {
            let mut row = row(id, &format!("http://{host}/{id}"), reason, state, next);
            let asset = crate::model::Asset::of_type(crate::model::MediaType::Png);
            row.asset = is_kept.then(|| AssetRow { digest: crate::model::Digest::of(b"x"), size: 1, asset });
            row
        })
    }

    proptest! {
        /// Every failing URL is counted once by reason and once by host: as missing, or as failing again although it is
        /// kept.
        #[test]
        fn every_failing_url_is_counted_once(rows in prop::collection::vec(any_row(), 0..40)) {
            let status = counted(&rows);
            let kept = rows.iter().filter(|row| row.asset.is_some()).count() as u64;
            let missing = rows.len() as u64 - kept;
            prop_assert_eq!((status.rot, status.rot_by_host.values().sum::<u64>()), (kept, kept));
            prop_assert_eq!(status.missing_by_reason.values().sum::<u64>(), missing);
            prop_assert_eq!(status.missing_by_host.values().sum::<u64>(), missing);
            prop_assert_eq!(status.missing.len() as u64, missing);
            let retired = rows.iter().filter(|row| row.facts.state == UrlState::Retired).count() as u64;
            let due = rows.iter().filter(|row| row.facts.next_attempt.is_some()).count() as u64;
            prop_assert_eq!((status.retired, status.retries.values().sum::<u64>()), (retired, due));
        }
    }

    #[test]
    fn what_was_not_tried_yet_has_no_reason() {
        let untried = row(1, "http://a.example/1", None, UrlState::New, None);
        let failed = row(2, "file:///a.png", Some(Reason::LocalFile), UrlState::Failed, Some(90_000));
        let status = counted(&[untried, failed]);
        let expected = [("local_file", 1), ("not_tried_yet", 1)].map(|(name, count)| (name.to_owned(), count));
        assert_eq!(status.missing_by_reason, expected.into());
        assert_eq!(status.missing_by_host.keys().collect::<Vec<_>>(), ["a.example", "file:"]);
        assert_eq!(status.retries, [("1970-01-02".to_owned(), 1)].into(), "by the day");
        assert_eq!((status.missing[0].reason, status.missing[1].reason), (None, Some(Reason::LocalFile)));
    }

    #[test]
    fn the_list_is_bounded_and_the_counts_are_whole() {
        let rows: Vec<_> = (0..i64::try_from(LISTED).unwrap() + 7)
            .map(|id| row(id, "http://a.example/", Some(Reason::Dns), UrlState::Failed, None))
            .collect();
        let status = counted(&rows);
        assert_eq!((status.missing.len(), status.missing_by_reason["dns"]), (LISTED, LISTED as u64 + 7));
    }

    #[tokio::test]
    async fn the_state_of_an_archive_is_that_of_its_catalog() {
        let archive = fixtures::archive();
        let empty = status(&archive).await.unwrap();
        assert_eq!((empty.articles, empty.dedup_ratio, empty.runs.len()), (0, 1.0, 0));
        fixtures::show(&archive, "a.md", &["http://a.example/1", "http://a.example/2", "http://b.example/3"]).await;
        let run = fixtures::complete(&archive, 2_000, |url| match url.path() {
            "/3" => fixtures::failed(Reason::Dns, None, 90_000),
            _ => fixtures::kept("the same bytes"),
        })
        .await;
        let image = ChangedImage {
            url: "http://a.example/1".to_owned(),
            old: crate::model::Digest::of(b"old"),
            new: crate::model::Digest::of(b"new"),
            articles: vec!["posts/a.md".to_owned()],
        };
        let report = Report { changed_images: vec![image.clone()], ..Report::default() };
        archive.catalog.finish_run(run, at(2_100), &serde_json::to_string(&report).unwrap()).await.unwrap();
        let foreign = archive.catalog.begin_run(at(3_000)).await.unwrap();
        archive.catalog.finish_run(foreign, at(3_001), "{\"outcome\": \"of another version\"}").await.unwrap();
        archive.catalog.begin_run(at(4_000)).await.unwrap();
        let found = status(&archive).await.unwrap();
        assert_eq!((found.articles, found.references, found.local), (1, 3, 2));
        assert_eq!((found.urls, found.urls_good, found.images), (3, 2, 1));
        assert!((found.dedup_ratio - 2.0).abs() < 1e-9, "{}", found.dedup_ratio);
        assert_eq!(found.missing[0].articles, ["posts/a.md"]);
        assert_eq!(found.changed_images, [image]);
        let runs: Vec<_> = found.runs.iter().map(|run| (run.ended.is_some(), run.report.is_some())).collect();
        assert_eq!(runs, [(false, false), (true, false), (true, true)], "the newest first");
    }
}
