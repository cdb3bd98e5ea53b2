//! Markdown (CommonMark 0.31 and GFM), and the HTML in it.
//!
//! The Markdown parser finds images, HTML and code; [`destination`] then finds the bytes of an image's URL. HTML is
//! read by the same rules as a page, from a copy of the article in which all that is not HTML is blank, so that
//! positions stay the same.

mod destination;
mod dialects;
mod document;
mod link_wrap;
mod mdx;
mod outline;
mod ranges;
mod raw_html;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use self::dialects::Copy;
use self::outline::{Outline, Place};
use self::ranges::is_within;
use self::raw_html::Html;
use super::address::{has_image_extension, published};
use super::html::Rules;
use super::options::ExtractOptions;
use super::shortcode;
use super::sink::{EMBED, RawLinkWrap, RawReference, Sink};
use crate::model::ReferenceKind;

/// Reports the images of `text[range]`, the body of an article.
pub(super) fn find(text: &str, range: Range<usize>, options: &ExtractOptions, sink: &mut Sink) {
    let prepared = dialects::prepare(Copy::new(text, range.clone()));
    let mut outline = Outline::of(&prepared.text, range.clone());
    outline.restore(text, &prepared);
    let whole = prepared.is_html;
    let html = if whole { raw_html::whole(text, range.clone(), &outline) } else { raw_html::parts(text, &outline) };
    let before = sink.found.len();
    html.find(Rules::Html, options, sink);
    if !whole {
        link_wrap::of_blocks(text, &outline, &mut sink.found[before..]);
    }
    let code = if whole { &outline.fenced } else { &outline.code };
    let counts = |at: usize| !is_within(at, html.comments()) && !is_within(at, code);
    report(text, range.clone(), &outline, before, &html, options, sink);
    let pieces: Vec<_> = outline.html.iter().flatten().map(|piece| piece.range.clone()).collect();
    let in_html = |at: usize| whole || is_within(at, &pieces);
    shortcode::find(text, range, counts, in_html, options, sink);
}

/// Reports the images of `text[range]`, the body of an article in MDX.
pub(super) fn find_mdx(text: &str, range: Range<usize>, options: &ExtractOptions, sink: &mut Sink) {
    let mut copy = Copy::new(text, range.clone());
    let mdx::Jsx { expressions, tags } = mdx::normalise(&mut copy);
    let markup = copy.text().to_owned();
    mdx::open(&mut copy, &tags);
    let mut prepared = dialects::prepare(copy);
    prepared.tags.extend(tags.into_iter().map(|tag| vec![tag]));
    prepared.tags.sort_by_key(|tag| tag.first().map(|first| first.start));
    let mut outline = Outline::of(&prepared.text, range.clone());
    outline.restore(text, &prepared);
    let html = raw_html::parts(&markup, &outline);
    let before = sink.found.len();
    html.find(Rules::Jsx, options, sink);
    let counts = |at: usize| !is_within(at, html.comments()) && !is_within(at, &outline.code);
    report(text, range, &outline, before, &html, options, sink);
    mdx::find(text, &expressions, counts, options, sink);
}

/// Reports what is Markdown, after the HTML, which starts at `before` in the list.
fn report(
    text: &str,
    range: Range<usize>,
    outline: &Outline,
    before: usize,
    html: &Html,
    options: &ExtractOptions,
    sink: &mut Sink,
) {
    sink.links.extend(outline.linked.iter().map(|link| (link.clone(), true)));
    let raw_html = spans(&sink.found[before..]);
    let shown = |at: usize| !is_within(at, html.comments());
    let image_groups = report_images(outline, shown, sink);
    report_links(outline, &image_groups, &raw_html, sink);
    let embeds = dialects::embeds(text, range.clone()).into_iter().map(|found| (found, EMBED));
    let directives = dialects::directives(text, range).into_iter().map(|found| (found, "directive"));
    for ((start, span), name) in embeds.chain(directives) {
        let value = text[span.clone()].to_owned();
        let is_image = has_image_extension(&value) || options.local_links.contains(&value);
        if is_image && shown(start) && !is_within(start, &outline.code) {
            let place = Place { span, value };
            let image_group = sink.image_group();
            sink.push(reference(&place, ReferenceKind::Markdown, name, image_group));
        }
    }
}

/// The URLs of the images of a text that is Markdown, and where they stand.
pub(super) fn image_addresses(text: &str) -> Vec<(Range<usize>, String)> {
    let embeds =
        dialects::embeds(text, 0..text.len()).into_iter().map(|(_, span)| (span.clone(), text[span].to_owned()));
    let range = 0..text.len();
    let prepared = dialects::prepare(Copy::new(text, range.clone()));
    let mut outline = Outline::of(&prepared.text, range);
    outline.restore(text, &prepared);
    let images = outline.images.into_iter();
    images.map(|image| (image.place.span, image.place.value)).chain(embeds).collect()
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
                let link_wrap = image.link_wrap.clone().map(RawLinkWrap::Markdown);
                let found = reference(&image.place, ReferenceKind::Markdown, "image", image_group);
                sink.push(RawReference { link_wrap, ..found });
                image_group
            })
        })
    });
    image_groups.collect()
}

/// Reports the links around an image that lead to an image file, and those that share the definition of an image.
fn report_links(outline: &Outline, image_groups: &[Option<u32>], raw_html: &[(usize, u32)], sink: &mut Sink) {
    let images = outline.images.iter().zip(image_groups);
    let defined: BTreeMap<_, _> =
        images.filter_map(|(image, group)| Some((image.place.span.start, (*group)?))).collect();
    let mut known = BTreeSet::new();
    for link in &outline.links {
        let around = || {
            let markdown = link.image.and_then(|image| image_groups[image]);
            let found = markdown.or_else(|| first_within(raw_html, &link.range));
            found.filter(|_| has_image_extension(&link.place.value))
        };
        let shared = defined.get(&link.place.span.start).copied();
        let Some(image_group) = shared.or_else(around) else { continue };
        if known.insert(link.place.span.start) {
            sink.push(reference(&link.place, ReferenceKind::FullSize, "link", image_group));
        }
    }
}

fn first_within(spans: &[(usize, u32)], range: &Range<usize>) -> Option<u32> {
    let (start, image_group) = spans.get(spans.partition_point(|(start, _)| *start < range.start))?;
    range.contains(start).then_some(*image_group)
}

fn reference(place: &Place, kind: ReferenceKind, name: &str, image_group: u32) -> RawReference {
    RawReference::new(place.span.clone(), published(place.value.trim()).to_owned(), kind, name, image_group)
}

#[cfg(test)]
mod tests;
