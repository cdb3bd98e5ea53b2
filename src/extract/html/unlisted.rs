//! Images whose URL stands in an attribute that no table lists.
//!
//! If an element shows an image and its `src` is absent or a placeholder, the URL stands somewhere else: in an
//! attribute whose whole value is the URL of an image, in one that holds image candidates, or in JSON. If several
//! compete, their names decide, so that a mirror, in which values are links, is read in the same way. What an element
//! holds besides the image that it shows, such as the original of a gallery, is not fetched.

use super::reveal::srcset_urls;
use super::scanner::{Named, Pass};
use super::tokens::{Attribute, Tag};
use super::value::Value;
use crate::extract::address::{
    can_be_address, has_image_path, is_image_by_query, is_image_url, is_spaced_image, is_spaced_image_url,
    may_be_image_url, names_host, without_query,
};
use crate::extract::attributes::{self, Syntax};
use crate::extract::embedded;
use crate::extract::json;
use crate::extract::sink::{RawReference, RawReveal};
use crate::extract::template::looks_like_template;
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

/// Words in names of the attribute that holds the shown image, the clearest first.
const SHOWN: &[&str] = &["src", "orig", "lazy", "image", "img", "photo", "pic", "full", "load", "url"];
/// How many of these words mean an image, whatever its URL looks like.
const NAMING: usize = 7;
/// Words in names of attributes that hold a smaller or another image.
const OTHER: &[&str] = &[
    "api",
    "avatar",
    "blur",
    "comment",
    "credit",
    "error",
    "fallback",
    "hover",
    "icon",
    "link",
    "logo",
    "low",
    "page-",
    "permalink",
    "pin",
    "placeholder",
    "preview",
    "share",
    "small",
    "thumb",
    "tiny",
];

/// The rank of unlisted attributes: after all those that are listed.
const FIRST_RANK: usize = 1000;

impl Pass<'_, '_, '_, '_> {
    /// Adds what an image element names if nothing else of it is listed.
    pub(super) fn unlisted(&self, tag: &Tag<'_>, named: &mut Named) {
        // Of inputs, only those of that type show an image: others hold data for scripts.
        let is_image_input = || tag.value("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("image"));
        let shows = || attributes::shows_image(tag.name) && (tag.name != "input" || is_image_input());
        let shows_images = || shows() && self.scanner.media.is_none();
        let is_clear = named.lazy.iter().any(|(_, at)| !is_doubtful(&named.found[*at]));
        if is_clear || !shows_images() || !self.scanner.wants(ReferenceKind::Lazy, tag.name) {
            return;
        }
        let doubtful = std::mem::take(&mut named.lazy);
        self.search(tag, named);
        if named.lazy.is_empty() {
            named.lazy = doubtful;
        } else {
            named.drop_lazy(&doubtful);
        }
    }

    fn search(&self, tag: &Tag<'_>, named: &mut Named) {
        let shown_by_picture = self.scanner.picture.as_ref().is_some_and(|picture| picture.shown);
        let search = Search { pass: self, shows_nothing: !shown_by_picture && shows_nothing(tag) };
        if search.shows_nothing || !self.scanner.options.local_links.is_empty() {
            search.attributes(tag, named);
            if named.lazy.is_empty() {
                search.json(tag, named);
            }
            if named.lazy.is_empty() {
                search.texts(tag, named);
            }
        } else if tag.name == "img" && !shown_by_picture {
            named.beside = self.beside(tag);
        }
    }
}

impl Pass<'_, '_, '_, '_> {
    /// What an `img` names besides its `src`, if that may be a placeholder that the site draws itself.
    fn beside(&self, tag: &Tag<'_>) -> Option<(String, RawReference)> {
        let src = tag.attribute("src").filter(|_| tag.attribute("srcset").is_none())?;
        let is_image = |attribute: &Attribute<'_>| {
            names_host(attribute.value)
                && attribute.value != src.value
                && !is_of_another_kind(tag, attribute.name)
                && is_image_url(attribute.value)
        };
        let best = tag.attributes().filter(is_image).min_by_key(|attribute| rank(attribute.name))?;
        let mut image = self.read(&best, ReferenceKind::Lazy, Syntax::Url, 0).pop()?;
        image.reveal = src.span.map(RawReveal::Replace);
        Some((src.value.to_owned(), image))
    }
}

/// Whether the value of a listed attribute is hardly the image: a page, or a placeholder.
fn is_doubtful(found: &RawReference) -> bool {
    (attributes::is_weak(&found.name) && !has_image_path(&found.value)) || is_placeholder(&found.value)
}

/// Whether neither `src` nor `srcset` of an element shows something of its own.
fn shows_nothing(tag: &Tag<'_>) -> bool {
    let addresses: &[&str] = if tag.name == "image" { &["href", "xlink:href", "src"] } else { &["src"] };
    let mut sources = addresses.iter().filter_map(|name| tag.value(name));
    let mut candidates = tag.value("srcset").into_iter().flat_map(srcset_urls);
    sources.all(is_placeholder) && candidates.all(is_placeholder)
}

