//! The report of a run, printed.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use super::exit::Exit;
use super::output::{Label, Output};
use super::words::{count, moment};
use crate::config::Size;
use crate::model::{
    ArticleCounts, FailedThumbnail, FailedUrl, ReferenceCounts, Report, RunOutcome, SourceOutcome, SourceReport,
};

/// How many failures are listed without -v.
const LISTED: usize = 10;

/// Which failures a run prints without -v.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failures {
    /// All of them, where some are newly missing.
    News,
    /// All of them: the user named the articles.
    All,
}

/// Prints what happened.
pub(super) fn print_report(report: &Report, failures: Failures, output: &Output) -> anyhow::Result<Exit> {
    if output.json {
        output.value(report)?;
    } else if !report.is_empty_handed() {
        output.line(&summary(report));
    }
    print_sources(&report.sources, output);
    print_problems(report, output);
    print_failures(report, failures, output);
    print_failed_thumbnails(&report.failed_thumbnails, output);
    Ok(Exit::of_report(report))
}

/// Sources that could not be read, with `-q` as well, and the notes about a source.
pub(crate) fn print_sources(sources: &[SourceReport], output: &Output) {
    for source in sources.iter().filter(|source| !source.detail.is_empty()) {
        match source.outcome {
            SourceOutcome::Failed => output.error(&anyhow::anyhow!(source.detail.clone())),
            SourceOutcome::Read | SourceOutcome::Unchanged => {
                output.note(&format!("{}: {}", source.name, source.detail));
            }
        }
    }
}

/// A run in one line: what it did and, after the semicolon, what the archive has and lacks now.
pub(crate) fn summary(report: &Report) -> String {
    let seconds = Duration::from_millis(report.elapsed_ms).as_secs_f64();
    let mut did = vec![articles(&report.articles)];
    did.extend(images(report));
    did.extend(counted([
        (report.thumbnails.made, "thumbnail", "made"),
        (report.thumbnails.failed, "thumbnail", "failed"),
    ]));
    let now = [references(&report.references), missing(report)].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let now = if now.is_empty() { now } else { format!("; {now}") };
    format!("{}: {}, {seconds:.1} s{now}", outcome(report), did.join(", "))
}

/// Those of the counts that are not zero, with their nouns and what became of them.
fn counted<'a>(counts: impl IntoIterator<Item = (u64, &'a str, &'a str)>) -> impl Iterator<Item = String> {
    let counts = counts.into_iter().filter(|(number, ..)| *number > 0);
    counts.map(|(number, noun, what)| format!("{} {what}", count(number, noun)))
}

fn articles(counts: &ArticleCounts) -> String {
    let others = [
        (counts.new, "new"),
        (counts.changed, "changed"),
        (counts.vanished, "gone"),
        (counts.failed, "not read or written"),
    ];
    let others: Vec<_> =
        others.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    let seen = count(counts.seen, "article");
    match &others[..] {
        [] if counts.seen == 0 => "no articles".to_owned(),
        [] if counts.seen == counts.unchanged => format!("{seen} unchanged"),
        [] => seen,
        others => format!("{seen} ({})", others.join(", ")),
    }
}

/// What became of images in this run.
fn images(report: &Report) -> Vec<String> {
    let Report { urls, blobs, changed_images, .. } = report;
    let size = if blobs.bytes_new > 0 { Size(blobs.bytes_new).to_string() } else { "nothing new".to_owned() };
    let fetched = format!("fetched ({size})");
    let counts = [
        (urls.fetched, "image", fetched.as_str()),
        (changed_images.len() as u64, "image", "changed at the origin"),
        (urls.not_modified, "image", "asked for again and unchanged"),
        (urls.failed, "image", "failed"),
        (urls.deferred, "image", "deferred"),
    ];
    let images: Vec<_> = counted(counts).collect();
    if images.is_empty() { vec!["nothing fetched".to_owned()] } else { images }
}

/// How much of what articles show is local.
fn references(counts: &ReferenceCounts) -> Option<String> {
    let found = count(counts.found, "reference");
    match counts.found {
        0 => None,
        1 if counts.local == 1 => Some("the 1 reference local".to_owned()),
        all if all == counts.local => Some(format!("all {found} local")),
        _ => Some(format!("{} of {found} local", counts.local)),
    }
}

/// How it ended: first of all whether something was not done.
fn outcome(report: &Report) -> String {
    let unread = unread(report);
    match report.outcome {
        RunOutcome::Interrupted => "interrupted; the next run goes on from here".to_owned(),
        RunOutcome::Failed => "failed".to_owned(),
        _ if !unread.is_empty() => format!("done, but {unread} could not be read"),
        _ if report.offline => "done, but no host answered".to_owned(),
        RunOutcome::Complete => "done".to_owned(),
        RunOutcome::Incomplete => left_for_next(report),
    }
}

/// What could not be read: whole sources, and feeds of others.
fn unread(report: &Report) -> String {
    let names = |is_failed: bool| {
        let rows = report.sources.iter().filter(move |row| row.is_failed() == is_failed);
        rows.map(|row| row.name.as_str()).collect::<BTreeSet<_>>()
    };
    let read = names(false);
    let sources = names(true).difference(&read).count() as u64;
    let feeds = report.failed_sources().filter(|row| read.contains(row.name.as_str())).count() as u64;
    let counts = [(sources, "source"), (feeds, "feed")].into_iter().filter(|(number, _)| *number > 0);
    counts.map(|(number, what)| count(number, what)).collect::<Vec<_>>().join(" and ")
}

