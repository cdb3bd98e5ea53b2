//! The counts of a run, while it is under way.

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::MirrorError;
use crate::locks::Mutex;
use crate::model::{
    ArticleCounts, BlobCounts, ChangedImage, Digest, Exchange, FailedThumbnail, FailedUrl, Problem, ProblemReason,
    Report, SkippedFile, SourceName, SourceReport, ThumbnailCounts, UrlCounts,
};
use crate::source::Skipped;

/// At most this many entries stand in each list of a report; the counts are always whole.
const LISTED: usize = 10_000;

macro_rules! tally {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// The counts of a run, while it is under way. The progress display reads them, and the report is made from
        /// them.
        #[derive(Debug, Default)]
        pub struct Tally {
            $($(#[$doc])* pub $field: Counter,)*
            changed_images: Mutex<Vec<ChangedImage>>,
            /// (URL, digest) pairs found to be placeholders, before or after these were counted: they are dropped from
            /// the changed images.
            not_changed: Mutex<HashSet<(String, Digest)>>,
            failures: Mutex<Vec<FailedUrl>>,
            failed_thumbnails: Mutex<Vec<FailedThumbnail>>,
            problems: Mutex<Vec<Problem>>,
            skipped: Mutex<Vec<SkippedFile>>,
            sources: Mutex<Vec<SourceReport>>,
        }
    };
}

tally! {
    /// Articles that were read or compared.
    seen,
    /// Articles not on record before.
    new,
    /// Articles with other content.
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
    /// URLs requested, with a good capture.
    fetched,
    /// Of them, those whose capture was found later in the run to be a placeholder.
    revoked,
    /// URLs requested, and not modified.
    not_modified,
    /// URLs requested, without a good capture.
    failed,
    /// URLs left for a later run.
    deferred,
    /// Of them, those left because a budget is used up.
    put_off,
    /// URLs that match what the user named to retry.
    retried,
    /// Jobs begun, each of at least one request.
    begun,
    /// Requests sent.
    requests,
    /// Responses received.
    answered,
    /// URLs whose host could not be reached, if neither they nor their host had ever failed before.
    unreachable,
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
    /// URLs that the run is done with, one way or another.
    pub fn finished(&self) -> u64 {
        self.fetched.get() + self.not_modified.get() + self.failed.get() + self.deferred.get()
    }

    pub(super) fn changed_image(&self, image: ChangedImage) {
        push(&self.changed_images, image);
    }

    /// Takes back that these URLs have new bytes.
    pub(super) fn not_changed(&self, urls: &[String], new: Digest) {
        let mut not_changed = self.not_changed.lock();
        not_changed.extend(urls.iter().map(|url| (url.clone(), new)));
    }

    fn changed_images(&self) -> Vec<ChangedImage> {
        let not_changed = self.not_changed.lock();
        let mut images = sorted(&self.changed_images, |image| image.url.clone());
        images.retain(|image| !not_changed.contains(&(image.url.clone(), image.new)));
        images
    }

    /// Counts requests and the bytes that came with them.
    pub(super) fn exchanged(&self, exchanges: &[Exchange]) {
        self.requests.add(exchanges.len() as u64);
        self.answered.add(exchanges.iter().filter(|exchange| exchange.status.is_some()).count() as u64);
        self.bytes.add(exchanges.iter().map(|exchange| exchange.length).sum());
    }

    pub(super) fn failure(&self, failure: FailedUrl) {
        push(&self.failures, failure);
    }

    /// Notes a thumbnail that cannot be made.
    pub(super) fn failed_thumbnail(&self, thumbnail: FailedThumbnail) {
        push(&self.failed_thumbnails, thumbnail);
    }

    /// Notes what could not be read or written, or deserves a look. An article that fails for it is counted.
    pub(super) fn problem(&self, article: impl Display, reason: ProblemReason, message: impl Display) {
        self.failed_articles.add(u64::from(reason.fails_article()));
        push(&self.problems, Problem { article: article.to_string(), reason, message: message.to_string() });
    }

    /// Notes that the place of what belongs in the archive is not free, once in a run: it is tried whenever it is wanted.
    pub(super) fn misplaced(&self, what: impl Display, why: impl Display) {
        self.problem_once(what, ProblemReason::Misplaced, why);
    }

    /// Notes that images cannot be decoded for a reason that is none of theirs, once in a run.
    pub(super) fn not_decoded(&self, why: impl Display) {
        self.problem_once("thumbnails", ProblemReason::NotDecoded, why);
    }

    fn problem_once(&self, what: impl Display, reason: ProblemReason, why: impl Display) {
        let problem = Problem { article: what.to_string(), reason, message: why.to_string() };
        if !self.problems.lock().contains(&problem) {
            push(&self.problems, problem);
        }
    }

    /// Notes as a problem of `what` that a row of the catalog cannot be read, or that the place of an object cannot be
    /// used. Nothing else ends with it.
    pub(super) fn pass_over(&self, what: impl Display, result: Result<(), MirrorError>) -> Result<(), MirrorError> {
        match result {
            Err(error) if error.is_of_one_row() => self.problem(what, ProblemReason::DamagedCatalog, error),
            Err(error) if error.is_of_one_place() => self.misplaced(what, error),
            result => return result,
        }
        Ok(())
    }

    /// Notes a file that is not read although it looks like an article.
    pub(super) fn skipped(&self, source: &SourceName, Skipped { path, why }: &Skipped) {
        let (article, reason) = (format!("{source}/{path}"), why.name());
        push(&self.skipped, SkippedFile { article, reason, message: why.to_string() });
    }

    /// Notes what became of a source.
    pub(super) fn source(&self, report: SourceReport) {
        push(&self.sources, report);
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
            changed_images: self.changed_images(),
            failures: sorted(&self.failures, |failure| failure.url.clone()),
            failed_thumbnails: sorted(&self.failed_thumbnails, |failed| format!("{} {}", failed.image, failed.name)),
            problems: sorted(&self.problems, |problem| problem.article.clone()),
            skipped: sorted(&self.skipped, |skipped| skipped.article.clone()),
            offline: self.answered.get() == 0 && self.unreachable.get() > 0,
            sources: self.sources.lock().clone(),
            ..Report::default()
        }
    }

    /// What became of the articles so far.
    pub(super) fn article_counts(&self) -> ArticleCounts {
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
            fetched: self.fetched.get().saturating_sub(self.revoked.get()),
            fresh: self.fresh.get(),
            not_modified: self.not_modified.get(),
            failed: self.failed.get(),
            deferred: self.deferred.get(),
            left: 0,
        }
    }
}

