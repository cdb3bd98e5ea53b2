//! Markdown within HTML: elements with the attribute `markdown` (python-markdown, kramdown, `MkDocs`).

use std::ops::Range;

use super::lines::{Copy, Line};

/// How many elements are followed into each other.
const MAX_DEPTH: usize = 64;

/// Elements whose content is Markdown where kramdown has the option `parse_block_html`.
const BLOCKS: &[&str] = &["article", "aside", "blockquote", "center", "details", "div", "figure", "section"];

/// An element that is open.
struct Open {
    name: Range<usize>,
    tag: Range<usize>,
    /// Whether what it holds is Markdown.
    markdown: bool,
}

/// Removes the tags whose content is Markdown, and the indentation of that content. Gives the tags, each in its pieces on
/// several lines.
pub(super) fn open(copy: &mut Copy<'_>) -> Vec<Vec<Range<usize>>> {
    let everywhere = copy.has(&["parse_block_html=\"true\"", "parse_block_html='true'"]);
    let named = [" markdown", "\tmarkdown", "\nmarkdown", " MARKDOWN"];
    if !(everywhere || copy.has(&named)) || !copy.has(&["<"]) {
        return Vec::new();
    }
    let lines = copy.quoted_lines();
    let elements = elements(copy.text(), copy.range.start, &lines, everywhere);
    let text = copy.text();
    let both = elements.iter().flat_map(|(start, end)| [start, end]);
    let filled = |tag: &Range<usize>| {
        let filling = if is_alone(text, tag) { b' ' } else { b'x' };
        pieces(&lines, tag).into_iter().map(move |piece| (piece, filling))
    };
    let blanks: Vec<_> = both.flat_map(filled).collect();
    copy.fill(blanks);
    let tags: Vec<_> = elements.iter().map(|(start, _)| pieces(&lines, start)).collect();
    unindent(copy, lines, &elements);
    tags
}

/// The parts of a range on its lines, without the marks of block quotes.
pub(super) fn pieces(lines: &[Line], range: &Range<usize>) -> Vec<Range<usize>> {
    let before = lines.partition_point(|line| line.first <= range.start).saturating_sub(1);
    let reached = lines[before.min(lines.len())..].iter().take_while(|line| line.first < range.end);
    let parts = reached.map(|line| range.start.max(line.start)..range.end.min(line.end));
    parts.filter(|part| part.start < part.end).collect()
}

/// The start and end tags of the elements that hold Markdown, in the order of their start; an element without an end tag
/// has an empty one.
fn elements(text: &str, from: usize, lines: &[Line], everywhere: bool) -> Vec<(Range<usize>, Range<usize>)> {
    let mut open: Vec<Open> = Vec::new();
    let mut found = Vec::new();
    for at in memchr::memchr_iter(b'<', &text.as_bytes()[from..]).map(|at| from + at) {
        let Some(tag) = tag(text, at, lines) else { continue };
        let Some(line) = line_of(lines, at).filter(|line| !line.fenced && line.start <= at) else { continue };
        if tag.closing {
            let is_it = |open: &Open| text[open.name.clone()].eq_ignore_ascii_case(&text[tag.name.clone()]);
            if let Some(index) = open.iter().rposition(is_it) {
                let closed = open.drain(index..).next().filter(|closed| closed.markdown);
                found.extend(closed.map(|closed| (closed.tag, tag.range)));
            }
        } else if open.len() < MAX_DEPTH {
            let name = &text[tag.name.clone()];
            let holds = holds_markdown(&text[tag.name.end..tag.range.end]);
            let holds = holds || (everywhere && BLOCKS.iter().any(|block| block.eq_ignore_ascii_case(name)));
            let before = if line.columns < 4 && holds { opened_before(text, &open, line.text..at) } else { None };
            // Those around it on its line would make all up to the next blank line HTML.
            open.iter_mut().rev().take(before.unwrap_or(0)).for_each(|outer| outer.markdown = true);
            open.push(Open { name: tag.name, tag: tag.range, markdown: before.is_some() });
        }
    }
    let unclosed = open.into_iter().filter(|open| open.markdown);
    found.extend(unclosed.map(|open| (open.tag, text.len()..text.len())));
    found.sort_by_key(|(start, _)| start.start);
    found
}

