//! Blocks whose content is indented by four columns, which CommonMark reads as code: admonitions (`!!!`, `???`) and
//! tabs (`===`) of `MkDocs`, and definitions (`:`) of python-markdown, kramdown and pandoc.

use super::lines::Copy;

/// How far the content of a block is indented.
const INDENTATION: usize = 4;

/// Removes the indentation of the content of such blocks, level by level.
pub(super) fn unindent(copy: &mut Copy<'_>) {
    if !copy.has(&["!!!", "???", "=== \"", "=== '", "===! ", "===+ ", ": ", ":\t", "~ ", "~\t"]) {
        return;
    }
    let mut open: Vec<usize> = Vec::new();
    let (mut moves, mut quotes) = (Vec::new(), 0);
    for line in copy.quoted_lines() {
        if line.quotes != quotes {
            // A block ends with the block quote that it is in.
            open.clear();
            quotes = line.quotes;
        }
        if line.is_blank() {
            continue;
        }
        while open.last().is_some_and(|marker| line.columns < marker + INDENTATION) {
            open.pop();
        }
        if !open.is_empty() {
            moves.push((line, INDENTATION * open.len()));
        }
        if !line.fenced && is_marker(&copy.text()[line.text..line.end]) {
            open.push(line.columns - line.columns % INDENTATION);
        }
    }
    copy.unindent(&moves);
}

/// Whether a line starts a block whose content is indented.
fn is_marker(line: &str) -> bool {
    let after = |mark: &str| line.strip_prefix(mark);
    let named = |rest: &str| rest.trim_start_matches(['+', ' ']).starts_with(char::is_alphanumeric);
    let titled = |rest: &str| rest.trim_start_matches(['!', '+']).trim_start().starts_with(['"', '\'']);
    after("!!!").is_some_and(named)
        || after("???").is_some_and(named)
        || after("===").is_some_and(titled)
        || [":", "~"].into_iter().filter_map(after).any(|rest| rest.starts_with([' ', '\t']))
}
