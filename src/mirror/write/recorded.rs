//! What was recorded of an article's references, and what archives of earlier versions lack of it.

use std::collections::HashMap;

use encoding_rs::Encoding;

use crate::archive::{ArticleRow, NewReference, ReferenceRow};
use crate::extract::{self, ExtractOptions};
use crate::model::{Reference, Span};

/// Every reference of an article, and its encoding. An earlier version of the program recorded only what can be fetched:
/// such an article is parsed once more.
pub(super) fn references(
    row: &ArticleRow,
    original: &[u8],
    options: &ExtractOptions,
    recorded: Vec<ReferenceRow>,
) -> (&'static Encoding, Vec<ReferenceRow>) {
    let encoding = row.version.encoding.as_deref().and_then(|name| Encoding::for_label(name.as_bytes()));
    if let Some(encoding) = encoding {
        return (encoding, recorded);
    }
    let extraction = extract::extract(original, row.version.format, options);
    (extraction.encoding, completed(&extraction.references, &recorded))
}

/// Every reference of an article, with what is recorded of those that can be fetched.
fn completed(references: &[Reference], recorded: &[ReferenceRow]) -> Vec<ReferenceRow> {
    let known: HashMap<Span, &ReferenceRow> = recorded.iter().map(|row| (row.span, row)).collect();
    let row = |reference: &Reference| {
        let recorded = known.get(&reference.span);
        let url = recorded.and_then(|row| row.url.clone());
        let new = NewReference::new(reference, url.as_ref().map(|row| row.url.clone()));
        ReferenceRow::new(new, url, recorded.and_then(|row| row.shown_first.clone()))
    };
    references.iter().map(row).collect()
}
