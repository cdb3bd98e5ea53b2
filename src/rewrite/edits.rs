//! Edits that stand in order and apart.

use crate::model::{Edit, Span};

/// The edit that writes `replacement` over a span.
pub(super) fn edit(original: &[u8], span: Span, replacement: Vec<u8>) -> Edit {
    Edit { span, raw: span.of(original).to_vec(), replacement }
}

/// The edits in order, without those that change nothing or would reach into one before them.
pub(super) fn in_order(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by_key(|edit| edit.span);
    let mut end = 0;
    edits.retain(|edit| {
        let apart = edit.span.start >= end;
        end = end.max(edit.span.end);
        apart && edit.raw != edit.replacement
    });
    edits
}

/// Whether one of some edits, which are in order, writes over a span.
pub(super) fn is_filled(span: Span, edits: &[Edit]) -> bool {
    let near = &edits[edits.partition_point(|edit| edit.span.end < span.start)..];
    near.iter().take_while(|edit| edit.span.start <= span.end).any(|edit| overlap(edit.span, span))
}

/// Whether two spans have a byte in common, or one is the empty place that the other is to fill.
fn overlap(a: Span, b: Span) -> bool {
    a == b || (a.start < b.end && b.start < a.end)
}
