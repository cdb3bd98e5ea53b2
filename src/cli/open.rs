//! The archive, as commands open it.

use crate::archive::{self, Archive, Mode};
use crate::config::Config;

/// The archive, for a command that only reads it.
pub(super) fn open_to_read(config: &Config) -> anyhow::Result<Archive> {
    Ok(archive::open(&config.store, Mode::Read)?)
}
