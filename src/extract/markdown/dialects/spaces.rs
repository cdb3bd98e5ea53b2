//! Spaces in URLs: `![a](my pic.jpg)` (pandoc, Typora, `MWeb`). A file with the extension of an image is taken to be
//! meant as one.

use std::ops::Range;

use memchr::{memchr2, memmem};

use super::lines::Copy;
use crate::extract::address::{has_image_extension, is_http};

/// Joins the words of such URLs, and gives their places.
pub(super) fn join(copy: &mut Copy<'_>) -> Vec<Range<usize>> {
    let found = addresses(copy.text(), copy.range.clone());
    let text = copy.text();
    let blanks = found.iter().flat_map(|address| {
        text[address.clone()]
            .match_indices([' ', '\t'])
            .map(|(at, _)| (address.start + at..address.start + at + 1, b'_'))
    });
    let blanks: Vec<_> = blanks.collect();
    copy.fill(blanks);
    found
}

fn addresses(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    inside_parentheses(text, range).filter_map(|inside| address(text, inside)).collect()
}

/// What stands within the parentheses of the images and links of a text.
pub(super) fn inside_parentheses(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let opened = memmem::find_iter(&text.as_bytes()[range.clone()], b"](").map(move |at| range.start + at + 2);
    opened.filter_map(|start| Some(start..start + length(&text[start..])?))
}

/// The place of the first space or tab.
pub(super) fn blank(text: &str) -> Option<usize> {
    memchr2(b' ', b'\t', text.as_bytes())
}

/// The URL with spaces that stands within some parentheses.
fn address(text: &str, inside: Range<usize>) -> Option<Range<usize>> {
    let start = inside.start;
    let inside = &text[inside];
    // Most have no spaces, which is soon seen.
    blank(inside)?;
    let from = start + (inside.len() - inside.trim_start().len());
    let inside = without_title(inside.trim());
    let plain = !inside.starts_with('<') && !inside.contains(['"', '<', '>', '`']);
    let is_image = has_image_extension(inside) || (is_http(inside) && !inside.contains('='));
    (blank(inside).is_some() && plain && is_image).then(|| from..from + inside.len())
}

/// The longest URL, in bytes. One that never ends must not cost a pass over the line.
const MAX_LENGTH: usize = 1024;

/// How far it is to the closing parenthesis of the same line.
fn length(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut before = b'(';
    let mut bytes = text.bytes().enumerate().take(MAX_LENGTH);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\n' | b'\r' | b'[' | b']' => return None,
            b'\\' => drop(bytes.next()),
            b'"' if before.is_ascii_whitespace() => {
                let title =
                    bytes.by_ref().map(|(_, byte)| byte).take_while(|byte| !matches!(byte, b'"' | b'\n' | b'['));
                title.for_each(drop);
            }
            b'(' => open += 1,
            b')' if open == 0 => return Some(at),
            b')' => open -= 1,
            _ => {}
        }
        before = byte;
    }
    None
}

/// A URL without the title that follows it.
pub(super) fn without_title(inside: &str) -> &str {
    let Some(quote) = inside.chars().next_back().filter(|last| matches!(last, '"' | '\'')) else { return inside };
    let title = inside[..inside.len() - 1].rfind(quote).filter(|at| inside[..*at].ends_with([' ', '\t']));
    title.map_or(inside, |at| inside[..at].trim_end())
}
