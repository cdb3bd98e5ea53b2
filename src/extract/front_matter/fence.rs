//! Where front matter starts and ends, and which language it is in.
//!
//! The forms are those of Jekyll, Hugo and Hexo: `---` around YAML, `+++` around TOML, `;;;` around the members of a
//! JSON object, or a JSON object at the very top. Blank lines and a byte order mark may come first. Posts of the first
//! years of Hexo have YAML that only ends in `---`, and Hexo reads the members of a JSON object that only end in `;;;`.

use std::ops::Range;

use super::entry::Entry;
use super::{json, lines, toml, yaml};

/// Front matter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    language: Language,
    /// What stands between the fences.
    content: Range<usize>,
    /// Where the body starts.
    pub(super) body: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Yaml,
    /// YAML without a fence before it.
    Unopened,
    Toml,
    /// A JSON object.
    Json,
    /// A JSON object without its braces.
    Members,
    /// The same without a fence before it.
    UnopenedMembers,
}

impl Block {
    /// Its scalars; `None` if the text between the fences is not front matter, such as prose between two thematic
    /// breaks.
    pub(super) fn entries(&self, text: &str) -> Option<Vec<Entry>> {
        let content = self.content.clone();
        match self.language {
            Language::Yaml => yaml::entries(text, content.clone()).or_else(|| lines::entries(text, content)),
            Language::Unopened => yaml::entries(text, content).filter(|entries| are_of_a_post(entries)),
            Language::Toml => Some(toml::entries(text, content)),
            Language::Json => json::object(text, content.start),
            Language::Members => Some(json::members(text, content)),
            Language::UnopenedMembers => Some(json::members(text, content)).filter(|entries| are_of_a_post(entries)),
        }
    }
}

/// The front matter that a text starts with.
pub(super) fn block(text: &str) -> Option<Block> {
    let start = first_line(text);
    if text[start..].starts_with('{') {
        return object(text, start);
    }
    let opening = line(text, start);
    let (fence, language, content) = match opening_fence(&text[opening.clone()]) {
        Some((fence, language)) => (fence, language, after_break(text, opening.end)),
        None if starts_with_key(&text[opening.clone()]) => ("---", Language::Unopened, start),
        None if starts_with_quoted_key(&text[opening]) => (";;;", Language::UnopenedMembers, start),
        None => return None,
    };
    let mut at = content;
    while at < text.len() {
        let line = line(text, at);
        let words = text[line.clone()].trim_end();
        let next = after_break(text, line.end);
        if words == fence || (language == Language::Yaml && words == "...") {
            return Some(Block { language, content: content..at, body: next });
        }
        // Without a fence it ends before the first blank line; otherwise it is prose.
        if language == Language::Unopened && words.is_empty() {
            return None;
        }
        at = next;
    }
    None
}

/// Whether a line starts with a key, as prose hardly does.
fn starts_with_key(line: &str) -> bool {
    let key = line.split_once(':').map_or("", |(key, _)| key);
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a line starts with a key of JSON.
fn starts_with_quoted_key(line: &str) -> bool {
    let rest = line.strip_prefix('"').and_then(|rest| rest.split_once('"'));
    rest.is_some_and(|(key, rest)| !key.is_empty() && rest.trim_start().starts_with(':'))
}

/// Whether what every post states is among entries.
fn are_of_a_post(entries: &[Entry]) -> bool {
    let is_stated = |entry: &Entry| matches!(&*entry.key.to_ascii_lowercase(), "title" | "date" | "layout");
    entries.iter().any(|entry| entry.parent.is_empty() && is_stated(entry))
}

/// Where the first line that is not blank starts.
fn first_line(text: &str) -> usize {
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while at < text.len() {
        let line = line(text, at);
        if !text[line.clone()].trim().is_empty() {
            break;
        }
        at = after_break(text, line.end);
    }
    at
}

fn opening_fence(line: &str) -> Option<(&str, Language)> {
    let line = line.trim_end();
    let marker = line.chars().next().filter(|first| matches!(first, '-' | '+' | ';'))?;
    let fence = &line[..line.len() - line.trim_start_matches(marker).len()];
    let language = match (marker, &line[fence.len()..]) {
        ('-', "" | "yaml" | "yml") => Language::Yaml,
        ('+', "") | ('-', "toml") => Language::Toml,
        (';', "") => Language::Members,
        ('-', "json") => Language::Json,
        _ => return None,
    };
    (fence.len() >= 3).then_some((fence, language))
}

/// A JSON object at the top, and the line of `;;;` that Hexo wants after it.
fn object(text: &str, start: usize) -> Option<Block> {
    let end = json::object_end(text, start)?;
    let rest = line(text, end);
    if !text[rest.clone()].trim().is_empty() {
        return None;
    }
    let mut body = after_break(text, rest.end);
    let closing = line(text, body);
    if matches!(opening_fence(&text[closing.clone()]), Some((_, Language::Members))) {
        body = after_break(text, closing.end);
    }
    Some(Block { language: Language::Json, content: start..end, body })
}

/// From `at` to the end of its line.
fn line(text: &str, at: usize) -> Range<usize> {
    at..memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |length| at + length)
}

fn after_break(text: &str, at: usize) -> usize {
    (at + 1).min(text.len())
}
