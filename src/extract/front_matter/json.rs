//! JSON front matter (RFC 8259), read for its strings and where they stand.

use std::ops::Range;

use super::entry::{Entry, kept_key};
use crate::extract::json;

/// The deepest that objects and lists lie in each other in front matter. Parsers of JSON go less deep.
const DEEPEST: usize = 1000;

/// The strings of the object at `start` with their keys; `None` if none is there.
pub(super) fn object(text: &str, start: usize) -> Option<Vec<Entry>> {
    let mut scan = Scan::new(text, start, text.len());
    scan.object().map(|_| scan.entries)
}

/// Where the object at `start` ends; `None` if there is none. It keeps nothing in memory, so that the memory which
/// reading takes can be estimated by this.
pub(super) fn object_end(text: &str, start: usize) -> Option<usize> {
    Scan { keeps: false, ..Scan::new(text, start, text.len()) }.object()
}

/// The strings of an object that is written without its braces. They end where it cannot be read.
pub(super) fn members(text: &str, content: Range<usize>) -> Vec<Entry> {
    let mut scan = Scan::new(text, content.start, content.end);
    scan.open.push(Container { parent: String::new(), key: None, list: false });
    while let Some(token) = scan.token() {
        if scan.take(token).is_none() || scan.open.is_empty() {
            break;
        }
    }
    scan.entries
}

/// The string that a quoted literal stands for, given what is between its quotes.
pub(super) fn unescape(literal: &str) -> Option<String> {
    if !literal.contains(['\\', '\n']) {
        return Some(literal.to_owned());
    }
    serde_json::from_str(&format!("\"{literal}\"")).ok()
}

enum Token {
    Open { list: bool },
    Close,
    Colon,
    Comma,
    Text(Range<usize>),
    Word,
}

struct Container {
    /// The key that holds the container.
    parent: String,
    /// In an object the key whose value comes next, and `None` before it; in a list the list's own.
    key: Option<String>,
    list: bool,
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    open: Vec<Container>,
    /// A string in an object that is a key if `:` follows.
    pending: Option<String>,
    /// Whether the strings are wanted.
    keeps: bool,
    entries: Vec<Entry>,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str, at: usize, end: usize) -> Self {
        Self { text, at, end, open: Vec::new(), pending: None, keeps: true, entries: Vec::new() }
    }

    /// Reads an object, and gives where it ends.
    fn object(&mut self) -> Option<usize> {
        while let Some(token) = self.token() {
            self.take(token)?;
            if self.open.is_empty() {
                return Some(self.at);
            }
        }
        None
    }

    fn token(&mut self) -> Option<Token> {
        let rest = &self.text[self.at..self.end];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        let first = trimmed.chars().next()?;
        let (token, length) = match first {
            '{' => (Token::Open { list: false }, 1),
            '[' => (Token::Open { list: true }, 1),
            '}' | ']' => (Token::Close, 1),
            ':' => (Token::Colon, 1),
            ',' => (Token::Comma, 1),
            '"' => {
                let length = json::string_length(&trimmed.as_bytes()[1..])?;
                (Token::Text(self.at + 1..self.at + 1 + length), length + 2)
            }
            _ => (Token::Word, word_end(trimmed)?),
        };
        self.at += length;
        Some(token)
    }

    /// Takes in one token; `None` if JSON has no such thing here.
    fn take(&mut self, token: Token) -> Option<()> {
        match token {
            Token::Open { list } => self.enter(list)?,
            Token::Close => {
                self.pending = None;
                self.open.pop()?;
                self.value_ends();
            }
            Token::Colon => {
                let key = self.pending.take()?;
                self.open.last_mut()?.key = Some(key);
            }
            Token::Comma => {
                self.open.last()?;
            }
            Token::Text(span) => self.string(span)?,
            Token::Word => {
                self.open.last()?.key.as_ref()?;
                self.value_ends();
            }
        }
        Some(())
    }

    fn enter(&mut self, list: bool) -> Option<()> {
        // A list's items are its key's; an object's members are below its key.
        let container = match self.open.last() {
            None => Container { parent: String::new(), key: None, list },
            Some(outer) if list => Container { parent: outer.parent.clone(), key: Some(outer.key.clone()?), list },
            Some(outer) => Container { parent: outer.key.clone()?, key: None, list },
        };
        if self.open.len() == DEEPEST {
            return None;
        }
        self.open.push(container);
        Some(())
    }

    fn string(&mut self, span: Range<usize>) -> Option<()> {
        let value = unescape(&self.text[span.clone()])?;
        let container = self.open.last()?;
        match &container.key {
            Some(key) => {
                if self.keeps {
                    let entry = Entry { key: key.clone(), parent: container.parent.clone(), value, span };
                    self.entries.push(entry);
                }
                self.value_ends();
            }
            None => self.pending = Some(kept_key(value)),
        }
        Some(())
    }

    /// The next string of an object is a key again.
    fn value_ends(&mut self) {
        if let Some(container) = self.open.last_mut().filter(|container| !container.list) {
            container.key = None;
        }
    }
}

/// The length of a number, `true`, `false` or `null`.
fn word_end(text: &str) -> Option<usize> {
    let length = text
        .bytes()
        .position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.'))
        .unwrap_or(text.len());
    (length > 0).then_some(length)
}
