//! Edits → the mirrored article, and back.

use thiserror::Error;

use crate::model::{Edit, Span};

/// The mirror does not hold what the edits left there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the mirrored article was changed at byte {at}, where a link was written")]
pub struct ChangedMirror {
    /// The byte of the mirror at which the link was expected.
    pub at: usize,
}

/// The article with its edits made. `edits` are ordered and disjoint, and their spans lie within it.
pub fn splice(original: &[u8], edits: &[Edit]) -> Vec<u8> {
    let grown: usize = edits.iter().map(|edit| edit.replacement.len()).sum();
    let mut mirror = Vec::with_capacity(original.len() + grown);
    let mut at = 0;
    for edit in edits {
        mirror.extend_from_slice(&original[at..edit.span.start]);
        mirror.extend_from_slice(&edit.replacement);
        at = edit.span.end;
    }
    mirror.extend_from_slice(&original[at..]);
    mirror
}

/// The original of a mirrored article: [`splice`] undone, with nothing but the edits.
///
/// # Errors
/// `ChangedMirror` if the mirror is not what [`splice`] made of some original with these edits.
pub fn unsplice(mirror: &[u8], edits: &[Edit]) -> Result<Vec<u8>, ChangedMirror> {
    let mut original = Vec::with_capacity(mirror.len());
    let mut at = 0;
    for (edit, place) in edits.iter().zip(places(edits)) {
        let between = mirror.get(at..place.start).ok_or(ChangedMirror { at: place.start })?;
        if mirror.get(place.start..place.end) != Some(&edit.replacement[..]) {
            return Err(ChangedMirror { at: place.start });
        }
        original.extend_from_slice(between);
        original.extend_from_slice(&edit.raw);
        at = place.end;
    }
    original.extend_from_slice(&mirror[at..]);
    Ok(original)
}

/// Where each edit's replacement stands in the mirror.
pub fn places(edits: &[Edit]) -> Vec<Span> {
    let (mut kept, mut written, mut end) = (0, 0, 0);
    let place = |edit: &Edit| {
        // Edits out of order, as a damaged catalog may have them, have no places; no mirror matches the result.
        kept += edit.span.start.saturating_sub(end);
        end = edit.span.end;
        let start = kept.saturating_add(written);
        written += edit.replacement.len();
        Span::new(start, kept.saturating_add(written))
    };
    edits.iter().map(place).collect()
}
