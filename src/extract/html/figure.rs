//! Figures that name their image in `itemid` and hold none: a script draws it.

use super::scanner::{Figure, Pass, Scanner};
use super::tokens::Tag;
use crate::extract::address::is_image_url;
use crate::extract::attributes::Syntax;
use crate::extract::sink::Sink;
use crate::model::ReferenceKind;

impl Pass<'_, '_, '_, '_> {
    /// Remembers the image that a figure names, until its end shows whether it holds one.
    pub(super) fn open_figure(&mut self, tag: &Tag<'_>) {
        self.scanner.close_figure(self.sink);
        let local_links = &self.scanner.options.local_links;
        let is_image = |value: &str| is_image_url(value.trim()) || local_links.contains(value.trim());
        let Some(itemid) = tag.attribute("itemid").filter(|itemid| is_image(itemid.value)) else { return };
        if self.scanner.wants(ReferenceKind::Lazy, "img") {
            let image = self.read(&itemid, ReferenceKind::Lazy, Syntax::Url, 0).pop();
            self.scanner.figure = image.map(|image| Figure { image, before: self.sink.found.len() });
        }
    }
}

impl Scanner<'_> {
    /// Reports the image that a figure names, if it holds no other.
    pub(super) fn close_figure(&mut self, sink: &mut Sink) {
        let Some(Figure { mut image, before }) = self.figure.take() else { return };
        if !sink.found[before..].iter().any(|found| found.kind.is_media()) {
            image.image_group = sink.image_group();
            sink.push(image);
        }
    }
}
