//! A scalar of front matter, and how its place is found.

use std::ops::Range;

/// A scalar of the front matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The key that holds it; for an item of a list, the list's key.
    pub(super) key: String,
    /// The key that holds the mapping that it is in; empty at the top.
    pub(super) parent: String,
    /// Its value: quotes, escapes and folding undone.
    pub(super) value: String,
    /// The bytes that spell it, inside the quotes.
    pub(super) span: Range<usize>,
}

/// The longest key, in bytes, that says anything.
const MAX_KEY: usize = 256;

/// The part of a key that is kept: it is copied to all that it holds, so a key that is too long to be a known one is
/// replaced by the empty key.
pub(super) fn kept_key(key: impl Into<String>) -> String {
    Some(key.into()).filter(|key| key.len() <= MAX_KEY).unwrap_or_default()
}

/// The part of `span` that is not white space at its ends: a splice leaves that where it is.
pub(super) fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let raw = &text[span.clone()];
    let start = span.start + (raw.len() - raw.trim_start().len());
    start..start + raw.trim().len()
}

/// Passes over a node's tag and anchor (YAML 1.2 §6.9).
pub(super) fn after_properties(text: &str, mut span: Range<usize>) -> Range<usize> {
    // An image of Markdown begins like a tag.
    while text[span.clone()].starts_with(['!', '&']) && !text[span.clone()].starts_with("![") {
        let length = text[span.clone()].find(char::is_whitespace).unwrap_or(span.len());
        span = trimmed(text, span.start + length..span.end);
    }
    span
}
