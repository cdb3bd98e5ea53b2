//! `offprint run` and `offprint mirror`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::notifications::Notifications;
use super::output::{Label, Output};
use super::progress::Display;
use super::signals::Signals;
use super::words::count;
use super::{dry_run, progress};
use crate::archive::{self, Mode};
use crate::config::{Config, Size};
use crate::fetch::Fetcher;
use crate::mirror::{Mirror, Report, RunOutcome, SourceOutcome, SourceReport};
use crate::source::{self, Source};

/// How many failures are listed without -v.
const LISTED: usize = 10;

/// Mirrors every source in the settings, and sends the notifications. `offprint mirror` sends none: a few articles
/// mirrored by hand must not look like the nightly run.
pub(crate) async fn run(config: &Config, dry_run: bool, output: &Output) -> anyhow::Result<Exit> {
    let sources = source::configured(config)?;
    if dry_run {
        return dry_run::dry_run(config, sources, output).await;
    }
    let notifications = Notifications::run_started(config, output).await;
    let report = mirror_sources(config, sources, output).await;
    notifications.run_finished(&report).await;
    finish(&report?, output)
}

/// Mirrors what was named on the command line.
pub(crate) async fn mirror(
    config: &Config,
    places: &[PathBuf],
    dry_run: bool,
    output: &Output,
) -> anyhow::Result<Exit> {
    let sources = source::named(config, places)?;
    if dry_run {
        return dry_run::dry_run(config, sources, output).await;
    }
    finish(&mirror_sources(config, sources, output).await?, output)
}

/// One whole run, with its progress, that Ctrl-C or SIGTERM ends at a consistent point.
pub(crate) async fn mirror_sources(config: &Config, sources: Vec<Source>, output: &Output) -> anyhow::Result<Report> {
    let archive = Arc::new(archive::open(&config.store, Mode::Create)?);
    let fetcher = Fetcher::new(&config.fetch, archive.objects.staging().folder())?;
    let stop = CancellationToken::new();
    let mirror = Mirror::new(config.clone(), archive, fetcher, sources, stop.clone())?;
    let (tally, began) = (mirror.tally(), Instant::now());
    let display = Display::start(output, move |bar| progress::show(bar, &tally, began.elapsed()));
    stop_on_signals(stop, display.bar())?;
    let report = mirror.run().await;
    display.end();
    Ok(report?)
}

/// The first signal ends the run at a consistent point; a second one ends the process, and removes the progress bar.
fn stop_on_signals(stop: CancellationToken, bar: ProgressBar) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    tokio::spawn(async move {
        signals.wait().await;
        stop.cancel();
        signals.wait().await;
        bar.finish_and_clear();
        std::process::exit(Exit::Interrupted as i32);
    });
    Ok(())
}

/// Prints what happened.
pub(crate) fn finish(report: &Report, output: &Output) -> anyhow::Result<Exit> {
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
    let outcome = match report.outcome {
        RunOutcome::Complete => "done".to_owned(),
        RunOutcome::Incomplete => left_for_next(report),
        RunOutcome::Interrupted => "interrupted; the next run goes on from here".to_owned(),
    };
    let seconds = Duration::from_millis(report.elapsed_ms).as_secs_f64();
    format!(
        "{outcome}: {} ({} new, {} changed), {} of {} local, {} fetched, {} failed, \
         {} deferred, {} ({}), {}, {seconds:.1} s",
        count(articles.seen, "article"),
        articles.new,
        articles.changed,
        references.local,
        count(references.found, "reference"),
        count(urls.fetched, "image"),
        urls.failed,
        urls.deferred,
        count(blobs.new, "new blob"),
        Size(blobs.bytes_new),
        count(thumbnails.made, "thumbnail"),
    )
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

    #[test]
    fn a_summary_is_one_line() {
        let line = summary(&Report::default());
        assert!(line.starts_with("done: 0 articles") && !line.contains('\n'), "{line}");
    }
}
