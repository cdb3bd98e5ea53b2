//! References in HTML.

mod background;
mod barriers;
mod base;
mod comments;
mod doctype;
mod elements;
mod figure;
mod foreign;
mod head;
mod json_ld;
mod link_wrap;
mod namespaces;
mod reveal;
mod saved_from;
mod scanner;
mod shared;
mod srcdoc;
mod templates;
mod tokens;
mod unlisted;
mod value;

use std::borrow::Cow;
use std::ops::Range;

use self::scanner::Pass;
pub(super) use self::scanner::{Rules, Scanner};
use self::tokens::{Handler, Tag};
use self::value::Value;
use super::character_references::{XML, decoded};
use super::options::ExtractOptions;
use super::sink::{RawReference, Sink};
use super::style_sheet;
use crate::model::ReferenceKind;

/// Finds the references in a part of a text that is HTML. Spans are of the text as a whole.
pub(super) fn find(text: &str, range: Range<usize>, rules: Rules, options: &ExtractOptions, sink: &mut Sink) {
    let (mut scanner, end) = (Scanner::new(rules, options), range.end);
    sink.saved_from = saved_from::url(&text[range.clone()]);
    let mut start = range.start;
    if rules == Rules::Xml {
        (scanner.entities, start) = doctype::read(text, range);
    }
    scanner.scan(text, start..end, sink);
    scanner.finish(end, sink);
}

impl Scanner<'_> {
    /// Reads the next piece.
    pub(in crate::extract) fn scan(&mut self, text: &str, range: Range<usize>, sink: &mut Sink) {
        let is_xml = self.rules == Rules::Xml;
        tokens::tokenize(text, range, is_xml, &mut Pass { scanner: self, text, sink });
    }
}

impl Handler for Pass<'_, '_, '_, '_> {
    fn start_tag(&mut self, tag: &Tag<'_>) {
        if tag.name == "template" && (tag.html || !self.text[tag.span.clone()].ends_with("/>")) {
            // Declarative shadow trees are shown; other templates only wait for a script.
            self.scanner.templates.open(tag.html && tag.attribute("shadowrootmode").is_none());
        }
        if self.scanner.templates.hide() {
            return;
        }
        match tag.name {
            "base" | "link" | "meta" | "time" => self.head(tag),
            "a" => self.open_anchor(tag),
            "figure" | "div" => self.open_figure(tag),
            "noscript" => self.scanner.noscript = true,
            "picture" => self.open_picture(tag.span.start),
            "script" => self.scanner.json_ld = is_json_ld(tag),
            "video" | "amp-video" => self.scanner.media = Some("video"),
            "audio" | "amp-audio" => self.scanner.media = Some("audio"),
            "iframe" => self.srcdoc(tag),
            _ => {}
        }
        self.element(tag);
        self.based(tag);
    }

    fn end_tag(&mut self, name: &str, span: Range<usize>) {
        match name {
            "a" => self.close_link(span.end),
            "picture" => self.wrap_picture(span.end),
            "figure" | "div" if !self.scanner.templates.hide() => self.scanner.leave_figure(name, self.sink),
            _ => {}
        }
        let scanner = &mut *self.scanner;
        match name {
            "template" => scanner.templates.close(),
            "a" => scanner.anchor = None,
            "noscript" => scanner.noscript = false,
            "picture" => scanner.picture = None,
            "video" | "audio" | "amp-video" | "amp-audio" => scanner.media = None,
            _ => {}
        }
    }

    fn element_text(&mut self, element: &str, span: Range<usize>) {
        if self.scanner.templates.hide() {
            return;
        }
        if element == "style" {
            self.style_sheet(span);
        } else if element == "script" && self.scanner.json_ld && self.scanner.options.json_ld {
            self.linked_data(span);
        }
    }

    fn title(&mut self, title: &str) {
        let title = title.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        if self.sink.title.is_none() && !title.is_empty() && !self.scanner.templates.hide() {
            self.sink.title = Some(title);
        }
    }
}

impl Pass<'_, '_, '_, '_> {
    fn style_sheet(&mut self, span: Range<usize>) {
        // In XML the text of a style sheet has character references, except in a CDATA section.
        let raw = &self.text[span.clone()];
        let has_references = self.scanner.rules == Rules::Xml && raw.contains('&') && !raw.contains("<![CDATA[");
        let style = if has_references { decoded(raw, XML).replace("\r\n", "\n").into() } else { Cow::from(raw) };
        let value = Value::new(self.text, span, &style);
        style_sheet::find(&style, |part| value.span(part), self.scanner.options, self.sink);
    }
}

impl Pass<'_, '_, '_, '_> {
    fn linked_data(&mut self, span: Range<usize>) {
        let start = span.start;
        for (span, name, value) in json_ld::images(&self.text[span]) {
            let image_group = self.sink.image_group();
            self.sink.push(RawReference::new(
                start + span.start..start + span.end,
                value,
                ReferenceKind::JsonLd,
                &name,
                image_group,
            ));
        }
    }
}

fn is_json_ld(tag: &Tag<'_>) -> bool {
    tag.value("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/ld+json"))
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;
