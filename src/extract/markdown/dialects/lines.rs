//! A copy of an article that can be changed, and its lines.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use crate::extract::line_feeds::with_line_feeds;

/// A copy of an article. It is made once something in it changes.
pub(in crate::extract::markdown) struct Copy<'a> {
    text: Cow<'a, str>,
    /// Where the body stands.
    pub(in crate::extract::markdown) range: Range<usize>,
}

/// A line of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::extract::markdown) struct Line {
    /// Where it starts, before the marks of its block quotes.
    pub(in crate::extract::markdown) first: usize,
    /// In how many block quotes it is.
    pub(in crate::extract::markdown) quotes: usize,
    /// Where what it has within them starts, before its indentation.
    pub(in crate::extract::markdown) start: usize,
    /// Where its text starts.
    pub(in crate::extract::markdown) text: usize,
    /// Where it ends, before the line break.
    pub(in crate::extract::markdown) end: usize,
    /// How many columns it is indented by.
    pub(in crate::extract::markdown) columns: usize,
    /// Whether it belongs to fenced code, fences included.
    pub(in crate::extract::markdown) fenced: bool,
}

impl Line {
    pub(in crate::extract::markdown) fn is_blank(&self) -> bool {
        self.text == self.end
    }
}

impl<'a> Copy<'a> {
    pub(in crate::extract::markdown) fn new(text: &'a str, range: Range<usize>) -> Self {
        Self { text: with_line_feeds(text), range }
    }

    pub(in crate::extract::markdown) fn into_text(self) -> Cow<'a, str> {
        self.text
    }

    /// The text up to the end of the body.
    pub(in crate::extract::markdown) fn text(&self) -> &str {
        &self.text[..self.range.end]
    }

    /// Whether the body has any of these.
    pub(super) fn has(&self, any: &[&str]) -> bool {
        let body = &self.text.as_bytes()[self.range.clone()];
        any.iter().any(|part| memmem::find(body, part.as_bytes()).is_some())
    }

    /// Overwrites some parts with an ASCII character. Blanks keep line breaks.
    pub(in crate::extract::markdown) fn fill(&mut self, parts: impl IntoIterator<Item = (Range<usize>, u8)>) {
        let mut parts = parts.into_iter().peekable();
        if parts.peek().is_some() {
            self.change(|bytes| {
                for (part, filling) in parts {
                    let is_kept = |byte: &u8| filling == b' ' && matches!(byte, b'\n' | b'\r');
                    let shown = bytes[part].iter_mut().filter(|byte| !is_kept(byte));
                    shown.for_each(|byte| *byte = filling);
                }
            });
        }
    }

    /// Moves the space after each of these places, which are of closing brackets, to before it.
    pub(super) fn move_spaces(&mut self, brackets: &[usize]) {
        if !brackets.is_empty() {
            self.change(|bytes| brackets.iter().for_each(|at| bytes.swap(*at, at + 1)));
        }
    }

    /// Moves up to so many columns of the indentation of lines, which are in order, to the end of the line before.
    pub(in crate::extract::markdown) fn unindent(&mut self, moves: &[(Line, usize)]) {
        let first = self.range.start;
        if !moves.is_empty() {
            self.change(|bytes| {
                for (line, columns) in moves.iter().filter(|(line, _)| line.first > first) {
                    unindent(bytes, line, *columns);
                }
            });
        }
    }

    /// Changes ASCII characters to others.
    fn change(&mut self, change: impl FnOnce(&mut [u8])) {
        let mut bytes = std::mem::take(&mut self.text).into_owned().into_bytes();
        change(&mut bytes);
        self.text = Cow::Owned(String::from_utf8(bytes).expect("ASCII takes the place of whole characters"));
    }

    /// The lines of the body, with the marks of block quotes as part of their text.
    pub(in crate::extract::markdown) fn lines(&self) -> Vec<Line> {
        self.split(0)
    }

    /// The lines of the body, and of each what it has within its block quotes.
    pub(super) fn quoted_lines(&self) -> Vec<Line> {
        self.split(MAX_QUOTES)
    }

    /// The lines, with up to so many block quotes around each.
    fn split(&self, max_quotes: usize) -> Vec<Line> {
        let bytes = &self.text.as_bytes()[..self.range.end];
        let (mut lines, mut fence, mut first) = (Vec::new(), None, self.range.start);
        while first < bytes.len() {
            let length = bytes[first..].iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let end = length.map_or(bytes.len(), |length| first + length);
            lines.push(line(bytes, first..end, &mut fence, max_quotes));
            first = end + 1 + usize::from(bytes[end..].starts_with(b"\r\n"));
        }
        lines
    }
}

/// The deepest that block quotes are followed into each other.
const MAX_QUOTES: usize = 32;

/// How far a mark can be indented where no list item is around it.
const MAX_INDENTATION: usize = 3;

/// An open fence: its mark, its length, and in how many block quotes it is.
type Fence = (u8, usize, usize);

