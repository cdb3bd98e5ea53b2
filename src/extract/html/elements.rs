//! Elements that show images, and the attributes that name them.

use std::collections::HashSet;
use std::ops::Range;

use super::doctype::expanded;
use super::reveal;
use super::scanner::{Anchor, Named, Pass, Picture, Rules, Shown};
use super::tokens::{Attribute, Tag};
use super::unlisted::is_placeholder;
use super::value::Value;
use crate::extract::address::{
    can_be_address, has_image_extension, has_image_path, is_http, is_image_url, names_other_file,
};
use crate::extract::attributes::{self, Row, Syntax, When};
use crate::extract::sink::{MAX_REFERENCES, RawReference};
use crate::extract::template::looks_like_template;
use crate::extract::{css, shortcode, srcset};
use crate::model::ReferenceKind;

impl Pass<'_, '_, '_, '_> {
    pub(super) fn open_anchor(&mut self, tag: &Tag<'_>) {
        self.scanner.anchor = None;
        self.open_link(tag);
        let Some(href) = tag.attribute("href").filter(|href| has_image_extension(href.value)) else { return };
        if !self.scanner.wants(ReferenceKind::FullSize, "a") {
            return;
        }
        let image_group = self.sink.image_group();
        let link = self.read(&href, ReferenceKind::FullSize, Syntax::Url, image_group).pop();
        self.scanner.anchor = link.map(|link| Anchor { link, claimed: false });
    }

    pub(super) fn open_picture(&mut self, start: usize) {
        let (number, before) = (self.number(), self.sink.found.len());
        self.scanner.picture = Some(Picture { number, start, before, lazy: None, shown: false });
    }

    /// Reads an element's attributes, whatever it is.
    pub(super) fn element(&mut self, tag: &Tag<'_>) {
        if !tag.has_attributes() && tag.name != "img" {
            return;
        }
        let mut named = self.named(tag);
        self.reveal_source(tag, &named);
        if named.found.is_empty() {
            return;
        }
        reveal::reveal(tag, &mut named);
        self.wrap_image(tag, &mut named.found);
        if attributes::shows_image(tag.name) {
            self.number_image(&mut named.found);
        } else {
            self.number_each(&mut named.found);
        }
        self.remember_source(tag, &named);
        let image_group = named.found[0].image_group;
        if let Some((src, image)) = named.beside {
            self.scanner.shared.note(src, RawReference { image_group, ..image });
        }
        let start = self.sink.found.len();
        self.sink.extend(named.found);
        if let Some(last) = self.scanner.last.as_mut().filter(|_| attributes::shows_image(tag.name)) {
            last.found = start..self.sink.found.len();
        }
        self.barriers(tag, image_group);
    }

    /// What an element's attributes name, not yet numbered.
    fn named(&self, tag: &Tag<'_>) -> Named {
        let mut named = Named::default();
        let rows = attributes::rows(tag.name);
        for attribute in tag.attributes().filter(|attribute| !attribute.value.is_empty()) {
            // In SVG, `image` is no `img`: its `src` is a fallback for browsers without SVG.
            let svg = !tag.html && matches!(attribute.name, "src" | "srcset");
            let is_row = |row: &&Row| row.attribute == attribute.name || self.is_prefixed_link(row, attribute.name);
            if let Some(row) = rows.iter().find(is_row).filter(|_| !svg) {
                named.found.extend(self.row(tag, row, &attribute));
            } else if is_style(tag, &attribute) && self.scanner.wants(ReferenceKind::Css, tag.name) {
                named.found.extend(self.read(&attribute, ReferenceKind::Css, Syntax::Css, 0));
            } else if tag.name == "source" && attribute.name == "src" {
                named.found.extend(self.source(tag, &attribute));
            } else if let Some(worth) = self.lazy_worth(tag, attribute.name) {
                self.lazy(tag, &attribute, worth, &mut named);
            } else if let Some(bound) = self.bound(tag, &attribute) {
                self.lazy(tag, &bound, (0, Syntax::Url), &mut named);
            } else if attribute.name == "poster" && self.is_poster(tag, attribute.value) {
                named.found.extend(self.read(&attribute, ReferenceKind::Poster, Syntax::Url, 0));
            } else if !self.background(tag, &attribute, &mut named) && self.is_property(tag, &attribute) {
                let kind = shortcode::kind_by_name(tag.name, attribute.name);
                named.found.extend(self.read(&attribute, kind, Syntax::Url, 0));
            }
        }
        self.unlisted(tag, &mut named);
        if attributes::opens_document(tag.name) {
            // A script copies it to where the element opens it.
            let may_open = |kind| matches!(kind, ReferenceKind::Lazy | ReferenceKind::Shortcode);
            for found in named.found.iter_mut().filter(|found| may_open(found.kind)) {
                found.kind = ReferenceKind::Embed;
            }
        }
        named.lazy.sort_unstable();
        named
    }

