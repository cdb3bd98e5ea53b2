//! The tokens of HTML that matter here: tags with their attributes, and the text of a few elements, each with its
//! span.
//!
//! `html5gum` is the tokenizer. It gets the states that a tree builder would set for `<script>`, `<style>` and the
//! like, with scripting off, so that what `<noscript>` holds is markup.

use std::collections::HashSet;
use std::convert::Infallible;
use std::ops::Range;

use html5gum::{Emitter, Error, State, Tokenizer};

use super::comments::outside_comments;
use super::foreign::Foreign;
use super::namespaces::Namespaces;
use crate::extract::markup_input::MarkupInput;

/// Takes the tokens of a text.
pub(super) trait Handler {
    /// A start tag of an element; `html` distinguishes HTML elements from those of `svg` and `math`.
    fn start_tag(&mut self, tag: &Tag<'_>);
    /// An end tag, and the bytes it takes.
    fn end_tag(&mut self, name: &str, span: Range<usize>);
    /// The text within a `script`, `style` or `title`, as it stands.
    fn element_text(&mut self, element: &str, span: Range<usize>);
    /// The text of the document's `title`, decoded.
    fn title(&mut self, title: &str);
}

/// A start tag.
#[derive(Debug)]
pub(super) struct Tag<'a> {
    /// The element, in lower case.
    pub(super) name: &'a str,
    /// Whether it is an element of HTML, and not of `svg` or `math`.
    pub(super) html: bool,
    /// The whole of it.
    pub(super) span: Range<usize>,
    /// The byte after the name.
    pub(super) name_end: usize,
    buffer: &'a str,
    slots: &'a [Slot],
}

/// An attribute of a start tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute<'a> {
    /// Its name, in lower case.
    pub(super) name: &'a str,
    /// Its value, decoded.
    pub(super) value: &'a str,
    /// Where its name starts.
    pub(super) start: usize,
    /// Where its value stands, without quotes; `None` if it has no value at all.
    pub(super) span: Option<Range<usize>>,
    /// The byte after the attribute, quotes included.
    pub(super) end: usize,
}

impl<'a> Tag<'a> {
    /// Whether it has any.
    pub(super) fn has_attributes(&self) -> bool {
        !self.slots.is_empty()
    }

    /// Its attributes in order.
    pub(super) fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let buffer = self.buffer;
        self.slots.iter().map(move |slot| slot.attribute(buffer))
    }

    /// The attribute of that name.
    pub(super) fn attribute(&self, name: &str) -> Option<Attribute<'a>> {
        self.attributes().find(|attribute| attribute.name == name)
    }

    /// The value of the attribute of that name.
    pub(super) fn value(&self, name: &str) -> Option<&'a str> {
        self.attribute(name).map(|attribute| attribute.value)
    }
}

/// Reads the markup in a part of a text. Spans are of the text as a whole.
pub(super) fn tokenize(text: &str, range: Range<usize>, xml: bool, handler: &mut impl Handler) {
    let emitter = TagEmitter { xml, ..TagEmitter::new(text, range.clone(), handler) };
    // All that this yields are interruptions.
    for _ in Tokenizer::new_with_emitter(MarkupInput::new(&text[range]), emitter) {}
}

/// Where an attribute's parts stand in the emitter's buffer and in the text.
#[derive(Debug, Default, Clone)]
struct Slot {
    name: Range<usize>,
    value: Range<usize>,
    start: usize,
    name_end: usize,
    /// Where the value starts, until [`Slot::find_value`] knows the whole of it.
    value_start: Option<usize>,
    span: Option<Range<usize>>,
    quoted: bool,
}

impl Slot {
    fn attribute<'a>(&self, buffer: &'a str) -> Attribute<'a> {
        let end = self.span.as_ref().map_or(self.name_end, |span| span.end + usize::from(self.quoted));
        Attribute {
            name: &buffer[self.name.clone()],
            value: &buffer[self.value.clone()],
            start: self.start,
            span: self.span.clone(),
            end,
        }
    }

    /// Where the value stands: up to its quote, or else to white space or the end of the tag (HTML, "attribute value
    /// states").
    fn find_value(&mut self, text: &[u8]) {
        let Some(start) = self.value_start else { return };
        let quote = text[..start].last().copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let ends = |byte: &u8| matches!(byte, b'\t' | b'\n' | 0x0C | b'\r' | b' ' | b'>');
        let length = match quote {
            Some(quote) => memchr::memchr(quote, &text[start..]),
            None => text[start..].iter().position(ends),
        };
        self.quoted = quote.is_some();
        self.span = length.map(|length| start..start + length);
    }
}

