//! `offprint run --dry-run` and `offprint mirror --dry-run`.

use std::sync::Arc;

use super::exit::Exit;
use super::open_to_read;
use super::output::Output;
use super::words::count;
use crate::archive::ArchiveError;
use crate::config::Config;
use crate::mirror::{self, Rehearsal};
use crate::source::Source;

/// Prints what a run would do, and changes nothing.
pub(crate) async fn rehearse(config: &Config, sources: Vec<Source>, output: &Output) -> anyhow::Result<Exit> {
    let archive = match open_to_read(config) {
        Ok(archive) => Some(Arc::new(archive)),
        Err(error) if matches!(error.downcast_ref(), Some(ArchiveError::Missing { .. })) => None,
        Err(error) => return Err(error),
    };
    let rehearsal = mirror::rehearse(config, archive, &sources).await?;
    if output.json {
        output.value(&rehearsal)?;
    } else {
        print(&rehearsal, output);
    }
    Ok(Exit::Done)
}

fn print(rehearsal: &Rehearsal, output: &Output) {
    if output.lists_all() {
        let fetch = rehearsal.fetch.iter().map(|url| format!("would fetch {url}"));
        let write = rehearsal.write.iter().map(|article| format!("would write {article}"));
        fetch.chain(write).for_each(|line| output.line(&line));
    }
    for problem in &rehearsal.problems {
        output.note(&format!("{}: {}", problem.article, problem.message));
    }
    let articles = rehearsal.articles;
    output.line(&format!(
        "dry run: {} ({} new, {} changed, {} vanished); {} in those, {} to ask for{}",
        count(articles.seen, "article"),
        articles.new,
        articles.changed,
        articles.vanished,
        count(rehearsal.references, "reference"),
        count(rehearsal.urls, "image"),
        if output.lists_all() { "" } else { " (-v lists them)" },
    ));
}
