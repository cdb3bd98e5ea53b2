//! Where a link to the full image can be put around an image.

use super::scanner::Pass;
use super::tokens::Tag;
use crate::extract::sink::{RawLinkWrap, RawReference};
use crate::model::ReferenceKind;

impl Pass<'_, '_, '_, '_> {
    /// Opens a link. It closes one that is open: links do not nest (HTML, "in body", start tag `a`).
    pub(super) fn open_link(&mut self, tag: &Tag<'_>) {
        self.close_link(tag.span.start);
        self.scanner.link = Some((tag.span.start, tag.attribute("href").is_some()));
    }

    pub(super) fn close_link(&mut self, end: usize) {
        let link = self.scanner.link.take().map(|(start, leads)| (start..end, leads));
        self.sink.links.extend(link);
    }

    /// Marks where a link can wrap an `img`. Images with an image map are skipped: the map's coordinates refer to the
    /// full-size image. Inside `<picture>` the link wraps the whole element.
    pub(super) fn wrap_image(&self, tag: &Tag<'_>, found: &mut [RawReference]) {
        let mapped = tag.attribute("usemap").or(tag.attribute("ismap")).is_some();
        if tag.name == "img" && tag.html && !mapped && self.scanner.picture.is_none() {
            set(found, &RawLinkWrap::Html(tag.span.clone(), None));
        }
    }

    /// Marks that a link can wrap a `<picture>`, once its end is known.
    pub(super) fn wrap_picture(&mut self, end: usize) {
        let Some(picture) = &self.scanner.picture else { return };
        let link_wrap = RawLinkWrap::Html(picture.start..end, None);
        let of_it = self.sink.found.iter_mut().skip(picture.before).filter(|found| found.image_group == picture.number);
        of_it.for_each(|found| set(std::slice::from_mut(found), &link_wrap));
    }
}

fn set(found: &mut [RawReference], link_wrap: &RawLinkWrap) {
    for found in found {
        if matches!(found.kind, ReferenceKind::Image | ReferenceKind::Srcset | ReferenceKind::Lazy) {
            found.link_wrap = Some(link_wrap.clone());
        }
    }
}
