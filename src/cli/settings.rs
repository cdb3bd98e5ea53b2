//! Which settings file is read, and which archive is used.

use std::path::{Path, PathBuf};

use super::arguments::Global;
use super::decode;
use super::exit::UsageError;
use crate::config::{Config, expand_home, foreign_key};

/// The settings file of a folder.
const OWN: &str = "offprint.toml";
/// Its other name, which static-site generators use, too.
const SHARED: &str = "config.toml";

const CONFIG_VARIABLE: &str = "OFFPRINT_CONFIG";
const STORE_VARIABLE: &str = "OFFPRINT_STORE";

/// The settings: of the file that was named, or of one in the current folder, or the defaults.
pub(crate) fn read(global: &Global) -> anyhow::Result<Config> {
    let mut config = match find(global)? {
        Some(file) => Config::read(&file)?,
        None => Config::default(),
    };
    config.media.worker = Some(decode::command());
    if let Some(store) = global.store.clone().or_else(|| variable(STORE_VARIABLE)) {
        config.store = store;
    }
    Ok(config)
}

/// The same for a command that needs no settings of the user: a file of another program is ignored.
pub(crate) fn read_or_default(global: &Global) -> anyhow::Result<Config> {
    match named(global) {
        None if !Path::new(OWN).exists() && foreign().is_some() => Ok(Config::default()),
        _ => read(global),
    }
}

/// Only the file that was named, or the defaults.
pub(crate) fn read_named(global: &Global) -> anyhow::Result<Config> {
    let mut config = named(global).map_or_else(|| Ok(Config::default()), |file| Config::read(&file))?;
    config.media.worker = Some(decode::command());
    Ok(config)
}

/// The settings, for a command that reads their sources. Without a file there is only the default source, whose folder
/// most likely does not exist.
pub(crate) fn read_with_sources(global: &Global) -> anyhow::Result<Config> {
    let config = read(global)?;
    if find(global)?.is_none() && !config.source.iter().all(|source| source.path.is_dir()) {
        let message = format!("there is no {OWN} or {SHARED} here: write one, or try `offprint mirror FOLDER`");
        return Err(UsageError(message).into());
    }
    Ok(config)
}

/// The settings file, if there is one.
fn find(global: &Global) -> Result<Option<PathBuf>, UsageError> {
    if let Some(file) = named(global) {
        return Ok(Some(file));
    }
    let [own, shared] = [OWN, SHARED].map(Path::new);
    if own.exists() {
        return Ok(Some(own.to_owned()));
    }
    if let Some(key) = foreign() {
        let message = format!(
            "{SHARED} belongs to another program: it sets `{key}`. \
             Write the settings of offprint into {OWN}; an empty file means the defaults"
        );
        return Err(UsageError(message));
    }
    Ok(Some(shared.to_owned()).filter(|shared| shared.exists()))
}

/// The settings file that a command writes to: the one that is read, or a new one.
pub(crate) fn to_write(global: &Global) -> Result<PathBuf, UsageError> {
    if named(global).is_none() && !Path::new(OWN).exists() && foreign().is_some() {
        return Ok(PathBuf::from(OWN));
    }
    Ok(find(global)?.unwrap_or_else(|| PathBuf::from(OWN)))
}

fn named(global: &Global) -> Option<PathBuf> {
    global.config.clone().or_else(|| variable(CONFIG_VARIABLE))
}

/// A path in an environment variable; an empty one counts as none.
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(|path| expand_home(Path::new(&path)))
}

/// The key by which the shared file is recognised as that of another program.
fn foreign() -> Option<String> {
    foreign_key(&std::fs::read_to_string(SHARED).ok()?)
}
