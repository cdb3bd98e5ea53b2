//! References and local links → the mirrored article, by splicing, and back.
//!
//! Nothing here knows a format: extraction says which bytes spell each reference, and local links need no escaping in
//! any of them, since they consist of characters that mean themselves everywhere. That the rest of the article still
//! means what it meant is not taken on trust: [`rewrite`] reads what it made again.

mod verified;
mod wrap;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use memchr::memmem;
use thiserror::Error;

use crate::config::Lazy;
use crate::model::{Edit, Reference, ReferenceKind, Reveal, Span};

pub use verified::{Article, LocalLink, Rewritten, rewrite};
pub use wrap::matching_delimiter;

/// What a mirrored document's `<base>` says instead, once links in it are local: where the document itself is.
const OWN_FOLDER: &str = "./";

/// What stands before the link where a lazy image gets a `src`; a quote stands after it.
const INSERTED: &str = " src=\"";

/// What stands before and after a link that was inserted.
const AROUND_LINKS: [(&str, &str); 3] = [(INSERTED, "\""), ("<a href=\"", "\""), ("](", ")")];

/// What is inserted with a link around an image, on the other side of it.
const CLOSING_DELIMITERS: [&str; 2] = ["[", "</a>"];

/// The mirror does not hold what the edits left there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the mirrored article was changed at byte {at}, where a link was written")]
pub struct Changed {
    /// The byte of the mirror at which the link was expected.
    pub at: usize,
}

/// The edits that make an article local: ordered, disjoint, none without effect.
///
/// `link` gives the local link of a reference, or `None` to leave it as it is; it is not asked about `<base>`, which
/// is made neutral if anything else changes. A link that would need escaping somewhere is left out. `references` are
/// those of [`crate::extract::extract`], and `encoding` is the one it found.
pub fn plan(
    original: &[u8],
    references: &[Reference],
    encoding: &'static Encoding,
    lazy: Lazy,
    mut link: impl FnMut(&Reference) -> Option<String>,
) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut own = Vec::new();
    let mut bases = Vec::new();
    for reference in references {
        if reference.kind == ReferenceKind::Base {
            bases.push(edit(original, reference.span, written(OWN_FOLDER, encoding)));
            continue;
        }
        let Some(link) = link(reference).filter(|link| needs_no_escape(link)) else { continue };
        own.push(edit(original, reference.span, written(&link, encoding)));
        let reveal = reference.reveal.filter(|_| lazy == Lazy::Reveal);
        edits.extend(reveal.map(|reveal| revealing(original, reveal, &link, encoding)));
    }
    if own.is_empty() {
        return Vec::new();
    }
    edits.sort_by_key(|reveal| (reveal.span.start, reveal.span.end));
    own.retain(|edit| !is_filled(edit.span, &edits));
    edits.append(&mut own);
    edits.append(&mut bases);
    in_order(edits)
}

/// The article with its edits made. `edits` are ordered and disjoint, and their spans lie within it.
pub fn splice(original: &[u8], edits: &[Edit]) -> Vec<u8> {
    let grown: usize = edits.iter().map(|edit| edit.replacement.len()).sum();
    let mut mirror = Vec::with_capacity(original.len() + grown);
    let mut at = 0;
    for edit in edits {
        mirror.extend_from_slice(&original[at..edit.span.start]);
        mirror.extend_from_slice(&edit.replacement);
        at = edit.span.end;
    }
    mirror.extend_from_slice(&original[at..]);
    mirror
}

/// The original of a mirrored article: [`splice`] undone, with nothing but the edits.
///
/// # Errors
/// [`Changed`] if the mirror is not what [`splice`] made of some original with these edits.
pub fn unsplice(mirror: &[u8], edits: &[Edit]) -> Result<Vec<u8>, Changed> {
    let mut original = Vec::with_capacity(mirror.len());
    let mut at = 0;
    for (edit, place) in edits.iter().zip(places(edits)) {
        let between = mirror.get(at..place.start).ok_or(Changed { at: place.start })?;
        if mirror.get(place.start..place.end) != Some(&edit.replacement[..]) {
            return Err(Changed { at: place.start });
        }
        original.extend_from_slice(between);
        original.extend_from_slice(&edit.raw);
        at = place.end;
    }
    original.extend_from_slice(&mirror[at..]);
    Ok(original)
}

