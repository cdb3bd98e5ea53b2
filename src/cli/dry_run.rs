//! `offprint run --dry-run` and `offprint mirror --dry-run`: the plan of a run, printed.

use std::sync::Arc;

use super::exit::Exit;
use super::output::Output;
use super::report::print_sources;
use super::words::count;
use crate::config::Config;
use crate::fetch::Fetcher;
use crate::mirror::{self, Plan, Retry};
use crate::model::SourceReport;
use crate::source::Source;

/// Prints what a run would do, and changes nothing.
pub(crate) async fn dry_run(
    config: &Config,
    sources: Vec<Source>,
    retry: Option<Retry>,
    output: &Output,
) -> anyhow::Result<Exit> {
    Fetcher::check(&config.fetch)?;
    let archive = mirror::open_for_dry_run(&config.store, &sources)?.map(Arc::new);
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
        "dry run: {} ({} new, {} changed, {} vanished); {} in those, {} to ask for{}{}",
        count(articles.seen, "article"),
        articles.new,
        articles.changed,
        articles.vanished,
        count(plan.references, "reference"),
        count(plan.urls, "URL"),
        if plan.deferred == 0 {
            String::new()
        } else {
            format!(", {} more when their hosts are asked again", plan.deferred)
        },
        if output.lists_all() { "" } else { " (-v lists them)" },
    ));
}
