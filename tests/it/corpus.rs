//! Real posts, pages, feeds and images, and the other programs that results are compared with.
//!
//! The project contains neither. A test that takes one of them is ignored with the reason `needs …`, and has the word for
//! it in its path, so that `.ci/run` can leave out what cannot be had (`structure/ignored.rs` holds the list of words). Run
//! nevertheless, it fails and says what is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use walkdir::WalkDir;

use crate::sandbox::is_thorough;

/// A folder of the corpus, whose place `OFFPRINT_CORPUS` names.
pub(crate) fn corpus(part: &str) -> PathBuf {
    let root = std::env::var_os("OFFPRINT_CORPUS");
    let root = root.expect("OFFPRINT_CORPUS names the folder of the corpus, which this test needs");
    let folder = Path::new(&root).join(part);
    assert!(folder.is_dir(), "the corpus has no {part}, which this test needs: OFFPRINT_CORPUS is {}", root.display());
    folder
}

/// Fails where a program is not installed. It must know the option `--version`.
pub(crate) fn needs(program: &str) {
    let ran = Command::new(program).arg("--version").output();
    assert!(ran.is_ok_and(|ran| ran.status.success()), "{program} is not installed, which this test needs");
}

/// Every file below a folder, in order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    walk.map(|entry| entry.expect("the folder can be read"))
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect()
}

/// Some of these, one of so many, or all of them where tests are to try everything.
pub(crate) fn some(files: Vec<PathBuf>, one_of: usize) -> Vec<PathBuf> {
    let step = if is_thorough() { 1 } else { one_of };
    files.into_iter().step_by(step).collect()
}

/// Says something to the person who runs the tests, past the test runner's capture.
pub(crate) fn say(message: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}