fn push<T>(list: &Mutex<Vec<T>>, item: T) {
    let mut list = list.lock();
    if list.len() < LISTED {
        list.push(item);
    }
}

/// Sorted, so that two runs that found the same say the same.
fn sorted<T: Clone>(list: &Mutex<Vec<T>>, key: impl Fn(&T) -> String) -> Vec<T> {
    let mut list = list.lock().clone();
    list.sort_by_key(key);
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn lists_are_sorted_and_bounded_while_counts_are_whole() {
        let tally = Tally::default();
        for at in (0..LISTED + 5).rev() {
            tally.problem(format!("{at:05}"), ProblemReason::Unreadable, "cannot be read");
        }
        let report = tally.report();
        assert_eq!(report.articles.failed, LISTED as u64 + 5);
        assert_eq!(report.problems.len(), LISTED);
        assert!(report.problems.is_sorted_by_key(|problem| problem.article.clone()));
    }

    #[test]
    fn only_reasons_that_fail_an_article_count_as_failed() {
        let tally = Tally::default();
        for reason in ProblemReason::ALL {
            tally.problem("a", *reason, "why");
        }
        let fails = ProblemReason::ALL.iter().filter(|reason| reason.fails_article()).count();
        let report = tally.report();
        assert_eq!(report.articles.failed, fails as u64);
        assert_eq!(report.problems.len(), ProblemReason::ALL.len());
    }

    #[test]
    fn a_change_that_was_none_is_taken_back_whichever_was_known_first() {
        let image = |url: &str, new: &str| ChangedImage {
            url: url.to_owned(),
            old: Digest::of(b"old"),
            new: Digest::of(new.as_bytes()),
            articles: Vec::new(),
        };
        for before in [true, false] {
            let tally = Tally::default();
            let take_back = || tally.not_changed(&["b".to_owned(), "c".to_owned()], Digest::of(b"new"));
            if before {
                take_back();
            }
            for (url, new) in [("c", "new"), ("b", "newer"), ("b", "new"), ("a", "new")] {
                tally.changed_image(image(url, new));
            }
            if !before {
                take_back();
            }
            let left: Vec<_> = tally.report().changed_images.into_iter().map(|image| image.url).collect();
            assert_eq!(left, ["a", "b"], "before: {before}");
        }
    }

    #[test]
    fn a_run_is_offline_where_no_host_answered_and_some_had_never_failed_before() {
        let url = fixtures::url("http://a.example/");
        for (unreachable, statuses, expected) in [
            (0, &[][..], false),
            (1, &[], true),
            (1, &[None, None], true),
            (1, &[None, Some(500)], false),
            (0, &[None], false),
        ] {
            let tally = Tally::default();
            tally.unreachable.add(unreachable);
            let exchanges: Vec<_> = statuses.iter().map(|status| fixtures::exchange(&url, 1, *status)).collect();
            tally.exchanged(&exchanges);
            assert_eq!(tally.report().offline, expected, "{unreachable} {statuses:?}");
            assert_eq!(tally.requests.get(), statuses.len() as u64);
        }
    }

    #[test]
    fn a_placeholder_that_was_fetched_and_revoked_was_not_fetched() {
        let tally = Tally::default();
        tally.fetched.add(5);
        tally.revoked.add(2);
        tally.failed.one();
        tally.not_modified.one();
        tally.deferred.add(3);
        let urls = tally.report().urls;
        assert_eq!((urls.fetched, urls.failed, urls.not_modified, urls.deferred), (3, 1, 1, 3));
        assert_eq!(tally.finished(), 10, "the display counts what was done");
        tally.revoked.add(9);
        assert_eq!(tally.report().urls.fetched, 0, "of earlier runs, too");
    }
}
