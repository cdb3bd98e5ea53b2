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
    /// Where it starts, before its indentation.
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

    /// Moves up to so many columns of the indentation of lines, which are in order, to the end of the line before.
    pub(in crate::extract::markdown) fn unindent(&mut self, moves: &[(Line, usize)]) {
        let first = self.range.start;
        if !moves.is_empty() {
            self.change(|bytes| {
                for (line, columns) in moves.iter().filter(|(line, _)| line.start > first) {
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

    /// The lines of the body.
    pub(in crate::extract::markdown) fn lines(&self) -> Vec<Line> {
        let bytes = &self.text.as_bytes()[..self.range.end];
        let (mut lines, mut fence, mut start) = (Vec::new(), None, self.range.start);
        while start < bytes.len() {
            let length = bytes[start..].iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let end = length.map_or(bytes.len(), |length| start + length);
            let indentation = bytes[start..end].iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
            let columns = indentation.clone().fold(0, |columns, byte| columns + width(*byte, columns));
            let text = start + indentation.count();
            let fenced = fence_state(&mut fence, &bytes[text..end]);
            lines.push(Line { start, text, end, columns, fenced });
            start = end + 1 + usize::from(bytes[end..].starts_with(b"\r\n"));
        }
        lines
    }
}

fn unindent(bytes: &mut [u8], line: &Line, columns: usize) {
    let line_break = if bytes[..line.start].ends_with(b"\r\n") { 2 } else { 1 };
    let (mut end, mut removed) = (line.start, 0);
    while end < line.text && removed < columns {
        removed += width(bytes[end], removed);
        end += 1;
    }
    bytes[line.start - line_break..end].rotate_left(line_break);
}

/// How many columns a blank takes after so many.
fn width(blank: u8, columns: usize) -> usize {
    if blank == b'\t' { 4 - columns % 4 } else { 1 }
}

/// Tracks fences (CommonMark 4.5). Returns whether a line belongs to fenced code.
fn fence_state(open: &mut Option<(u8, usize)>, line: &[u8]) -> bool {
    let mark = line.first().copied().filter(|first| matches!(first, b'`' | b'~'));
    let length = mark.map_or(0, |mark| line.iter().take_while(|byte| **byte == mark).count());
    let rest = line[length..].trim_ascii();
    match (*open, mark) {
        (None, Some(mark)) if length >= 3 && !(mark == b'`' && rest.contains(&b'`')) => *open = Some((mark, length)),
        (None, _) => return false,
        (Some((opened, least)), Some(mark)) if mark == opened && length >= least && rest.is_empty() => *open = None,
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
