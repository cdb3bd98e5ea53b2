//! A mirror is proven before it is written: read again, it shows what the original showed, with the local links where
//! they were written, and nothing else.
//!
//! The address that a link replaces can be more than an address: a code fence, a quote or a brace in it decides how the
//! text after it is read, so that without it a place counts that did not count before, or no longer does. Where that
//! happens the reference is left as it was. Which one it is need not be guessed: of the references in order, the
//! shortest run from the start that cannot be proven ends with it.

use std::collections::HashSet;

use encoding_rs::Encoding;

use super::wrap::link_to_full;
use super::{link_in, places, plan, splice};
use crate::config::Lazy;
use crate::extract::{ExtractOptions, Extraction, extract};
use crate::model::{Edit, Format, Reference, ReferenceKind, Span};

/// How many references of one article are singled out. Finding one takes as many readings of the article as its number
/// of references has binary digits; an article with more of them is left as it was.
const MAX_REFUSED: usize = 8;

/// An article and how it is read.
#[derive(Debug, Clone, Copy)]
pub struct Article<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// How it is written.
    pub format: Format,
    /// What extraction is told.
    pub options: &'a ExtractOptions,
    /// What extraction found in it, told just that.
    pub extraction: &'a Extraction,
}

/// What a reference shows from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalLink {
    /// The local link that goes in its place.
    pub shown: String,
    /// Where that is a smaller picture in the text: the local link of the full one, which goes around it.
    pub full: Option<String>,
}

impl From<String> for LocalLink {
    fn from(shown: String) -> Self {
        Self { shown, full: None }
    }
}

/// An article made local.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The edits that were made: ordered, disjoint, none without effect.
    pub edits: Vec<Edit>,
    /// The mirror: the article with them.
    pub mirror: Vec<u8>,
    /// References that have a link and were left as they were, in order: with it, something else would be read
    /// differently.
    pub refused: Vec<Span>,
}

/// Writes local links into an article as [`plan`] does, but for those that would change what else it shows.
pub fn rewrite<L: Into<LocalLink>>(
    article: &Article<'_>,
    lazy: Lazy,
    mut link: impl FnMut(&Reference) -> Option<L>,
) -> Rewritten {
    let references = article.extraction.references.iter().filter(|reference| reference.kind != ReferenceKind::Base);
    let links: Vec<_> = references.filter_map(|reference| Some((reference.span, link(reference)?.into()))).collect();
    let mut attempts = Attempts { article, lazy, links };
    let mut refused = Vec::new();
    let mut proven = 0;
    loop {
        let whole = attempts.with(attempts.links.len());
        if attempts.is_proven(&whole) {
            refused.sort_unstable();
            return Rewritten { refused, ..whole };
        }
        proven = attempts.first_wrong(proven);
        refused.push(attempts.links.remove(proven).0);
        if refused.len() > MAX_REFUSED {
            refused.extend(attempts.links.drain(..).map(|(span, _)| span));
        }
    }
}

/// The links that are tried, and the article that they are for.
struct Attempts<'a> {
    article: &'a Article<'a>,
    lazy: Lazy,
    links: Vec<(Span, LocalLink)>,
}

impl Attempts<'_> {
    /// The article with its first links.
    fn with(&self, count: usize) -> Rewritten {
        let Article { bytes, extraction, .. } = *self.article;
        let links = &self.links[..count];
        let link = |reference: &Reference| {
            let at = links.binary_search_by_key(&reference.span, |(span, _)| *span).ok()?;
            Some(&links[at].1)
        };
        let (references, encoding) = (&extraction.references, extraction.encoding);
        let edits = plan(bytes, references, encoding, self.lazy, |reference| Some(link(reference)?.shown.clone()));
        let edits = link_to_full(bytes, references, encoding, edits, |reference| link(reference)?.full.clone());
        let mirror = splice(bytes, &edits);
        Rewritten { edits, mirror, refused: Vec::new() }
    }

    /// Which link makes the article wrong. All of them together do, and as many as are `proven` do not.
    fn first_wrong(&self, proven: usize) -> usize {
        let (mut right, mut wrong) = (proven, self.links.len());
        while wrong - right > 1 {
            let middle = right.midpoint(wrong);
            if self.is_proven(&self.with(middle)) { right = middle } else { wrong = middle }
        }
        right
    }

    /// Whether the mirror shows what it should: each reference that was left where it now stands, each link where it
    /// was written, nothing else, and nothing that mirroring it again would change.
    fn is_proven(&self, attempt: &Rewritten) -> bool {
        let Article { format, options, extraction, .. } = *self.article;
        let Rewritten { edits, mirror, .. } = attempt;
        if edits.is_empty() {
            return true;
        }
        let links = self.links.iter().flat_map(|(_, link)| [Some(&link.shown), link.full.as_ref()]);
        let links: HashSet<_> = links.flatten().cloned().collect();
        let options = ExtractOptions { local_links: links, ..options.clone() };
        let found = extract(mirror, format, &options);
        let expected = expected(&extraction.references, edits, extraction.encoding);
        reads_alike(mirror, found.encoding, extraction.encoding)
            && found.references.iter().map(|reference| reference.span).eq(expected.iter().copied())
            && plan(mirror, &found.references, found.encoding, self.lazy, |reference| {
                options.local_links.contains(&reference.raw).then(|| reference.raw.clone())
            })
            .is_empty()
    }
}

