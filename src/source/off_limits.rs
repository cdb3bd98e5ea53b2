//! The folders that discovery never enters: those that offprint writes itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The folders that offprint writes to, by their real paths: the archive, and the output of every source.
#[derive(Debug, Default)]
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
        let is_named = |folder: &&PathBuf| !folder.as_os_str().is_empty();
        let outermost = folders.iter().filter(is_named).filter(is_outermost).cloned().collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_the_archive_or_an_output_is_off_limits_and_nothing_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let place = real(place.path());
        for folder in ["store/blobs/ab", "output", "output-2"] {
            std::fs::create_dir_all(place.join(folder)).unwrap();
        }
        let (store, output) = (place.join("store"), place.join("output"));
        let off_limits = OffLimits::new(&store, [output.as_path(), &store.join("articles")].into_iter());
        for within in ["store", "store/a.md", "store/blobs/ab/c", "store/articles/b.md", "output/a.md"] {
            assert!(off_limits.holds(&place.join(within)), "{within}");
        }
        for beside in ["", "a.md", "store.md", "output-2/a.md"] {
            assert!(!off_limits.holds(&place.join(beside)), "{beside}");
        }
        assert!(
            off_limits.is(&store.join("blobs")) && off_limits.is(&output) && !off_limits.is(&store.join("blobs/ab"))
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_of_the_archive_that_is_a_link_takes_its_target_along() {
        let (store, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(disk.path(), store.path().join("blobs")).unwrap();
        let off_limits = OffLimits::new(store.path(), std::iter::empty());
        assert!(off_limits.holds(&real(disk.path()).join("ab/c")) && off_limits.holds(&real(store.path()).join("a")));
    }
}
