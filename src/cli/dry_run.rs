//! `offprint run --dry-run` and `offprint mirror --dry-run`: the plan of a run, printed.

use std::sync::Arc;

use super::exit::Exit;
use super::open::{open_to_read, refuse_traces};
use super::output::Output;
use super::report::print_sources;
use super::words::count;
use crate::archive::ArchiveError;
use crate::config::Config;
use crate::mirror::{self, Plan, Retry, SourceReport};
use crate::source::Source;

/// Prints what a run would do, and changes nothing.
pub(crate) async fn dry_run(
    config: &Config,
    sources: Vec<Source>,
    retry: Option<Retry>,
    output: &Output,
) -> anyhow::Result<Exit> {
    refuse_traces(config, &sources)?;
    let archive = match open_to_read(config) {
        Ok(archive) => Some(Arc::new(archive)),
        Err(error) if matches!(error.downcast_ref(), Some(ArchiveError::Missing { .. })) => None,
        Err(error) => return Err(error),
    };
    let plan = mirror::plan(config, archive, sources, retry).await?;
    if output.json {
        output.value(&plan)?;
    } else {
        print(&plan, output);
    }
    print_sources(&plan.sources, output);
    Ok(if plan.sources.iter().any(SourceReport::is_failed) { Exit::Failed } else { Exit::Done })
}

fn print(plan: &Plan, output: &Output) {
    if output.lists_all() {
        let fetch = plan.fetch.iter().map(|url| format!("would fetch {url}"));
        let write = plan.write.iter().map(|article| format!("would write {article}"));
        fetch.chain(write).for_each(|line| output.line(&line));
    }
    for problem in &plan.problems {
        output.note(&format!("{}: {}", problem.article, problem.message));
    }
    let articles = plan.articles;
    output.line(&format!(
        "dry run: {} ({} new, {} changed, {} vanished); {} in those, {} to ask for{}",
        count(articles.seen, "article"),
        articles.new,
        articles.changed,
        articles.vanished,
        count(plan.references, "reference"),
        count(plan.urls, "image"),
        if output.lists_all() { "" } else { " (-v lists them)" },
    ));
}
