//! What differs: between an article and its mirror by the recorded edits, between two versions by lines.

use std::time::Duration;

use encoding_rs::Encoding;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use crate::model::Edit;

/// Bytes before and after an edit that are shown with it.
const AROUND: usize = 80;
/// The longest part of a line that is shown, in characters.
const LONGEST: usize = 2_000;
/// Lines around a difference.
const LINES: usize = 3;
/// How long two versions are compared: what then remains counts as different.
const TIME: Duration = Duration::from_millis(500);

/// An edit as it is shown.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    /// The line of the original in which it begins, from 1.
    pub(super) line: usize,
    pub(super) before: String,
    pub(super) old: String,
    pub(super) new: String,
    pub(super) after: String,
}

/// The edits from `from` on, up to `most`.
pub(super) fn changes(
    original: &[u8],
    edits: &[Edit],
    encoding: &'static Encoding,
    from: usize,
    most: usize,
) -> Vec<Change> {
    let text = |bytes: &[u8]| cut(&encoding.decode_without_bom_handling(bytes).0);
    let (mut line, mut counted) = (1, 0);
    let mut change = |edit: &Edit| {
        let (start, end) = (edit.span.start.min(original.len()), edit.span.end.min(original.len()));
        line += memchr::memchr_iter(b'\n', original.get(counted..start).unwrap_or_default()).count();
        counted = start;
        let before = text(&original[start.saturating_sub(AROUND)..start]);
        let after = text(&original[end..original.len().min(end + AROUND)]);
        Change {
            line,
            before: before.rsplit('\n').next().unwrap_or_default().trim_start_matches('\u{fffd}').to_owned(),
            old: text(&edit.raw),
            new: text(&edit.replacement),
            after: after.split('\n').next().unwrap_or_default().trim_end_matches('\u{fffd}').to_owned(),
        }
    };
    edits.iter().map(&mut change).skip(from).take(most).collect()
}

/// A line of a difference.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// `same`, `old` or `new`; `gap` where lines are left out.
    pub(super) kind: &'static str,
    /// Its parts, and whether each differs from the line that it replaces.
    pub(super) parts: Vec<(bool, String)>,
}

/// The lines in which two texts differ, with those around them.
pub(super) fn lines(old: &str, new: &str) -> Vec<Line> {
    let diff = TextDiff::configure().timeout(TIME).diff_lines(old, new);
    let mut lines = Vec::new();
    for (number, group) in diff.grouped_ops(LINES).iter().enumerate() {
        lines.extend((number > 0).then(|| Line { kind: "gap", parts: Vec::new() }));
        for change in group.iter().flat_map(|operation| diff.iter_inline_changes(operation)) {
            let kind = match change.tag() {
                ChangeTag::Equal => "same",
                ChangeTag::Delete => "old",
                ChangeTag::Insert => "new",
            };
            let parts = change.iter_strings_lossy().map(|(differs, text)| (differs, cut(text.trim_end_matches('\n'))));
            lines.push(Line { kind, parts: parts.collect() });
        }
    }
    lines
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::UTF_8;
    use proptest::prelude::*;

    use super::*;
    use crate::model::Span;

    fn edit(start: usize, end: usize, original: &str, replacement: &str) -> Edit {
        let raw = original.as_bytes()[start..end].to_vec();
        Edit { span: Span::new(start, end), raw, replacement: replacement.as_bytes().to_vec() }
    }

    #[test]
    fn each_edit_stands_in_its_line() {
        let original = "first\n雨 ![a](old.png) b\n![c](d.png)\n";
        let edits = [edit(15, 22, original, "new.png"), edit(31, 36, original, "e.png")];
        let found = changes(original.as_bytes(), &edits, UTF_8, 0, 9);
        let change = |line, before: &str, old: &str, new: &str, after: &str| Change {
            line,
            before: before.to_owned(),
            old: old.to_owned(),
            new: new.to_owned(),
            after: after.to_owned(),
        };
        let second = change(3, "![c](", "d.png", "e.png", ")");
        assert_eq!(
            found,
            [change(2, "雨 ![a](", "old.png", "new.png", ") b"), change(3, "![c](", "d.png", "e.png", ")")]
        );
        assert_eq!(changes(original.as_bytes(), &edits, UTF_8, 1, 9), [second]);
        assert_eq!(changes(original.as_bytes(), &edits, UTF_8, 0, 1).len(), 1);
    }

    #[test]
    fn differing_parts_of_lines_are_marked() {
        let lines = lines("same\nthe old line\n", "same\nthe new line\n");
        let kinds: Vec<_> = lines.iter().map(|line| line.kind).collect();
        assert_eq!(kinds, ["same", "old", "new"]);
        let marked: Vec<_> = lines.iter().flat_map(|line| &line.parts).filter(|(differs, _)| *differs).collect();
        assert_eq!(marked.iter().map(|(_, text)| text.trim()).collect::<Vec<_>>(), ["old", "new"]);
    }

    #[test]
    fn lines_far_from_any_difference_are_left_out() {
        let numbers = (0..100).map(|number| format!("{number}\n")).collect::<Vec<_>>().concat();
        let changed = numbers.replace("10\n", "ten\n").replace("90\n", "ninety\n");
        let found = lines(&numbers, &changed);
        assert_eq!(found.iter().filter(|line| line.kind == "gap").count(), 1);
        assert!(found.len() < 30, "{}", found.len());
        assert_eq!(lines(&numbers, &numbers), []);
        assert!(cut(&"雨".repeat(LONGEST + 1)).ends_with("雨…"));
    }

    proptest! {
        /// The lines of a difference are those of the two texts.
        #[test]
        fn nothing_is_made_up(old in "([a-c]{0,2}\n){0,6}", new in "([a-c]{0,2}\n){0,6}") {
            for line in lines(&old, &new) {
                let text: String = line.parts.iter().map(|(_, text)| text.as_str()).collect();
                let of = |all: &str| all.lines().any(|given| given == text);
                match line.kind {
                    "old" => prop_assert!(of(&old), "{text:?}"),
                    "new" => prop_assert!(of(&new), "{text:?}"),
                    "same" => prop_assert!(of(&old) && of(&new), "{text:?}"),
                    _ => {}
                }
            }
        }
    }
}
