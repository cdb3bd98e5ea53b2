//! How the source is built: layers, no circles, sizes, words, what is public, and which tests may be ignored.

mod circles;
mod ignored;
mod invariants;
mod layers;
mod modules;
mod named_tests;
mod printing;
mod public;
mod sizes;
mod tokens;
mod tree;
mod words;

use std::path::PathBuf;

/// The folder of the library's and the program's source.
fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
}