/// Leaves the first of attributes with the same name (HTML, "attribute name state").
fn drop_duplicates(slots: &mut Vec<Slot>, buffer: &[u8]) {
    const FEW: usize = 24;
    if slots.len() <= FEW {
        let mut at = 1;
        while at < slots.len() {
            let name = &buffer[slots[at].name.clone()];
            if slots[..at].iter().any(|slot| &buffer[slot.name.clone()] == name) {
                slots.remove(at);
            } else {
                at += 1;
            }
        }
    } else {
        let mut seen = HashSet::new();
        slots.retain(|slot| seen.insert(&buffer[slot.name.clone()]));
    }
}

/// Whose text is being collected.
#[derive(Debug, Clone, PartialEq, Eq)]
enum TextOwner {
    /// Nobody's.
    None,
    /// That of an element of this name, from here.
    Element(&'static str, usize),
    /// That of a style sheet from here, which is read as markup.
    Style(usize),
    /// The document's title.
    Title(Vec<u8>),
}

/// Collects what the tokenizer emits into tags.
struct TagEmitter<'t, 'h, H> {
    text: &'t str,
    /// Whether the markup is XML.
    xml: bool,
    handler: &'h mut H,
    position: usize,
    tag_start: usize,
    is_end_tag: bool,
    self_closing: bool,
    name: Vec<u8>,
    name_end: usize,
    last_start_tag: Vec<u8>,
    buffer: Vec<u8>,
    slots: Vec<Slot>,
    content: TextOwner,
    foreign: Foreign,
    namespaces: Namespaces,
}

impl<'t, 'h, H: Handler> TagEmitter<'t, 'h, H> {
    fn new(text: &'t str, range: Range<usize>, handler: &'h mut H) -> Self {
        Self {
            text: &text[..range.end],
            xml: false,
            handler,
            position: range.start,
            tag_start: range.start,
            is_end_tag: false,
            self_closing: false,
            name: Vec::new(),
            name_end: range.start,
            last_start_tag: Vec::new(),
            buffer: Vec::new(),
            slots: Vec::new(),
            content: TextOwner::None,
            foreign: Foreign::default(),
            namespaces: Namespaces::default(),
        }
    }

    fn start(&mut self, is_end_tag: bool) {
        self.is_end_tag = is_end_tag;
        self.self_closing = false;
        self.name.clear();
        self.buffer.clear();
        self.slots.clear();
    }

    fn end_content(&mut self, at: usize) {
        match std::mem::replace(&mut self.content, TextOwner::None) {
            TextOwner::None => {}
            TextOwner::Element(name, start) => self.handler.element_text(name, start..at.max(start)),
            TextOwner::Style(start) => {
                for part in outside_comments(self.text, start..at.max(start)) {
                    self.handler.element_text("style", part);
                }
            }
            TextOwner::Title(title) => self.handler.title(&String::from_utf8_lossy(&title)),
        }
    }

    fn end_tag(&mut self) {
        let is_known = !self.xml || self.namespaces.knows(&self.name);
        self.namespaces.end(&self.name);
        if !is_known {
            return;
        }
        self.drop_prefix();
        let name = str::from_utf8(&self.name).unwrap_or_default();
        self.foreign.end(name);
        self.handler.end_tag(name, self.tag_start..self.position);
    }

    /// Reports a start tag. Returns how its content is to be read.
    fn start_tag(&mut self) -> Option<State> {
        for slot in &mut self.slots {
            slot.find_value(self.text.as_bytes());
        }
        drop_duplicates(&mut self.slots, &self.buffer);
        if self.xml && !self.enter_namespaces() {
            return None;
        }
        self.drop_prefix();
        let name = str::from_utf8(&self.name).unwrap_or_default();
        let html = self.foreign.start(name, self.self_closing);
        if let (Ok(buffer), true) = (str::from_utf8(&self.buffer), self.is_known(html)) {
            let (span, name_end) = (self.tag_start..self.position, self.name_end);
            self.handler.start_tag(&Tag { name, html, span, name_end, buffer, slots: &self.slots });
        }
        self.last_start_tag.clone_from(&self.name);
        if !self.xml {
            return self.start_content(html);
        }
        if self.self_closing {
            self.handler.end_tag(name, self.position..self.position);
        } else {
            self.start_content_of_xml();
        }
        None
    }

    /// Whether an element can be one of HTML: in XML, names with capital letters are not (XHTML 1.0, section 4.2).
    fn is_known(&self, html: bool) -> bool {
        let name = || self.text.as_bytes().get(self.tag_start + 1..self.name_end).unwrap_or_default();
        !self.xml || !html || !name().iter().any(u8::is_ascii_uppercase)
    }

    /// Takes note of the namespaces that a start tag declares. Returns whether its element is of one that is known.
    fn enter_namespaces(&mut self) -> bool {
        let declared = self.slots.iter().filter_map(|slot| {
            let prefix = self.buffer[slot.name.clone()].strip_prefix(b"xmlns")?;
            let prefix = if prefix.is_empty() { prefix } else { prefix.strip_prefix(b":")? };
            Some((prefix, self.buffer[slot.value.clone()].trim_ascii()))
        });
        self.namespaces.start(&self.name, declared);
        let is_known = self.namespaces.knows(&self.name);
        if self.self_closing {
            self.namespaces.end(&self.name);
        }
        is_known
    }