    /// Whether an attribute of XML is that of a row with another prefix, such as `l:href` for `xlink:href`.
    fn is_prefixed_link(&self, row: &Row, attribute: &str) -> bool {
        let local = || attribute.rsplit_once(':').map(|(_, local)| local);
        self.scanner.rules == Rules::Xml && row.attribute == "xlink:href" && local() == Some("href")
    }

    /// Whether an attribute is a property of a component of JSX that holds an image.
    fn is_property(&self, tag: &Tag<'_>, attribute: &Attribute<'_>) -> bool {
        let is_component = || self.text.as_bytes().get(tag.span.start + 1).is_some_and(u8::is_ascii_uppercase);
        let value = attribute.value.trim();
        let is_image = || {
            is_image_url(value)
                || self.scanner.options.local_links.contains(value)
                || (has_image_extension(value) && shortcode::is_source(attribute.name))
                || (is_http(value) && attribute.name == "src" && attributes::is_called_image(tag.name))
        };
        let wanted = self.scanner.rules == Rules::Jsx && self.scanner.wants(ReferenceKind::Shortcode, tag.name);
        wanted && is_component() && is_image()
    }

    /// The address that an attribute holds as a string of a script (Vue: `:src="'…'"`).
    fn bound<'a>(&self, tag: &Tag<'_>, attribute: &Attribute<'a>) -> Option<Attribute<'a>> {
        let bound = attribute.name.strip_prefix("v-bind").unwrap_or(attribute.name).strip_prefix(':')?;
        let row = attributes::rows(tag.name).iter().find(|row| row.attribute == bound)?;
        let span = attribute.span.clone().filter(|span| &self.text[span.clone()] == attribute.value)?;
        let quote = attribute.value.chars().next().filter(|quote| matches!(quote, '\'' | '"' | '`'))?;
        let value = attribute.value[1..].strip_suffix(quote).filter(|value| !value.contains([quote, '\\']))?;
        let span = span.start + 1..span.end - 1;
        let is_plain = row.syntax == Syntax::Url && can_be_address(value, false) && !looks_like_template(value);
        is_plain.then(|| Attribute { value, span: Some(span), ..attribute.clone() })
    }

    /// Whether a custom element, such as `model-viewer`, has this poster.
    fn is_poster(&self, tag: &Tag<'_>, value: &str) -> bool {
        tag.name.contains('-') && has_image_path(value.trim()) && self.scanner.wants(ReferenceKind::Poster, tag.name)
    }

    fn row(&self, tag: &Tag<'_>, row: &Row, attribute: &Attribute<'_>) -> Vec<RawReference> {
        let kind_of = tag.value("type").unwrap_or_default().trim().to_ascii_lowercase();
        let counts = match row.when {
            When::Always => true,
            When::TypeImage => kind_of == "image",
            // What a browser makes of it is decided by what is sent, whatever the element says.
            When::ImageFile => kind_of.starts_with("image/") || has_image_extension(attribute.value),
        };
        if counts && self.scanner.wants(row.kind, tag.name) {
            self.read(attribute, row.kind, row.syntax, 0)
        } else {
            Vec::new()
        }
    }

    /// `source src` is what its parent plays. Without a parent it is an image if it is named like one.
    fn source(&self, tag: &Tag<'_>, attribute: &Attribute<'_>) -> Vec<RawReference> {
        let kind = if self.scanner.media.is_some() { ReferenceKind::Media } else { ReferenceKind::Image };
        let counts = kind == ReferenceKind::Media || has_image_extension(attribute.value);
        if counts && self.scanner.wants(kind, self.scanner.media.unwrap_or(tag.name)) {
            self.read(attribute, kind, Syntax::Url, 0)
        } else {
            Vec::new()
        }
    }

