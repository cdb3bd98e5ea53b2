//! The entities that a document of XML declares itself (XML 1.0, section 4.2): `<!DOCTYPE html [<!ENTITY a "b">]>`.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::extract::character_references::{XML, decoded};

/// How many entities count, and how long each is, in bytes: one may hold others.
const MAX_ENTITIES: usize = 256;
const MAX_LENGTH: usize = 4096;

/// The values of entities, by their names.
pub(super) type Entities = BTreeMap<String, String>;

/// The entities of a document, and where its declaration ends. Without a declaration, that is where it starts.
pub(super) fn read(text: &str, range: Range<usize>) -> (Entities, usize) {
    let document = &text[range.clone()];
    let is_element = |at: usize| document[at + 1..].starts_with(|first: char| first.is_ascii_alphabetic());
    let root = memchr::memchr_iter(b'<', document.as_bytes()).find(|at| is_element(*at)).unwrap_or(document.len());
    let Some(start) = document[..root].find("<!DOCTYPE").filter(|start| document[*start..].contains('[')) else {
        return (Entities::new(), range.start);
    };
    let mut scan = Scan { text: document, at: start + "<!DOCTYPE".len(), entities: Entities::new() };
    match scan.declaration() {
        Some(()) => (scan.entities, range.start + scan.at),
        None => (Entities::new(), range.start),
    }
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
    entities: Entities,
}

impl<'t> Scan<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Reads to the end of the declaration; `None` if it has none.
    fn declaration(&mut self) -> Option<()> {
        let mut within = false;
        loop {
            let rest = self.rest();
            match rest.bytes().next()? {
                b'"' | b'\'' => drop(self.quoted()?),
                b'[' if !within => {
                    within = true;
                    self.at += 1;
                }
                b']' => {
                    within = false;
                    self.at += 1;
                }
                b'>' if !within => {
                    self.at += 1;
                    return Some(());
                }
                b'<' if rest.starts_with("<!--") => self.at += rest.find("-->")? + 3,
                b'<' if rest.starts_with("<!ENTITY") => self.entity()?,
                b'<' if rest.starts_with("<?") => self.at += rest.find("?>")? + 2,
                _ => self.at += rest.chars().next().map_or(1, char::len_utf8),
            }
        }
    }

    /// Reads up to the closing quote, and gives what is between the two.
    fn quoted(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let length = rest.get(1..)?.find(char::from(rest.as_bytes()[0]))?;
        self.at += length + 2;
        Some(&rest[1..=length])
    }

    /// Reads the declaration of an entity. Of those with one name the first counts.
    fn entity(&mut self) -> Option<()> {
        self.at += "<!ENTITY".len();
        let rest = self.rest().trim_start();
        let name = &rest[..rest.find(|c: char| c.is_whitespace() || c == '>')?];
        self.at = self.text.len() - rest.len() + name.len();
        let value = self.rest().trim_start();
        if name != "%" && value.starts_with(['"', '\'']) {
            self.at = self.text.len() - value.len();
            let value = self.quoted()?;
            self.declare(name, value);
        }
        Some(())
    }

    /// Adds an entity, given how its value is written. Only the values of those that count are read.
    fn declare(&mut self, name: &str, raw: &str) {
        if self.entities.len() >= MAX_ENTITIES || self.entities.contains_key(name) {
            return;
        }
        let value = expanded(&decoded(raw, XML), raw, &self.entities);
        if value.len() <= MAX_LENGTH {
            self.entities.insert(name.to_owned(), value);
        }
    }
}

/// A value with its entities replaced, given how it is written. One that gets too long stays as it is.
pub(super) fn expanded(value: &str, raw: &str, entities: &Entities) -> String {
    let mut value = value.to_owned();
    if raw.contains('&') {
        for (name, replacement) in entities {
            let reference = format!("&{name};");
            if value.len() <= MAX_LENGTH && raw.contains(&reference) {
                value = value.replace(&reference, replacement);
            }
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &str, rest: &str, expected: &[(&str, &str)]) {
        let (entities, end) = read(document, 0..document.len());
        let found: Vec<_> = entities.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!((&document[end..], found.as_slice()), (rest, expected), "{document}");
    }

    #[test]
    fn the_entities_of_a_document_are_those_that_it_declares() {
        check("<!DOCTYPE html [<!ENTITY a \"b\">]><p>", "<p>", &[("a", "b")]);
        check(
            "<!DOCTYPE html [<!ENTITY a 'x'> <!ENTITY b '&a;y&#38;'> <!ENTITY a 'z'>] ><p>",
            "<p>",
            &[("a", "x"), ("b", "xy&")],
        );
        check(
            "<!DOCTYPE html PUBLIC '-//[' \"x.dtd\" [\n<!-- <!ENTITY a 'x'> -->\n<!ENTITY % p 'y'>\n]><p>",
            "<p>",
            &[],
        );
        check("<!DOCTYPE html [<!ENTITY a '<b><img src=\"x\"/></b>'>]><p>", "<p>", &[("a", "<b><img src=\"x\"/></b>")]);
        check("<!DOCTYPE html [<!ENTITY a SYSTEM 'x.txt'><!ELEMENT b ANY>]><p>", "<p>", &[]);
    }

    #[test]
    fn a_bracket_after_the_declaration_is_not_of_it() {
        check("<!DOCTYPE html><p>[", "<p>[", &[]);
    }

    #[test]
    fn a_declaration_without_entities_or_without_an_end_is_left_alone() {
        for document in [
            "<p><!DOCTYPE html [<!ENTITY a 'b'>]>",
            "<!DOCTYPE html [<!ENTITY a 'b'>",
            "<!DOCTYPE [<!ENTITY a",
            "",
            "<!DOCTYPE",
        ] {
            check(document, document, &[]);
        }
    }

    #[test]
    fn entities_that_hold_each_other_stay_short() {
        let line = |at: i32| format!("<!ENTITY e{at} '{}'>", format!("&e{};", at - 1).repeat(9));
        let lines: Vec<_> = (1..60).map(line).collect();
        let document = format!("<!DOCTYPE html [<!ENTITY e0 'laugh'>{}]><p>", lines.concat());
        assert!(read(&document, 0..document.len()).0.values().all(|value| value.len() <= MAX_LENGTH));
    }

    #[test]
    fn the_first_of_a_name_counts_and_only_so_many_do() {
        let lines: Vec<_> = (0..MAX_ENTITIES + 5).map(|at| format!("<!ENTITY e{at} 'first'>")).collect();
        let again: Vec<_> = (0..5).map(|at| format!("<!ENTITY e{at} 'second &e1;'>")).collect();
        let document = format!("<!DOCTYPE html [{}{}]><p>", lines.concat(), again.concat());
        let (entities, end) = read(&document, 0..document.len());
        assert_eq!((entities.len(), &document[end..]), (MAX_ENTITIES, "<p>"));
        assert!(entities.values().all(|value| value == "first"));
        assert!(!entities.contains_key(&format!("e{MAX_ENTITIES}")));
    }

    #[test]
    fn a_value_that_is_too_long_leaves_its_name_to_the_next() {
        let long = "x".repeat(MAX_LENGTH + 1);
        let document = format!("<!DOCTYPE html [<!ENTITY a '{long}'><!ENTITY a 'short'><!ENTITY b '&a;er'>]><p>");
        let (entities, _) = read(&document, 0..document.len());
        let found: Vec<_> = entities.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, [("a", "short"), ("b", "shorter")]);
    }
}
