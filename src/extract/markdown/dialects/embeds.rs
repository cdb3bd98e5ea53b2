//! Embeds of wikis: `![[shot.png]]`, `![[shot.png|100x20]]` (Obsidian, Foam, Logseq).

use std::ops::Range;

use memchr::memmem;

/// The files that embeds name in `text[range]`, and where each embed starts. In a table the bar is escaped.
pub(in crate::extract::markdown) fn embeds(text: &str, range: Range<usize>) -> Vec<(usize, Range<usize>)> {
    let opened = memmem::find_iter(&text.as_bytes()[range.clone()], b"![[").map(|at| range.start + at);
    let escapes = |start: &usize| text[range.start..*start].bytes().rev().take_while(|byte| *byte == b'\\').count();
    let opened = opened.filter(|start| escapes(start) % 2 == 0);
    opened.filter_map(|start| Some((start, file(&text[..range.end], start + 3)?))).collect()
}

/// The file that an embed names, up to its section, alias or size. `![[a]](b)` and `![[a]][b]` are images of CommonMark.
fn file(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = &text[start..];
    let length = rest.find(['[', ']', '\n', '\r']).filter(|length| rest[*length..].starts_with("]]"))?;
    let is_image = rest[length + 2..].starts_with(['(', '[']);
    let name = rest[..length].split(['|', '#']).next()?.trim_end_matches('\\');
    let from = start + (name.len() - name.trim_start().len());
    let name = name.trim();
    (!name.is_empty() && !is_image).then(|| from..from + name.len())
}
