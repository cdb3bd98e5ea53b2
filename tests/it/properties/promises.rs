//! What must hold of any bytes, whatever they are taken for. The fuzz targets check just this.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use encoding_rs::Encoding;
use offprint::testing::config::Lazy;
use offprint::testing::extract::{ExtractOptions, Extraction, extract};
use offprint::testing::model::{Edit, Format, Reference, ReferenceKind, Reveal, Span};
use offprint::testing::rewrite::{Article, LocalLink, Rewritten, Target, places, plan, rewrite, splice, unsplice};
use url::Url;

/// What local links start with here.
const LOCAL: &str = "../m/";

/// Which references have a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Links {
    /// Every one, and each image has its own.
    All,
    /// Every one, and images are shared as if many addresses led to the same.
    Shared,
    /// About half, as if the other images could not be fetched.
    Some,
}

/// Checks every promise.
pub(crate) fn keep_every_promise(bytes: &[u8], format: Format, lazy: Lazy) {
    let original = found(bytes, format, HashSet::new());
    spans_spell_their_text(bytes, &original);
    without_links_nothing_changes(bytes, format, &original);
    for links in [Links::All, Links::Shared, Links::Some] {
        let rewritten = rewritten(bytes, format, &original, lazy, links);
        only_spans_change(bytes, &original, &rewritten);
        let written = original.references.iter().filter_map(|reference| link(reference, links)).collect();
        let mirrored = found(&rewritten.mirror, format, written);
        the_mirror_shows_the_links_and_what_was_left(&original, &rewritten, &mirrored, links);
        a_mirror_of_the_mirror_is_the_mirror(&rewritten, format, &mirrored, lazy);
    }
    links_to_full_images_turn_back(bytes, &original, format, lazy);
}

/// Images that are shown small in links to the full ones are local too, and turn back to the original.
fn links_to_full_images_turn_back(bytes: &[u8], original: &Extraction, format: Format, lazy: Lazy) {
    let options = options(HashSet::new());
    let article = Article { bytes, format, encoding: original.encoding, options: &options };
    let full = format!("{LOCAL}full.jpg");
    let linked =
        |reference: &Reference| link(reference, Links::All).map(|shown| LocalLink { shown, full: Some(full.clone()) });
    let made = rewrite(&article, lazy, targets(original, linked));
    assert!(unsplice(&made.mirror, &made.edits).expect("the mirror is as it was made") == bytes);
    let written = original.references.iter().filter_map(|reference| link(reference, Links::All));
    let mirrored = found(&made.mirror, format, written.chain([full.clone()]).collect());
    let left = mirrored.references.iter().filter(|reference| reference.kind.is_media());
    let left = left.filter(|reference| !reference.raw.starts_with(LOCAL)).count();
    let is_media = |span: &&Span| original.references.iter().any(|found| found.span == **span && found.kind.is_media());
    let left_remote = made.left_remote.iter().filter(is_media).count();
    assert_eq!(left, left_remote, "{}", made.mirror.escape_ascii());
}

/// How many references an article has, and how many of them cannot be made local without changing what else it shows.
pub(crate) fn refused(bytes: &[u8], format: Format, lazy: Lazy) -> (usize, usize) {
    let original = found(bytes, format, HashSet::new());
    let rewritten = rewritten(bytes, format, &original, lazy, Links::All);
    (original.references.len(), rewritten.left_remote.len())
}

fn found(bytes: &[u8], format: Format, local_links: HashSet<String>) -> Extraction {
    extract(bytes, format, &options(local_links))
}

fn options(local_links: HashSet<String>) -> ExtractOptions {
    ExtractOptions {
        base_url: Url::parse("https://origin.example/blog/post").ok(),
        local_links,
        ..ExtractOptions::default()
    }
}

/// The link of an image: the same for the same URL, and itself for a local one.
fn link(reference: &Reference, links: Links) -> Option<String> {
    if reference.raw.starts_with(LOCAL) {
        return Some(reference.raw.clone());
    }
    let mut hasher = DefaultHasher::new();
    reference.url.as_ref().map_or(reference.raw.as_str(), Url::as_str).hash(&mut hasher);
    let number = hasher.finish();
    match links {
        Links::All => Some(format!("{LOCAL}{number:016x}.jpg")),
        Links::Shared => Some(format!("{LOCAL}{}.png", reference.raw.len() % 4)),
        Links::Some => number.is_multiple_of(2).then(|| format!("{LOCAL}{number:016x}.jpg")),
    }
}

fn rewritten(bytes: &[u8], format: Format, extraction: &Extraction, lazy: Lazy, links: Links) -> Rewritten {
    let options = options(HashSet::new());
    let article = Article { bytes, format, encoding: extraction.encoding, options: &options };
    rewrite(&article, lazy, targets(extraction, |reference| link(reference, links).map(LocalLink::from)))
}

fn targets(extraction: &Extraction, link: impl Fn(&Reference) -> Option<LocalLink>) -> Vec<Target> {
    extraction.references.iter().map(|reference| Target::new(reference, link(reference))).collect()
}

/// The edits that some links make.
fn edits(
    bytes: &[u8],
    format: Format,
    extraction: &Extraction,
    lazy: Lazy,
    link: impl Fn(&Reference) -> Option<String>,
) -> Vec<Edit> {
    let options = options(HashSet::new());
    let article = Article { bytes, format, encoding: extraction.encoding, options: &options };
    plan(&article, lazy, &targets(extraction, |reference| link(reference).map(LocalLink::from)))
}

