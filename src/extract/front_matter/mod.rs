//! Front matter: the YAML, TOML or JSON that stands before an article's body.
//!
//! Each language is a small module that yields `Entry`s: scalars with the key that holds them and the bytes that spell
//! them. This module decides which of them name an image, and which hold the title, the date and the URL.

mod entry;
mod fence;
mod json;
mod keys;
mod lines;
mod notation;
mod toml;
mod yaml;

use std::collections::BTreeSet;

use self::entry::Entry;
use super::address::is_http;
use super::dates;
use super::line_feeds::with_line_feeds;
use super::options::ExtractOptions;
use super::sink::{EMBED, RawReference, Sink};
use crate::model::ReferenceKind;

/// Reports what the front matter of an article holds, and returns the byte at which the body starts: 0 if there is no
/// front matter.
pub(super) fn find(text: &str, options: &ExtractOptions, sink: &mut Sink) -> usize {
    let text = &*with_line_feeds(text);
    let Some(block) = fence::block(text) else { return 0 };
    let Some(entries) = block.entries(text) else { return 0 };
    report_facts(&entries, sink);
    report_images(text, entries, options, sink);
    block.body
}

/// How many bytes the front matter takes at the start of an article, if there is any.
pub(crate) fn length(text: &str) -> usize {
    fence::block(&with_line_feeds(text)).map_or(0, |block| block.body)
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
        sink.canonical = addresses.find(|url| is_http(url)).map(str::to_owned);
    }
}

fn report_images(text: &str, entries: Vec<Entry>, options: &ExtractOptions, sink: &mut Sink) {
    // An alias has no bytes of its own: it is an entry with the span of its anchor, which counts once.
    let mut seen = BTreeSet::new();
    for entry in entries {
        if seen.contains(&entry.span.start) {
            continue;
        }
        let found = match keys::image(&entry, options) {
            Some(value) => vec![(entry.span.clone(), value)],
            None if options.front_matter_urls => notation::images(text, &entry, options),
            None => Vec::new(),
        };
        if !found.is_empty() {
            seen.insert(entry.span.start);
        }
        let is_link = keys::is_link(&entry, options);
        for (span, value) in found {
            let image_group = sink.image_group();
            // A wiki's link names a file wherever that lies.
            let name = if text[..span.start].ends_with("[[") { EMBED } else { &entry.key };
            let kind = if is_link { ReferenceKind::FullSize } else { ReferenceKind::FrontMatter };
            sink.push(RawReference::new(span, value, kind, name, image_group));
        }
    }
}

#[cfg(test)]
mod tests;