    /// The rank of a lazy attribute of an element, and how its value is written. A script makes an image of an element
    /// whose name says so, such as `lazy-image`.
    fn lazy_worth(&self, tag: &Tag<'_>, attribute: &str) -> Option<(usize, Syntax)> {
        match attribute {
            "src" if attributes::has_image_word(tag.name) => Some((0, Syntax::Url)),
            "srcset" if attributes::has_image_word(tag.name) => Some((0, Syntax::Srcset)),
            _ => attributes::lazy(attribute, &self.scanner.options.lazy_attributes),
        }
    }

    fn lazy(&self, tag: &Tag<'_>, attribute: &Attribute<'_>, (rank, syntax): (usize, Syntax), named: &mut Named) {
        if !self.scanner.wants(ReferenceKind::Lazy, tag.name) || looks_like_template(attribute.value) {
            return;
        }
        let syntax = if syntax == Syntax::Css && !attribute.value.contains("url(") { Syntax::Url } else { syntax };
        let shows = attributes::shows_image(tag.name) && self.scanner.media.is_none();
        let shows = shows && !(attributes::is_weak(attribute.name) && self.has_better(tag, attribute.name));
        let is_background = attributes::is_background(attribute.name);
        let counts = |value: &str| {
            let is_shown = (shows && looks_like_url(value)) || (is_background && is_http(value));
            has_image_extension(value) || (is_shown && !names_other_file(value))
        };
        self.add_lazy(attribute, (rank, syntax), named, counts);
    }

