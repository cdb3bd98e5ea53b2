//! What the engines of sites show beyond CommonMark.
//!
//! Each dialect changes a copy of the article so that a parser of CommonMark reads what the site generator reads. The
//! copy has the length of the article, and what spells a URL keeps its place: blanks replace what CommonMark does not
//! know, and indentation moves to the end of the line before. Code stays code.

mod admonitions;
mod definitions;
mod directives;
mod embeds;
mod fences;
mod hidden;
mod html_blocks;
mod lines;
mod markdown_html;
mod references;
mod sizes;
mod spaces;
mod titles;

use std::borrow::Cow;
use std::ops::Range;

use super::document;

pub(super) use self::definitions::Definitions;
pub(super) use self::directives::{directive_image, directives};
pub(super) use self::embeds::embeds;
pub(super) use self::lines::{Copy, Line, quote_marks};
pub(super) use self::markdown_html::is_alone;

/// An article as a parser of CommonMark can read it.
pub(super) struct Prepared<'a> {
    /// A copy of the article.
    pub(super) text: Cow<'a, str>,
    /// Whether the body is HTML as a whole.
    pub(super) is_html: bool,
    /// Tags of HTML that the copy lacks, each in its pieces on several lines, in order.
    pub(super) tags: Vec<Vec<Range<usize>>>,
    /// Blocks of HTML that the copy lacks, each in its lines, in order.
    pub(super) blocks: Vec<Vec<Range<usize>>>,
    /// Code and comments that CommonMark would show, in order.
    pub(super) hidden: Vec<Range<usize>>,
    /// URLs that are spelled otherwise in the copy, in order.
    pub(super) spaced: Vec<Range<usize>>,
}

/// Prepares the copy of an article.
pub(super) fn prepare(mut copy: Copy<'_>) -> Prepared<'_> {
    fences::close(&mut copy);
    let hidden = hidden::blank(&mut copy);
    fences::open_prose(&mut copy);
    admonitions::unindent(&mut copy);
    let tags = markdown_html::open(&mut copy);
    let is_html = document::is_html(&copy.text()[copy.range.clone()]);
    let blocks = if is_html { Vec::new() } else { html_blocks::close(&mut copy) };
    references::join(&mut copy);
    sizes::blank(&mut copy);
    titles::blank(&mut copy);
    let spaced = spaces::join(&mut copy);
    Prepared { text: copy.into_text(), is_html, tags, blocks, hidden, spaced }
}
