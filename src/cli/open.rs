//! The archive, as commands open it.

use crate::archive::{self, Archive, ArchiveError, Mode};
use crate::config::Config;
use crate::source::{self, Source};

/// The archive, for a command that only reads it.
pub(super) fn open_to_read(config: &Config) -> anyhow::Result<Archive> {
    Ok(archive::open(&config.store, Mode::Read)?)
}

/// The archive, for a run over some sources. A first run makes it, unless mirrors of these sources show that there was
/// one: it may only not be mounted.
pub(super) fn open_to_run(config: &Config, sources: &[Source]) -> anyhow::Result<Archive> {
    refuse_traces(config, sources)?;
    Ok(archive::open(&config.store, Mode::Create)?)
}

/// Refuses to begin an archive where there must have been one.
pub(super) fn refuse_traces(config: &Config, sources: &[Source]) -> Result<(), ArchiveError> {
    if !matches!(archive::open(&config.store, Mode::Read), Err(ArchiveError::Missing { .. })) {
        return Ok(());
    }
    let place = config.store.display().to_string();
    source::mirror_of_an_archive(sources).map_or(Ok(()), |trace| Err(ArchiveError::Traces { place, trace }))
}
