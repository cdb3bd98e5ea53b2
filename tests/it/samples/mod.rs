//! Articles and images of our own making, in `tests/data`: what real ones have shown, small enough for every test run.

mod articles;
mod images;

use std::path::{Path, PathBuf};

/// A folder of the samples.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}
