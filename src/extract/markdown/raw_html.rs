//! The HTML of a Markdown text.

use std::collections::BTreeMap;
use std::ops::Range;

use super::outline::{Outline, RawHtml};
use crate::extract::html::Scanner;
use crate::extract::{Options, Sink};

/// Elements in whose content tags mean nothing (HTML Standard §13.1.2 and §13.2.6.2).
const RAW_TEXT: &[&str] =
    &["iframe", "noembed", "noframes", "plaintext", "script", "style", "textarea", "title", "xmp"];

/// A copy of the text in which all that is not HTML is blank.
pub(super) struct Html {
    text: String,
    /// The parts that are read apart, so that a tag left open in one does not swallow the next.
    parts: Vec<Range<usize>>,
    /// Whether all of the body is HTML.
    whole: bool,
}

/// The body as HTML, but for fenced code.
pub(super) fn whole(text: &str, range: Range<usize>, outline: &Outline) -> Html {
    let mut copy = text.as_bytes()[..range.end].to_vec();
    for code in &outline.fenced {
        copy[code.clone()].fill(b' ');
    }
    Html { text: into_text(copy), parts: vec![range], whole: true }
}

/// The HTML of a body that is Markdown.
pub(super) fn parts(text: &str, outline: &Outline) -> Html {
    let blocks = outline.html.iter().filter(|block| !block.is_empty());
    let mut html =
        Html { text: String::new(), parts: blocks.clone().map(|block| extent(block)).collect(), whole: false };
    let Some(end) = html.parts.iter().map(|part| part.end).max() else { return html };
    let mut copy = vec![b' '; end];
    for block in blocks {
        for piece in shown(text, block) {
            copy[piece.clone()].copy_from_slice(&text.as_bytes()[piece]);
        }
    }
    html.text = into_text(copy);
    html
}

fn extent(block: &[RawHtml]) -> Range<usize> {
    let start = block.first().map_or(0, |piece| piece.range.start);
    start..block.last().map_or(start, |piece| piece.range.end)
}

/// The pieces of a block, without a `<title>` in prose that is never closed: to a browser all that follows would be
/// its content.
fn shown<'a>(text: &'a str, block: &'a [RawHtml]) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut closings = BTreeMap::new();
    block.iter().filter_map(move |piece| {
        let source = &text[piece.range.clone()];
        let name = source.strip_prefix('<').filter(|_| piece.inline).and_then(raw_text_name);
        let closed = name.is_none_or(|name| {
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

fn into_text(copy: Vec<u8>) -> String {
    String::from_utf8(copy).expect("the ranges of a parser do not split characters")
}

impl Html {
    /// Reports its images.
    pub(super) fn find(&self, options: &Options, sink: &mut Sink) {
        let mut scanner = Scanner::new(options);
        for part in &self.parts {
            scanner.scan(&self.text, part.clone(), sink);
        }
    }

    /// The code and the comments, in which shortcodes are shown as they are, in order.
    pub(super) fn untouched(&self, outline: &Outline) -> Vec<Range<usize>> {
        let code = if self.whole { &outline.fenced } else { &outline.code };
        let mut untouched = code.clone();
        let mut at = 0;
        while let Some(comment) = comment(&self.text, at) {
            at = comment.end;
            untouched.push(comment);
        }
        untouched.sort_unstable_by_key(|range| range.start);
        untouched
    }
}

fn comment(text: &str, from: usize) -> Option<Range<usize>> {
    let start = from + text[from..].find("<!--")?;
    let end = text[start..].find("-->").map_or(text.len(), |length| start + length + 3);
    Some(start..end)
}
