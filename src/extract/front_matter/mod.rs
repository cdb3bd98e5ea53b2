//! Front matter: the YAML, TOML or JSON that stands before an article's body.
//!
//! Each language is a small module that yields [`Entry`]s: scalars with the key that holds them and the bytes that
//! spell them. Here it is decided which of them name an image, and which tell the title, the date and the address.

mod fence;
mod json;
mod keys;
mod lines;
mod toml;
mod yaml;

use std::collections::BTreeSet;
use std::ops::Range;

use super::{ExtractOptions, RawReference, Sink, dates};
use crate::model::ReferenceKind;

pub(crate) use keys::is_http;

/// Reports what the front matter of an article holds, and tells the byte at which the body starts: 0 where there is no
/// front matter.
pub(crate) fn find(text: &str, options: &ExtractOptions, sink: &mut Sink) -> usize {
    let Some(block) = fence::block(text) else { return 0 };
    let Some(entries) = block.entries(text) else { return 0 };
    report_facts(&entries, sink);
    report_images(entries, options, sink);
    block.body
}

/// A scalar of the front matter.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// The key that holds it; for an item of a list, the list's key.
    key: String,
    /// The key that holds the mapping that it is in; empty at the top.
    parent: String,
    /// What it says: quotes, escapes and folding undone.
    value: String,
    /// The bytes that spell it, inside the quotes.
    span: Range<usize>,
}

fn report_facts(entries: &[Entry], sink: &mut Sink) {
    let top: Vec<_> = entries.iter().filter(|entry| entry.parent.is_empty()).collect();
    let values = |name: &str| {
        let named = top.iter().filter(move |entry| keys::normalise(&entry.key) == name);
        named.map(|entry| entry.value.trim()).collect::<Vec<_>>()
    };
    if sink.title.is_none() {
        // A folded title is several lines.
        sink.title = Some(values("title").join(" ")).filter(|title| !title.is_empty());
    }
    if sink.published.is_none() {
        sink.published = keys::DATES.iter().flat_map(|key| values(key)).find_map(dates::timestamp);
    }
    if sink.canonical.is_none() {
        let mut addresses = keys::ADDRESSES.iter().flat_map(|key| values(key));
        sink.canonical = addresses.find(|url| keys::is_http(url)).map(str::to_owned);
    }
}

fn report_images(entries: Vec<Entry>, options: &ExtractOptions, sink: &mut Sink) {
    // An alias has no bytes of its own: it is an entry with the span of what it stands for, which counts once.
    let mut seen = BTreeSet::new();
    for entry in entries {
        let Some(value) = keys::image(&entry, options) else { continue };
        if !seen.insert(entry.span.start) {
            continue;
        }
        let image_group = sink.image_group();
        sink.found.push(RawReference::new(entry.span, value, ReferenceKind::FrontMatter, &entry.key, image_group));
    }
}

/// The longest key, in bytes, that says anything.
const MAX_KEY: usize = 256;

/// What is kept of a key: it is copied to all that it holds, so one that is too long to be any that counts is empty.
fn kept_key(key: impl Into<String>) -> String {
    Some(key.into()).filter(|key| key.len() <= MAX_KEY).unwrap_or_default()
}

/// The part of `span` that is not white space at its ends: a splice leaves that where it is.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let raw = &text[span.clone()];
    let start = span.start + (raw.len() - raw.trim_start().len());
    start..start + raw.trim().len()
}

/// Passes over a node's tag and anchor (YAML 1.2 §6.9).
fn after_properties(text: &str, mut span: Range<usize>) -> Range<usize> {
    while text[span.clone()].starts_with(['!', '&']) {
        let length = text[span.clone()].find(char::is_whitespace).unwrap_or(span.len());
        span = trimmed(text, span.start + length..span.end);
    }
    span
}

#[cfg(test)]
mod tests;
