//! References that a space stands in: `![a] [b]` (python-markdown, kramdown).

use memchr::memmem;

use super::definitions::Definitions;
use super::lines::Copy;

/// The longest label, in bytes (CommonMark 4.7).
const MAX_LABEL: usize = 999;

/// Moves the space into the description, where the reference has a definition and the description is none itself.
pub(super) fn join(copy: &mut Copy<'_>) {
    if !copy.has(&["] ["]) {
        return;
    }
    let (text, start) = (copy.text(), copy.range.start);
    let definitions = Definitions::of(&text[start..]);
    let opened = memmem::find_iter(&text.as_bytes()[start..], b"] [").map(|at| start + at);
    let is_reference = |at: &usize| {
        let description = before(text, *at).and_then(|before| before.rsplit_once("![")).map(|(_, inside)| inside);
        let label = text[at + 3..].split_once(']').map_or("", |(label, _)| label);
        let is_label = label.len() <= MAX_LABEL && !label.contains(['[', '\n']);
        let plain = description.is_some_and(|inside| !inside.contains(['[', ']']) && !definitions.has(inside));
        plain && is_label && definitions.has(label)
    };
    let brackets: Vec<_> = opened.filter(is_reference).collect();
    copy.move_spaces(&brackets);
}

/// What stands before a place on its line, as far as a label reaches.
fn before(text: &str, at: usize) -> Option<&str> {
    let from = (at.saturating_sub(MAX_LABEL)..=at).find(|from| text.is_char_boundary(*from))?;
    text[from..at].rsplit('\n').next()
}
