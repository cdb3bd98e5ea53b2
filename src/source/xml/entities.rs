//! Entities: those of XML and HTML, and the harmless ones that a document declares.

use std::cell::Cell;
use std::collections::HashMap;

use encoding_rs::WINDOWS_1252;
use html5gum::{Token, Tokenizer};
use quick_xml::events::BytesRef;

use super::error::XmlError;

/// Entities that one document may declare, and the length of one.
const DECLARED: usize = 100;
const LENGTH: usize = 256;

/// The entities of a document.
#[derive(Debug, Default)]
pub(super) struct Entities {
    declared: HashMap<String, String>,
    /// Bytes that declared entities stood for so far.
    expanded: Cell<usize>,
}

impl Entities {
    /// Reads the entities that a document type declares.
    pub(super) fn declare(&mut self, doctype: &str) -> Result<(), XmlError> {
        for declaration in doctype.split("<!ENTITY").skip(1) {
            let mut words = declaration.split_whitespace();
            let (name, is_parameter) = match words.next() {
                Some("%") => (words.next().unwrap_or_default(), true),
                Some(name) => (name, false),
                None => continue,
            };
            let value = declaration.split_once(name).map_or("", |(_, rest)| rest.trim_start());
            if !is_parameter && (value.starts_with("SYSTEM") || value.starts_with("PUBLIC")) {
                return Err(XmlError::ExternalEntity(name.to_owned()));
            }
            match plain(value) {
                Some(text) if !is_parameter && self.declared.len() < DECLARED => {
                    self.declared.insert(name.to_owned(), text.to_owned());
                }
                _ => return Err(XmlError::UnsafeEntity(name.to_owned())),
            }
        }
        Ok(())
    }

    /// The text that a reference stands for; the reference itself if it is unknown.
    pub(super) fn resolve(&self, reference: &BytesRef<'_>) -> String {
        self.named(reference).unwrap_or_else(|| format!("&{};", &**reference))
    }

    /// A text with its references resolved.
    pub(super) fn unescape(&self, text: &str) -> String {
        resolved(text, |name| self.named(name))
    }

    fn named(&self, name: &str) -> Option<String> {
        let Some(text) = self.declared.get(name) else { return well_known(name) };
        self.expanded.update(|bytes| bytes + text.len());
        Some(text.clone())
    }

    /// Bytes of text that declared entities stood for so far.
    pub(super) fn expanded(&self) -> usize {
        self.expanded.get()
    }
}

/// A text of HTML with its references resolved.
pub(in crate::source) fn unescape(text: &str) -> String {
    resolved(text, well_known)
}

fn well_known(name: &str) -> Option<String> {
    match name.strip_prefix('#') {
        Some(number) => {
            let hexadecimal = number.strip_prefix(['x', 'X']).map(|digits| u32::from_str_radix(digits, 16));
            let code = hexadecimal.unwrap_or_else(|| number.parse()).ok()?;
            // As HTML has it: such numbers are bytes of windows-1252.
            if let Ok(byte @ 0x80..=0x9F) = u8::try_from(code) {
                return Some(WINDOWS_1252.decode_without_bom_handling(&[byte]).0.into_owned());
            }
            char::from_u32(code).filter(|c| *c != '\0').map(String::from)
        }
        None => html_entity(name),
    }
}

/// A named reference of HTML. The tokenizer knows them all.
fn html_entity(name: &str) -> Option<String> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let reference = format!("&{name};");
    let text = Tokenizer::new(&reference).find_map(|token| match token {
        Ok(Token::String(text)) => Some(String::from_utf8_lossy(&text).into_owned()),
        _ => None,
    })?;
    // A name that only begins as a known one leaves the semicolon.
    (!text.ends_with(';')).then_some(text).or_else(|| (name == "semi").then(|| ";".to_owned()))
}

/// The quoted text that a declaration begins with, where it is short and holds neither markup nor references.
fn plain(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let text = value[1..].split_once(quote)?.0;
    (text.len() <= LENGTH && !text.contains(['&', '<', '%'])).then_some(text)
}

/// The longest name of a reference that is looked up.
const NAME: usize = 40;

fn resolved(text: &str, named: impl Fn(&str) -> Option<String>) -> String {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.as_bytes().iter().take(NAME).position(|byte| *byte == b';');
        match end.and_then(|end| Some((named(&part[..end])?, &part[end + 1..]))) {
            Some((value, rest)) => out.extend([value.as_str(), rest]),
            None => out.extend(["&", part]),
        }
    }
    out
}
