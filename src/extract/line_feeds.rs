//! Line breaks of old systems.

use std::borrow::Cow;

/// The text with a line feed for each carriage return without one, which ended the lines of old systems.
pub(super) fn with_line_feeds(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let alone = |at: &usize| bytes.get(at + 1) != Some(&b'\n');
    let mut alone = memchr::memchr_iter(b'\r', bytes).filter(alone).peekable();
    if alone.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut changed = bytes.to_vec();
    for at in alone {
        changed[at] = b'\n';
    }
    String::from_utf8(changed).map_or(Cow::Borrowed(text), Cow::Owned)
}
