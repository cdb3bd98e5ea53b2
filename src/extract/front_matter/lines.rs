//! Front matter that is intended as YAML and is invalid, such as `title: Foo: bar`, read line by line.

use std::ops::Range;

use super::entry::{Entry, after_properties, trimmed};
use super::json;

/// The scalars of the lines `key: value` and `- value`; `None` if the first line has no key: then this is prose.
pub(super) fn entries(text: &str, content: Range<usize>) -> Option<Vec<Entry>> {
    let mut reader = Reader { text, open: Vec::new(), entries: Vec::new() };
    let mut at = content.start;
    for line in text[content].split_inclusive('\n') {
        let span = trimmed(text, at..at + line.len());
        at += line.len();
        if span.is_empty() || text[span.clone()].starts_with('#') {
            continue;
        }
        reader.line(span, line.len() - line.trim_start().len());
        if reader.open.is_empty() {
            return None;
        }
    }
    Some(reader.entries)
}

struct Reader<'a> {
    text: &'a str,
    /// The keys that hold the current line, with their columns.
    open: Vec<(usize, String)>,
    entries: Vec<Entry>,
}

impl Reader<'_> {
    fn line(&mut self, mut span: Range<usize>, mut column: usize) {
        let mut item = false;
        while let Some(rest) = self.text[span.clone()].strip_prefix("- ") {
            let skipped = span.len() - rest.trim_start().len();
            (span.start, column, item) = (span.start + skipped, column + skipped, true);
        }
        if let Some((key, value)) = key(self.text, span.clone()) {
            self.open.retain(|(at, _)| *at < column);
            self.open.push((column, key));
            self.value(value);
        } else if item {
            // An item may stand right below its key, at the same column.
            self.open.retain(|(at, _)| *at + 2 <= column);
            self.value(span);
        }
    }

    fn value(&mut self, span: Range<usize>) {
        let span = after_properties(self.text, span);
        let raw = &self.text[span.clone()];
        if let Some(list) = raw.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let mut at = span.start + 1;
            for item in list.split(',') {
                self.scalar(trimmed(self.text, at..at + item.len()));
                at += item.len() + 1;
            }
        } else {
            self.scalar(span);
        }
    }

    fn scalar(&mut self, span: Range<usize>) {
        let mut keys = self.open.iter().rev().map(|(_, key)| key.clone());
        let (Some(key), parent) = (keys.next(), keys.next().unwrap_or_default()) else { return };
        if let Some((value, span)) = unquote(self.text, span).filter(|(value, _)| !value.is_empty()) {
            self.entries.push(Entry { key, parent, value, span });
        }
    }
}

/// The key of a line, and where its value stands.
fn key(text: &str, span: Range<usize>) -> Option<(String, Range<usize>)> {
    let line = &text[span.clone()];
    let colon = line.match_indices(':').map(|(at, _)| at).find(|at| {
        let rest = &line[at + 1..];
        rest.is_empty() || rest.starts_with([' ', '\t'])
    })?;
    let key = line[..colon].trim().trim_matches(['"', '\'']);
    let plausible = !key.is_empty() && key.len() <= 64 && !key.contains(['"', '[', '{', '<', '!']);
    plausible.then(|| (key.to_owned(), trimmed(text, span.start + colon + 1..span.end)))
}

/// The value of a scalar, and the bytes inside its quotes or before its comment.
fn unquote(text: &str, span: Range<usize>) -> Option<(String, Range<usize>)> {
    let raw = &text[span.clone()];
    let Some(quote) = raw.chars().next().filter(|first| matches!(first, '\'' | '"')) else {
        let length = raw.find(" #").unwrap_or(raw.len());
        let span = trimmed(text, span.start..span.start + length);
        return Some((text[span.clone()].to_owned(), span));
    };
    let end = raw.rfind(quote).filter(|end| *end > 0)?;
    let inner = trimmed(text, span.start + 1..span.start + end);
    let value = &text[inner.clone()];
    let value = if quote == '"' { json::unescape(value)? } else { value.replace("''", "'") };
    Some((value, inner))
}
