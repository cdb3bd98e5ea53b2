//! The folders that discovery never enters: those that offprint writes itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The folders that offprint writes to, by their real paths: the archive, and the output of every source.
#[derive(Debug, Clone, Default)]
pub(super) struct OffLimits {
    folders: BTreeSet<PathBuf>,
    /// Those that lie in no other: each file that is found is compared with them.
    outermost: Vec<PathBuf>,
}

impl OffLimits {
    /// The archive in `store`, and these outputs. The folders of an archive may be links to other disks: their targets
    /// belong to it.
    pub(super) fn new<'a>(store: &Path, outputs: impl Iterator<Item = &'a Path>) -> Self {
        let parts = std::fs::read_dir(store).into_iter().flatten().filter_map(Result::ok).map(|part| part.path());
        let folders = parts.filter(|part| part.is_dir()).chain([store.to_owned()]).map(|part| real(&part));
        let folders: BTreeSet<_> = folders.chain(outputs.map(real)).collect();
        let is_outermost = |folder: &&PathBuf| !folder.ancestors().skip(1).any(|other| folders.contains(other));
        let outermost = folders.iter().filter(is_outermost).cloned().collect();
        Self { folders, outermost }
    }

    /// Whether this is one of them, by its real path.
    pub(super) fn is(&self, folder: &Path) -> bool {
        self.folders.contains(folder)
    }

    /// Whether something lies in one of them, or is one, by its real path.
    pub(super) fn holds(&self, place: &Path) -> bool {
        self.outermost.iter().any(|folder| place.starts_with(folder))
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
