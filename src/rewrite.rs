//! References and local paths → the mirrored article, by splicing.

use crate::config::Lazy;
use crate::extract::Extraction;
use crate::model::{Edit, Reference};

/// The original with every edit made.
pub fn splice(original: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut spliced = Vec::new();
    let mut at = 0;
    for edit in edits {
        spliced.extend_from_slice(&original[at..edit.span.start]);
        spliced.extend_from_slice(&edit.replacement);
        at = edit.span.end;
    }
    spliced.extend_from_slice(&original[at..]);
    spliced
}

/// The edits that put local links in place of references.
pub fn plan(
    _original: &[u8],
    _extraction: &Extraction,
    _lazy: Lazy,
    _link: impl Fn(&Reference) -> Option<String>,
) -> Vec<Edit> {
    unimplemented!("the splices are being written")
}
