//! The document that an `iframe` holds in its `srcdoc`.

use std::collections::BTreeMap;

use super::scanner::{Pass, Rules, Scanner};
use super::tokens::Tag;
use super::value::Value;
use crate::extract::sink::{RawReference, Sink};

/// How deep documents are read in each other. Each is encoded once more than the one around it.
const DEEPEST: usize = 3;

impl Pass<'_, '_, '_, '_> {
    /// Reports the images and style sheets of the document within an attribute. Its URLs are relative to the page's base (HTML, "the
    /// iframe element"). A document with a base of its own is skipped.
    pub(super) fn srcdoc(&mut self, tag: &Tag<'_>) {
        let within = self.scanner.documents;
        let Some(document) = tag.attribute("srcdoc").filter(|_| tag.name == "iframe" && within < DEEPEST) else {
            return;
        };
        let Some(span) = document.span else { return };
        let (value, end) = (Value::new(self.text, span, document.value), document.value.len());
        let mut inner = Sink::default();
        let mut scanner = Scanner { documents: within + 1, ..Scanner::new(Rules::Html, self.scanner.options) };
        scanner.scan(document.value, 0..end, &mut inner);
        scanner.finish(end, &mut inner);
        let mut groups = BTreeMap::new();
        for found in inner.found.into_iter().filter(|found| found.kind.takes_link() && inner.base.is_none()) {
            let image_group = *groups.entry(found.image_group).or_insert_with(|| self.sink.image_group());
            let span = value.span(found.span.clone());
            self.sink.push(RawReference { span, image_group, reveal: None, link_wrap: None, ..found });
        }
    }
}
