//! Closing fences that a tab follows: CommonMark 4.5 allows spaces and tabs there, the parser only spaces.

use super::lines::{Copy, Line};

/// Writes spaces for the tabs after a fence.
pub(super) fn close(copy: &mut Copy<'_>) {
    if !copy.has(&["`\t", "` \t", "~\t", "~ \t"]) {
        return;
    }
    let text = copy.text();
    let after_fence = |line: Line| {
        let fence = text[line.text..line.end].trim_end_matches([' ', '\t']);
        let is_fence = fence.ends_with("```") || fence.ends_with("~~~");
        is_fence.then(|| (line.text + fence.len()..line.end, b' '))
    };
    let blanks: Vec<_> = copy.lines().into_iter().filter_map(after_fence).collect();
    copy.fill(blanks);
}
