//! Articles that were mirrored in place and edited since.

use std::collections::{HashMap, VecDeque};

use crate::extract::{self, Options};
use crate::model::{Edit, Format, Reference, Span};
use crate::rewrite;

/// The article as its author would have it without a mirror: where a splice of the last mirror still stands, what it
/// replaced stands again; everything else is as the user left it.
pub(super) fn original_of(edited: &[u8], format: Format, edits: &[Edit], options: &Options) -> Vec<u8> {
    let local_links = edits.iter().map(|edit| link_of(&edit.replacement)).collect();
    let found = extract::extract(edited, format, &Options { local_links, ..options.clone() });
    let mut spliced = Spliced::new(edits);
    let back: Vec<_> = found.references.iter().filter_map(|reference| spliced.take(edited, reference)).collect();
    rewrite::splice(edited, &back)
}

/// What a splice wrote, whatever the file's encoding: links are ASCII, which UTF-16 spells with zero bytes between.
fn link_of(replacement: &[u8]) -> String {
    replacement.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
}

/// The splices that were not found again yet, by what they wrote, each with its place among all.
struct Spliced<'a>(HashMap<&'a [u8], VecDeque<(usize, &'a Edit)>>);

impl<'a> Spliced<'a> {
    fn new(edits: &'a [Edit]) -> Self {
        let mut by_text: HashMap<_, VecDeque<_>> = HashMap::new();
        for (place, edit) in edits.iter().enumerate() {
            by_text.entry(edit.replacement.as_slice()).or_default().push_back((place, edit));
        }
        Self(by_text)
    }

    /// The splice that wrote this reference, turned round. An attribute that was inserted whole is taken out whole;
    /// where the same link was also written as a value, the earlier of the two splices is the one.
    fn take(&mut self, edited: &[u8], reference: &Reference) -> Option<Edit> {
        let spans = [Some(reference.span), around(edited, reference.span, 1), around(edited, reference.span, 2)];
        let places = spans.into_iter().flatten().filter_map(|span| Some((self.first(span.of(edited))?, span)));
        let (_, span) = places.min()?;
        let (_, edit) = self.0.get_mut(span.of(edited))?.pop_front()?;
        Some(Edit { span, raw: edit.replacement.clone(), replacement: edit.raw.clone() })
    }

    /// The place of the first splice that wrote these bytes.
    fn first(&self, text: &[u8]) -> Option<usize> {
        self.0.get(text)?.front().map(|(place, _)| *place)
    }
}

/// Where the whole attribute would stand of which this is the value, in an encoding with so many bytes to an ASCII
/// character.
fn around(edited: &[u8], value: Span, size: usize) -> Option<Span> {
    let start = value.start.checked_sub(rewrite::INSERTED.len() * size)?;
    let end = value.end + size;
    (end <= edited.len()).then_some(Span::new(start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Lazy;

    /// What a mirror goes back to after its prose was edited.
    fn check(original: &str) {
        let options = Options::default();
        let extraction = extract::extract(original.as_bytes(), Format::Html, &options);
        let link = |_: &Reference| Some("../m/a.jpg".to_owned());
        let edits = rewrite::plan(original.as_bytes(), &extraction.references, extraction.encoding, Lazy::Reveal, link);
        let mirror = rewrite::splice(original.as_bytes(), &edits);
        assert_eq!(mirror.windows(10).filter(|part| part == b"../m/a.jpg").count(), edits.len());
        let edited = [b"<p>more</p>", mirror.as_slice()].concat();
        let back = original_of(&edited, Format::Html, &edits, &options);
        assert_eq!(String::from_utf8_lossy(&back), format!("<p>more</p>{original}"));
    }

    #[test]
    fn one_link_in_many_places_goes_back_to_what_each_of_them_was() {
        check("<img data-src=\"u.jpg\"><img src=\"v.jpg\">");
        check("<img src=\"u.jpg\"><img data-src=\"v.jpg\">");
        check("<img data-src=\"u.jpg\"><img data-src=\"v.jpg\"><img src=\"w.jpg\">");
    }
}
