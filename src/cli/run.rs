//! `offprint run` and `offprint mirror`.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use indicatif::ProgressBar;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::exit::{Exit, UsageError};
use super::notifications::Notifications;
use super::output::Output;
use super::progress::Display;
use super::report::{Failures, print_report};
use super::signals::Signals;
use super::words::count;
use super::{dry_run, index, progress};
use crate::config::Config;
use crate::fetch::Fetcher;
use crate::mirror::{self, Mirror, Retry};
use crate::model::{ArticleCounts, Report, RunOutcome, is_web_address};
use crate::source::{self, Source};

/// How many folders of mirrors are named.
const NAMED: usize = 3;

/// Mirrors every source in the settings, and sends the notifications. `offprint mirror` sends none: a few articles
/// mirrored by hand must not look like the nightly run.
pub(crate) async fn run(config: &Config, dry_run: bool, retry: Option<Retry>, output: &Output) -> anyhow::Result<Exit> {
    let sources = source::configured(config)?;
    if dry_run {
        return dry_run::dry_run(config, sources, retry, output).await;
    }
    let mirrors: BTreeSet<_> = sources.iter().map(|source| source.mirror("").display().to_string()).collect();
    let notifications = Notifications::run_started(config, output).await;
    let report = mirror_sources(config, sources, retry, output).await;
    notifications.run_finished(&report).await;
    let report = report?;
    let exit = print_report(&report, Failures::News, output)?;
    if output.shows_progress() && is_first(&report.articles) {
        output.note(&where_mirrors_are(&mirrors));
    }
    Ok(exit)
}

/// Whether whoever watches the run may see mirrors for the first time.
const fn is_first(articles: &ArticleCounts) -> bool {
    articles.new > 0 && articles.new == articles.seen
}

/// Where to look for what a first run wrote.
fn where_mirrors_are(mirrors: &BTreeSet<String>) -> String {
    let named: Vec<_> = mirrors.iter().take(NAMED).cloned().collect();
    let more = match mirrors.len() - named.len() {
        0 => String::new(),
        more => format!(" and {}", count(more as u64, "more folder")),
    };
    format!(
        "the mirrored articles are in {}{more}: open pages in a browser, and let your site generator read the rest",
        named.join(", ")
    )
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
        return dry_run::dry_run(config, sources, None, output).await;
    }
    let mirrors = unlisted_mirrors(config, &sources);
    let exit = print_report(&mirror_sources(config, sources, None, output).await?, Failures::All, output)?;
    for mirror in mirrors {
        output.note(&mirror);
    }
    Ok(exit)
}

/// Mirrors a page that the user passes in, for example as a browser rendered it.
pub(crate) async fn mirror_html(config: &Config, html: &Path, url: &Url, output: &Output) -> anyhow::Result<Exit> {
    if !is_web_address(url) {
        return Err(UsageError(format!("{url} is no URL of a page: write one such as https://example.org/a")).into());
    }
    let page = if html == Path::new("-") {
        // One byte beyond the limit shows that there is more.
        let most = Some(config.rewrite.max_article.0).filter(|most| *most > 0).map_or(u64::MAX, |most| most + 1);
        let mut page = Vec::new();
        std::io::stdin().lock().take(most).read_to_end(&mut page).context("cannot read standard input")?;
        page
    } else {
        std::fs::read(html).with_context(|| format!("cannot read {}", html.display()))?
    };
    let sources = vec![source::named_page(config, url)?];
    let mirrors = unlisted_mirrors(config, &sources);
    let exit = print_report(
        &mirror_with_page(config, sources, None, Some((url.clone(), page)), output).await?,
        Failures::All,
        output,
    )?;
    for mirror in mirrors {
        output.note(&mirror);
    }
    Ok(exit)
}

/// The mirrors of folders that the settings do not list: their source names are generated.
fn unlisted_mirrors(config: &Config, sources: &[Source]) -> Vec<String> {
    let is_listed = |source: &&Source| config.source.iter().any(|listed| listed.name == *source.name());
    let place = |source: &Source| match source.config.url.as_str() {
        "" => source.config.path.display().to_string(),
        url => url.to_owned(),
    };
    let mirror = |source: &Source| format!("the mirror of {} is {}", place(source), source.mirror("").display());
    sources.iter().filter(|source| !is_listed(source)).map(mirror).collect()
}

/// One whole run, with its progress, that Ctrl-C or SIGTERM ends at a consistent point.
pub(crate) async fn mirror_sources(
    config: &Config,
    sources: Vec<Source>,
    retry: Option<Retry>,
    output: &Output,
) -> anyhow::Result<Report> {
    mirror_with_page(config, sources, retry, None, output).await
}

/// The same, for which a page came already.
async fn mirror_with_page(
    config: &Config,
    sources: Vec<Source>,
    retry: Option<Retry>,
    page: Option<(Url, Vec<u8>)>,
    output: &Output,
) -> anyhow::Result<Report> {
    // Settings that cannot work make no archive.
    Fetcher::check(&config.fetch)?;
    let archive = Arc::new(mirror::open_for_run(&config.store, &sources)?);
    super::forget::take_down_again(&archive, &sources, output).await?;
    let (kept, named) = (Arc::clone(&archive), sources.clone());
    let fetcher = Fetcher::new(&config.fetch, archive.objects.staging().folder())?;
    let stop = CancellationToken::new();
    let mirror = Mirror::new(config.clone(), archive, fetcher, sources, stop.clone())?.retry(retry);
    let mirror = match page {
        Some((url, page)) => mirror.with_page(url, &page).context("cannot keep the page")?,
        None => mirror,
    };
    let (tally, began) = (mirror.tally(), Instant::now());
    let display = Display::start(output, move |bar| progress::show(bar, &tally, began.elapsed()));
    stop_on_signals(stop, display.bar())?;
    let report = mirror.run().await;
    display.end();
    let report = report?;
    if report.outcome != RunOutcome::Interrupted {
        index::refresh(&kept, config, &named, output).await;
    }
    Ok(report)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_run_says_where_its_mirrors_are() {
        let counts = |new, seen| ArticleCounts { seen, new, ..ArticleCounts::default() };
        assert!(is_first(&counts(2, 2)));
        assert!(!is_first(&counts(0, 0)) && !is_first(&counts(1, 2)));
        let mirrors = |count: usize| (0..count).map(|at| format!("store/articles/{at}")).collect();
        let says = |count| where_mirrors_are(&mirrors(count));
        assert!(says(1).starts_with("the mirrored articles are in store/articles/0: open "), "{}", says(1));
        assert!(says(4).contains("store/articles/2 and 1 more folder: "), "{}", says(4));
        assert!(says(9).contains(" and 6 more folders: "), "{}", says(9));
    }
}
