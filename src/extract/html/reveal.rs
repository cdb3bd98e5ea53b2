//! Where a lazily loaded image's URL must stand for the image to show without JavaScript.

use std::collections::HashSet;

use super::scanner::{Named, Pass};
use super::tokens::Tag;
use crate::extract::address::is_inline;
use crate::extract::sink::RawReveal;
use crate::extract::srcset;
use crate::model::ReferenceKind;

/// Marks on the best lazy reference of an `img` where its URL must go, if the element does not show it already.
pub(super) fn reveal(tag: &Tag<'_>, named: &mut Named) {
    if tag.name == "source" {
        return reveal_in_source(tag, named);
    }
    if !matches!(tag.name, "img" | "image") {
        return;
    }
    let Some(&(_, best)) = named.lazy.first() else {
        reveal_eager(tag, named);
        return;
    };
    let lazy: HashSet<_> = named
        .found
        .iter()
        .filter(|found| found.kind == ReferenceKind::Lazy)
        .map(|found| found.value.as_str())
        .collect();
    let candidates = tag.value("srcset").map(srcset_urls).unwrap_or_default();
    let src = tag.value("src").map(str::trim).filter(|_| candidates.is_empty());
    if candidates.into_iter().chain(src).any(|value| lazy.contains(value)) {
        return;
    }
    let after = named.found[best].span.end;
    named.found[best].reveal = srcset_of(tag).or_else(|| Some(src_of(tag, after)));
}

impl Pass<'_, '_, '_, '_> {
    /// Remembers the best lazy candidate of a `source` for the `img` after it. It is not needed if a `source` shows
    /// something itself.
    pub(super) fn remember_source(&mut self, tag: &Tag<'_>, named: &Named) {
        let place = self.sink.found.len();
        let Some(picture) = self.scanner.picture.as_mut().filter(|_| tag.name == "source") else { return };
        picture.shown |= tag.value("srcset").is_some_and(|value| !all_inline(value));
        let best = named.lazy.first().filter(|(_, best)| named.found[*best].reveal.is_none());
        let best = best.map(|(_, best)| place + best);
        picture.lazy = picture.lazy.or(best).filter(|_| !picture.shown);
    }

    /// An `img` without an image of its own shows the lazy `source` before it.
    pub(super) fn reveal_source(&mut self, tag: &Tag<'_>, named: &Named) {
        if tag.name != "img" || !named.lazy.is_empty() || tag.value("srcset").is_some() {
            return;
        }
        let placeholder = tag.value("src").is_none_or(|src| src.trim().is_empty() || is_inline(src));
        let lazy = self.scanner.picture.as_mut().and_then(|picture| picture.lazy.take());
        if let Some(found) = lazy.filter(|_| placeholder).and_then(|lazy| self.sink.found.get_mut(lazy)) {
            found.reveal = Some(src_of(tag, tag.name_end));
        }
    }
}

/// A `source` with placeholders only is chosen by the browser, whatever the `img` after it shows.
fn reveal_in_source(tag: &Tag<'_>, named: &mut Named) {
    let hidden = tag.value("srcset").is_some_and(all_inline);
    if let Some((_, best)) = named.lazy.first().filter(|_| hidden) {
        named.found[*best].reveal = srcset_of(tag);
    }
}

/// An image with a real `src` and a `srcset` of placeholders only: the browser shows the placeholders.
fn reveal_eager(tag: &Tag<'_>, named: &mut Named) {
    let hidden = tag.value("srcset").is_some_and(all_inline);
    let src = named.found.iter_mut().find(|found| found.kind == ReferenceKind::Image && !is_inline(&found.value));
    if let Some(src) = src.filter(|_| hidden) {
        src.reveal = srcset_of(tag);
    }
}

/// The URLs that a `srcset` makes a browser choose from.
pub(super) fn srcset_urls(value: &str) -> Vec<&str> {
    srcset::parse(value).into_iter().map(|candidate| &value[candidate.url]).collect()
}

/// Whether a `srcset` has candidates and all of them are inline.
fn all_inline(value: &str) -> bool {
    let urls = srcset_urls(value);
    !urls.is_empty() && urls.into_iter().all(is_inline)
}

/// The place of a `srcset` that has candidates: a browser shows these, and not the `src`.
fn srcset_of(tag: &Tag<'_>) -> Option<RawReveal> {
    let srcset = tag.attribute("srcset").filter(|srcset| !srcset::parse(srcset.value).is_empty())?;
    srcset.span.map(RawReveal::Replace)
}

/// The place of an image's `src`: its value, or, if it has none, the end of the attribute whose value ends at `after`.
/// A bare `src` without a value would take precedence over one that stands after it.
fn src_of(tag: &Tag<'_>, after: usize) -> RawReveal {
    let holds = |span: &std::ops::Range<usize>| (span.start..=span.end).contains(&after);
    if let Some(src) = tag.attribute("src") {
        return src.span.map_or(RawReveal::Insert(src.start), RawReveal::Replace);
    }
    let attribute = tag.attributes().find(|attribute| attribute.span.as_ref().is_some_and(holds));
    RawReveal::Insert(attribute.map_or(tag.name_end, |attribute| attribute.end))
}
