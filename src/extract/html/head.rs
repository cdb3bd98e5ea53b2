//! What a document says about itself: its icons, previews, canonical URL and date.

use super::scanner::Pass;
use super::tokens::Tag;
use crate::extract::address::has_image_path;
use crate::extract::attributes::{self, Syntax};
use crate::extract::dates;
use crate::extract::sink::RawReference;
use crate::model::ReferenceKind;

impl Pass<'_, '_, '_, '_> {
    /// Reads `base`, `link`, `meta` and `time`.
    pub(super) fn head(&mut self, tag: &Tag<'_>) {
        match tag.name {
            "base" => self.base(tag),
            "link" => self.link(tag),
            "meta" => self.meta(tag),
            _ => self.time(tag),
        }
    }

    fn link(&mut self, tag: &Tag<'_>) {
        let rel = tag.value("rel").unwrap_or_default();
        let is = |name: &str| rel.split_ascii_whitespace().any(|token| token.eq_ignore_ascii_case(name));
        if is("canonical") && self.sink.canonical.is_none() {
            self.sink.canonical = tag.value("href").map(str::to_owned);
        }
        let as_image = tag.value("as").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("image"));
        let preview = tag.value("itemprop").is_some_and(attributes::meta).then_some(ReferenceKind::Link);
        let is_sheet = self.scanner.options.style_sheets && is("stylesheet") && !is("alternate");
        let sheet = is_sheet.then_some(ReferenceKind::Sheet);
        let Some(kind) = attributes::link(rel, as_image).or(preview).or(sheet) else { return };
        let image_group = self.sink.image_group();
        for (name, kind, syntax) in
            [("href", kind, Syntax::Url), ("imagesrcset", ReferenceKind::Srcset, Syntax::Srcset)]
        {
            if let Some(attribute) = tag.attribute(name) {
                let found = self.read(&attribute, kind, syntax, image_group);
                self.sink.extend(found);
            }
        }
        self.barriers(tag, image_group);
    }

    fn meta(&mut self, tag: &Tag<'_>) {
        let Some(content) = tag.attribute("content") else { return };
        if tag.value("http-equiv").is_some_and(|pragma| pragma.eq_ignore_ascii_case("content-security-policy")) {
            self.sink.upgrade |= upgrades(content.value);
            self.policy(&content);
        }
        let names = ["property", "name", "itemprop"].map(|name| tag.value(name).unwrap_or_default());
        let is_content = |name: &str| name.eq_ignore_ascii_case("contentUrl") && has_image_path(content.value);
        if names.iter().any(|name| attributes::meta(name) || is_content(name)) {
            let image_group = self.sink.image_group();
            let found = self.read(&content, ReferenceKind::Meta, Syntax::Url, image_group);
            self.sink.extend(found.into_iter().map(|found| RawReference { name: names.concat(), ..found }));
        }
        for name in names {
            match name.to_ascii_lowercase().as_str() {
                "og:url" if self.sink.canonical.is_none() => self.sink.canonical = Some(content.value.to_owned()),
                "article:published_time" | "datepublished" | "date" | "pubdate" | "dc.date" => {
                    self.published(content.value);
                }
                _ => {}
            }
        }
    }

    fn time(&mut self, tag: &Tag<'_>) {
        let itemprop = tag.value("itemprop").unwrap_or_default();
        if itemprop.eq_ignore_ascii_case("datePublished") {
            self.published(tag.value("datetime").unwrap_or_default());
        } else if self.sink.published.is_none() {
            self.sink.published = tag.value("datetime").and_then(dates::timestamp);
            self.scanner.dated_by_time = self.sink.published.is_some();
        }
    }

    /// Takes a date of publication. The first one counts, and takes precedence over a `<time>` of unknown meaning.
    fn published(&mut self, date: &str) {
        let Some(date) = dates::timestamp(date) else { return };
        if self.sink.published.is_none() || self.scanner.dated_by_time {
            self.sink.published = Some(date);
            self.scanner.dated_by_time = false;
        }
    }
}

/// Whether a policy has the directive that makes a browser ask for http images over https (Upgrade Insecure Requests,
/// section 3).
fn upgrades(policy: &str) -> bool {
    let names = policy.split(';').filter_map(|directive| directive.split_ascii_whitespace().next());
    names.into_iter().any(|name| name.eq_ignore_ascii_case("upgrade-insecure-requests"))
}