/// Where each edit's replacement stands in the mirror.
pub fn places(edits: &[Edit]) -> Vec<Span> {
    let (mut kept, mut written, mut end) = (0, 0, 0);
    let place = |edit: &Edit| {
        kept += edit.span.start - end;
        end = edit.span.end;
        let start = kept + written;
        written += edit.replacement.len();
        Span::new(start, kept + written)
    };
    edits.iter().map(place).collect()
}

fn edit(original: &[u8], span: Span, replacement: Vec<u8>) -> Edit {
    Edit { span, raw: span.of(original).to_vec(), replacement }
}

/// Writes a lazy image's link where it shows without JavaScript.
fn revealing(original: &[u8], reveal: Reveal, link: &str, encoding: &'static Encoding) -> Edit {
    match reveal {
        Reveal::Replace(span) => edit(original, span, written(link, encoding)),
        Reveal::Insert(at) => edit(original, Span::at(at), written(&format!("{INSERTED}{link}\""), encoding)),
    }
}

/// Where the link stands in what an edit wrote: all of it where it took the place of an address, and a part where it was
/// `inserted` with an attribute or a link of its own. `None` for the other half of such a link.
pub(crate) fn link_in(replacement: &[u8], inserted: bool, encoding: &'static Encoding) -> Option<Span> {
    let whole = Some(Span::new(0, replacement.len()));
    if !inserted {
        return whole;
    }
    if CLOSING_DELIMITERS.iter().any(|half| replacement == written(half, encoding)) {
        return None;
    }
    let within = |(before, after): &(&str, &str)| {
        let start = written(before, encoding);
        let rest = replacement.strip_prefix(start.as_slice())?;
        let length = memmem::find(rest, &written(after, encoding))?;
        Some(Span::new(start.len(), start.len() + length))
    };
    AROUND_LINKS.iter().find_map(within).or(whole)
}

/// Whether one of some edits, which are in order, writes over a span.
fn is_filled(span: Span, edits: &[Edit]) -> bool {
    let near = &edits[edits.partition_point(|edit| edit.span.end < span.start)..];
    near.iter().take_while(|edit| edit.span.start <= span.end).any(|edit| overlap(edit.span, span))
}

/// Whether two spans have a byte in common, or one is the empty place that the other is to fill.
fn overlap(a: Span, b: Span) -> bool {
    a == b || (a.start < b.end && b.start < a.end)
}

/// The edits in order, without those that change nothing or would reach into one before them.
fn in_order(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut end = 0;
    edits.retain(|edit| {
        let apart = edit.span.start >= end;
        end = end.max(edit.span.end);
        apart && edit.raw != edit.replacement
    });
    edits
}

/// Whether a link means the same in HTML with and without quotes, in `srcset`, CSS, Markdown, YAML, TOML and JSON.
fn needs_no_escape(link: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-' | b':' | b'~' | b'%');
    !link.is_empty() && link.bytes().all(plain)
}

