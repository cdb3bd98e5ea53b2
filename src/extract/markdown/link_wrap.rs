//! Links around images that start a block of HTML.

use std::ops::Range;

use super::outline::Outline;
use crate::extract::sink::{RawLinkWrap, RawReference};

/// An `img` or `picture` alone on its line makes everything up to the next blank line HTML (CommonMark 4.6, condition
/// 7). A link before it on that line would prevent that, so the link gets a line of its own, and the text before the
/// image is repeated: spaces and the marks of a quotation may be repeated, those of a list may not.
pub(super) fn of_blocks(text: &str, outline: &Outline, found: &mut [RawReference]) {
    let blocks = outline.html.iter().filter_map(|block| block.first().filter(|piece| !piece.inline));
    let starts: Vec<usize> = blocks.map(|piece| piece.range.start + indent(&text[piece.range.clone()])).collect();
    for found in found {
        let Some(RawLinkWrap::Html(range, _)) = &found.link_wrap else { continue };
        if starts.binary_search(&range.start).is_ok() {
            let before = before_on_line(text, range.start);
            let repeats = text[before.clone()].bytes().all(|byte| b" \t>".contains(&byte));
            found.link_wrap = repeats.then(|| RawLinkWrap::Html(range.clone(), Some(before)));
        }
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// What stands before a place on its line.
fn before_on_line(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    start..at
}
