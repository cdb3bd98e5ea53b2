//! The sources of the settings. Each excludes the archive and the outputs of all.

use std::path::Path;
use std::sync::Arc;

use super::error::SourceConfigError;
use super::kind::Kind;
use super::off_limits::{OffLimits, real};
use super::paths::Source;
use crate::archive::StoreKey;
use crate::config::{Config, MirrorOutput};

/// Every source of the settings.
///
/// # Errors
/// Settings that cannot work: a wrong glob or address, sources that read what they or others write.
pub fn configured(config: &Config) -> Result<Vec<Source>, SourceConfigError> {
    prepared(config.source.iter().map(|source| Source::new(source.clone(), &config.store)), config)
}

/// Sources that know of each other and of those in the settings.
pub(super) fn prepared(
    sources: impl Iterator<Item = Result<Source, SourceConfigError>>,
    config: &Config,
) -> Result<Vec<Source>, SourceConfigError> {
    let mut sources = sources.collect::<Result<Vec<_>, _>>()?;
    let others = config.source.iter().filter_map(|source| Source::new(source.clone(), &config.store).ok());
    let writing: Vec<_> = others.chain(sources.iter().cloned()).filter(|source| !source.is_in_place()).collect();
    let store = sources.first().map_or(&config.store, |source| &source.store);
    let outputs = writing.iter().map(|source| source.output.as_path());
    let off_limits = Arc::new(OffLimits::new(store, outputs));
    for source in &mut sources {
        check(source, &off_limits)?;
        if let Kind::Folder(folder) = &mut source.kind {
            folder.off_limits = Arc::clone(&off_limits);
        }
    }
    check_overlaps(&sources)?;
    Ok(sources)
}

fn check(source: &Source, off_limits: &OffLimits) -> Result<(), SourceConfigError> {
    if source.folder().is_some_and(|folder| off_limits.holds(&folder.real_root)) {
        let (source_name, path) = (source.name().to_string(), source.config.path.clone());
        return Err(SourceConfigError::ReadsOutput { source_name, path });
    }
    let (store, output) = (real(&source.store), real(&source.output));
    let is_own = source.config.output == MirrorOutput::Archive || output.starts_with(store.join(StoreKey::mirrors()));
    if output.starts_with(&store) && !is_own {
        return Err(SourceConfigError::OutputInArchive { source_name: source.name().to_string(), path: output });
    }
    Ok(())
}

/// No two sources change the same file. A source may read what another one changes: it uses the recorded originals.
fn check_overlaps(sources: &[Source]) -> Result<(), SourceConfigError> {
    for in_place in sources.iter().filter(|source| source.is_in_place()) {
        for other in sources.iter().filter(|other| other.is_in_place() && other.name() != in_place.name()) {
            if let Some(path) = shared_folder(in_place, other) {
                return Err(SourceConfigError::Overlap {
                    in_place: in_place.name().to_string(),
                    other: other.name().to_string(),
                    path: path.to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// The folder that two sources both read: the inner one, unless the outer source excludes it.
fn shared_folder<'a>(one: &'a Source, other: &'a Source) -> Option<&'a Path> {
    let within = |outer: &Source, inner: &'a Source| {
        let (outer, inner) = (outer.folder()?, inner.folder()?);
        let relative = inner.real_root.strip_prefix(&outer.real_root).ok()?;
        (!outer.globs.exclude_all_of(relative)).then_some(inner.root.as_path())
    };
    within(one, other).or_else(|| within(other, one))
}
