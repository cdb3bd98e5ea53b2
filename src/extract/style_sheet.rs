//! What a style sheet refers to: a file of its own, or a `<style>`.

use std::ops::Range;

use super::options::ExtractOptions;
use super::sink::{RawReference, Sink};
use super::{attributes, css};
use crate::model::ReferenceKind;

/// Reports the images of a style sheet, and the style sheets that it imports where those are wanted. `place` says where a
/// part of it stands in the text of the article.
pub(super) fn find(css: &str, place: impl Fn(Range<usize>) -> Range<usize>, options: &ExtractOptions, sink: &mut Sink) {
    let css::Addresses { images, imports } = css::parse_sheet(css);
    let images = images.into_iter().map(|image| (image, ReferenceKind::Css));
    let images = images.filter(|_| attributes::wanted(ReferenceKind::Css, "style", &options.media));
    let imports = imports.into_iter().map(|sheet| (sheet, ReferenceKind::Sheet)).filter(|_| options.style_sheets);
    for (address, kind) in images.chain(imports) {
        let name = if kind == ReferenceKind::Sheet { "import" } else { &address.property };
        let image_group = sink.image_group();
        sink.push(RawReference::new(place(address.span), address.value, kind, name, image_group));
    }
}
