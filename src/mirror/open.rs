//! The archive of a run: a first run makes it, unless there must have been one.

use std::path::Path;

use crate::archive::{self, Archive, ArchiveError, Mode};
use crate::source::{Source, mirror_of_an_archive};

/// Opens the archive in a folder for a run over some sources. A first run makes it, unless mirrors of these sources
/// show that there was one: then it may only not be mounted.
///
/// # Errors
/// As for [`open`](crate::open), and [`ArchiveError::Traces`] where there was an archive.
pub fn open_for_run(store: &Path, sources: &[Source]) -> Result<Archive, ArchiveError> {
    refuse_traces(store, sources)?;
    archive::open(store, Mode::Create)
}

/// Opens the archive in a folder for a dry run over some sources; `None` if a run would make it.
///
/// # Errors
/// As for [`open_for_run`].
pub fn open_for_dry_run(store: &Path, sources: &[Source]) -> Result<Option<Archive>, ArchiveError> {
    refuse_traces(store, sources)?;
    match archive::open(store, Mode::Read) {
        Err(ArchiveError::Missing { .. }) => Ok(None),
        opened => opened.map(Some),
    }
}

/// Refuses to begin an archive where there must have been one.
fn refuse_traces(store: &Path, sources: &[Source]) -> Result<(), ArchiveError> {
    if !matches!(archive::open(store, Mode::Read), Err(ArchiveError::Missing { .. })) {
        return Ok(());
    }
    let place = store.display().to_string();
    mirror_of_an_archive(sources).map_or(Ok(()), |trace| Err(ArchiveError::Traces { place, trace }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, SourceConfig};

    /// A source whose mirror is in a folder of its own, and the folder of everything.
    fn source(output: &str) -> (tempfile::TempDir, Source) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("posts");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("a.md"), "![](http://a.example/1.png)").unwrap();
        let output = if output.is_empty() { "".into() } else { folder.path().join(output).to_str().unwrap().into() };
        let config = SourceConfig { path, output, ..Config::default().source[0].clone() };
        let source = Source::new(config, &folder.path().join("store")).unwrap();
        (folder, source)
    }

    #[test]
    fn a_first_run_makes_the_archive_and_a_dry_run_makes_none() {
        let (folder, source) = source("");
        let (store, sources) = (folder.path().join("store"), [source]);
        assert!(open_for_dry_run(&store, &sources).unwrap().is_none());
        assert!(!store.exists());
        drop(open_for_run(&store, &sources).unwrap());
        assert!(open_for_dry_run(&store, &sources).unwrap().is_some());
    }

    /// Writes what a mirror is into the output of a source that has none.
    fn with_mirror(name: &str) -> (tempfile::TempDir, Source) {
        let (folder, source) = source("public");
        let mirror = folder.path().join("public").join(name);
        let link = format!("../store/blobs/sha256/ab/{}.png", "ab".repeat(32));
        std::fs::create_dir_all(mirror.parent().unwrap()).unwrap();
        std::fs::write(mirror, format!("![]({link})")).unwrap();
        (folder, source)
    }

    #[test]
    fn where_a_mirror_links_into_an_archive_none_is_begun() {
        // Also where the source has no such article now: it was renamed, or is no file.
        for name in ["a.md", "gone.md", "2024/old.HTML", "notes.txt"] {
            let (folder, source) = with_mirror(name);
            let (store, sources) = (folder.path().join("store"), [source]);
            assert!(matches!(open_for_run(&store, &sources), Err(ArchiveError::Traces { .. })), "{name}");
            assert!(matches!(open_for_dry_run(&store, &sources), Err(ArchiveError::Traces { .. })), "{name}");
            assert!(!store.exists(), "nothing is made");
            drop(crate::archive::open(&store, Mode::Create).unwrap());
            open_for_run(&store, &sources).unwrap();
        }
    }

    #[test]
    fn what_is_hidden_or_no_text_is_no_mirror() {
        for name in [".git/a.md", "a.png", "md"] {
            let (folder, source) = with_mirror(name);
            open_for_run(&folder.path().join("store"), &[source]).unwrap();
        }
    }
}
