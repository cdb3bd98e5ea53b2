//! The static pages, after a command that changed what they show.

use super::output::{Label, Output};
use crate::archive::Archive;
use crate::config::Config;
use crate::source::{self, Source};
use crate::web::{IndexCounts, remove_index, write_index};

/// Writes the static pages that changed, or removes all of them, as the settings say. These sources are known besides
/// those of the settings. The command has done its work: where pages cannot be written, that is said and no more.
pub(super) async fn refresh(archive: &Archive, config: &Config, named: &[Source], output: &Output) {
    match refreshed(archive, config, named).await {
        Ok(IndexCounts { obstructed: 0, written, removed, .. }) => {
            tracing::info!(written, removed, "static pages written");
        }
        Ok(IndexCounts { obstructed, .. }) => {
            warn(
                &format!("something else is in the place of {obstructed} of them in store/index: move it away"),
                output,
            );
        }
        Err(error) => warn(&format!("{error:#}"), output),
    }
}

async fn refreshed(archive: &Archive, config: &Config, named: &[Source]) -> anyhow::Result<IndexCounts> {
    if !config.index.enabled {
        return Ok(remove_index(archive).await?);
    }
    let mut sources = source::configured(config)?;
    sources.extend(named.iter().cloned());
    Ok(write_index(archive, &sources).await?)
}

fn warn(why: &str, output: &Output) {
    output.labelled_note(Label::Warning("static pages not written"), why);
}
