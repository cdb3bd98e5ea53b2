//! `offprint run --dry-run` and `offprint mirror --dry-run`.

use std::sync::Arc;

use super::exit::Exit;
use super::open_to_read;
use super::output::{self, Output, Told, printable};
use crate::archive::ArchiveError;
use crate::config::Config;
use crate::mirror::{self, Rehearsal};
use crate::source::Source;

/// Tells what a run would do, and changes nothing.
pub(crate) async fn rehearse(config: &Config, sources: Vec<Source>, output: &Output) -> anyhow::Result<Exit> {
    let archive = match open_to_read(config) {
        Ok(archive) => Some(Arc::new(archive)),
        Err(error) if matches!(error.downcast_ref(), Some(ArchiveError::Missing { .. })) => None,
        Err(error) => return Err(error),
    };
    let rehearsal = mirror::rehearse(config, archive, &sources).await?;
    if output.json {
        output::value(&rehearsal)?;
    } else {
        tell(&rehearsal, output);
    }
    Ok(Exit::Done)
}

fn tell(rehearsal: &Rehearsal, output: &Output) {
    if output.told == Told::Everything {
        let fetch = rehearsal.fetch.iter().map(|url| format!("would fetch {url}"));
        let write = rehearsal.write.iter().map(|article| format!("would write {article}"));
        fetch.chain(write).for_each(|line| output::line(&printable(&line)));
    }
    for problem in &rehearsal.problems {
        output.note(&printable(&format!("{}: {}", problem.article, problem.message)));
    }
    if output.told != Told::Errors {
        let articles = rehearsal.articles;
        output::line(&format!(
            "dry run: {} articles ({} new, {} changed, {} vanished); {} references in those, {} images to ask for",
            articles.seen, articles.new, articles.changed, articles.vanished, rehearsal.references, rehearsal.urls
        ));
    }
}
