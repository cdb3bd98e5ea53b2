//! Articles that were mirrored in place and edited since.

use std::collections::{BTreeMap, HashMap, VecDeque};

use encoding_rs::{Encoding, UTF_8};

use crate::archive::{StoreKey, linked_object};
use crate::extract::{self, ExtractOptions};
use crate::model::{Edit, Format, Reference, Span};
use crate::rewrite;

/// The article as its author would have it without a mirror: each splice that still stands in it is undone, and
/// everything else is as the user left it. `links` are those of the text. A link that leads to the same object as a
/// splice's is the same, in whatever folder the text is.
pub(super) fn original_of(
    edited: &[u8],
    format: Format,
    edits: &[Edit],
    links: &BTreeMap<String, StoreKey>,
    options: &ExtractOptions,
) -> Vec<u8> {
    let local_links = edits.iter().filter_map(link_of).chain(links.keys().cloned()).collect();
    let found = extract::extract(edited, format, &ExtractOptions { local_links, ..options.clone() });
    let mut spliced = Spliced::new(edits, found.encoding);
    let mut back: Vec<_> = found.references.iter().filter_map(|reference| spliced.take(edited, reference)).collect();
    let inserted = back.iter().filter(|back| back.replacement.is_empty());
    let closing: Vec<_> =
        inserted.filter_map(|edit| rewrite::closing_delimiter(edited, edit.span, found.encoding)).collect();
    back.extend(closing.into_iter().map(|delimiter| taken_out(edited, delimiter)));
    back.sort_by_key(|edit| edit.span);
    rewrite::splice(edited, &back)
}

/// The link that a splice wrote, in any encoding of the file: links are ASCII, which UTF-16 spells with zero bytes
/// between.
fn link_of(edit: &Edit) -> Option<String> {
    let plain = narrow(&edit.replacement);
    let link = rewrite::link_in(&plain, edit.raw.is_empty(), UTF_8)?;
    Some(link.of(&plain).iter().copied().map(char::from).collect())
}

fn narrow(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| *byte != 0).collect()
}

fn taken_out(edited: &[u8], span: Span) -> Edit {
    Edit { span, raw: span.of(edited).to_vec(), replacement: Vec::new() }
}

/// What identifies a link: the object that it leads to, or else its text.
#[derive(Debug, PartialEq, Eq, Hash)]
enum LinkTarget {
    Object(StoreKey),
    Text(Vec<u8>),
}

impl LinkTarget {
    fn by(link: &[u8]) -> Self {
        let plain = narrow(link);
        let object = std::str::from_utf8(&plain).ok().and_then(linked_object);
        object.map_or_else(|| Self::Text(plain), Self::Object)
    }
}

/// The splices that were not found again yet, in order, by the links that they wrote; each with the place of that link
/// in what it wrote.
struct Spliced<'a>(HashMap<LinkTarget, VecDeque<(Span, &'a Edit)>>);

impl<'a> Spliced<'a> {
    fn new(edits: &'a [Edit], encoding: &'static Encoding) -> Self {
        let mut by_link: HashMap<_, VecDeque<_>> = HashMap::new();
        for edit in edits {
            if let Some(link) = rewrite::link_in(&edit.replacement, edit.raw.is_empty(), encoding) {
                by_link.entry(LinkTarget::by(link.of(&edit.replacement))).or_default().push_back((link, edit));
            }
        }
        Self(by_link)
    }

    /// The inverse of the splice that wrote this reference; of the earliest, if several wrote the same. It also removes
    /// what was inserted with the link.
    fn take(&mut self, edited: &[u8], reference: &Reference) -> Option<Edit> {
        let waiting = self.0.get_mut(&LinkTarget::by(reference.span.of(edited)))?;
        let stands = |(link, edit): &(Span, &Edit)| stands_at(edited, reference.span, *link, edit);
        let (at, span) = waiting.iter().enumerate().find_map(|(at, spliced)| Some((at, stands(spliced)?)))?;
        let (_, edit) = waiting.remove(at)?;
        Some(Edit { span, raw: span.of(edited).to_vec(), replacement: edit.raw.clone() })
    }
}

