//! What must hold of any bytes, whatever they are taken for: the property tests' own checks.

use offprint::config::Lazy;
use offprint::model::Format;

#[path = "../../it/properties/promises.rs"]
mod promises;

/// Checks every promise of extraction and rewriting.
pub fn check(bytes: &[u8], format: Format) {
    for lazy in [Lazy::Reveal, Lazy::Keep] {
        promises::keep_every_promise(bytes, format, lazy);
    }
    let (references, refused) = promises::refused(bytes, format, Lazy::Reveal);
    assert!(refused <= references);
}
