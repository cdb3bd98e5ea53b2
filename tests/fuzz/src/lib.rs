//! What must hold of any bytes, whatever they are taken for: the property tests' own checks.

pub mod answer;
pub mod archive;
pub mod thumbnails;
pub mod worker;

use offprint::testing::config::Lazy;
use offprint::testing::model::Format;

#[path = "../../it/properties/promises.rs"]
mod promises;

/// Checks every promise of extraction and rewriting; the length of the article says what becomes of lazy images.
pub fn check(bytes: &[u8], format: Format) {
    let lazy = if bytes.len().is_multiple_of(2) { Lazy::Reveal } else { Lazy::Keep };
    promises::keep_every_promise(bytes, format, lazy);
    let (references, refused) = promises::refused(bytes, format, lazy);
    assert!(refused <= references);
}