/// How many open elements start within a part of a line, if that holds nothing but their tags.
fn opened_before(text: &str, open: &[Open], part: Range<usize>) -> Option<usize> {
    let (mut end, mut count) = (part.end, 0);
    for outer in open.iter().rev().take_while(|outer| outer.tag.start >= part.start) {
        text.get(outer.tag.end..end)?.trim().is_empty().then_some(())?;
        end = outer.tag.start;
        count += 1;
    }
    text[part.start..end].is_empty().then_some(count)
}

/// The line that a place is on.
fn line_of(lines: &[Line], at: usize) -> Option<Line> {
    lines.partition_point(|line| line.first <= at).checked_sub(1).map(|line| lines[line])
}

struct Tag {
    closing: bool,
    name: Range<usize>,
    range: Range<usize>,
}

/// The tag whose `<` stands at a place.
fn tag(text: &str, start: usize, lines: &[Line]) -> Option<Tag> {
    let bytes = text.as_bytes();
    let closing = bytes.get(start + 1) == Some(&b'/');
    let name = start + 1 + usize::from(closing);
    let length = bytes[name..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
    let mut quote = None;
    for (at, byte) in bytes.iter().enumerate().skip(name + length).take(1024) {
        match (quote, byte) {
            (_, b'>') if line_of(lines, at).is_some_and(|line| at < line.start && line.first > start) => {}
            (None, b'>') if length > 0 => {
                return Some(Tag { closing, name: name..name + length, range: start..at + 1 });
            }
            (None, b'<') => return None,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Whether the attributes of a tag say that its content is Markdown.
fn holds_markdown(attributes: &str) -> bool {
    let attributes = attributes.to_ascii_lowercase();
    attributes.match_indices("markdown").any(|(at, name)| {
        let (before, after) = (&attributes[..at], &attributes[at + name.len()..]);
        let value = after.trim_start().strip_prefix('=').map(|value| value.trim_start().trim_matches(['"', '\'']));
        let bare = after.starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/'));
        let denied = |value: &str| ["0", "off", "false", "no"].iter().any(|word| value.starts_with(word));
        before.ends_with(|c: char| c.is_ascii_whitespace()) && value.map_or(bare, |value| !denied(value))
    })
}

/// Whether nothing else stands on the lines of a tag.
pub(in crate::extract::markdown) fn is_alone(text: &str, tag: &Range<usize>) -> bool {
    // Skips blanks only, so that a long line of tags is not read once for each of them.
    let is_end = |first: Option<char>| first.is_none_or(|first| matches!(first, '\n' | '\r'));
    let is_blank = |character: &char| character.is_whitespace() && !matches!(character, '\n' | '\r');
    // The marks of block quotes are not part of the line.
    let before = text[..tag.start].chars().rev().find(|character| !is_blank(character) && *character != '>');
    let after = text[tag.end..].chars().find(|character| !is_blank(character));
    is_end(before) && is_end(after)
}

/// Removes the indentation that the lines of each element share.
fn unindent(copy: &mut Copy<'_>, lines: Vec<Line>, elements: &[(Range<usize>, Range<usize>)]) {
    let mut removed = vec![0; lines.len()];
    for (start, end) in elements {
        let first = lines.partition_point(|line| line.start < start.end);
        let last = lines.partition_point(|line| line.end < end.start).max(first);
        let within = || (first..last).filter(|line| !lines[*line].is_blank());
        let shared = within().map(|line| lines[line].columns - removed[line]).min().unwrap_or(0);
        within().for_each(|line| removed[line] += shared);
    }
    let moves: Vec<_> = lines.into_iter().zip(removed).filter(|(_, columns)| *columns > 0).collect();
    copy.unindent(&moves);
}
