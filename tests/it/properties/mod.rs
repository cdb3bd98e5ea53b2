//! What must hold of every article, checked on thousands that nobody would write.

mod nasty;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use encoding_rs::Encoding;
use offprint::config::Lazy;
use offprint::extract::{Extraction, Options, extract};
use offprint::model::{Edit, Format, Kind, Reference, Reveal, Span};
use offprint::rewrite::{link_to_full, places, plan, splice, unsplice};
use proptest::prelude::*;
use url::Url;

use crate::corpus::{corpus, files};

/// What local links start with here.
const LOCAL: &str = "../m/";

pub(crate) fn options() -> Options {
    Options { base_url: Url::parse("https://origin.example/blog/post").ok(), ..Options::default() }
}

fn found(bytes: &[u8], format: Format) -> Extraction {
    extract(bytes, format, &options())
}

/// The link of a picture: the same for the same URL, and itself for a local one.
fn link(reference: &Reference) -> String {
    if reference.raw.starts_with(LOCAL) {
        return reference.raw.clone();
    }
    let mut hasher = DefaultHasher::new();
    reference.url.as_ref().map_or(reference.raw.as_str(), Url::as_str).hash(&mut hasher);
    format!("{LOCAL}{:016x}.jpg", hasher.finish())
}

fn localised(bytes: &[u8], format: Format, lazy: Lazy) -> (Vec<Edit>, Vec<u8>) {
    let extraction = found(bytes, format);
    let edits = plan(bytes, &extraction.references, extraction.encoding, lazy, |reference| Some(link(reference)));
    let mirror = splice(bytes, &edits);
    (edits, mirror)
}

/// Spans lie in the file, in order and apart, and spell what they are said to.
pub(crate) fn spans_spell_their_text(bytes: &[u8], format: Format) {
    let extraction = found(bytes, format);
    let mut end = 0;
    for reference in &extraction.references {
        let span = reference.span;
        assert!(end <= span.start && span.start < span.end && span.end <= bytes.len(), "{reference:?}");
        end = span.end;
        let text = extraction.encoding.decode_without_bom_handling(span.of(bytes)).0;
        assert_eq!(text, reference.raw, "{reference:?}");
        match reference.reveal {
            Some(Reveal::Replace(place)) => assert!(place.start <= place.end && place.end <= bytes.len()),
            Some(Reveal::Insert(at)) => assert!(at <= bytes.len()),
            None => {}
        }
    }
}

/// Outside the places of its edits the mirror is the original, and splicing the raw texts back gives the original.
pub(crate) fn only_spans_change(bytes: &[u8], format: Format, lazy: Lazy) {
    let (edits, mirror) = localised(bytes, format, lazy);
    let allowed: HashSet<Span> = found(bytes, format).references.iter().flat_map(places_of).collect();
    let (mut from, mut to) = (0, 0);
    for (edit, place) in edits.iter().zip(places(&edits)) {
        assert!(allowed.contains(&edit.span), "{edit:?}");
        assert!(bytes[from..edit.span.start] == mirror[to..place.start], "{edit:?}");
        assert_eq!(place.of(&mirror), edit.replacement);
        (from, to) = (edit.span.end, place.end);
    }
    assert!(bytes[from..] == mirror[to..]);
    assert!(unsplice(&mirror, &edits).expect("the mirror is as it was made") == bytes);
}

fn places_of(reference: &Reference) -> Vec<Span> {
    let reveal = reference.reveal.map(|reveal| match reveal {
        Reveal::Replace(span) => span,
        Reveal::Insert(at) => Span::at(at),
    });
    reveal.into_iter().chain([reference.span]).collect()
}

/// With nothing to write, nothing is written.
pub(crate) fn without_links_nothing_changes(bytes: &[u8], format: Format) {
    let extraction = found(bytes, format);
    assert_eq!(plan(bytes, &extraction.references, extraction.encoding, Lazy::Reveal, |_| None), []);
    assert!(splice(bytes, &[]) == bytes);
}

/// The mirror's references are the local links, where they were written, and nothing else; mirroring it again changes
/// nothing.
pub(crate) fn the_mirror_is_local_and_stays_so(bytes: &[u8], format: Format, lazy: Lazy) {
    let (edits, mirror) = localised(bytes, format, lazy);
    let extraction = found(&mirror, format);
    let base = |reference: &Reference| reference.kind == Kind::Base && (reference.raw == "./" || edits.is_empty());
    let of = |edit: &Edit| format!("{}", String::from_utf8_lossy(&edit.raw));
    for reference in &extraction.references {
        assert!(reference.raw.starts_with(LOCAL) || base(reference), "{reference:?} is left in {}", show(&mirror));
    }
    let spans: HashSet<_> = extraction.references.iter().map(|reference| reference.span).collect();
    // A front-matter value under any key is found only for being a remote image's URL.
    let references = found(bytes, format).references.into_iter();
    let shifting: HashSet<_> =
        references.filter(|reference| reference.kind != Kind::FrontMatter).map(|reference| reference.span).collect();
    for (edit, place) in edits.iter().zip(places(&edits)).filter(|(edit, _)| shifting.contains(&edit.span)) {
        assert!(spans.contains(&place), "{} at {place:?} is lost in {}", of(edit), show(&mirror));
    }
    let (again, _) = localised(&mirror, format, lazy);
    assert_eq!(again, [], "{}", show(&mirror));
}

