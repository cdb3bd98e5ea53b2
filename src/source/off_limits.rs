//! The folders that discovery never enters: those that offprint writes itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The folders that offprint writes to, by their real paths: the archive, and the output of every source.
#[derive(Debug, Clone, Default)]
pub(super) struct OffLimits {
    folders: BTreeSet<PathBuf>,
}

impl OffLimits {
    /// The archive in `store`, and these outputs. The folders of an archive may be links to other disks: their targets
    /// belong to it.
    pub(super) fn new<'a>(store: &Path, outputs: impl Iterator<Item = &'a Path>) -> Self {
        let parts = std::fs::read_dir(store).into_iter().flatten().filter_map(Result::ok).map(|part| part.path());
        let folders = parts.filter(|part| part.is_dir()).chain([store.to_owned()]).map(|part| real(&part));
        Self { folders: folders.chain(outputs.map(real)).collect() }
    }

    /// Whether this is one of them, by its real path.
    pub(super) fn is(&self, folder: &Path) -> bool {
        self.folders.contains(folder)
    }

    /// Whether something lies in one of them, or is one, by its real path.
    pub(super) fn holds(&self, place: &Path) -> bool {
        place.ancestors().any(|folder| self.folders.contains(folder))
    }
}

/// A path without links, as far as it exists.
pub fn real(path: &Path) -> PathBuf {
    let found = path.ancestors().find_map(|folder| Some((folder, folder.canonicalize().ok()?)));
    let Some((folder, real)) = found else { return path.to_owned() };
    match path.strip_prefix(folder) {
        Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
        _ => real,
    }
}
