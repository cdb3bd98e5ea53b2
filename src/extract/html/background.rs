//! Attributes from which a script takes the background or the poster of any element.

use super::scanner::{Named, Pass};
use super::tokens::{Attribute, Tag};
use super::value::Value;
use crate::extract::address::{can_be_address, has_image_path, is_image_url};
use crate::extract::attributes::{self, Syntax};
use crate::extract::json;
use crate::extract::sink::RawReference;
use crate::model::ReferenceKind;

/// The rank of backgrounds: after all attributes that are listed.
const RANK: usize = 500;

impl Pass<'_, '_, '_, '_> {
    /// Adds the background that an unlisted attribute names. Returns whether there is one.
    pub(super) fn background(&self, tag: &Tag<'_>, attribute: &Attribute<'_>, named: &mut Named) -> bool {
        if attribute.value.starts_with(['{', '[']) {
            self.settings(tag, attribute, named);
            return false;
        }
        if !names_background(tag.name, attribute.name) || attributes::shows_image(tag.name) {
            return false;
        }
        let is_css = attribute.value.contains("url(");
        let value = attribute.value.trim();
        let is_image = is_css || is_address(value) || self.scanner.options.local_links.contains(value);
        if is_image && self.scanner.wants(ReferenceKind::Lazy, tag.name) {
            let syntax = if is_css { Syntax::Css } else { Syntax::Url };
            self.add_lazy(attribute, (RANK, syntax), named, |_| true);
        }
        is_image
    }
}

impl Pass<'_, '_, '_, '_> {
    /// Adds the backgrounds that the settings of an element name in JSON, as page builders write them.
    fn settings(&self, tag: &Tag<'_>, attribute: &Attribute<'_>, named: &mut Named) {
        let is_json = attribute.name.starts_with("data-") && attribute.value.starts_with(['{', '[']);
        let counts = is_json && attribute.value.contains("background") && !attributes::shows_image(tag.name);
        let Some(span) = attribute.span.clone().filter(|_| counts && self.scanner.wants(ReferenceKind::Lazy, tag.name))
        else {
            return;
        };
        let value = Value::new(self.text, span, attribute.value);
        let local_links = &self.scanner.options.local_links;
        json::strings(attribute.value, |path, part, address| {
            let of_background = path.iter().any(|property| property.contains("background"));
            if of_background && (is_image_url(address) || local_links.contains(address)) {
                let place = value.span(part);
                let found = RawReference::new(place, address.to_owned(), ReferenceKind::Lazy, attribute.name, 0);
                named.found.push(found);
            }
        });
    }
}

/// Whether the name of an attribute is one for a background or a poster: `data-lazy-bg`, `data-parallax-image`.
fn names_background(element: &str, name: &str) -> bool {
    let Some(name) = name.strip_prefix("data-") else { return false };
    let is_player = matches!(element, "video" | "audio");
    let word = |word: &str| {
        word == "style" || word.starts_with("bg") || word.ends_with("bg") || (is_player && word == "thumb")
    };
    let contained = ["background", "parallax", "poster"].iter().any(|word| name.contains(word));
    (contained || name.split(['-', '_']).any(word)) && !name.contains("color")
}

fn is_address(value: &str) -> bool {
    let plain = !value.contains(|c: char| c <= ' ' || matches!(c, '"' | '<' | '>' | '\\' | '`' | ',' | ';' | '|'));
    is_image_url(value) || (plain && value.contains('/') && has_image_path(value) && can_be_address(value, false))
}