/// ASCII text in the encoding of the file. Every encoding that the web knows spells it in one way, as ASCII or, in
/// UTF-16, in two bytes each (Encoding Standard, section 4).
fn written(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    if encoding == UTF_16LE {
        text.bytes().flat_map(|byte| [byte, 0]).collect()
    } else if encoding == UTF_16BE {
        text.bytes().flat_map(|byte| [0, byte]).collect()
    } else {
        text.as_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::{ExtractOptions, extract};
    use crate::model::Format;

    fn planned(original: &[u8], lazy: Lazy) -> Vec<Edit> {
        let found = extract(original, Format::Html, &ExtractOptions::default());
        let mut number = 0;
        plan(original, &found.references, found.encoding, lazy, |reference| {
            number += 1;
            (!reference.raw.contains("gone")).then(|| format!("../m/{number}.jpg"))
        })
    }

    fn check(original: &str, mirror: &str) {
        let edits = planned(original.as_bytes(), Lazy::Reveal);
        let spliced = splice(original.as_bytes(), &edits);
        assert_eq!(String::from_utf8_lossy(&spliced), mirror);
        assert_eq!(unsplice(&spliced, &edits).as_deref(), Ok(original.as_bytes()));
        for (edit, place) in edits.iter().zip(places(&edits)) {
            assert_eq!(place.of(&spliced), edit.replacement);
        }
    }

    #[test]
    fn links_take_the_place_of_references_and_of_nothing_else() {
        check("<p>a", "<p>a");
        check("<img src = ' a.jpg '>", "<img src = ' ../m/1.jpg '>");
        check("<img src=a.jpg><img src='b&amp;c'>", "<img src=../m/1.jpg><img src='../m/2.jpg'>");
        check("<img srcset='a 1x,b, c 3x'>", "<img srcset='../m/1.jpg 1x,../m/2.jpg, ../m/3.jpg 3x'>");
        check("<p style=a:url(b\\)c)>", "<p style=a:url(../m/1.jpg)>");
        check("<use href='a.svg#b'/><img src=gone.jpg>", "<use href='../m/1.jpg#b'/><img src=gone.jpg>");
    }

    #[test]
    fn one_url_that_starts_another_does_not_disturb_it() {
        check("<img src='a?h=5'><img src='a?h=5&r=1'>a?h=5", "<img src='../m/1.jpg'><img src='../m/2.jpg'>a?h=5");
    }

    #[test]
    fn lazy_images_show() {
        check("<img data-src=a.jpg>", "<img data-src=../m/1.jpg src=\"../m/1.jpg\">");
        check("<img data-src='a.jpg'alt>", "<img data-src='../m/1.jpg' src=\"../m/1.jpg\"alt>");
        check("<img src='' data-src=a.jpg>", "<img src='../m/1.jpg' data-src=../m/1.jpg>");
        check("<img src=spin.gif data-src=a.jpg>", "<img src=../m/2.jpg data-src=../m/2.jpg>");
        check("<img src=spin.gif data-src=gone.jpg>", "<img src=../m/1.jpg data-src=gone.jpg>");
        check("<img src data-src=a.jpg>", "<img  src=\"../m/1.jpg\"src data-src=../m/1.jpg>");
        check(
            "<img src=a.jpg srcset='x.gif 1x, y.gif 2x' data-srcset='b.jpg 2x'>",
            "<img src=../m/1.jpg srcset='../m/4.jpg' data-srcset='../m/4.jpg 2x'>",
        );
    }

    #[test]
    fn lazy_images_can_be_left_to_their_script() {
        let original = b"<img src='' data-src=a.jpg>";
        let mirror = splice(original, &planned(original, Lazy::Keep));
        assert_eq!(mirror, b"<img src='' data-src=../m/1.jpg>");
    }

    #[test]
    fn a_base_is_made_neutral_if_a_link_is_local() {
        check("<base href='https://a.example/b/'><img src=c>", "<base href='./'><img src=../m/1.jpg>");
        check("<base href='https://a.example/b/'><img src=gone>", "<base href='https://a.example/b/'><img src=gone>");
    }

    #[test]
    fn links_are_written_in_the_files_encoding() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        let original = [b"\xfe\xff".as_slice(), &utf16("<p>下<img data-src='ü.jpg'>")].concat();
        let edits = planned(&original, Lazy::Reveal);
        let expected = [b"\xfe\xff".as_slice(), &utf16("<p>下<img data-src='../m/1.jpg' src=\"../m/1.jpg\">")].concat();
        assert_eq!(splice(&original, &edits), expected);
        assert_eq!(unsplice(&expected, &edits), Ok(original));

        let original = b"<meta charset=gbk>\xc4\xe3<img src=\xc4\xe3.jpg>\xc4\xe3";
        let mirror = splice(original, &planned(original, Lazy::Reveal));
        assert_eq!(mirror, b"<meta charset=gbk>\xc4\xe3<img src=../m/1.jpg>\xc4\xe3");
    }

    #[test]
    fn a_changed_mirror_is_not_taken_for_the_original() {
        let original = b"<img src=a.jpg><img src=b.jpg>";
        let edits = planned(original, Lazy::Reveal);
        let mirror = splice(original, &edits);
        let place = places(&edits)[1];
        let mut retouched = mirror.clone();
        retouched[place.start] = b'x';
        assert_eq!(unsplice(&retouched, &edits), Err(Changed { at: place.start }));
        assert!(unsplice(&mirror[1..], &edits).is_err());
        assert!(unsplice(&mirror[..place.end - 1], &edits).is_err());
        assert!(unsplice(b"", &edits).is_err());
    }

    #[test]
    fn links_that_would_need_escaping_are_not_written() {
        let found = extract(b"<img src=a>", Format::Html, &ExtractOptions::default());
        for link in ["", "a b", "a'", "ä", "a)", "a,", "a&b"] {
            let edits = plan(b"<img src=a>", &found.references, found.encoding, Lazy::Keep, |_| Some(link.into()));
            assert_eq!(edits, []);
        }
    }
}
