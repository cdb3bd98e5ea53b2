//! The HTML of a Markdown text.

use std::collections::BTreeMap;
use std::ops::Range;

use memchr::memmem;

use super::outline::{Outline, RawHtml};
use crate::extract::html::{Rules, Scanner};
use crate::extract::options::ExtractOptions;
use crate::extract::sink::Sink;

/// Elements whose content holds no tags (HTML Standard §13.1.2 and §13.2.6.2).
const RAW_TEXT: &[&str] =
    &["iframe", "noembed", "noframes", "plaintext", "script", "style", "textarea", "title", "xmp"];

/// A copy of the text in which all that is not HTML is blank.
pub(super) struct Html {
    text: String,
    /// The parts that are read separately, so that a tag left open in one does not swallow the next.
    parts: Vec<Range<usize>>,
    /// The comments that have an end, in order.
    comments: Vec<Range<usize>>,
}

/// The body as HTML, but for fenced code.
pub(super) fn whole(text: &str, range: Range<usize>, outline: &Outline) -> Html {
    let mut copy = text.as_bytes()[..range.end].to_vec();
    copy[..range.start].fill(b' ');
    for code in &outline.fenced {
        copy[code.clone()].fill(b' ');
    }
    Html::new(copy, vec![range])
}

/// The HTML of a body that is Markdown.
pub(super) fn parts(text: &str, outline: &Outline) -> Html {
    let blocks = || outline.html.iter().filter(|block| !block.is_empty());
    let parts: Vec<_> = blocks().map(|block| extent(block)).collect();
    let mut copy = vec![b' '; parts.iter().map(|part| part.end).max().unwrap_or(0)];
    for piece in blocks().flat_map(|block| shown(text, block)) {
        copy[piece.clone()].copy_from_slice(&text.as_bytes()[piece]);
    }
    Html::new(copy, parts)
}

fn extent(block: &[RawHtml]) -> Range<usize> {
    let start = block.first().map_or(0, |piece| piece.range.start);
    start..block.last().map_or(start, |piece| piece.range.end)
}

/// The pieces of a block. A `<title>` in prose that is never closed is left out: a browser would read all that follows
/// as its content.
fn shown<'a>(text: &'a str, block: &'a [RawHtml]) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut closings = BTreeMap::new();
    block.iter().filter_map(move |piece| {
        let source = &text[piece.range.clone()];
        let name = source.strip_prefix('<').filter(|_| piece.inline).and_then(raw_text_name);
        // A tag alone swallows nothing: it stands for itself where Markdown is within its element, or JSX.
        let closed = block.len() == 1
            || name.is_none_or(|name| {
                let last = closings.entry(name).or_insert_with(|| last_closing(text, block, name));
                last.is_some_and(|last| last > piece.range.start)
            });
        closed.then(|| piece.range.clone())
    })
}

fn raw_text_name(tag: &str) -> Option<&'static str> {
    RAW_TEXT.iter().copied().find(|name| tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
}

/// Where the last end tag of that name in a block stands.
fn last_closing(text: &str, block: &[RawHtml], name: &str) -> Option<usize> {
    let closes = |piece: &&RawHtml| {
        let tag = text[piece.range.clone()].strip_prefix("</");
        tag.is_some_and(|tag| tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
    };
    block.iter().rfind(closes).map(|piece| piece.range.start)
}

impl Html {
    fn new(mut copy: Vec<u8>, parts: Vec<Range<usize>>) -> Self {
        let comments = comments(&copy);
        for comment in &comments {
            // Markdown ends a comment within other HTML at a blank line; a browser does not.
            let after = parts.partition_point(|part| part.start <= comment.start);
            if parts.get(after).is_some_and(|next| next.start < comment.end) {
                copy[comment.clone()].fill(b' ');
            }
        }
        let text = String::from_utf8(copy).expect("the ranges of a parser do not split characters");
        Self { text, parts, comments }
    }

    /// Reports its images.
    pub(super) fn find(&self, rules: Rules, options: &ExtractOptions, sink: &mut Sink) {
        let mut scanner = Scanner::new(rules, options);
        for part in &self.parts {
            scanner.scan(&self.text, part.clone(), sink);
        }
        scanner.finish(self.text.len(), sink);
    }

    /// The comments, in order.
    pub(super) fn comments(&self) -> &[Range<usize>] {
        &self.comments
    }
}

fn comments(html: &[u8]) -> Vec<Range<usize>> {
    let mut comments = Vec::new();
    let mut at = 0;
    while let Some(start) = memmem::find(&html[at..], b"<!--").map(|length| at + length) {
        let Some(length) = memmem::find(&html[start..], b"-->") else { break };
        at = start + length + 3;
        comments.push(start..at);
    }
    comments
}
