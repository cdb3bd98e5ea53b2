//! Markdown (CommonMark 0.31 and GFM), and the HTML in it.
//!
//! The Markdown parser tells what is an image, what is HTML and what is code; [`destination`] finds the bytes of an
//! image's address again. HTML is read by the same rules as a page, from a copy of the article in which all that is not
//! HTML is blank, so that positions stay the same.

mod destination;
mod document;
mod link_wrap;
mod outline;
mod raw_html;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use self::outline::{Outline, Place};
use super::address::has_image_extension;
use super::options::ExtractOptions;
use super::shortcode;
use super::sink::{RawLinkWrap, RawReference, Sink};
use crate::model::ReferenceKind;

/// Reports the images of `text[range]`, the body of an article.
pub(super) fn find(text: &str, range: Range<usize>, options: &ExtractOptions, sink: &mut Sink) {
    let before = sink.found.len();
    let outline = Outline::of(text, range.clone());
    let whole = document::is_html(&text[range.clone()]);
    let html = if whole { raw_html::whole(text, range.clone(), &outline) } else { raw_html::parts(text, &outline) };
    html.find(options, sink);
    if !whole {
        link_wrap::of_blocks(text, &outline, &mut sink.found[before..]);
    }
    sink.links.extend(outline.linked.iter().map(|link| (link.clone(), true)));
    let raw_html = spans(&sink.found[before..]);
    let shown = |at: usize| !is_within(at, html.comments());
    let image_groups = report_images(&outline, shown, sink);
    report_links(&outline, &image_groups, &raw_html, sink);
    let code = if whole { &outline.fenced } else { &outline.code };
    shortcode::find(text, range, |at| shown(at) && !is_within(at, code), options, sink);
}

/// The addresses of the images of a text that is Markdown, and where they stand.
pub(super) fn image_addresses(text: &str) -> Vec<(Range<usize>, String)> {
    let images = Outline::of(text, 0..text.len()).images.into_iter();
    images.map(|image| (image.place.span, image.place.value)).collect()
}

/// Whether a place is in one of some ranges, which are in order.
fn is_within(at: usize, ranges: &[Range<usize>]) -> bool {
    let after = ranges.partition_point(|range| range.start <= at);
    after > 0 && at < ranges[after - 1].end
}

/// Where references stand, and their image groups, in order.
fn spans(found: &[RawReference]) -> Vec<(usize, u32)> {
    let mut spans: Vec<_> = found.iter().map(|found| (found.span.start, found.image_group)).collect();
    spans.sort_unstable();
    spans
}

/// Reports the images, each definition once; returns the image group of each of [`Outline::images`] that is shown.
fn report_images(outline: &Outline, shown: impl Fn(usize) -> bool, sink: &mut Sink) -> Vec<Option<u32>> {
    let mut known = BTreeMap::new();
    let images = outline.images.iter();
    let image_groups = images.map(|image| {
        shown(image.start).then(|| {
            *known.entry(image.place.span.start).or_insert_with(|| {
                let image_group = sink.image_group();
                report(&image.place, ReferenceKind::Markdown, "image", image_group, sink);
                if let Some(found) = sink.found.last_mut() {
                    found.link_wrap = image.link_wrap.clone().map(RawLinkWrap::Markdown);
                }
                image_group
            })
        })
    });
    image_groups.collect()
}

/// Reports the links around an image that lead to an image file.
fn report_links(outline: &Outline, image_groups: &[Option<u32>], raw_html: &[(usize, u32)], sink: &mut Sink) {
    let mut known = BTreeSet::new();
    for link in &outline.links {
        if !has_image_extension(&link.place.value) {
            continue;
        }
        let markdown = link.image.and_then(|image| image_groups[image]);
        let Some(image_group) = markdown.or_else(|| first_within(raw_html, &link.range)) else { continue };
        if known.insert(link.place.span.start) {
            report(&link.place, ReferenceKind::FullSize, "link", image_group, sink);
        }
    }
}

fn first_within(spans: &[(usize, u32)], range: &Range<usize>) -> Option<u32> {
    let (start, image_group) = spans.get(spans.partition_point(|(start, _)| *start < range.start))?;
    range.contains(start).then_some(*image_group)
}

fn report(place: &Place, kind: ReferenceKind, name: &str, image_group: u32, sink: &mut Sink) {
    sink.found.push(RawReference::new(place.span.clone(), place.value.trim().to_owned(), kind, name, image_group));
}

#[cfg(test)]
mod tests;