/// Where all that a splice wrote stands around its `link`, if it does. The link itself may be written from another
/// folder.
fn stands_at(edited: &[u8], value: Span, link: Span, edit: &Edit) -> Option<Span> {
    let (before, after) = (&edit.replacement[..link.start], &edit.replacement[link.end..]);
    let around = edited[..value.start].ends_with(before) && edited[value.end..].starts_with(after);
    around.then(|| Span::new(value.start - before.len(), value.end + after.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Lazy;
    use crate::rewrite::{Article, Target};

    /// The original of a mirror whose prose was edited.
    fn check(original: &str) {
        let options = ExtractOptions::default();
        let extraction = extract::extract(original.as_bytes(), Format::Html, &options);
        let link = |found: &Reference| Target::new(found, Some("../m/a.jpg".to_owned().into()));
        let targets: Vec<_> = extraction.references.iter().map(link).collect();
        let (bytes, encoding) = (original.as_bytes(), extraction.encoding);
        let article = Article { bytes, format: Format::Html, encoding, options: &options };
        let edits = rewrite::plan(&article, Lazy::Reveal, &targets);
        let mirror = rewrite::splice(original.as_bytes(), &edits);
        assert_eq!(mirror.windows(10).filter(|part| part == b"../m/a.jpg").count(), edits.len());
        let edited = [b"<p>more</p>", mirror.as_slice()].concat();
        let back = original_of(&edited, Format::Html, &edits, &BTreeMap::new(), &options);
        assert_eq!(String::from_utf8_lossy(&back), format!("<p>more</p>{original}"));
    }

    #[test]
    fn one_link_in_many_places_goes_back_to_what_each_of_them_was() {
        check("<img data-src=\"u.jpg\"><img src=\"v.jpg\">");
        check("<img src=\"u.jpg\"><img data-src=\"v.jpg\">");
        check("<img data-src=\"u.jpg\"><img data-src=\"v.jpg\"><img src=\"w.jpg\">");
    }

    proptest! {
        /// Whatever a user writes around the images of a mirrored post, its original is what the author would have
        /// written: the edit, with the URLs that were there.
        #[test]
        fn an_edit_of_a_mirror_is_an_edit_of_its_original(
            images in prop::collection::vec((0..4_usize, 0..3_usize), 1..5),
            before in "[a-z ]{0,8}",
            after in "[a-z ]{0,8}",
        ) {
            let image = |(at, (kind, url)): (usize, &(usize, usize))| match kind {
                0 => format!("<p>{at}</p><img src=\"http://a.example/{url}.jpg\">"),
                1 => format!("<p>{at}</p><img data-src='http://a.example/{url}.jpg'>"),
                2 => format!("<p>{at}</p><img src=http://a.example/{url}.jpg>"),
                _ => format!("<p>{at}</p><img data-src=\"http://a.example/{url}.jpg\" src=\"data:,\">"),
            };
            let original: String = images.iter().enumerate().map(image).collect();
            let options = ExtractOptions::default();
            let extraction = extract::extract(original.as_bytes(), Format::Html, &options);
            let link = |found: &Reference| {
                let name = found.url.as_ref().ok()?.path_segments()?.next_back()?.to_owned();
                found.url.as_ref().is_ok_and(url::Url::has_host).then(|| format!("../m/{name}").into())
            };
            let targets: Vec<_> = extraction.references.iter().map(|found| Target::new(found, link(found))).collect();
            let article =
                Article { bytes: original.as_bytes(), format: Format::Html, encoding: extraction.encoding, options: &options };
            let edits = rewrite::plan(&article, Lazy::Reveal, &targets);
            let mirror = rewrite::splice(original.as_bytes(), &edits);
            let edited = [format!("<p>{before}</p>").as_bytes(), &mirror, format!("<p>{after}</p>").as_bytes()].concat();
            let back = original_of(&edited, Format::Html, &edits, &BTreeMap::new(), &options);
            prop_assert_eq!(String::from_utf8_lossy(&back), format!("<p>{before}</p>{original}<p>{after}</p>"));
        }
    }
}