/// Whether a URL shows nothing of its own.
pub(super) fn is_placeholder(address: &str) -> bool {
    let address = address.trim();
    let path = without_query(address);
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let words = || stem.as_bytes().split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let is_number = |word: &[u8]| word.iter().all(|byte| byte.is_ascii_digit() || byte.eq_ignore_ascii_case(&b'x'));
    let is_in = |words: &[&str], word: &[u8]| words.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word));
    let plain = |word| is_in(PLACEHOLDERS, word) || is_in(BESIDE, word) || is_number(word);
    let named = words().all(plain) && words().any(|word| is_in(PLACEHOLDERS, word));
    address.is_empty() || named || !can_be_address(address, false)
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

    /// Whether a value is the URL of the image.
    fn is_image(&self, value: &str, name: &str) -> bool {
        let is_image = || is_image_address(value.trim(), name) && !is_placeholder(value);
        self.is_local(value) || (self.shows_nothing && is_image())
    }

    /// The best attribute that is one URL, the best that holds candidates, and those that hold a local link.
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
        let lists = attribute.name.ends_with("set") || ends_in_descriptor(value);
        let urls = if lists { srcset_urls(value) } else { Vec::new() };
        let is_candidate = |url: &str| self.is_local(url) || names_host(url) || has_image_path(url);
        let expected = self.shows_nothing || urls.iter().any(|url| self.is_local(url));
        expected && !urls.is_empty() && !looks_like_template(value) && urls.into_iter().all(is_candidate)
    }

    /// The best URL of an image in JSON, and those that are local links.
    fn json(&self, tag: &Tag<'_>, named: &mut Named) {
        for attribute in tag.attributes().filter(|attribute| attribute.value.trim_start().starts_with(['{', '['])) {
            let Some(span) = attribute.span.clone() else { continue };
            let value = Value::new(self.pass.text, span, attribute.value);
            let mut found = Vec::new();
            json::strings(attribute.value, |path, part, address| {
                let property = path.last().map_or("", String::as_str);
                let name = property.to_ascii_lowercase();
                let object =
                    path.iter().rev().nth(1).filter(|_| name == "url").map(|object| object.to_ascii_lowercase());
                let named_by = object.as_ref().unwrap_or(&name);
                let is_image = is_image_url(address) || (names_image(named_by) && is_image_address(address, named_by));
                if self.is_local(address) || (self.shows_nothing && is_image) {
                    found.push((rank(&name), part, address.to_owned()));
                }
            });
            let best = found.iter().map(|(rank, ..)| *rank).min();
            found.retain(|(rank, _, address)| Some(*rank) == best || self.is_local(address));
            for (rank, part, address) in found {
                named.lazy.push((FIRST_RANK + rank, named.found.len()));
                let place = value.span(part);
                named.found.push(RawReference::new(place, address, ReferenceKind::Lazy, attribute.name, 0));
            }
        }
    }
}

impl Search<'_, '_, '_, '_, '_> {
    /// The URLs of images in values of other notations: lists, objects of JavaScript.
    fn texts(&self, tag: &Tag<'_>, named: &mut Named) {
        for attribute in tag.attributes().filter(|attribute| !is_of_another_kind(tag, attribute.name)) {
            let Some(span) = attribute.span.clone().filter(|_| attribute.value.contains([',', '{', '['])) else {
                continue;
            };
            let value = Value::new(self.pass.text, span, attribute.value);
            let counts = |address: &str| self.is_local(address) || (self.shows_nothing && is_image_url(address));
            for part in embedded::addresses(attribute.value, counts) {
                named.lazy.push((FIRST_RANK + rank(attribute.name), named.found.len()));
                let address = attribute.value[part.clone()].to_owned();
                let found = RawReference::new(value.span(part), address, ReferenceKind::Lazy, attribute.name, 0);
                named.found.push(found);
            }
        }
    }
}

/// Whether a value is the URL of an image: an absolute URL, a path to a file, or, if the name is one for an image, any
/// URL or file. A list of URLs is not.
fn is_image_address(value: &str, name: &str) -> bool {
    let path = value.contains('/') || name.contains("src");
    let spaced = names_image(name) && is_spaced_image(value);
    let plain = spaced || !value.contains(|c: char| c <= ' ' || "\"<>\\`,;|".contains(c));
    (is_image_url(value) && !embedded::is_list(value))
        || is_spaced_image_url(value)
        || is_image_by_query(value)
        || (names_image(name) && may_be_image_url(value))
        || (path && plain && !describes(name) && has_image_path(value) && can_be_address(value, false))
}

/// Whether the name of an attribute or property is one for the shown image, so that its URL may look like any other.
fn names_image(name: &str) -> bool {
    rank(name) < NAMING
}

/// Whether a text ends in a descriptor of `srcset`: a width or a density.
fn ends_in_descriptor(value: &str) -> bool {
    let last = value.split_ascii_whitespace().next_back().filter(|last| last.len() < value.trim().len());
    let number = last.and_then(|last| last.strip_suffix(['w', 'x']));
    number.is_some_and(|number| number.parse::<f32>().is_ok())
}

/// Whether the name of an attribute is one for words about an image.
fn describes(name: &str) -> bool {
    ["alt", "caption", "description", "file-name", "filename", "label", "name", "title"]
        .iter()
        .any(|word| name.ends_with(word))
}

/// Whether an attribute describes the element in another way, or is in a table.
pub(super) fn is_of_another_kind(tag: &Tag<'_>, name: &str) -> bool {
    let known = attributes::rows(tag.name).iter().any(|row| row.attribute == name);
    let described = ["alt", "class", "content", "href", "id", "longdesc", "name", "style", "title", "usemap"];
    known || described.contains(&name) || name.starts_with("aria-") || name.starts_with("on")
}

/// How clearly a name means the shown image: a lower rank is clearer.
pub(super) fn rank(name: &str) -> usize {
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
