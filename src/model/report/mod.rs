//! The report of a run: what `run --json` prints, `store/runs/*.json` keeps and `status` reads again.
//!
//! Reports of earlier versions lack what came later, so every field has a default.

mod counts;
mod entries;
mod source;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use counts::{ArticleCounts, BlobCounts, MissingUrls, ReferenceCounts, ThumbnailCounts, UrlCounts};
pub use entries::{ChangedImage, FailedThumbnail, FailedUrl, Problem, ProblemReason, SkippedFile, SkippedReason};
pub use source::{SourceFailure, SourceOutcome, SourceReport};

/// The report of a run: what `run --json` prints and `store/runs/*.json` holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Report {
    /// When the run began, as `YYYYMMDDTHHMMSSZ`; of further runs that begin in that second, with `-2`, `-3` and so on.
    pub run: String,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Whether robots.txt was ignored, at the user's request.
    pub ignored_robots: bool,
    /// The setting that ended the run before its work was done.
    pub stopped_by: Option<Budget>,
    /// What became of the sources, in the order of the settings.
    pub sources: Vec<SourceReport>,
    /// What became of the articles.
    pub articles: ArticleCounts,
    /// The references of all articles on record.
    pub references: ReferenceCounts,
    /// What became of the URLs.
    pub urls: UrlCounts,
    /// What was kept.
    pub blobs: BlobCounts,
    /// What was made.
    pub thumbnails: ThumbnailCounts,
    /// URLs without a good capture that no run before reported as missing, or only as not requested yet.
    pub newly_missing: u64,
    /// What is missing, newly or not.
    pub missing: MissingUrls,
    /// No host answered, although some had never failed before: the machine had no network. The next run tries again
    /// what failed.
    pub offline: bool,
    /// URLs that match what `--retry` named; `None` without it.
    pub retried: Option<u64>,
    /// Why the run could not continue; `None` if it could.
    pub error: Option<String>,
    /// Digests of the settings that decide whether requests succeed, by what they decide. When one changes, URLs that
    /// failed because of it are tried again.
    pub settings: BTreeMap<String, String>,
    /// Images whose bytes are no longer those of an earlier capture.
    pub changed_images: Vec<ChangedImage>,
    /// URLs that gave no good capture in this run.
    pub failures: Vec<FailedUrl>,
    /// Thumbnails that could not be made. They are not tried again with the same settings.
    pub failed_thumbnails: Vec<FailedThumbnail>,
    /// What could not be read or written, or deserves a look.
    pub problems: Vec<Problem>,
    /// What looks like an article and is not read, such as a link that leads out of its source.
    pub skipped: Vec<SkippedFile>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunOutcome {
    /// Nothing was left to do.
    #[default]
    Complete,
    /// Some work is left: requests to a host are suspended, or a budget is used up.
    Incomplete,
    /// The user stopped it.
    Interrupted,
    /// It could not continue.
    Failed,
}

/// The budgets of a run, by the names of their settings in `[run]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Budget {
    /// It ran this long.
    MaxTime,
    /// It sent this many requests.
    MaxRequests,
    /// It received this many bytes.
    MaxBytes,
    /// The disk has less room than this.
    MinFree,
}

impl Budget {
    /// The name of its setting.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MaxTime => "max_time",
            Self::MaxRequests => "max_requests",
            Self::MaxBytes => "max_bytes",
            Self::MinFree => "min_free",
        }
    }
}

impl Report {
    /// The sources that could not be read.
    pub fn failed_sources(&self) -> impl Iterator<Item = &SourceReport> {
        self.sources.iter().filter(|source| source.is_failed())
    }

    /// Whether the run did all of its work. A missing image is no failure of the run, if its host does not have it;
    /// what the run did not read, write or request is.
    pub fn is_work_done(&self) -> bool {
        matches!(self.outcome, RunOutcome::Complete | RunOutcome::Incomplete)
            && self.stopped_by.is_none()
            && self.failed_sources().next().is_none()
            && self.articles.failed == 0
            && self.problems.iter().all(|problem| problem.reason.is_put_right())
            && self.missing.newly_untried == 0
            && !self.offline
    }

    /// Whether there were sources and none of them could be read.
    pub fn is_empty_handed(&self) -> bool {
        !self.sources.is_empty() && self.sources.iter().all(SourceReport::is_failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_the_names_that_other_programs_rely_on() {
        let json = serde_json::to_value(Report::default()).unwrap();
        for pointer in [
            "/run",
            "/outcome",
            "/sources",
            "/articles/seen",
            "/articles/new",
            "/articles/changed",
            "/articles/unchanged",
            "/articles/failed",
            "/references/found",
            "/references/local",
            "/references/remote",
            "/urls/fetched",
            "/urls/fresh",
            "/urls/not_modified",
            "/urls/failed",
            "/urls/deferred",
            "/urls/left",
            "/blobs/new",
            "/blobs/duplicate",
            "/blobs/bytes_new",
            "/thumbnails/made",
            "/thumbnails/failed",
            "/changed_images",
            "/failures",
            "/failed_thumbnails",
            "/elapsed_ms",
        ] {
            assert!(json.pointer(pointer).is_some(), "{pointer}");
        }
        assert_eq!(json["outcome"], "complete");
    }
}
