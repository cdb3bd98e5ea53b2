//! Real posts, pages, feeds and images, where they are at hand.
//!
//! `OFFPRINT_CORPUS` names their folder. The project does not contain it, and its tests pass without it.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// A folder of the corpus; `None`, said plainly, where there is no corpus.
pub(crate) fn corpus(part: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("OFFPRINT_CORPUS").map(|root| Path::new(&root).join(part));
    let folder = folder.filter(|folder| folder.is_dir());
    if folder.is_none() {
        say(&format!("not run: the corpus has no {part} here (OFFPRINT_CORPUS names its folder)"));
    }
    folder
}

/// Every file below a folder, in order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    walk.map(|entry| entry.expect("the corpus can be read"))
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect()
}

/// Says something to the person who runs the tests, past the test runner's capture.
pub(crate) fn say(message: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}
