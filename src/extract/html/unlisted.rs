//! Images whose address stands in an attribute that no table lists.
//!
//! An element that shows an image, but whose `src` is absent or a placeholder, has its address somewhere else: in an
//! attribute whose value is one address of an image and nothing more, in one that holds image candidates, or in JSON.
//! Where several compete, their names decide, so that a mirror, in which values are links, is read alike. What an element
//! holds besides an image that it shows, such as the original of a gallery, is not asked for.

use super::json;
use super::reveal::srcset_urls;
use super::scanner::{Named, Pass};
use super::tokens::{Attribute, Tag};
use super::value::Value;
use crate::extract::address::{can_be_address, has_image_path, is_image_url, looks_like_template, names_host};
use crate::extract::attributes::{self, Syntax};
use crate::extract::sink::RawReference;
use crate::model::ReferenceKind;

/// What the names of placeholders consist of, besides digits and marks.
const PLACEHOLDERS: &[&str] = &[
    "1x1",
    "blank",
    "clear",
    "dot",
    "empty",
    "gray",
    "grey",
    "lazy",
    "lazyload",
    "loader",
    "loading",
    "none",
    "pixel",
    "placeholder",
    "shim",
    "spacer",
    "spinner",
    "transparent",
    "trans",
];
/// Words that stand beside them.
const BESIDE: &[&str] = &["bg", "default", "gif", "image", "img", "load", "x"];

/// Words in names that say that the shown image stands there, the clearest first.
const SHOWN: &[&str] = &["src", "orig", "full", "load", "lazy", "image", "img", "photo", "pic", "url"];
/// Words in names that say that a smaller or another image stands there.
const OTHER: &[&str] = &[
    "avatar",
    "blur",
    "error",
    "fallback",
    "hover",
    "icon",
    "link",
    "logo",
    "low",
    "pin",
    "placeholder",
    "preview",
    "share",
    "small",
    "thumb",
    "tiny",
];

/// What unlisted attributes are worth, after all those that are listed.
const FIRST_RANK: usize = 1000;

impl Pass<'_, '_, '_, '_> {
    /// Adds what an image element names where nothing else of it is listed.
    pub(super) fn unlisted(&self, tag: &Tag<'_>, named: &mut Named) {
        let shows_images = || attributes::shows_image(tag.name) && self.scanner.media.is_none();
        if !named.lazy.is_empty() || !shows_images() || !self.scanner.wants(ReferenceKind::Lazy, tag.name) {
            return;
        }
        let shown_by_picture = self.scanner.picture.as_ref().is_some_and(|picture| picture.shown);
        let search = Search { pass: self, shows_nothing: !shown_by_picture && shows_nothing(tag) };
        if search.shows_nothing || !self.scanner.options.local_links.is_empty() {
            search.attributes(tag, named);
            if named.lazy.is_empty() {
                search.json(tag, named);
            }
        }
    }
}

/// Whether neither `src` nor `srcset` of an element shows something of its own.
fn shows_nothing(tag: &Tag<'_>) -> bool {
    let addresses: &[&str] = if tag.name == "image" { &["href", "xlink:href", "src"] } else { &["src"] };
    let mut sources = addresses.iter().filter_map(|name| tag.value(name));
    let candidates = tag.value("srcset").map(srcset_urls).unwrap_or_default();
    sources.all(is_placeholder) && candidates.into_iter().all(is_placeholder)
}

/// Whether an address shows nothing of its own.
fn is_placeholder(address: &str) -> bool {
    let address = address.trim();
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let words = || stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'x');
    let plain = |word: &str| PLACEHOLDERS.contains(&word) || BESIDE.contains(&word) || is_number(word);
    let named = words().any(|word| PLACEHOLDERS.contains(&word)) && words().all(plain);
    address.is_empty() || !can_be_address(address, false) || named
}

/// The search in one element.
struct Search<'p, 's, 'o, 't, 'k> {
    pass: &'p Pass<'s, 'o, 't, 'k>,
    shows_nothing: bool,
}