    /// Leaves of a name of XML what follows its prefix.
    fn drop_prefix(&mut self) {
        let prefix = self.xml.then(|| self.name.iter().rposition(|byte| *byte == b':')).flatten();
        self.name.drain(..prefix.map_or(0, |prefix| prefix + 1));
    }

    /// In XML every element holds markup.
    fn start_content_of_xml(&mut self) {
        self.content = match self.name.as_slice() {
            b"style" => TextOwner::Style(self.position),
            b"script" => TextOwner::Element("script", self.position),
            b"title" if self.foreign.is_html() => TextOwner::Title(Vec::new()),
            _ => TextOwner::None,
        };
    }

    /// What a tree builder does after such a start tag, with scripting off (HTML, "in head" and "in body").
    fn start_content(&mut self, html: bool) -> Option<State> {
        let (content, state) = match self.name.as_slice() {
            b"style" => (TextOwner::Element("style", self.position), State::RawText),
            b"script" => (TextOwner::Element("script", self.position), State::ScriptData),
            b"title" => (TextOwner::Title(Vec::new()), State::RcData),
            b"textarea" => (TextOwner::None, State::RcData),
            b"iframe" | b"noembed" | b"noframes" | b"xmp" => (TextOwner::None, State::RawText),
            b"plaintext" => (TextOwner::None, State::PlainText),
            _ => return None,
        };
        if html {
            self.content = content;
            return Some(state);
        }
        if self.name == b"style" && !self.self_closing {
            self.content = TextOwner::Style(self.position);
        }
        None
    }

    fn slot(&mut self) -> Option<&mut Slot> {
        self.slots.last_mut()
    }
}

impl<H: Handler> Emitter for TagEmitter<'_, '_, H> {
    type Token = Infallible;

    fn move_position(&mut self, offset: isize) {
        self.position = self.position.saturating_add_signed(offset);
    }

    fn start_open_tag(&mut self) {
        self.tag_start = self.position.saturating_sub(1);
    }

    fn init_start_tag(&mut self) {
        self.start(false);
    }

    fn init_end_tag(&mut self) {
        self.start(true);
    }

    fn push_tag_name(&mut self, part: &[u8]) {
        self.name.extend_from_slice(part);
        self.name_end = self.position;
    }

    fn init_attribute(&mut self) {
        let end = self.buffer.len();
        let start = self.position.saturating_sub(1);
        self.slots.push(Slot { name: end..end, value: end..end, start, name_end: self.position, ..Slot::default() });
    }

    fn push_attribute_name(&mut self, part: &[u8]) {
        self.buffer.extend_from_slice(part);
        let (position, end) = (self.position, self.buffer.len());
        let Some(slot) = self.slot() else { return };
        slot.name.end = end;
        slot.value = end..end;
        slot.name_end = position;
    }

    fn init_attribute_value(&mut self) {
        let position = self.position;
        if let Some(slot) = self.slot() {
            slot.value_start = Some(position);
        }
    }

    fn push_attribute_value(&mut self, part: &[u8]) {
        self.buffer.extend_from_slice(part);
        let end = self.buffer.len();
        if let Some(slot) = self.slot() {
            slot.value.end = end;
        }
    }

    fn set_self_closing(&mut self) {
        self.self_closing = true;
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        self.end_content(self.tag_start);
        if self.is_end_tag {
            self.end_tag();
            return None;
        }
        self.start_tag()
    }

    fn emit_string(&mut self, part: &[u8]) {
        if let TextOwner::Title(title) = &mut self.content {
            title.extend_from_slice(part);
        }
    }

    fn emit_eof(&mut self) {
        self.end_content(self.text.len());
    }

    fn set_last_start_tag(&mut self, last_start_tag: Option<&[u8]>) {
        self.last_start_tag = last_start_tag.unwrap_or_default().to_vec();
    }

    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.is_end_tag && !self.last_start_tag.is_empty() && self.last_start_tag == self.name
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        self.xml || !self.foreign.is_html()
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn pop_token(&mut self) -> Option<Infallible> {
        None
    }

    fn emit_error(&mut self, _error: Error) {}
    fn init_comment(&mut self) {}
    fn emit_current_comment(&mut self) {}
    fn emit_current_doctype(&mut self) {}
    fn set_force_quirks(&mut self) {}
    fn push_comment(&mut self, _part: &[u8]) {}
    fn push_doctype_name(&mut self, _part: &[u8]) {}
    fn init_doctype(&mut self) {}
    fn set_doctype_public_identifier(&mut self, _value: &[u8]) {}
    fn set_doctype_system_identifier(&mut self, _value: &[u8]) {}
    fn push_doctype_public_identifier(&mut self, _part: &[u8]) {}
    fn push_doctype_system_identifier(&mut self, _part: &[u8]) {}
}