/// Whether a mirror is the same text in both encodings: an encoding that is nowhere declared is guessed, and an address
/// can hold the only bytes that it was guessed by.
fn reads_alike(mirror: &[u8], one: &'static Encoding, other: &'static Encoding) -> bool {
    one == other || one.decode_without_bom_handling(mirror).0 == other.decode_without_bom_handling(mirror).0
}

/// Where references must stand in the mirror, in order.
fn expected(references: &[Reference], edits: &[Edit], encoding: &'static Encoding) -> Vec<Span> {
    let places = places(edits);
    let written = edits.iter().zip(&places).filter_map(|(edit, place)| {
        let link = link_in(&edit.replacement, edit.raw.is_empty(), encoding)?;
        Some(Span::new(place.start + link.start, place.start + link.end))
    });
    let left = references.iter().filter_map(|reference| shifted(reference.span, edits, &places));
    let mut expected: Vec<_> = written.chain(left).collect();
    expected.sort_unstable();
    expected
}

/// Where a span of the original stands in the mirror; `None` for one that an edit replaces.
fn shifted(span: Span, edits: &[Edit], places: &[Span]) -> Option<Span> {
    let before = edits.partition_point(|edit| edit.span.end <= span.start);
    if edits.get(before).is_some_and(|edit| edit.span.start < span.end) {
        return None;
    }
    let Some(last) = before.checked_sub(1) else { return Some(span) };
    let shift = |at: usize| places[last].end + (at - edits[last].span.end);
    Some(Span::new(shift(span.start), shift(span.end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(article: &str) -> Rewritten {
        let options = ExtractOptions::default();
        let extraction = extract(article.as_bytes(), Format::Markdown, &options);
        let article =
            Article { bytes: article.as_bytes(), format: Format::Markdown, options: &options, extraction: &extraction };
        rewrite(&article, Lazy::Reveal, |reference| (reference.raw != "gone.jpg").then(|| "../m/1.jpg".to_owned()))
    }

    /// Paragraphs in which the fence that ends an address makes code of what follows, and an image.
    fn fenced(count: usize) -> String {
        "{% img /a``` %} x {% img /b``` %}\n\n".repeat(count) + "![](c.jpg)"
    }

    #[test]
    fn what_is_proven_is_written_whole() {
        let Rewritten { edits, mirror, refused } = rewritten("![](a.jpg) ![](gone.jpg) <img data-src=\"b.jpg\">");
        let shown = "![](../m/1.jpg) ![](gone.jpg) <img data-src=\"../m/1.jpg\" src=\"../m/1.jpg\">";
        assert_eq!((String::from_utf8_lossy(&mirror).as_ref(), edits.len()), (shown, 3));
        assert_eq!(refused, []);
    }

    #[test]
    fn the_references_that_change_what_is_shown_are_left_and_no_others() {
        let article = fenced(MAX_REFUSED);
        let Rewritten { edits, mirror, refused } = rewritten(&article);
        assert_eq!(String::from_utf8_lossy(&mirror), article.replace("c.jpg", "../m/1.jpg"));
        assert_eq!((edits.len(), refused.len()), (1, MAX_REFUSED));
        assert!(refused.iter().all(|span| span.of(article.as_bytes()) == b"/a```"), "{refused:?}");
    }

    #[test]
    fn an_article_with_too_many_of_them_is_left_as_it_was() {
        let article = fenced(MAX_REFUSED + 1);
        let Rewritten { edits, mirror, refused } = rewritten(&article);
        assert_eq!((edits, refused.len()), (Vec::new(), MAX_REFUSED + 2));
        assert!(mirror == article.as_bytes());
    }
}