impl Search<'_, '_, '_, '_, '_> {
    fn is_local(&self, value: &str) -> bool {
        self.pass.scanner.options.local_links.contains(value.trim())
    }

    /// Whether a value is the address of the image.
    fn is_image(&self, value: &str, name: &str) -> bool {
        self.is_local(value) || (self.shows_nothing && is_image_address(value.trim(), name))
    }

    /// The best attribute that is one address, the best that holds candidates, and those that hold a local link.
    fn attributes(&self, tag: &Tag<'_>, named: &mut Named) {
        for syntax in [Syntax::Url, Syntax::Srcset] {
            let counts =
                |attribute: &Attribute<'_>| !is_of_another_kind(tag, attribute.name) && self.holds(attribute, syntax);
            let found: Vec<_> = tag.attributes().filter(counts).collect();
            let best = found.iter().min_by_key(|attribute| rank(attribute.name)).map(|best| best.start);
            for attribute in found {
                let best = Some(attribute.start) == best;
                if best || self.is_local(attribute.value) {
                    let rank = FIRST_RANK + 2 * rank(attribute.name) + usize::from(syntax == Syntax::Srcset);
                    self.pass.add_lazy(&attribute, (rank, syntax), named, |_| true);
                }
            }
        }
    }

    fn holds(&self, attribute: &Attribute<'_>, syntax: Syntax) -> bool {
        let value = attribute.value;
        if syntax == Syntax::Url {
            return self.is_image(value, attribute.name);
        }
        let urls = if attribute.name.ends_with("set") { srcset_urls(value) } else { Vec::new() };
        let is_candidate = |url: &str| self.is_local(url) || names_host(url) || has_image_path(url);
        let expected = self.shows_nothing || urls.iter().any(|url| self.is_local(url));
        expected && !urls.is_empty() && !looks_like_template(value) && urls.into_iter().all(is_candidate)
    }

    /// The best address of an image in JSON, and those that are local links.
    fn json(&self, tag: &Tag<'_>, named: &mut Named) {
        for attribute in tag.attributes().filter(|attribute| attribute.value.trim_start().starts_with(['{', '['])) {
            let Some(span) = attribute.span.clone() else { continue };
            let value = Value::new(self.pass.text, span, attribute.value);
            let mut found = Vec::new();
            json::strings(attribute.value, |path, part, address| {
                let property = path.last().map_or("", String::as_str);
                let is_source = self.shows_nothing && property == "src" && names_host(address);
                if is_source || self.is_local(address) || (self.shows_nothing && is_image_url(address)) {
                    found.push((rank(&property.to_ascii_lowercase()), part, address.to_owned()));
                }
            });
            let best = found.iter().min_by_key(|(rank, ..)| *rank).map(|(_, part, _)| part.clone());
            found.retain(|(_, part, address)| Some(part) == best.as_ref() || self.is_local(address));
            for (rank, part, address) in found {
                named.lazy.push((FIRST_RANK + rank, named.found.len()));
                let place = value.span(part);
                named.found.push(RawReference::new(place, address, ReferenceKind::Lazy, attribute.name, 0));
            }
        }
    }
}

/// Whether a value is the address of an image: a URL, a path to a file, or, where the name promises a source, a file.
fn is_image_address(value: &str, name: &str) -> bool {
    let path = value.contains('/') || name.contains("src");
    let plain = !value.contains(|c: char| c <= ' ' || matches!(c, '"' | '<' | '>' | '\\' | '`' | ',' | ';' | '|'));
    is_image_url(value) || (path && plain && has_image_path(value) && can_be_address(value, false))
}

/// Whether an attribute says something else of the element, or stands in a table.
fn is_of_another_kind(tag: &Tag<'_>, name: &str) -> bool {
    let known = attributes::rows(tag.name).iter().any(|row| row.attribute == name);
    let describes = ["alt", "class", "content", "href", "id", "longdesc", "name", "style", "title", "usemap"];
    known || describes.contains(&name) || name.starts_with("aria-") || name.starts_with("on")
}

/// How well a name says that the shown image stands there: the less the better.
fn rank(name: &str) -> usize {
    let shown = SHOWN.iter().position(|word| name.contains(word)).unwrap_or(SHOWN.len());
    if OTHER.iter().any(|word| name.contains(word)) { shown + SHOWN.len() + 1 } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_known_by_what_they_say() {
        for yes in [
            "",
            " ",
            "#",
            "about:blank",
            "data:,x",
            "{{src}}",
            "/static/1x1.gif",
            "https://c.example/blank.png?x=1",
            "spacer.gif",
            "img/lazy-placeholder.svg",
            "loading_spinner.gif",
            "transparent-1x1.png",
            "pixel.png#a",
        ] {
            assert!(is_placeholder(yes), "{yes}");
        }
        for no in ["a.jpg", "https://c.example/greyhound.jpg", "/unloading.png", "image.png", "1.jpg", "blank-page.jpg"]
        {
            assert!(!is_placeholder(no), "{no}");
        }
    }

    #[test]
    fn names_decide_between_addresses() {
        for (better, worse) in [
            ("data-cfsrc", "data-thumb"),
            ("data-orig-file", "data-medium-file"),
            ("data-real-src", "data-src-small"),
            ("data-image", "data-preview-image"),
            ("real_src", "data-pin-media"),
        ] {
            assert!(rank(better) < rank(worse), "{better} {worse}");
        }
    }
}
