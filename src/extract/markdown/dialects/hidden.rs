//! Text that site generators do not show as Markdown: code between the tags of a highlighter (Jekyll, Hexo, Hugo), and
//! comments (Liquid, kramdown, Obsidian).

use std::ops::Range;

use memchr::memmem;

use super::lines::{Copy, Line};

/// The longest opening tag, in bytes: one that never closes must not cost a pass over the article.
const MAX_LENGTH: usize = 1024;
/// Names of tags that enclose code or a comment.
const TAGS: &[&str] = &["code", "codeblock", "comment", "highlight", "prism"];
/// Shortcodes of Hugo that do.
const SHORTCODES: &[&str] = &["code", "comment", "highlight", "prism"];

/// Replaces what is not shown by blanks, and gives its places in order.
pub(super) fn blank(copy: &mut Copy<'_>) -> Vec<Range<usize>> {
    if !copy.has(&["{%", "{{", "{::comment}", "%%"]) {
        return Vec::new();
    }
    let lines = copy.quoted_lines();
    let (text, start) = (copy.text(), copy.range.start);
    let mut found = enclosed(text, start);
    found.extend(comments(text, &lines));
    found.retain(|region| !is_fenced(&lines, region.start));
    found.sort_by_key(|region| region.start);
    let mut end = 0;
    found.retain(|region| {
        let apart = region.start >= end;
        end = end.max(region.end);
        apart
    });
    copy.fill(found.iter().map(|region| (region.clone(), b' ')));
    found
}

fn is_fenced(lines: &[Line], at: usize) -> bool {
    let line = lines.partition_point(|line| line.start <= at).checked_sub(1);
    line.is_some_and(|line| lines[line].fenced)
}

/// What stands between an opening and a closing tag of a known name.
fn enclosed(text: &str, start: usize) -> Vec<Range<usize>> {
    let (mut found, mut endless) = (Vec::new(), Vec::new());
    let mut at = start;
    while let Some(open) = memchr::memchr(b'{', &text.as_bytes()[at..]).map(|length| at + length) {
        at = open + 1;
        let Some((content, close)) = opening(text, open).filter(|(_, close)| !endless.contains(close)) else {
            continue;
        };
        match end_of(text, content, &close) {
            Some(end) => {
                found.push(content..end);
                at = end;
            }
            None => endless.push(close),
        }
    }
    found
}

/// A closing tag: how it opens, and its name.
type Closing = (&'static str, String);

/// Where the content of such a tag starts, and its closing tag.
fn opening(text: &str, at: usize) -> Option<(usize, Closing)> {
    let rest = &text[at..];
    if let Some(rest) = rest.strip_prefix("{::comment}") {
        return Some((text.len() - rest.len(), ("{", ":/".into())));
    }
    let (open, close) =
        [("{%", "%}"), ("{{<", ">}}"), ("{{%", "%}}")].into_iter().find(|(open, _)| rest.starts_with(open))?;
    let inside = rest[open.len()..].trim_start_matches('-').trim_start();
    let name = &inside[..inside.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inside.len())];
    let names = if open == "{%" { TAGS } else { SHORTCODES };
    let near = &inside.as_bytes()[..inside.len().min(MAX_LENGTH)];
    let length = names.contains(&name).then(|| memmem::find(near, close.as_bytes())).flatten()?;
    // A shortcode that closes itself encloses nothing.
    let closed = inside[..length].trim_end().ends_with('/');
    let closing = if open == "{%" { format!("end{name}") } else { format!("/{name}") };
    (!closed).then_some((text.len() - inside.len() + length + close.len(), (open, closing)))
}

/// Where the first closing tag starts.
fn end_of(text: &str, start: usize, (open, name): &Closing) -> Option<usize> {
    let mut named = memmem::find_iter(&text.as_bytes()[start..], name.as_bytes()).map(|at| start + at);
    named.find_map(|at| {
        let before = text[start..at].trim_end().trim_end_matches('-');
        before.strip_suffix(open).map(|content| start + content.len())
    })
}

/// The comments between two marks `%%`: on lines of their own, or around words of a line.
fn comments(text: &str, lines: &[Line]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open = None;
    for line in lines {
        let content = text[line.text..line.end].trim_end();
        if content == "%%" {
            match open.take() {
                Some(start) => found.push(start..line.end),
                None => open = Some(line.start),
            }
        } else if open.is_none() && content.contains("%%") {
            found.extend(within(content).into_iter().map(|part| line.text + part.start..line.text + part.end));
        }
    }
    found
}

/// The comments within a line: what stands between white space and `%%`, and `%%` and white space.
fn within(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open = None;
    for (at, mark) in line.match_indices("%%") {
        let (before, after) = (&line[..at], &line[at + mark.len()..]);
        match open {
            None if before.is_empty() || before.ends_with(char::is_whitespace) => open = Some(at),
            Some(start) if after.is_empty() || after.starts_with(char::is_whitespace) => {
                found.push(start..at + mark.len());
                open = None;
            }
            _ => {}
        }
    }
    found
}