/// What is missing, and when it is tried again.
fn missing(report: &Report) -> Option<String> {
    let missing = &report.missing;
    let images = (missing.urls > 0).then(|| format!("{} missing", count(missing.urls, "image")))?;
    // Where no host answered, the next run asks at once, and says so.
    Some(match missing.next_attempt.as_deref().filter(|_| !report.offline) {
        None => images,
        Some(at) => format!("{images} (next try {}; `offprint run --retry` asks now)", moment(at)),
    })
}

fn left_for_next(report: &Report) -> String {
    let left = format!("{} left for the next run", count(report.urls.left, "image"));
    match report.stopped_by {
        Some(budget) => format!("stopped by run.{}, {left}", budget.as_str()),
        None => format!("done, with {left}"),
    }
}

/// What could not be read or written, with `-q` as well; what was skipped, with -v.
fn print_problems(report: &Report, output: &Output) {
    for problem in &report.problems {
        output.warn(&format!("{}: {}", problem.article, problem.message));
    }
    if let Some(budget) = report.stopped_by {
        let left = count(report.urls.left, "image");
        output.warn(&format!("stopped by run.{}: {left} not asked for", budget.as_str()));
    } else if report.missing.newly_untried > 0 {
        let untried = count(report.missing.newly_untried, "image");
        output.warn(&format!(
            "{untried} newly missing without having been asked for: their hosts do not answer, or ask to wait"
        ));
    }
    if report.offline {
        output.warn("no host answered: is there a network? What failed is asked for again by the next run");
    }
    if report.retried == Some(0) {
        output.note("nothing that failed is what --retry names");
    }
    for skipped in report.skipped.iter().filter(|_| output.lists_all()) {
        output.note(&format!("{}: {}", skipped.article, skipped.message));
    }
}

/// The newly missing URLs; every failure with `-v`, and after `offprint mirror`.
fn print_failures(report: &Report, failures: Failures, output: &Output) {
    let new: HashSet<&str> = report.missing.new.iter().map(String::as_str).collect();
    let all = output.lists_all() || failures == Failures::All;
    let shown: Vec<_> = report.failures.iter().filter(|failure| all || new.contains(failure.url.as_str())).collect();
    let listed = if output.lists_all() { usize::MAX } else { LISTED };
    for failure in shown.iter().take(listed) {
        let label = if new.contains(failure.url.as_str()) { "missing" } else { "failed" };
        output.labelled_note(Label::Warning(label), &failure_text(failure));
    }
    if shown.len() > listed {
        output.note(&format!("… and {} more; `offprint status -v` lists them", shown.len() - listed));
    }
    let failed: HashSet<&str> = report.failures.iter().map(|failure| failure.url.as_str()).collect();
    // If a budget ended the run, one line about it stands for all of them.
    let untried = report.missing.new.iter().filter(|url| report.stopped_by.is_none() && !failed.contains(url.as_str()));
    for url in untried.take(listed) {
        output.labelled_note(Label::Warning("missing"), &format!("{url} (not asked for)"));
    }
}

fn print_failed_thumbnails(thumbnails: &[FailedThumbnail], output: &Output) {
    let listed = if output.lists_all() { usize::MAX } else { LISTED };
    for FailedThumbnail { image, url, name, detail } in thumbnails.iter().take(listed) {
        let image = url.clone().unwrap_or_else(|| format!("the image {image}"));
        output.note(&format!("no thumbnail \"{name}\" of {image}: {detail}"));
    }
    if thumbnails.len() > listed {
        output.note(&format!("… and {} more thumbnails; -v lists them", thumbnails.len() - listed));
    }
}

fn failure_text(failure: &FailedUrl) -> String {
    let FailedUrl { url, reason, articles, detail, .. } = failure;
    let status = failure.status.map(|status| format!(" {status}")).unwrap_or_default();
    let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
    format!("{url} ({reason}{status}) in {}{detail}", articles.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceFailure;

    #[test]
    fn a_summary_is_one_line() {
        let line = summary(&Report::default());
        assert_eq!(line, "done: no articles, nothing fetched, 0.0 s");
    }

    #[test]
    fn a_summary_says_what_is_not_zero() {
        let articles = ArticleCounts { seen: 3, new: 1, unchanged: 2, vanished: 1, ..ArticleCounts::default() };
        let mut report = Report { articles, ..Report::default() };
        (report.urls.fetched, report.blobs.bytes_new, report.urls.failed) = (1, 2048, 2);
        (report.references.found, report.references.local) = (5, 3);
        (report.missing.urls, report.missing.next_attempt) = (2, Some("2026-03-08T07:15:00Z".to_owned()));
        assert_eq!(
            summary(&report),
            "done: 3 articles (1 new, 1 gone), 1 image fetched (2.0 KiB), 2 images failed, 0.0 s; 3 of 5 references local, \
             2 images missing (next try 2026-03-08 07:15 UTC; `offprint run --retry` asks now)"
        );
        let unchanged = ArticleCounts { seen: 1, unchanged: 1, ..ArticleCounts::default() };
        report = Report { articles: unchanged, ..Report::default() };
        (report.references.found, report.references.local) = (1, 1);
        assert_eq!(summary(&report), "done: 1 article unchanged, nothing fetched, 0.0 s; the 1 reference local");
    }

    #[test]
    fn a_summary_begins_with_what_was_not_done() {
        let begins = |report: &Report| summary(report).split(": ").next().map(ToOwned::to_owned);
        let failed = SourceReport::failed("posts".to_owned(), SourceFailure::Missing, String::new());
        let report = Report { offline: true, ..Report::default() };
        assert_eq!(begins(&report).as_deref(), Some("done, but no host answered"));
        let report = Report { sources: vec![failed], ..report };
        assert_eq!(begins(&report).as_deref(), Some("done, but 1 source could not be read"));
        let report = Report { outcome: RunOutcome::Interrupted, ..report };
        assert!(begins(&report).is_some_and(|text| text.starts_with("interrupted")));
    }
}
