//! The report of a run, printed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::exit::Exit;
use super::output::{Label, Output};
use super::words::count;
use crate::config::Size;
use crate::model::{Report, RunOutcome, SourceOutcome, SourceReport};

/// How many failures are listed without -v.
const LISTED: usize = 10;

/// Prints what happened.
pub(super) fn print_report(report: &Report, output: &Output) -> anyhow::Result<Exit> {
    if output.json {
        output.value(report)?;
    } else if !report.is_empty_handed() {
        output.line(&summary(report));
    }
    print_sources(&report.sources, output);
    print_problems(report, output);
    print_failures(report, output);
    Ok(Exit::of_report(report))
}

/// Sources that could not be read, with `-q` as well, and what else there is to say of a source.
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

/// A run in one line.
pub(crate) fn summary(report: &Report) -> String {
    let Report { articles, references, urls, blobs, thumbnails, .. } = report;
    let outcome = outcome(report);
    let seconds = Duration::from_millis(report.elapsed_ms).as_secs_f64();
    format!(
        "{outcome}: {} ({} new, {} changed{}), {} of {} local, {} fetched, {} failed, \
         {} deferred, {} ({}), {}{}, {seconds:.1} s",
        count(articles.seen, "article"),
        articles.new,
        articles.changed,
        other_articles(report),
        references.local,
        count(references.found, "reference"),
        count(urls.fetched, "image"),
        urls.failed,
        urls.deferred,
        count(blobs.new, "new blob"),
        Size(blobs.bytes_new),
        count(thumbnails.made, "thumbnail"),
        missing(report),
    )
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

/// What became of articles that does not happen every night.
fn other_articles(report: &Report) -> String {
    let counts = [(report.articles.vanished, "gone"), (report.articles.failed, "not read or written")];
    let counted = counts.iter().filter(|(count, _)| *count > 0);
    counted.map(|(count, what)| [", ", &count.to_string(), " ", what].concat()).collect()
}

/// What is missing, and when it is asked for again.
fn missing(report: &Report) -> String {
    let missing = &report.missing;
    match (missing.urls, &missing.next_attempt) {
        (0, _) => String::new(),
        (urls, None) => format!(", {} missing", count(urls, "image")),
        (urls, Some(at)) => format!(", {} missing (next try {at}; `run --retry` asks now)", count(urls, "image")),
    }
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
            "{untried} newly missing without having been asked for: their hosts are not being asked now"
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

/// Failed URLs are printed only where some are newly missing, or with -v.
fn print_failures(report: &Report, output: &Output) {
    let listed = match (output.lists_all(), report.newly_missing) {
        (true, _) => usize::MAX,
        (false, 0) => return,
        (false, _) => LISTED,
    };
    for failure in report.failures.iter().take(listed) {
        let status = failure.status.map(|status| format!(" {status}")).unwrap_or_default();
        let detail = if failure.detail.is_empty() { String::new() } else { format!(": {}", failure.detail) };
        let text = format!("{} ({}{status}) in {}{detail}", failure.url, failure.reason, failure.articles.join(", "));
        output.labelled_note(Label::Warning("missing"), &text);
    }
    if report.failures.len() > listed {
        output.note(&format!("… and {} more; `offprint status -v` lists them", report.failures.len() - listed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceFailure;

    #[test]
    fn a_summary_is_one_line() {
        let line = summary(&Report::default());
        assert!(line.starts_with("done: 0 articles") && !line.contains('\n'), "{line}");
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
