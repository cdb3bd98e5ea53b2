//! `offprint run` and `offprint mirror`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::ProgressBar;
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, UsageError};
use super::notifications::Notifications;
use super::output::{Label, Output};
use super::progress::Display;
use super::signals::Signals;
use super::words::count;
use super::{progress, rehearsal};
use crate::archive::{self, Mode};
use crate::config::{Config, Size, SourceConfig, SourceKind};
use crate::fetch::Fetcher;
use crate::mirror::{Mirror, Report, RunOutcome};
use crate::model::{Digest, SourceName};
use crate::source::{Folder, Source, absolute};

/// How many failures are listed without -v.
const LISTED: usize = 10;

/// Mirrors every source in the settings, and sends the notifications. `offprint mirror` sends none: a few articles
/// mirrored by hand must not look like the nightly run.
pub(crate) async fn run(config: &Config, dry_run: bool, output: &Output) -> anyhow::Result<Exit> {
    let sources = config.source.iter().map(|source| self::source(source.clone(), config));
    let sources = sources.collect::<anyhow::Result<_>>()?;
    if dry_run {
        return rehearsal::rehearse(config, sources, output).await;
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
    let sources = named_sources(config, places)?;
    if dry_run {
        return rehearsal::rehearse(config, sources, output).await;
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

fn source(config: SourceConfig, settings: &Config) -> anyhow::Result<Source> {
    if config.kind != SourceKind::Folder {
        let message = format!(
            "the source \"{}\" is a {:?}: this version reads folders; save its pages into one, or remove the source",
            config.name, config.kind
        );
        return Err(UsageError(message.to_lowercase()).into());
    }
    Ok(Source::new(config, &settings.store)?)
}

/// The sources of files and folders: those of the settings where they lie within one, new ones otherwise.
fn named_sources(config: &Config, places: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    let mut wanted: BTreeMap<SourceName, (SourceConfig, Option<BTreeSet<String>>)> = BTreeMap::new();
    for place in places {
        if let Some(url) = place.to_str().filter(|place| place.starts_with("http://") || place.starts_with("https://"))
        {
            let message = format!("{url} is a URL: this version mirrors files and folders; save the page and name it");
            return Err(UsageError(message).into());
        }
        let facts = std::fs::metadata(place).with_context(|| format!("cannot read {}", place.display()))?;
        let place = absolute(place)?;
        let (source, path) = match within(config, &place)? {
            Some(known) => known,
            None if facts.is_dir() => (ad_hoc(config, &place)?, String::new()),
            None => (ad_hoc(config, place.parent().unwrap_or(&place))?, file_name(&place)?),
        };
        let entry = wanted.entry(source.name.clone()).or_insert((source, Some(BTreeSet::new())));
        match (&mut entry.1, path.as_str()) {
            (only, "") => *only = None,
            (Some(only), _) if facts.is_dir() => only.extend(files_below(&entry.0, &path)?),
            (Some(only), _) => drop(only.insert(path)),
            (None, _) => {}
        }
    }
    let to_source = |(settings, only): (SourceConfig, Option<BTreeSet<String>>)| {
        let source = source(settings, config)?;
        Ok(match only {
            Some(only) => source.only(only),
            None => source,
        })
    };
    wanted.into_values().map(to_source).collect()
}

/// The configured source that a place lies within, and its path there.
fn within(config: &Config, place: &Path) -> anyhow::Result<Option<(SourceConfig, String)>> {
    for source in config.source.iter().filter(|source| source.kind == SourceKind::Folder) {
        if let Ok(path) = place.strip_prefix(absolute(&source.path)?) {
            let path = path.to_str().context("its name is not Unicode")?;
            return Ok(Some((source.clone(), path.replace('\\', "/"))));
        }
    }
    Ok(None)
}

/// A source of its own, with the settings of the first of the file, named after its folder and told apart from other
/// folders of that name by its path.
fn ad_hoc(config: &Config, folder: &Path) -> anyhow::Result<SourceConfig> {
    let shipped = Config::default();
    let example = shipped.source.first().context("the shipped settings have a source")?;
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = folder.file_name().unwrap_or_default().to_string_lossy().chars().map(plain).collect();
    let told_apart = Digest::of(folder.as_os_str().as_encoded_bytes()).to_string();
    let name = format!("{}-{}", name.trim_matches('-'), &told_apart[..6]).trim_matches('-').to_owned();
    let include = config.source.first().unwrap_or(example).include.clone();
    Ok(SourceConfig { name: name.parse()?, path: folder.to_owned(), include, ..example.clone() })
}

fn file_name(place: &Path) -> anyhow::Result<String> {
    let name = place.file_name().and_then(std::ffi::OsStr::to_str);
    Ok(name.with_context(|| format!("{} has no Unicode name", place.display()))?.to_owned())
}

fn files_below(source: &SourceConfig, path: &str) -> anyhow::Result<Vec<String>> {
    let folder = Folder::open(source)?;
    let below = format!("{path}/");
    let articles = folder.articles().filter_map(Result::ok).map(|article| article.path.to_string());
    Ok(articles.filter(|article| article.starts_with(&below)).collect())
}

/// Prints what happened.
pub(crate) fn finish(report: &Report, output: &Output) -> anyhow::Result<Exit> {
    if output.json {
        output.value(report)?;
    } else {
        output.line(&summary(report));
    }
    print_problems(report, output);
    print_failures(report, output);
    Ok(Exit::of_report(report))
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

fn print_problems(report: &Report, output: &Output) {
    for problem in &report.problems {
        output.note(&format!("{}: {}", problem.article, problem.message));
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
        let text = format!("{} ({}{status}) in {}", failure.url, failure.reason, failure.articles.join(", "));
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
    fn a_folder_that_is_no_source_becomes_one_with_a_plain_name_of_its_own() {
        let config = Config::default();
        let name = |path: &str| ad_hoc(&config, Path::new(path)).unwrap().name;
        assert!(name("/a/My Posts").starts_with("my-posts-"));
        assert_ne!(name("/a/posts"), name("/b/posts"));
        assert_eq!(name("/a/新闻").len(), 6);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(name("/a/Ünï (x)").chars().all(plain));
    }

    #[test]
    fn places_within_a_source_belong_to_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("posts/a")).unwrap();
        for file in ["posts/a/1.md", "posts/a/2.md", "posts/b.md", "other.md"] {
            std::fs::write(folder.path().join(file), "text").unwrap();
        }
        let mut config = Config::default();
        config.source[0].path = folder.path().join("posts");
        let sources = |places: &[&str]| {
            let places: Vec<_> = places.iter().map(|place| folder.path().join(place)).collect();
            named_sources(&config, &places).unwrap()
        };
        let found = sources(&["posts/a", "posts/b.md"]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].config.name, "posts");
        let only = found[0].only.clone().unwrap();
        assert_eq!(only.into_iter().collect::<Vec<_>>(), ["a/1.md", "a/2.md", "b.md"]);
        assert!(sources(&["posts", "posts/b.md"])[0].only.is_none());
        let other = sources(&["other.md"]);
        assert_eq!(other[0].only.clone().unwrap().into_iter().collect::<Vec<_>>(), ["other.md"]);
    }

    #[test]
    fn a_summary_is_one_line() {
        let line = summary(&Report::default());
        assert!(line.starts_with("done: 0 articles") && !line.contains('\n'), "{line}");
    }
}
