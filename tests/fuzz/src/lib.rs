//! What must hold of any bytes, whatever they are taken for.

pub mod thumbnails;

use offprint::config::Lazy;
use offprint::extract::{Extraction, Options, extract};
use offprint::model::{Format, Kind, Reference};
use offprint::rewrite::{plan, splice, unsplice};
use url::Url;

/// What local links start with here.
const LOCAL: &str = "../m/";

/// Checks that spans spell what they are said to, that splicing is undone to the bit, and that a mirror is local.
pub fn check(bytes: &[u8], format: Format) {
    let extraction = found(bytes, format);
    spans_spell_their_text(bytes, &extraction);
    let edits = plan(bytes, &extraction.references, extraction.encoding, Lazy::Reveal, link);
    let mirror = splice(bytes, &edits);
    assert_eq!(unsplice(&mirror, &edits).as_deref(), Ok(bytes));
    for reference in found(&mirror, format).references {
        let local = reference.raw.starts_with(LOCAL) || reference.kind == Kind::Base;
        assert!(local, "{reference:?} is left in {}", mirror.escape_ascii());
    }
}

fn found(bytes: &[u8], format: Format) -> Extraction {
    let base_url = Url::parse("https://origin.example/blog/post").ok();
    extract(bytes, format, &Options { base_url, ..Options::default() })
}

fn spans_spell_their_text(bytes: &[u8], extraction: &Extraction) {
    let mut end = 0;
    for reference in &extraction.references {
        let span = reference.span;
        assert!(end <= span.start && span.start < span.end && span.end <= bytes.len(), "{reference:?}");
        end = span.end;
        let text = extraction.encoding.decode_without_bom_handling(span.of(bytes)).0;
        assert_eq!(text, reference.raw, "{reference:?}");
    }
}

fn link(reference: &Reference) -> Option<String> {
    let local = reference.raw.starts_with(LOCAL);
    Some(if local { reference.raw.clone() } else { format!("{LOCAL}{}.png", reference.raw.len()) })
}
