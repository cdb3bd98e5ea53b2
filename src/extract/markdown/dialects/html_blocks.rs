//! HTML directly above Markdown: by CommonMark (4.6) a block of HTML reaches to the next blank line; by python-markdown
//! and kramdown it ends where its elements end.

use std::ops::Range;

use memchr::memmem;

use super::lines::{Copy, Line};
use super::markdown_html::pieces;

/// Elements that start a block, whatever comes before them (CommonMark 4.6, condition 6).
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "base",
    "basefont",
    "blockquote",
    "body",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "iframe",
    "legend",
    "li",
    "link",
    "main",
    "menu",
    "menuitem",
    "nav",
    "noframes",
    "ol",
    "optgroup",
    "option",
    "p",
    "param",
    "search",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "track",
    "ul",
];
/// Those of them without an end tag.
const VOID: &[&str] = &["base", "basefont", "col", "frame", "hr", "link", "param", "track"];
/// Elements whose content is no markup.
const RAW_TEXT: &[&str] = &["pre", "script", "style", "textarea"];

/// The longest tag, in bytes, and the longest comment or raw text. What never ends must not cost a pass over the article.
const MAX_TAG: usize = 1024;
const MAX_TEXT: usize = 16 * 1024;

/// How deep elements are followed into each other.
const MAX_DEPTH: usize = 64;

/// Writes blanks over the HTML that ends directly above a line of Markdown. Gives its pieces.
pub(super) fn close(copy: &mut Copy<'_>) -> Vec<Vec<Range<usize>>> {
    if !starts_line(copy.text(), copy.range.start) {
        return Vec::new();
    }
    let lines = copy.quoted_lines();
    let blocks = blocks(copy.text(), &lines);
    let found: Vec<_> = blocks.iter().map(|block| pieces(&lines, block)).collect();
    copy.fill(found.iter().flatten().map(|piece| (piece.clone(), b' ')));
    found
}

/// Whether a tag stands at the start of a line.
fn starts_line(text: &str, from: usize) -> bool {
    let mut tags = memchr::memchr_iter(b'<', &text.as_bytes()[from..]).map(|at| from + at);
    tags.any(|at| {
        let before = text.as_bytes()[from..at].iter().rev().find(|byte| !matches!(byte, b' ' | b'>'));
        before.is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
    })
}

/// The HTML of whole lines that ends directly above a line which is none.
fn blocks(text: &str, lines: &[Line]) -> Vec<Range<usize>> {
    let (mut found, mut at, mut after_blank) = (Vec::new(), 0, true);
    while let Some(line) = lines.get(at) {
        let starts = !line.fenced && line.columns < 4 && begins_block(&text[line.text..line.end], after_blank);
        let Some(last) = starts.then(|| last_line(text, lines, at)).flatten() else {
            after_blank = line.is_blank() && !line.fenced;
            at += 1;
            continue;
        };
        let next = lines.get(last + 1).filter(|next| next.quotes == line.quotes && !next.is_blank());
        if next.is_some_and(|next| !text[next.text..next.end].starts_with('<')) {
            found.push(line.text..lines[last].end);
        }
        after_blank = true;
        at = last + 1;
    }
    found
}

/// Whether a line starts a block of HTML: a tag that is not of a block does only if it is all of the line, and never
/// within a paragraph (CommonMark 4.6, condition 7).
fn begins_block(line: &str, after_blank: bool) -> bool {
    let Some(rest) = line.strip_prefix('<') else { return false };
    let name = name(rest.strip_prefix('/').unwrap_or(rest));
    let is_all = || after_blank && tag_length(line) == Some(line.trim_end().len());
    !name.is_empty() && !is_one_of(RAW_TEXT, name) && (is_one_of(BLOCKS, name) || is_all())
}

/// The line at whose end every block that is open since the given one has ended; `None` if a blank line or other text
/// comes first.
fn last_line(text: &str, lines: &[Line], first: usize) -> Option<usize> {
    let mut open: Vec<&str> = Vec::new();
    let (mut at, mut from) = (first, lines[first].text);
    loop {
        let line = lines.get(at).filter(|line| !line.is_blank() && line.quotes == lines[first].quotes)?;
        from = from.max(line.text);
        while from < line.end {
            let rest = &text[from..line.end];
            let before = memchr::memchr(b'<', rest.as_bytes()).unwrap_or(rest.len());
            if open.is_empty() && !rest[..before].trim().is_empty() {
                return None;
            }
            // In a block quote, a tag on several lines has marks within it.
            let end = if line.quotes > 0 { line.end } else { text.len() };
            from += before;
            from = if from < line.end { node_end(&text[..end], from, &mut open)? } else { from };
        }
        if from > line.end {
            let reached = lines.partition_point(|line| line.first < from).checked_sub(1)?;
            (!lines[at..=reached].iter().any(Line::is_blank)).then_some(())?;
            at = reached;
        } else if open.is_empty() {
            return Some(at);
        } else {
            at += 1;
        }
    }
}

/// Where the tag, comment or element of raw text at a place ends. Notes which blocks are open.
fn node_end<'t>(text: &'t str, start: usize, open: &mut Vec<&'t str>) -> Option<usize> {
    let rest = &text[start..];
    let upto = |from: usize, end: &str| {
        let near = rest.as_bytes().get(from..rest.len().min(from + MAX_TEXT))?;
        memmem::find(near, end.as_bytes()).map(|at| start + from + at + end.len())
    };
    if rest.starts_with("<!--") {
        return upto(4, "-->");
    }
    let closing = rest.starts_with("</");
    let name = name(&rest[1 + usize::from(closing)..]);
    if name.is_empty() {
        return Some(start + 1);
    }
    let end = start + tag_length(rest)?;
    if closing {
        if let Some(at) = open.iter().rposition(|open| open.eq_ignore_ascii_case(name)) {
            open.truncate(at);
        }
    } else if is_one_of(RAW_TEXT, name) {
        let close = format!("</{}", name.to_ascii_lowercase());
        return upto(end - start, &close).map(|end| end + 1);
    } else if is_one_of(BLOCKS, name) && !is_one_of(VOID, name) && !text[..end].ends_with("/>") {
        (open.len() < MAX_DEPTH).then_some(())?;
        open.push(name);
    }
    Some(end)
}

/// The length of a tag. A `>` in quotes does not end it.
fn tag_length(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate().take(MAX_TAG) {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// The name that a text starts with.
fn name(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').unwrap_or(text.len());
    let is_name = text.starts_with(|first: char| first.is_ascii_alphabetic());
    // `<https://c.example>` is a link.
    let ends = text[end..].is_empty() || text[end..].starts_with(['>', '/', ' ', '\t', '\n', '\r']);
    if is_name && ends { &text[..end] } else { "" }
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|other| other.eq_ignore_ascii_case(name))
}