    /// Whether an element has an image to show or a lazy attribute besides one that may hold a page.
    fn has_better(&self, tag: &Tag<'_>, weak: &str) -> bool {
        let shown = tag.value("src").is_some_and(|src| !is_placeholder(src));
        let is_lazy = |name: &str| !attributes::is_weak(name) && self.lazy_worth(tag, name).is_some();
        let names_one = |attribute: &Attribute<'_>| {
            attribute.name != weak && is_lazy(attribute.name) && looks_like_url(attribute.value.trim())
        };
        shown || tag.attributes().any(|attribute| names_one(&attribute))
    }

    /// Adds what a lazy attribute names, as far as its values count.
    pub(super) fn add_lazy(
        &self,
        attribute: &Attribute<'_>,
        (rank, syntax): (usize, Syntax),
        named: &mut Named,
        counts: impl Fn(&str) -> bool,
    ) {
        let mut found = self.read(attribute, ReferenceKind::Lazy, syntax, 0);
        found.retain(|found| counts(&found.value));
        if syntax == Syntax::Srcset {
            let candidates = candidates(attribute);
            let best = srcset::largest(&candidates).map(|best| &attribute.value[candidates[best].url.clone()]);
            let best = best.and_then(|best| found.iter().position(|found| found.value == best));
            named.lazy.extend(best.map(|best| (rank, named.found.len() + best)));
        } else if !found.is_empty() {
            named.lazy.push((rank, named.found.len()));
        }
        named.found.append(&mut found);
    }

    /// What the value of an attribute names.
    pub(super) fn read(
        &self,
        attribute: &Attribute<'_>,
        kind: ReferenceKind,
        syntax: Syntax,
        image_group: u32,
    ) -> Vec<RawReference> {
        let Some(span) = attribute.span.clone() else { return Vec::new() };
        let value = Value::new(self.text, span.clone(), attribute.value);
        let name = attribute.name;
        let found = |span, value: &str, name: &str| RawReference::new(span, value.to_owned(), kind, name, image_group);
        match syntax {
            Syntax::Url if !self.scanner.entities.is_empty() => {
                let url = expanded(attribute.value, &self.text[span.clone()], &self.scanner.entities);
                vec![found(trim(self.text, span), url.trim_matches(is_stripped), name)]
            }
            Syntax::Url => vec![found(trim(self.text, span), attribute.value.trim_matches(is_stripped), name)],
            Syntax::Srcset => {
                // More than an article may have would only take memory; one more says that there were more.
                let candidates = candidates(attribute).into_iter().take(MAX_REFERENCES + 1);
                let candidates = candidates.map(|candidate| candidate.url);
                candidates.map(|url| found(value.span(url.clone()), &value.decoded()[url], name)).collect()
            }
            Syntax::Css => {
                let addresses = css::parse(value.decoded()).into_iter();
                addresses.map(|address| found(value.span(address.span), &address.value, name)).collect()
            }
        }
    }

    /// Gives all references of an image element the number of its image.
    fn number_image(&mut self, found: &mut [RawReference]) {
        let copied = self.copied(found);
        // Whether a place is a reference does not depend on earlier references: the link around a copy is one, too.
        let around = copied.and_then(|number| self.claim_anchor(Some(number)));
        let number = around.or(copied).unwrap_or_else(|| self.number());
        for found in &mut *found {
            found.image_group = number;
        }
        let shown = Shown { number, noscript: self.scanner.noscript, found: 0..0 };
        self.scanner.last = copied.is_none().then_some(shown);
    }

    /// The number of the image before this one, if one of them is within `noscript` and both name the same.
    fn copied(&self, found: &[RawReference]) -> Option<u32> {
        let shown = self.scanner.last.as_ref().filter(|shown| shown.noscript != self.scanner.noscript)?;
        let named = self.sink.found.get(shown.found.clone()).unwrap_or_default();
        let named: HashSet<_> = named.iter().map(|other| other.value.as_str()).collect();
        found.iter().any(|found| named.contains(found.value.as_str())).then_some(shown.number)
    }

    /// Gives each reference of another element a number of its own.
    fn number_each(&mut self, found: &mut [RawReference]) {
        for found in found {
            found.image_group = self.sink.image_group();
        }
    }

    /// The number of an image: that of the `picture` it is in or of the link around it; otherwise a new one.
    fn number(&mut self) -> u32 {
        if let Some(picture) = &self.scanner.picture {
            return picture.number;
        }
        self.claim_anchor(None).unwrap_or_else(|| self.sink.image_group())
    }

    /// Reports the link around an image, unless an image before it did, and gives the number of what it leads to: the
    /// given one, or its own.
    fn claim_anchor(&mut self, number: Option<u32>) -> Option<u32> {
        let anchor = self.scanner.anchor.as_mut().filter(|anchor| !anchor.claimed)?;
        anchor.claimed = true;
        anchor.link.image_group = number.unwrap_or(anchor.link.image_group);
        self.sink.push(anchor.link.clone());
        Some(anchor.link.image_group)
    }
}

/// The candidates of an attribute. Those of a background can name their media in brackets.
fn candidates(attribute: &Attribute<'_>) -> Vec<srcset::Candidate> {
    let lists = attribute.name == "data-bgset" && attribute.value.contains(" [");
    if lists { srcset::parse_lists(attribute.value) } else { srcset::parse(attribute.value) }
}

/// What URL parsing strips from both ends (URL Standard, "basic URL parser", C0 control or space).
fn is_stripped(c: char) -> bool {
    c <= ' '
}

/// A span without the white space at its ends.
fn trim(text: &str, span: Range<usize>) -> Range<usize> {
    let raw = &text[span.clone()];
    let start = span.start + (raw.len() - raw.trim_start_matches(is_stripped).len());
    start..(start + raw.trim_matches(is_stripped).len())
}

/// Whether the value of a lazy attribute can be a URL: it is one word, with a dot or slash in it.
fn looks_like_url(value: &str) -> bool {
    value.contains(['/', '.'])
        && !value.contains(|c: char| c.is_ascii_whitespace() || matches!(c, '{' | '[' | '"' | '<'))
}

/// Whether an attribute is a style, or one of SVG that is written as a style and names a file (SVG 2, "presentation
/// attributes").
fn is_style(tag: &Tag<'_>, attribute: &Attribute<'_>) -> bool {
    let is_presentation = || {
        matches!(
            attribute.name,
            "clip-path" | "cursor" | "filter" | "marker-end" | "marker-mid" | "marker-start" | "mask"
        )
    };
    attribute.name == "style" || !tag.html && is_presentation() && attribute.value.contains("url(")
}
