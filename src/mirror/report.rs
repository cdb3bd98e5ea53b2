//! The report of a run.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::SourceName;
use crate::source::{Source, SourceError};

/// The report of a run: what `run --json` prints and `store/runs/*.json` holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// When the run began, as `YYYYMMDDTHHMMSSZ`; of further runs that begin in that second, with `-2`, `-3` and so on.
    pub run: String,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Whether robots.txt was ignored, as the user asked.
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
    /// URLs without a good capture that no run before reported as missing, or only as not asked for yet.
    pub newly_missing: u64,
    /// What is missing, newly or not.
    pub missing: MissingUrls,
    /// No host answered, although some had never failed before: the machine had no network. What failed is asked for again
    /// by the next run.
    pub offline: bool,
    /// URLs that match what the user wanted to be asked for again; `None` where he named nothing.
    pub retried: Option<u64>,
    /// Why the run could not go on; `None` where it could.
    pub error: Option<String>,
    /// Digests of the settings that decide whether requests succeed, by what they decide. Where one changes, what failed
    /// for it is asked for again.
    pub settings: BTreeMap<String, String>,
    /// Images whose bytes are no longer those of an earlier capture.
    pub changed_images: Vec<ChangedImage>,
    /// URLs that gave no good capture in this run.
    pub failures: Vec<FailedUrl>,
    /// Articles and folders that could not be read or written.
    pub problems: Vec<Problem>,
    /// What looks like an article and is not read, such as a link that leads out of its source.
    pub skipped: Vec<Problem>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Nothing was left to do.
    #[default]
    Complete,
    /// Something is left: a host is not being asked, or a budget is used up.
    Incomplete,
    /// The user stopped it.
    Interrupted,
    /// It could not go on.
    Failed,
}

/// The budgets of a run, by the names of their settings in `[run]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
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

/// What became of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Whether it was read.
    pub outcome: SourceOutcome,
    /// Why it was not, as one of the names of [`crate::source::SourceFailure`]; empty otherwise.
    pub reason: &'static str,
    /// The same as a sentence for a person, or what else there is to say of it; empty otherwise.
    pub detail: String,
}

/// Whether a source was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceOutcome {
    /// It was read, and something in it was new.
    Read,
    /// It was read, and everything in it was as before.
    Unchanged,
    /// It could not be read.
    Failed,
}

impl SourceReport {
    /// A source that was read, with the counts from before and after.
    pub(super) fn read(source: &Source, before: &ArticleCounts, after: &ArticleCounts, notes: &[String]) -> Self {
        let differs = |counts: &ArticleCounts| [counts.new, counts.changed, counts.vanished, counts.failed];
        let outcome = if differs(before) == differs(after) { SourceOutcome::Unchanged } else { SourceOutcome::Read };
        let nothing = before.seen == after.seen && outcome == SourceOutcome::Unchanged;
        let detail = if nothing && source.is_folder() {
            format!("no file in it is an article ({})", source.config.include.join(", "))
        } else {
            notes.join("; ")
        };
        Self { name: source.name().to_string(), outcome, reason: "", detail }
    }

    /// Whether it could not be read.
    pub fn is_failed(&self) -> bool {
        self.outcome == SourceOutcome::Failed
    }

    /// A source that could not be read.
    pub(super) fn failed(name: &SourceName, error: &SourceError) -> Self {
        let (reason, detail) = (error.reason().as_str(), error.to_string());
        Self { name: name.to_string(), outcome: SourceOutcome::Failed, reason, detail }
    }
}

impl Report {
    /// The sources that could not be read.
    pub fn failed_sources(&self) -> impl Iterator<Item = &SourceReport> {
        self.sources.iter().filter(|source| source.is_failed())
    }

    /// Whether the run did all of its work. What hosts do not have is no fault of the run; what it did not read, write or
    /// ask for is.
    pub fn is_work_done(&self) -> bool {
        matches!(self.outcome, RunOutcome::Complete | RunOutcome::Incomplete)
            && self.stopped_by.is_none()
            && self.failed_sources().next().is_none()
            && self.articles.failed == 0
            && self.problems.is_empty()
            && self.missing.newly_untried == 0
            && !self.offline
    }

    /// Whether there were sources and none of them could be read.
    pub fn is_empty_handed(&self) -> bool {
        !self.sources.is_empty() && self.sources.iter().all(SourceReport::is_failed)
    }
}

macro_rules! counts {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
        pub struct $name { $($(#[$doc])* pub $field: u64,)* }
    };
}

counts! {
    /// Articles of a run.
    ArticleCounts {
        /// Looked at.
        seen,
        /// Not on record before.
        new,
        /// On record with other content.
        changed,
        /// As they were, even where their mirror was written again because a setting changed.
        unchanged,
        /// On record, and no longer in their source.
        vanished,
        /// Not readable or not writable; the problems say why.
        failed,
    }
}
counts! {
    /// References of all articles on record.
    ReferenceCounts {
        /// All of them.
        found,
        /// Those that the mirror shows from the archive.
        local,
        /// Those that it leaves as they were.
        remote,
    }
}
counts! {
    /// URLs of a run.
    UrlCounts {
        /// Asked for, with a good capture.
        fetched,
        /// Good already, and not due.
        fresh,
        /// Asked for, and still what is kept.
        not_modified,
        /// Asked for, without a good capture.
        failed,
        /// Not asked for, because their host is not being asked.
        deferred,
        /// In the queue when the run ended: the next one goes on with them.
        left,
    }
}
/// URLs that articles show and that have no good capture, whatever the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MissingUrls {
    /// All of them.
    pub urls: u64,
    /// Of the newly missing ones, those that were not asked for.
    pub newly_untried: u64,
    /// When the first of all is due; `None` where none is.
    pub next_attempt: Option<String>,
}

counts! {
    /// Blobs of a run.
    BlobCounts {
        /// Not in the archive before.
        new,
        /// In the archive already, under another URL or from an earlier run.
        duplicate,
        /// The bytes of the new ones.
        bytes_new,
    }
}
counts! {
    /// Thumbnails of a run.
    ThumbnailCounts {
        /// Made.
        made,
        /// Not possible.
        failed,
    }
}

/// An image whose bytes changed at its origin. Both versions are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedImage {
    /// Its URL.
    pub url: String,
    /// The SHA-256 it had.
    pub old: String,
    /// The SHA-256 it has now.
    pub new: String,
    /// Articles that show it.
    pub articles: Vec<String>,
}

/// A URL without a good capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedUrl {
    /// The URL.
    pub url: String,
    /// Articles that show it.
    pub articles: Vec<String>,
    /// Why, as one of the names of [`crate::model::Reason`].
    pub reason: &'static str,
    /// What happened, in one sentence for a person, with the way out.
    pub detail: String,
    /// The status, where one came.
    pub status: Option<u16>,
    /// Attempts without a good capture so far.
    pub attempts: u32,
    /// When it is tried again; `None` for never.
    pub next_attempt: Option<String>,
}

/// An article or folder that could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which.
    pub article: String,
    /// Why.
    pub message: String,
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
            "/elapsed_ms",
        ] {
            assert!(json.pointer(pointer).is_some(), "{pointer}");
        }
        assert_eq!(json["outcome"], "complete");
    }
}