fn line(bytes: &[u8], range: Range<usize>, fence: &mut Option<Fence>, max_quotes: usize) -> Line {
    let Range { start: first, end } = range;
    // What looks like a mark within fenced code is code, and a block quote that ends closes its fences.
    let within = fence.map_or(max_quotes, |(.., quotes)| quotes);
    let (mut quotes, mut marks) = quote_marks(&bytes[first..end], within, MAX_INDENTATION);
    if fence.is_some() && quotes < within {
        *fence = None;
        (quotes, marks) = quote_marks(&bytes[first..end], max_quotes, MAX_INDENTATION);
    }
    let start = first + marks;
    let indentation = bytes[start..end].iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
    let columns = indentation.clone().fold(0, |columns, byte| columns + width(*byte, columns));
    let text = start + indentation.count();
    let fenced = fence_state(fence, &bytes[text..end], quotes);
    Line { first, quotes, start, text, end, columns, fenced }
}

/// The number of marks of block quotes at the start of a line, up to so many, and their length. Each may be indented by
/// so many spaces (CommonMark 5.1).
pub(in crate::extract::markdown) fn quote_marks(line: &[u8], most: usize, indentation: usize) -> (usize, usize) {
    let (mut quotes, mut length) = (0, 0);
    while quotes < most {
        let blanks = line[length..].iter().take_while(|byte| **byte == b' ').count();
        if blanks > indentation || line.get(length + blanks) != Some(&b'>') {
            break;
        }
        quotes += 1;
        length += blanks + 1;
        length += usize::from(line.get(length) == Some(&b' '));
    }
    (quotes, length)
}

fn unindent(bytes: &mut [u8], line: &Line, columns: usize) {
    let line_break = if bytes[..line.first].ends_with(b"\r\n") { 2 } else { 1 };
    let (mut end, mut removed) = (line.start, 0);
    while end < line.text && removed < columns {
        removed += width(bytes[end], removed);
        end += 1;
    }
    let before = line.first - line_break;
    bytes[before..end].rotate_left(line.start - before);
}

/// How many columns a blank takes after so many.
fn width(blank: u8, columns: usize) -> usize {
    if blank == b'\t' { 4 - columns % 4 } else { 1 }
}

/// Tracks fences (CommonMark 4.5). Returns whether a line belongs to fenced code.
fn fence_state(open: &mut Option<Fence>, line: &[u8], quotes: usize) -> bool {
    let mark = line.first().copied().filter(|first| matches!(first, b'`' | b'~'));
    let length = mark.map_or(0, |mark| line.iter().take_while(|byte| **byte == mark).count());
    let rest = line[length..].trim_ascii();
    match (*open, mark) {
        (None, Some(mark)) if length >= 3 && !(mark == b'`' && rest.contains(&b'`')) => {
            *open = Some((mark, length, quotes));
        }
        (None, _) => return false,
        (Some((opened, least, _)), Some(mark)) if mark == opened && length >= least && rest.is_empty() => *open = None,
        _ => {}
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_indentation_and_fences() {
        let text = "a\r\n  \tb\rc\n```x\n    d\n```\t\ne";
        let copy = Copy::new(text, 0..text.len());
        let lines = copy.lines();
        let seen: Vec<_> = lines.iter().map(|line| (&text[line.text..line.end], line.columns, line.fenced)).collect();
        assert_eq!(
            seen,
            [
                ("a", 0, false),
                ("b", 4, false),
                ("c", 0, false),
                ("```x", 0, true),
                ("d", 4, true),
                ("```\t", 0, true),
                ("e", 0, false)
            ]
        );
    }

    #[test]
    fn lines_within_block_quotes_start_after_the_marks() {
        let text = "> a\n>>  b\n> ```\n> > c\n> ```\n> ```\nd\n    > e\n>\n> \tf\n```\n> g\n```";
        let copy = Copy::new(text, 0..text.len());
        let lines = copy.quoted_lines();
        let seen: Vec<_> =
            lines.iter().map(|line| (line.quotes, &text[line.text..line.end], line.columns, line.fenced)).collect();
        assert_eq!(
            seen,
            [
                (1, "a", 0, false),
                (2, "b", 1, false),
                (1, "```", 0, true),
                (1, "> c", 0, true),
                (1, "```", 0, true),
                (1, "```", 0, true),
                (0, "d", 0, false),
                (0, "> e", 4, false),
                (1, "", 0, false),
                (1, "f", 4, false),
                (0, "```", 0, true),
                (0, "> g", 0, true),
                (0, "```", 0, true),
            ]
        );
    }

    #[test]
    fn indentation_within_a_block_quote_stays_in_it() {
        for (text, expected) in [("> a\n>     b", "> a    \n> b"), ("> a\r\n>\r\n>     b", "> a\r\n>    \r\n> b")] {
            let mut copy = Copy::new(text, 0..text.len());
            let last = *copy.quoted_lines().last().expect("there is one");
            copy.unindent(&[(last, 4)]);
            assert_eq!(copy.into_text(), expected);
        }
    }

    #[test]
    fn indentation_goes_to_the_line_before() {
        for (text, columns, expected) in [
            ("a\n    b", 4, "a    \nb"),
            ("a\r\n\tb", 4, "a\t\r\nb"),
            ("a\n\n      b", 4, "a\n    \n  b"),
            ("a\n  b", 4, "a  \nb"),
            ("    b", 4, "    b"),
        ] {
            let mut copy = Copy::new(text, 0..text.len());
            let last = *copy.lines().last().expect("there is one");
            copy.unindent(&[(last, columns)]);
            assert_eq!(copy.into_text(), expected);
        }
    }
}
