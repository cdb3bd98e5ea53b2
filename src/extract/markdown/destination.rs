//! Where the destination of a link stands in the source (CommonMark 0.31 §6.3, §4.7).
//!
//! The parser gives the meaning of a link, but only the start and end of the whole. The destination is found again by
//! the grammar, and is used only if it has the same meaning, so that a splice cannot hit anything else.

use std::ops::Range;

use pulldown_cmark::{Event, Parser, Tag};

/// The destination of `[text](destination "title")`, given the last possible end of the text and the end of the link.
pub(super) fn inline(text: &str, rest: Range<usize>, meaning: &str) -> Option<Range<usize>> {
    let open = rest.start + text.get(rest.clone())?.find("](")?;
    after(text, open + 2, rest.end, meaning)
}

/// The destination of `[label]: destination "title"`.
pub(super) fn definition(text: &str, span: Range<usize>, meaning: &str) -> Option<Range<usize>> {
    let source = text.get(span.clone())?;
    let bytes = source.as_bytes();
    let mut at = source.find('[')? + 1;
    while *bytes.get(at)? != b']' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    let colon = at + 1;
    (*bytes.get(colon)? == b':').then_some(())?;
    after(text, span.start + colon + 1, span.end, meaning)
}

/// The destination that follows at `at`, after white space.
fn after(text: &str, at: usize, end: usize, meaning: &str) -> Option<Range<usize>> {
    let source = text.get(..end)?;
    let mut at = at;
    let mut new_line = false;
    // At the start of a line stand the markers of the block quotes that the link is in.
    while let Some(byte) = source.as_bytes().get(at) {
        match byte {
            b'\n' | b'\r' => new_line = true,
            b' ' | b'\t' => {}
            b'>' if new_line => {}
            _ => break,
        }
        at += 1;
    }
    let (span, source) = destination(source, at)?;
    means(&text[span.clone()], &text[source], meaning).then_some(span)
}

/// A link destination: its span inside the angle brackets, if it has some, and with them.
fn destination(text: &str, start: usize) -> Option<(Range<usize>, Range<usize>)> {
    let bytes = text.as_bytes();
    let pointed = bytes.get(start) == Some(&b'<');
    let mut at = start + usize::from(pointed);
    let mut open = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if bytes.get(at + 1).is_some_and(u8::is_ascii_punctuation) => at += 1,
            b'>' if pointed => return Some((start + 1..at, start..at + 1)),
            _ if pointed => {}
            0..=b' ' => break,
            b'(' => open += 1,
            b')' if open == 0 => break,
            b')' => open -= 1,
            _ => {}
        }
        at += 1;
    }
    // Where a parenthesis is left open, this is no destination, whatever some renderers make of it.
    (!pointed && open == 0).then_some((start..at, start..at))
}

/// Whether a destination without angle brackets is one for every renderer.
pub(super) fn is_plain(text: &str) -> bool {
    destination(text, 0).is_some_and(|(span, _)| span == (0..text.len()))
}

/// The meaning of a destination with spaces, with its escapes and entities decoded.
pub(super) fn meaning(raw: &str) -> String {
    if !raw.contains(['\\', '&']) {
        return raw.to_owned();
    }
    let link = format!("[](<{raw}>)");
    let mut meanings = Parser::new(&link).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    });
    meanings.next().unwrap_or_else(|| raw.to_owned())
}

/// Whether a destination has the meaning that the parser gives, with its escapes and entities decoded.
fn means(raw: &str, source: &str, meaning: &str) -> bool {
    if !raw.contains(['\\', '&']) {
        return raw == meaning;
    }
    let link = format!("[]({source})");
    Parser::new(&link).any(|event| matches!(event, Event::Start(Tag::Link { dest_url, .. }) if *dest_url == *meaning))
}
