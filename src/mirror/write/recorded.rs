//! The recorded references of an article, completed for archives of earlier versions.

use std::collections::HashMap;

use encoding_rs::Encoding;

use crate::archive::{ArticleRow, NewReference, ReferenceRow};
use crate::extract::{self, ExtractOptions};
use crate::model::{LinkWrap, Reference, ReferencePlace, Reveal, Span};

/// Every reference of an article, and its encoding. An earlier version of the program recorded only what can be
/// fetched: such an article is parsed once more.
pub(super) fn references(
    row: &ArticleRow,
    original: &[u8],
    options: &ExtractOptions,
    recorded: Vec<ReferenceRow>,
) -> (&'static Encoding, Vec<ReferenceRow>) {
    let encoding = row.version.charset();
    // A catalog that came from somebody else may hold anything.
    let fits = recorded.iter().all(|row| lies_within(&row.place, original.len()));
    if let Some(encoding) = encoding.filter(|_| fits) {
        return (encoding, recorded);
    }
    let extraction = extract::extract(original, row.version.format, options);
    (extraction.encoding, completed(&extraction.references, &recorded))
}

/// Whether the recorded places of a reference lie within an original of this length.
fn lies_within(place: &ReferencePlace, length: usize) -> bool {
    let reveal = place.reveal.map(|reveal| match reveal {
        Reveal::Replace(span) => span,
        Reveal::Insert(at) => Span::at(at),
    });
    let (around, prefix) = match place.link_wrap {
        Some(LinkWrap::Html(around, prefix)) => (Some(around), prefix),
        Some(LinkWrap::Markdown(around)) => (Some(around), None),
        Some(LinkWrap::Linked) | None => (None, None),
    };
    let spans = [Some(place.span), reveal, around, prefix].into_iter().flatten();
    spans.into_iter().all(|span| span.start <= span.end && span.end <= length)
}

/// Every reference of an article, with what is recorded of those that can be fetched.
fn completed(references: &[Reference], recorded: &[ReferenceRow]) -> Vec<ReferenceRow> {
    let known: HashMap<Span, &ReferenceRow> = recorded.iter().map(|row| (row.place.span, row)).collect();
    let row = |reference: &Reference| {
        let recorded = known.get(&reference.span);
        let url = recorded.and_then(|row| row.url.clone());
        let new = NewReference::new(reference, url.as_ref().map(|row| row.url.clone()));
        ReferenceRow::new(new, url, recorded.and_then(|row| row.shown_first.clone()))
    };
    references.iter().map(row).collect()
}