/// Pictures that are shown small in links to the full ones are local too, and turn back to the original.
pub(crate) fn links_to_full_pictures_turn_back(bytes: &[u8], format: Format, lazy: Lazy) {
    let (edits, _) = localised(bytes, format, lazy);
    let extraction = found(bytes, format);
    let full = |reference: &Reference| Some(link(reference));
    let edits = link_to_full(bytes, &extraction.references, extraction.encoding, edits, full);
    let mirror = splice(bytes, &edits);
    assert!(unsplice(&mirror, &edits).expect("the mirror is as it was made") == bytes);
    for reference in found(&mirror, format).references.iter().filter(|reference| reference.kind != Kind::Base) {
        assert!(reference.raw.starts_with(LOCAL), "{reference:?} is left in {}", show(&mirror));
    }
}

pub(crate) fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// Writes a text in an encoding, with a byte order mark where it needs one.
fn in_encoding(text: &str, label: &str) -> Vec<u8> {
    let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
        mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
    };
    match label {
        "utf-16le" => utf16([0xFF, 0xFE], u16::to_le_bytes),
        "utf-16be" => utf16([0xFE, 0xFF], u16::to_be_bytes),
        "utf-8 with a mark" => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        "utf-8" => text.into(),
        label => {
            let encoding = Encoding::for_label(label.as_bytes()).expect("a known label");
            let text = format!("<meta charset={label}>{text}");
            encoding.encode(&text).0.into_owned()
        }
    }
}

const LABELS: &[&str] = &[
    "utf-8",
    "utf-8",
    "utf-8",
    "utf-8 with a mark",
    "utf-16le",
    "utf-16be",
    "gbk",
    "gb18030",
    "shift_jis",
    "euc-kr",
    "big5",
    "windows-1252",
    "windows-1251",
    "iso-2022-jp",
];

fn article() -> impl Strategy<Value = (Vec<u8>, Format)> {
    let html = (nasty::html(), prop::sample::select(LABELS));
    let html = html.prop_map(|(text, label)| (in_encoding(&text, label), Format::Html));
    let css = nasty::css().prop_map(|text| (text.into_bytes(), Format::Css));
    let markdown = nasty::markdown().prop_map(|text| (text.into_bytes(), Format::Markdown));
    prop_oneof![8 => html, 5 => markdown, 2 => css]
}

fn damaged() -> impl Strategy<Value = (Vec<u8>, Format)> {
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    (article(), damage).prop_map(|((mut bytes, format), damage)| {
        let length = bytes.len();
        for (at, byte) in damage.into_iter().filter(|_| length > 0) {
            bytes[at.index(length)] = byte;
        }
        (bytes, format)
    })
}

fn anything() -> impl Strategy<Value = (Vec<u8>, Format)> {
    let formats = prop::sample::select(vec![Format::Html, Format::Css, Format::Markdown]);
    (prop::collection::vec(any::<u8>(), 0..300), formats)
}

fn lazy() -> impl Strategy<Value = Lazy> {
    prop::sample::select(vec![Lazy::Reveal, Lazy::Keep])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nasty_articles_keep_every_promise((bytes, format) in article(), lazy in lazy()) {
        spans_spell_their_text(&bytes, format);
        only_spans_change(&bytes, format, lazy);
        without_links_nothing_changes(&bytes, format);
        the_mirror_is_local_and_stays_so(&bytes, format, lazy);
        links_to_full_pictures_turn_back(&bytes, format, lazy);
    }

    #[test]
    fn damaged_articles_change_only_in_their_spans((bytes, format) in damaged(), lazy in lazy()) {
        spans_spell_their_text(&bytes, format);
        only_spans_change(&bytes, format, lazy);
        without_links_nothing_changes(&bytes, format);
    }

    #[test]
    fn any_bytes_will_do((bytes, format) in anything(), lazy in lazy()) {
        spans_spell_their_text(&bytes, format);
        only_spans_change(&bytes, format, lazy);
    }
}

#[test]
fn real_articles_keep_every_promise() {
    for part in ["html", "blogs", "articles"] {
        let Some(folder) = corpus(part) else { continue };
        for file in files(&folder) {
            let bytes = std::fs::read(&file).expect("the corpus can be read");
            let format = offprint::extract::format_of(&file.to_string_lossy(), &bytes);
            spans_spell_their_text(&bytes, format);
            only_spans_change(&bytes, format, Lazy::Reveal);
            without_links_nothing_changes(&bytes, format);
            the_mirror_is_local_and_stays_so(&bytes, format, Lazy::Reveal);
            links_to_full_pictures_turn_back(&bytes, format, Lazy::Reveal);
        }
    }
}
