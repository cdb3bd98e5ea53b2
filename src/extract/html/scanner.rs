//! What is remembered on the way through an article's HTML.

use std::ops::Range;

use super::doctype::Entities;
use super::shared::Shared;
use super::templates::Templates;
use crate::extract::attributes;
use crate::extract::options::ExtractOptions;
use crate::extract::sink::{RawReference, Sink};
use crate::model::ReferenceKind;

/// How markup is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::extract) enum Rules {
    /// As HTML.
    Html,
    /// As XML: elements can be closed in their start tag, names can have prefixes, and no element holds raw text.
    Xml,
    /// As HTML; elements whose names start in upper case are components.
    Jsx,
}

/// Reads the pieces of HTML of one article in order, and keeps the open elements from one piece to the next: Markdown
/// cuts its HTML at blank lines and between inline tags.
pub(in crate::extract) struct Scanner<'o> {
    pub(super) rules: Rules,
    pub(super) options: &'o ExtractOptions,
    /// The entities that the document declares.
    pub(super) entities: Entities,
    /// The open `<template>` elements.
    pub(super) templates: Templates,
    /// Whether `<noscript>` is open.
    pub(super) noscript: bool,
    /// The open link to an image, until it is known whether it holds one.
    pub(super) anchor: Option<Anchor>,
    /// The open `a`: where it starts, and whether it leads somewhere.
    pub(super) link: Option<(usize, bool)>,
    /// The open `<picture>`.
    pub(super) picture: Option<Picture>,
    /// The open `<figure>` that names its image, or another element that does.
    pub(super) figure: Option<Figure>,
    /// The open `video` or `audio`, for their `source`.
    pub(super) media: Option<&'static str>,
    /// The last image: `<noscript>` may hold a copy of it.
    pub(super) last: Option<Shown>,
    /// What stands beside a `src` that many elements may share.
    pub(super) shared: Shared,
    /// How many documents in attributes this is within.
    pub(super) documents: usize,
    /// Whether the open `script` is JSON-LD.
    pub(super) json_ld: bool,
    /// Whether the date of publication is only that of a `<time>` of unknown meaning.
    pub(super) dated_by_time: bool,
}

/// A link to an image's file.
pub(super) struct Anchor {
    pub(super) link: RawReference,
    pub(super) claimed: bool,
}

/// A `<picture>` with what its `img` needs to know.
pub(super) struct Picture {
    pub(super) number: u32,
    /// Where it starts, and how much had been found before it.
    pub(super) start: usize,
    pub(super) before: usize,
    /// The best lazy candidate of its sources, as an index into what was found.
    pub(super) lazy: Option<usize>,
    /// Whether one of its sources shows something as it is.
    pub(super) shown: bool,
}

/// A `<figure>`, or another element that is the item of an image, that names its image.
pub(super) struct Figure {
    pub(super) element: &'static str,
    /// How many elements of that name are open within it.
    pub(super) within: usize,
    pub(super) image: RawReference,
    /// How much had been found before it.
    pub(super) before: usize,
}

/// An image element, and the indices of its references among what was found.
pub(super) struct Shown {
    pub(super) number: u32,
    pub(super) noscript: bool,
    pub(super) found: Range<usize>,
}

impl<'o> Scanner<'o> {
    /// A scanner at the start of an article.
    pub(in crate::extract) fn new(rules: Rules, options: &'o ExtractOptions) -> Self {
        Self {
            rules,
            options,
            entities: Entities::new(),
            templates: Templates::default(),
            noscript: false,
            anchor: None,
            link: None,
            picture: None,
            figure: None,
            media: None,
            last: None,
            shared: Shared::default(),
            documents: 0,
            json_ld: false,
            dated_by_time: false,
        }
    }

    /// Ends the article: a link that is still open extends to its end.
    pub(in crate::extract) fn finish(&mut self, end: usize, sink: &mut Sink) {
        self.close_figure(sink);
        std::mem::take(&mut self.shared).close(sink);
        sink.links.extend(self.link.take().map(|(start, leads)| (start..end, leads)));
    }
}

/// A scanner on its way through a piece.
pub(super) struct Pass<'s, 'o, 't, 'k> {
    pub(super) scanner: &'s mut Scanner<'o>,
    pub(super) text: &'t str,
    pub(super) sink: &'k mut Sink,
}

/// What one element names.
#[derive(Default)]
pub(super) struct Named {
    /// Everything found in its attributes.
    pub(super) found: Vec<RawReference>,
    /// What a script would show: (rank, index into `found`), the best first.
    pub(super) lazy: Vec<(usize, usize)>,
    /// What would be shown if its `src` were a placeholder: the `src`, and the image.
    pub(super) beside: Option<(String, RawReference)>,
}

impl Named {
    /// Drops what was found first and is not the image after all.
    pub(super) fn drop_lazy(&mut self, dropped: &[(usize, usize)]) {
        let mut at: Vec<_> = dropped.iter().map(|(_, at)| *at).collect();
        at.sort_unstable();
        for at in at.into_iter().rev() {
            self.found.remove(at);
            self.lazy.iter_mut().filter(|(_, later)| *later > at).for_each(|(_, later)| *later -= 1);
        }
    }
}

impl Scanner<'_> {
    /// Whether references of a kind are wanted.
    pub(super) fn wants(&self, kind: ReferenceKind, element: &str) -> bool {
        attributes::wanted(kind, element, &self.options.media)
    }
}