/// Spans lie in the file, in order and apart, and spell what they are said to.
fn spans_spell_their_text(bytes: &[u8], extraction: &Extraction) {
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

/// With nothing to write, nothing is written.
fn without_links_nothing_changes(bytes: &[u8], format: Format, extraction: &Extraction) {
    assert_eq!(edits(bytes, format, extraction, Lazy::Reveal, |_| None), []);
    assert!(splice(bytes, &[]) == bytes);
}

/// Outside the places of its edits the mirror is the original, and splicing the raw texts back gives the original.
fn only_spans_change(bytes: &[u8], original: &Extraction, Rewritten { edits, mirror, .. }: &Rewritten) {
    let allowed: HashSet<Span> = original.references.iter().flat_map(places_of).collect();
    let (mut from, mut to) = (0, 0);
    for (edit, place) in edits.iter().zip(places(edits)) {
        assert!(allowed.contains(&edit.span), "{edit:?}");
        assert!(bytes[from..edit.span.start] == mirror[to..place.start], "{edit:?}");
        assert_eq!(place.of(mirror), edit.replacement);
        (from, to) = (edit.span.end, place.end);
    }
    assert!(bytes[from..] == mirror[to..]);
    assert!(unsplice(mirror, edits).expect("the mirror is as it was made") == bytes);
}

fn places_of(reference: &Reference) -> Vec<Span> {
    let reveal = reference.reveal.map(|reveal| match reveal {
        Reveal::Replace(span) => span,
        Reveal::Insert(at) => Span::at(at),
    });
    reveal.into_iter().chain([reference.span]).collect()
}

/// The mirror's references are the local links, where they were written, those that were left, where they now are, and
/// nothing else: nothing remote where every reference has a link, but for those that had to be left remote.
fn the_mirror_shows_the_links_and_what_was_left(
    original: &Extraction,
    Rewritten { edits, mirror, left_remote }: &Rewritten,
    mirrored: &Extraction,
    links: Links,
) {
    let as_text = |encoding: &'static Encoding| encoding.decode_without_bom_handling(mirror).0;
    let alike = mirrored.encoding == original.encoding || as_text(mirrored.encoding) == as_text(original.encoding);
    assert!(alike, "{:?} and {:?}", mirrored.encoding, original.encoding);
    let places = places(edits);
    let (mut inside, mut left) = (vec![0; edits.len()], Vec::new());
    for reference in &mirrored.references {
        let place = places.partition_point(|place| place.end < reference.span.end);
        if places.get(place).is_some_and(|place| place.start <= reference.span.start) {
            let local = reference.raw.starts_with(LOCAL)
                || (reference.kind == ReferenceKind::Base && reference.raw == "#")
                || keeps_its_text(&edits[place], reference.kind);
            assert!(local, "{reference:?} in {}", show(mirror));
            remote_for_a_reason(original, &edits[place], reference, links, left_remote);
            inside[place] += 1;
        } else {
            left.push(reference.span);
        }
    }
    assert!(inside.iter().all(|count| *count == 1), "{inside:?} of {edits:?} in {}", show(mirror));
    let stays = original.references.iter().filter(|reference| !is_edited(reference.span, edits));
    let stays: Vec<_> = stays.map(|reference| (shifted(reference.span, edits), reference)).collect();
    assert_eq!(left, stays.iter().map(|(span, _)| *span).collect::<Vec<_>>(), "{}", show(mirror));
    for (_, reference) in stays {
        let reason = !reference.kind.is_media()
            || reference.raw.starts_with(LOCAL)
            || link(reference, links).is_none()
            || left_remote.contains(&reference.span);
        assert!(reason, "{reference:?} is left in {}", show(mirror));
    }
}

/// An image whose address was only made absolute has no link, or it is said that it stays remote.
fn remote_for_a_reason(original: &Extraction, edit: &Edit, mirrored: &Reference, links: Links, left_remote: &[Span]) {
    if !mirrored.kind.is_media() || mirrored.raw.starts_with(LOCAL) {
        return;
    }
    let was = original.references.iter().find(|reference| reference.span == edit.span);
    let is_left = |was: &Reference| link(was, links).is_none() || left_remote.contains(&was.span);
    assert!(was.is_some_and(is_left), "{mirrored:?} is left by {edit:?}");
}

/// What is no link keeps its text and gets something before it, so that it leads or means what it did; a policy gets
/// something after it.
fn keeps_its_text(edit: &Edit, kind: ReferenceKind) -> bool {
    let longer = edit.replacement.len() > edit.raw.len();
    let policy = kind == ReferenceKind::Policy && edit.replacement.starts_with(&edit.raw);
    longer && (policy || edit.replacement.ends_with(&edit.raw))
}

fn is_edited(span: Span, edits: &[Edit]) -> bool {
    edits.iter().any(|edit| edit.span.start < span.end && span.start < edit.span.end)
}

/// Where a span that no edit touches stands in the mirror.
fn shifted(span: Span, edits: &[Edit]) -> Span {
    let before: Vec<_> = edits.iter().filter(|edit| edit.span.end <= span.start).collect();
    let written: usize = before.iter().map(|edit| edit.replacement.len()).sum();
    let replaced: usize = before.iter().map(|edit| edit.raw.len()).sum();
    Span::new(span.start + written - replaced, span.end + written - replaced)
}

/// A mirror of which all that is local stays as it is needs no further edit.
fn a_mirror_of_the_mirror_is_the_mirror(
    Rewritten { mirror, .. }: &Rewritten,
    format: Format,
    mirrored: &Extraction,
    lazy: Lazy,
) {
    let stays = |reference: &Reference| reference.raw.starts_with(LOCAL).then(|| reference.raw.clone());
    assert_eq!(edits(mirror, format, mirrored, lazy, stays), [], "{}", show(mirror));
}

fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
