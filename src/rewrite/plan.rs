//! References and their links → edits.

use encoding_rs::Encoding;

use super::ascii::{needs_no_escape, written};
use super::delimiters::SRC;
use super::edits::{edit, in_order, is_filled};
use super::target::{Article, Target};
use super::{surroundings, wrap};
use crate::config::Lazy;
use crate::model::{Edit, Reveal, Span};

/// The edits that make an article local: ordered, disjoint, none without effect.
///
/// `targets` are all of its references, in order, since a link does not wrap one that holds another. A link that would
/// need escaping somewhere is left out. Attributes and policies that would keep a browser from showing local images are
/// changed with them, and `<base>` is made neutral: URLs that it completed become absolute, so that they lead where
/// they led.
pub fn plan(article: &Article<'_>, lazy: Lazy, targets: &[Target]) -> Vec<Edit> {
    let Article { bytes, encoding, .. } = *article;
    let linked: Vec<_> = targets.iter().filter_map(linked).collect();
    if linked.is_empty() {
        return Vec::new();
    }
    let over = |(target, link): &(&Target, &str)| edit(bytes, target.place.span, written(link, encoding));
    let mut own: Vec<_> = linked.iter().map(over).collect();
    let local: Vec<_> = linked.iter().map(|(target, _)| *target).collect();
    own.extend(surroundings::edits(bytes, encoding, targets, &local));
    let mut revealed = revealed(article, lazy, targets);
    own.retain(|edit| !is_filled(edit.span, &revealed));
    own.append(&mut revealed);
    let mut edits = in_order(own);
    edits.extend(wrap::links_to_full(bytes, encoding, targets));
    in_order(edits)
}

/// The edits that write lazy images' links where they show without JavaScript, in order.
pub(super) fn revealed(article: &Article<'_>, lazy: Lazy, targets: &[Target]) -> Vec<Edit> {
    if lazy != Lazy::Reveal {
        return Vec::new();
    }
    let reveal = |(target, link): (&Target, &str)| {
        target.place.reveal.map(|reveal| revealing(article.bytes, reveal, link, article.encoding))
    };
    let mut edits: Vec<_> = targets.iter().filter_map(linked).filter_map(reveal).collect();
    edits.sort_by_key(|edit| edit.span);
    edits
}

/// A target with the link that replaces it, if it gets one that can be written in every format.
fn linked(target: &Target) -> Option<(&Target, &str)> {
    let link = target.link.as_ref().filter(|_| target.place.kind.takes_link())?;
    needs_no_escape(&link.shown).then_some((target, link.shown.as_str()))
}

/// Writes a lazy image's link where it shows without JavaScript.
fn revealing(original: &[u8], reveal: Reveal, link: &str, encoding: &'static Encoding) -> Edit {
    match reveal {
        Reveal::Replace(span) => edit(original, span, written(link, encoding)),
        Reveal::Insert(at) => edit(original, Span::at(at), written(&format!("{SRC}{link}\""), encoding)),
    }
}
