//! Sizes after a URL: `![a](b.jpg =100x20)` (`HackMD`, Joplin, Typora, markdown-it-imsize).

use std::ops::Range;

use memchr::memmem;

use super::lines::Copy;

/// Writes blanks over the sizes.
pub(super) fn blank(copy: &mut Copy<'_>) {
    if !copy.has(&[" =", "\t="]) {
        return;
    }
    let sizes = sizes(copy.text(), copy.range.clone());
    copy.fill(sizes.into_iter().map(|size| (size, b' ')));
}

/// The sizes within the parentheses of links.
fn sizes(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut opened = memmem::find_iter(&bytes[range.clone()], b"](").map(|at| range.start + at).peekable();
    let mut found = Vec::new();
    let mut last = None;
    for at in memchr::memchr_iter(b'=', &bytes[range.clone()]).map(|at| range.start + at) {
        while let Some(open) = opened.next_if(|open| *open < at) {
            last = Some(open);
        }
        let Some(length) = size(&text[at + 1..]) else { continue };
        let after = text[at + 1 + length..].trim_start_matches([' ', '\t']);
        let blank = matches!(bytes[at - 1], b' ' | b'\t');
        // The size after the link that was opened last. There is none if a line break or the end of the link comes
        // before it.
        let within = last.is_some_and(|open| at - open < 2048 && !text[open..at].contains(['\n', '\r']));
        if blank && within && after.starts_with([')', '"', '\'']) {
            found.push(at..at + 1 + length);
            last = None;
        }
    }
    found
}

/// The length of a size: `100x20`, `100x`, `x20`, `100`, `50%`, `100*20`, `30em`, `auto`.
fn size(text: &str) -> Option<usize> {
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"*%.".contains(byte)).count();
    // The sides stand beside an `x`; that of `px` is none.
    let size = text[..length].to_ascii_lowercase().replace("px", "");
    let is_size = size.bytes().any(|byte| byte.is_ascii_digit()) && size.split(['x', '*']).all(is_side);
    (is_size || size == "auto").then_some(length)
}

fn is_side(side: &str) -> bool {
    let unit = side.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    unit.is_empty() || (unit.len() < side.len() && ["%", "ch", "em", "rem", "vh", "vw"].contains(&unit))
}
