//! Figures that name their image in an attribute and hold none: a script draws it.

use super::scanner::{Figure, Pass, Scanner};
use super::tokens::{Attribute, Tag};
use super::unlisted;
use crate::extract::address::{can_be_address, has_image_path, has_scheme, is_image_url, may_be_image_url};
use crate::extract::attributes::Syntax;
use crate::extract::sink::{RawReference, Sink};
use crate::model::ReferenceKind;

impl Pass<'_, '_, '_, '_> {
    /// Remembers the image that a figure names, until its end shows whether it holds one.
    pub(super) fn open_figure(&mut self, tag: &Tag<'_>) {
        let Some(element) = ["figure", "div"].into_iter().find(|name| *name == tag.name) else { return };
        if element == "figure" {
            self.scanner.close_figure(self.sink);
        } else if let Some(figure) = &mut self.scanner.figure {
            figure.within += usize::from(figure.element == element);
            return;
        }
        let Some(attribute) = self.named_by_figure(tag) else { return };
        if self.scanner.wants(ReferenceKind::Lazy, "img") {
            let image = self.read(&attribute, ReferenceKind::Lazy, Syntax::Url, 0).pop();
            let before = self.sink.found.len();
            self.scanner.figure = image.map(|image| Figure { element, within: 0, image, before });
        }
    }

    /// The attribute of a figure that names its image: its item's URL, or else the URL of an image for a script. Another
    /// element has only the former, and only if it says that the item is an image (schema.org, "`ImageObject`").
    fn named_by_figure<'a>(&self, tag: &Tag<'a>) -> Option<Attribute<'a>> {
        let is_local = |value: &str| self.scanner.options.local_links.contains(value.trim());
        let item = tag.attribute("itemid");
        if tag.name != "figure" && item.is_none() {
            return None;
        }
        let is_image_item = tag.value("itemtype").is_some_and(|kind| {
            let kind = kind.trim().rsplit('/').next().unwrap_or_default();
            matches!(kind, "ImageObject" | "Photograph" | "Painting" | "Drawing" | "Barcode")
        });
        let is_image = |item: &Attribute<'_>| {
            let value = item.value.trim();
            is_local(value) || is_image_url(value) || is_file(value) || (is_image_item && may_be_image_url(value))
        };
        let item = item.filter(|item| is_image(item) && (is_image_item || tag.name == "figure"));
        let for_script = |attribute: &Attribute<'_>| {
            let value = attribute.value.trim();
            attribute.name.starts_with("data-")
                && !unlisted::is_of_another_kind(tag, attribute.name)
                && (is_local(value) || is_image_url(value))
        };
        let others = tag.attributes().filter(for_script);
        item.or_else(|| others.min_by_key(|other| unlisted::rank(other.name)).filter(|_| tag.name == "figure"))
    }
}

/// Whether a value is the path of an image file.
fn is_file(value: &str) -> bool {
    let plain = !has_scheme(value) && !value.contains(|c: char| c <= ' ' || matches!(c, '"' | '<' | '>' | '\\'));
    plain && value.contains('/') && has_image_path(value) && can_be_address(value, false)
}

impl Scanner<'_> {
    /// Ends the figure whose end tag this is.
    pub(super) fn leave_figure(&mut self, element: &str, sink: &mut Sink) {
        match &mut self.figure {
            Some(figure) if figure.element == element && figure.within > 0 => figure.within -= 1,
            Some(figure) if figure.element == element => self.close_figure(sink),
            _ => {}
        }
    }

    /// Reports the image that a figure names, if it holds no other.
    pub(super) fn close_figure(&mut self, sink: &mut Sink) {
        let Some(Figure { mut image, before, .. }) = self.figure.take() else { return };
        let shows = |found: &RawReference| found.kind.is_media() && can_be_address(&found.value, false);
        if !sink.found[before..].iter().any(shows) {
            image.image_group = sink.image_group();
            sink.push(image);
        }
    }
}
