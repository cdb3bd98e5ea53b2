//! The base of a document, and the URLs that it completes.

use super::scanner::Pass;
use super::tokens::Tag;
use crate::extract::address::is_web_scheme;
use crate::extract::attributes::Syntax;
use crate::extract::sink::RawReference;
use crate::extract::template::looks_like_template;
use crate::model::ReferenceKind;

/// Attributes that hold a URL, on any element. If the URL is that of an image, it is reported as an image.
const ADDRESSES: &[&str] = &["action", "data", "formaction", "href", "poster", "src", "xlink:href"];

impl Pass<'_, '_, '_, '_> {
    /// Takes the document's base. Only the first `base` with an `href` counts (HTML, "the base element").
    pub(super) fn base(&mut self, tag: &Tag<'_>) {
        let Some(href) = tag.attribute("href").filter(|_| tag.html && self.sink.base.is_none()) else { return };
        self.sink.base = Some(href.value.to_owned());
        if let Some(span) = href.span {
            let image_group = self.sink.image_group();
            self.sink.push(RawReference::new(span, href.value.to_owned(), ReferenceKind::Base, "href", image_group));
        }
    }

    /// Reports URLs that a base completes and that are no images: in a mirror they must still lead to their origin.
    pub(super) fn based(&mut self, tag: &Tag<'_>) {
        if self.sink.base.is_none() || tag.name == "base" {
            return;
        }
        let mut based = Vec::new();
        for attribute in tag.attributes().filter(|attribute| ADDRESSES.contains(&attribute.name)) {
            let found = self.read(&attribute, ReferenceKind::BaseRelative, Syntax::Url, 0);
            based.extend(found.into_iter().filter(|found| is_completed(&found.value)));
        }
        for found in based {
            let image_group = self.sink.image_group();
            self.sink.push(RawReference { image_group, ..found });
        }
    }
}

/// Whether a base can complete a URL. An absolute one counts too, as it may have been completed in a mirror.
fn is_completed(value: &str) -> bool {
    let scheme = value.split_once(':').map_or("", |(scheme, _)| scheme);
    let named = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    !value.is_empty() && !value.starts_with('#') && !looks_like_template(value) && (!named || is_web_scheme(scheme))
}
