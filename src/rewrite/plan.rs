//! References and their links → edits.

use encoding_rs::Encoding;

use super::ascii::{needs_no_escape, written};
use super::delimiters::SRC;
use super::edits::{edit, in_order, is_filled};
use super::target::{Article, Target};
use super::wrap;
use crate::config::Lazy;
use crate::model::{Edit, ReferenceKind, Reveal, Span};

/// What a mirrored document's `<base>` says instead, once links in it are local: where the document itself is.
const OWN_FOLDER: &str = "./";

/// The edits that make an article local: ordered, disjoint, none without effect.
///
/// `targets` are all of its references, in order, since a link is not put around one that holds another. A link that
/// would need escaping somewhere is left out. `<base>` gets no link of its own: it is made neutral if anything else
/// changes.
pub fn plan(article: &Article<'_>, lazy: Lazy, targets: &[Target]) -> Vec<Edit> {
    let Article { bytes, encoding, .. } = *article;
    let (mut own, mut revealed) = (Vec::new(), Vec::new());
    for (target, link) in targets.iter().filter_map(linked) {
        own.push(edit(bytes, target.span, written(link, encoding)));
        let reveal = target.reveal.filter(|_| lazy == Lazy::Reveal);
        revealed.extend(reveal.map(|reveal| revealing(bytes, reveal, link, encoding)));
    }
    if own.is_empty() {
        return Vec::new();
    }
    revealed.sort_by_key(|edit: &Edit| edit.span);
    own.retain(|edit| !is_filled(edit.span, &revealed));
    let bases = targets.iter().filter(|target| target.kind == ReferenceKind::Base);
    own.extend(bases.map(|base| edit(bytes, base.span, written(OWN_FOLDER, encoding))));
    own.append(&mut revealed);
    let mut edits = in_order(own);
    edits.extend(wrap::links_to_full(bytes, encoding, targets));
    in_order(edits)
}

/// A target with the link that goes in its place, if it gets one that can be written anywhere.
fn linked(target: &Target) -> Option<(&Target, &str)> {
    let link = target.link.as_ref().filter(|_| target.kind != ReferenceKind::Base)?;
    needs_no_escape(&link.shown).then_some((target, link.shown.as_str()))
}

/// Writes a lazy image's link where it shows without JavaScript.
fn revealing(original: &[u8], reveal: Reveal, link: &str, encoding: &'static Encoding) -> Edit {
    match reveal {
        Reveal::Replace(span) => edit(original, span, written(link, encoding)),
        Reveal::Insert(at) => edit(original, Span::at(at), written(&format!("{SRC}{link}\""), encoding)),
    }
}
