//! What a run tells when it ends.

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// The report of a run: what `run --json` prints and `store/runs/*.json` holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// When the run began, as `YYYYMMDDTHHMMSSZ`.
    pub run: String,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The setting that ended the run before its work was done.
    pub stopped_by: Option<Budget>,
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
    /// References that this run found missing for the first time.
    pub newly_missing: u64,
    /// Images whose bytes are no longer those of an earlier capture.
    pub changed_images: Vec<ChangedImage>,
    /// URLs that gave no good capture in this run.
    pub failures: Vec<FailedUrl>,
    /// Articles and folders that could not be read or written.
    pub problems: Vec<Problem>,
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
    /// It was told to stop.
    Interrupted,
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
        /// On record with other content or other settings.
        changed,
        /// As they were.
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

/// At most this many entries stand in each list of a report; the counts are always whole.
const LISTED: usize = 10_000;

macro_rules! tally {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// What a run counts while it goes on. The progress display reads it, the report is made from it.
        #[derive(Debug, Default)]
        pub struct Tally {
            $($(#[$doc])* pub $field: Counter,)*
            changed_images: Mutex<Vec<ChangedImage>>,
            /// URLs with the bytes that are no version of theirs, as it turned out before or after these were counted.
            not_changed: Mutex<HashSet<(String, String)>>,
            failures: Mutex<Vec<FailedUrl>>,
            problems: Mutex<Vec<Problem>>,
        }
    };
}

tally! {
    /// Articles looked at.
    seen,
    /// Articles not on record before.
    new,
    /// Articles with other content or settings.
    changed,
    /// Articles as they were.
    unchanged,
    /// Articles no longer in their source.
    vanished,
    /// Articles not readable or not writable.
    failed_articles,
    /// Mirrored articles written.
    written,
    /// URLs put into the queue so far.
    queued,
    /// URLs that were good already.
    fresh,
    /// URLs asked for, with a good capture.
    fetched,
    /// Of them, those whose capture was found later in the run to be a stand-in.
    taken_back,
    /// URLs asked for, and not modified.
    not_modified,
    /// URLs asked for, without a good capture.
    failed,
    /// URLs left for a later run.
    deferred,
    /// URLs missing for the first time.
    newly_missing,
    /// Jobs begun, each of at least one request.
    begun,
    /// Requests sent.
    requests,
    /// Bytes of bodies received.
    bytes,
    /// New blobs.
    blobs_new,
    /// Blobs that were there.
    blobs_duplicate,
    /// Bytes of the new blobs.
    bytes_new,
    /// Thumbnails made.
    thumbnails,
    /// Thumbnails not possible.
    thumbnails_failed,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// Adds one.
    pub fn one(&self) {
        self.add(1);
    }

    /// What it stands at.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Tally {
    /// URLs that were settled one way or another.
    pub fn settled(&self) -> u64 {
        self.fetched.get() + self.not_modified.get() + self.failed.get() + self.deferred.get()
    }

    pub(super) fn changed_image(&self, image: ChangedImage) {
        push(&self.changed_images, image);
    }

    /// Takes back that these URLs have new bytes.
    pub(super) fn not_changed(&self, urls: &[String], new: &str) {
        let mut not_changed = self.not_changed.lock().unwrap_or_else(PoisonError::into_inner);
        not_changed.extend(urls.iter().map(|url| (url.clone(), new.to_owned())));
    }

    fn changed_images(&self) -> Vec<ChangedImage> {
        let not_changed = self.not_changed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut images = sorted(&self.changed_images, |image| image.url.clone());
        images.retain(|image| !not_changed.contains(&(image.url.clone(), image.new.clone())));
        images
    }

    pub(super) fn failure(&self, failure: FailedUrl) {
        push(&self.failures, failure);
    }

    pub(super) fn problem(&self, article: impl Display, message: impl Display) {
        self.failed_articles.one();
        push(&self.problems, Problem { article: article.to_string(), message: message.to_string() });
    }

    /// The report, but for what only the catalog and the clock know.
    pub(super) fn report(&self) -> Report {
        Report {
            articles: self.article_counts(),
            urls: self.url_counts(),
            blobs: BlobCounts {
                new: self.blobs_new.get(),
                duplicate: self.blobs_duplicate.get(),
                bytes_new: self.bytes_new.get(),
            },
            thumbnails: ThumbnailCounts { made: self.thumbnails.get(), failed: self.thumbnails_failed.get() },
            newly_missing: self.newly_missing.get(),
            changed_images: self.changed_images(),
            failures: sorted(&self.failures, |failure| failure.url.clone()),
            problems: sorted(&self.problems, |problem| problem.article.clone()),
            ..Report::default()
        }
    }

    fn article_counts(&self) -> ArticleCounts {
        ArticleCounts {
            seen: self.seen.get(),
            new: self.new.get(),
            changed: self.changed.get(),
            unchanged: self.unchanged.get(),
            vanished: self.vanished.get(),
            failed: self.failed_articles.get(),
        }
    }

    fn url_counts(&self) -> UrlCounts {
        UrlCounts {
            fetched: self.fetched.get().saturating_sub(self.taken_back.get()),
            fresh: self.fresh.get(),
            not_modified: self.not_modified.get(),
            failed: self.failed.get(),
            deferred: self.deferred.get(),
            left: 0,
        }
    }
}

fn push<T>(list: &Mutex<Vec<T>>, item: T) {
    let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
    if list.len() < LISTED {
        list.push(item);
    }
}

/// Sorted, so that two runs that found the same say the same.
fn sorted<T: Clone>(list: &Mutex<Vec<T>>, key: impl Fn(&T) -> String) -> Vec<T> {
    let mut list = list.lock().unwrap_or_else(PoisonError::into_inner).clone();
    list.sort_by_key(key);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_bounded_while_counts_are_whole() {
        let tally = Tally::default();
        for at in (0..LISTED + 5).rev() {
            tally.problem(format!("{at:05}"), "cannot be read");
        }
        let report = tally.report();
        assert_eq!(report.articles.failed, LISTED as u64 + 5);
        assert_eq!(report.problems.len(), LISTED);
        assert!(report.problems.is_sorted_by_key(|problem| problem.article.clone()));
    }

    #[test]
    fn json_has_the_names_that_other_programs_rely_on() {
        let json = serde_json::to_value(Report::default()).unwrap();
        for pointer in [
            "/run",
            "/outcome",
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
