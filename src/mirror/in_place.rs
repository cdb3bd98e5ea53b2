//! Articles that were mirrored in place and edited since.

use std::collections::HashMap;

use crate::extract::{self, Options};
use crate::model::{Edit, Format, Reference, Span};
use crate::rewrite;

/// The article as its author would have it without a mirror: where a splice of the last mirror still stands, what it
/// replaced stands again; everything else is as the user left it.
pub(super) fn original_of(edited: &[u8], format: Format, edits: &[Edit], options: &Options) -> Vec<u8> {
    let found = extract::extract(edited, format, options);
    let mut spliced = Spliced::new(edits);
    let mut back: Vec<_> = found.references.iter().filter_map(|reference| spliced.take(edited, reference)).collect();
    let halves = back.iter().filter(|back| back.replacement.is_empty());
    let halves: Vec<_> = halves.filter_map(|half| rewrite::other_half(edited, half.span, found.encoding)).collect();
    back.extend(halves.into_iter().map(|half| taken_out(edited, half)));
    back.sort_by_key(|edit| edit.span);
    rewrite::splice(edited, &back)
}

fn taken_out(edited: &[u8], span: Span) -> Edit {
    Edit { span, raw: span.of(edited).to_vec(), replacement: Vec::new() }
}

/// The splices that were not found again yet, by what they wrote.
struct Spliced<'a>(HashMap<&'a [u8], std::collections::VecDeque<&'a Edit>>);

impl<'a> Spliced<'a> {
    fn new(edits: &'a [Edit]) -> Self {
        let mut by_text: HashMap<_, std::collections::VecDeque<_>> = HashMap::new();
        for edit in edits {
            by_text.entry(edit.replacement.as_slice()).or_default().push_back(edit);
        }
        Self(by_text)
    }

    /// The splice that wrote this reference, turned round. An attribute that was inserted whole is taken out whole.
    fn take(&mut self, edited: &[u8], reference: &Reference) -> Option<Edit> {
        let value = reference.span;
        self.at(edited, value).or_else(|| {
            let inserted = |edit: &&&Edit| edit.raw.is_empty() && stands_around(edited, value, &edit.replacement);
            let edit = *self.0.values().flatten().find(inserted)?;
            self.at(edited, around(edited, value, &edit.replacement)?)
        })
    }

    fn at(&mut self, edited: &[u8], span: Span) -> Option<Edit> {
        let edit = self.0.get_mut(span.of(edited))?.pop_front()?;
        Some(Edit { span, raw: edit.replacement.clone(), replacement: edit.raw.clone() })
    }
}

fn stands_around(edited: &[u8], value: Span, attribute: &[u8]) -> bool {
    around(edited, value, attribute).is_some()
}

/// Where the whole attribute stands of which this is the value.
fn around(edited: &[u8], value: Span, attribute: &[u8]) -> Option<Span> {
    let before = memchr::memmem::find(attribute, value.of(edited)).filter(|_| !value.is_empty())?;
    let start = value.start.checked_sub(before)?;
    let span = Span::new(start, start + attribute.len());
    (edited.get(span.start..span.end)? == attribute).then_some(span)
}
