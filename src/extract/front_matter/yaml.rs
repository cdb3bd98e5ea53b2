//! YAML front matter (YAML 1.2), read for its scalars and where they stand.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::entry::{Entry, after_properties, kept_key, trimmed};

/// The longest value, in bytes, that an alias repeats: longer ones are no URLs, and an article could repeat one
/// without end.
const MAX_ALIASED: usize = 4096;

/// The scalars of a document; `None` if it is no YAML, or no mapping.
pub(super) fn entries(text: &str, content: Range<usize>) -> Option<Vec<Entry>> {
    let document = &text[content.clone()];
    let mut reader = Reader {
        text,
        bytes: Offsets::new(document, content.start),
        open: Vec::new(),
        anchors: BTreeMap::new(),
        entries: Vec::new(),
        mapping: true,
    };
    for event in Parser::new_from_str(document) {
        let (event, span) = event.ok()?;
        reader.take(event, span)?;
    }
    reader.mapping.then_some(reader.entries)
}

/// The byte at which each character of the document stands: the parser counts characters.
enum Offsets {
    /// All characters are one byte.
    Ascii {
        start: usize,
    },
    Table(Vec<usize>),
}

impl Offsets {
    fn new(document: &str, start: usize) -> Self {
        if document.is_ascii() {
            return Self::Ascii { start };
        }
        let ends = std::iter::once(start + document.len());
        Self::Table(document.char_indices().map(|(at, _)| start + at).chain(ends).collect())
    }

    fn byte(&self, character: usize) -> Option<usize> {
        match self {
            Self::Ascii { start } => Some(start + character),
            Self::Table(bytes) => bytes.get(character).copied(),
        }
    }
}

/// A mapping or a sequence that is open.
struct Node {
    /// The key that holds it.
    parent: String,
    /// In a mapping the key whose value comes next; in a sequence the sequence's own.
    key: Option<String>,
    sequence: bool,
}

struct Reader<'a> {
    text: &'a str,
    bytes: Offsets,
    open: Vec<Node>,
    /// What the scalars with an anchor say, and where.
    anchors: BTreeMap<usize, (String, Range<usize>)>,
    entries: Vec<Entry>,
    /// Whether the document can be front matter: a mapping, or nothing at all.
    mapping: bool,
}

impl Reader<'_> {
    /// Handles one event; `None` if a span does not hold what the parser says, so that no splice can go wrong.
    fn take(&mut self, event: Event, span: Span) -> Option<()> {
        match event {
            Event::MappingStart(..) => self.enter(false),
            Event::SequenceStart(..) => self.enter(true),
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
                self.value_ends();
            }
            Event::Scalar(value, style, anchor, _) => self.scalar(value, style, anchor, span)?,
            Event::Alias(anchor) => self.alias(anchor),
            _ => {}
        }
        Some(())
    }

    fn enter(&mut self, sequence: bool) {
        self.mapping &= !(sequence && self.open.is_empty());
        let (parent, key) =
            self.open.last().map_or((String::new(), None), |node| (node.parent.clone(), node.key.clone()));
        let node = if sequence {
            Node { parent, key, sequence }
        } else {
            Node { parent: key.unwrap_or_default(), key: None, sequence }
        };
        self.open.push(node);
    }

    fn scalar(&mut self, value: Cow<'_, str>, style: ScalarStyle, anchor: usize, span: Span) -> Option<()> {
        let Some(node) = self.open.last_mut() else {
            self.mapping = value.is_empty() && self.mapping;
            return Some(());
        };
        let Some(key) = node.key.clone() else {
            if !node.sequence {
                node.key = Some(kept_key(value));
            }
            return Some(());
        };
        let parent = node.parent.clone();
        let raw = self.bytes.byte(span.start.index())?..self.bytes.byte(span.end.index())?;
        let places = places(self.text, after_properties(self.text, raw), &value, style)?;
        if let (true, [(_, place)]) = (anchor > 0 && value.len() <= MAX_ALIASED, places.as_slice()) {
            self.anchors.insert(anchor, (value.to_string(), place.clone()));
        }
        for (value, span) in places {
            self.entries.push(Entry { key: key.clone(), parent: parent.clone(), value, span });
        }
        self.value_ends();
        Some(())
    }

    /// An alias has the value and the place of its anchor.
    fn alias(&mut self, anchor: usize) {
        let key = self.open.last().and_then(|node| Some((node.key.clone()?, node.parent.clone())));
        if let (Some((key, parent)), Some((value, span))) = (key, self.anchors.get(&anchor)) {
            self.entries.push(Entry { key, parent, value: value.clone(), span: span.clone() });
        }
        self.value_ends();
    }

    /// The next scalar of a mapping is a key again.
    fn value_ends(&mut self) {
        if let Some(node) = self.open.last_mut().filter(|node| !node.sequence) {
            node.key = None;
        }
    }
}

/// The value of a scalar and the bytes that spell it: several of each if a block holds several lines, as a list of URLs
/// may. `None` if the bytes differ from what the parser says.
fn places(text: &str, raw: Range<usize>, value: &str, style: ScalarStyle) -> Option<Vec<(String, Range<usize>)>> {
    let source = text.get(raw.clone())?;
    match style {
        ScalarStyle::SingleQuoted => quoted(text, raw, '\'').map(|span| vec![(value.to_owned(), span)]),
        ScalarStyle::DoubleQuoted => quoted(text, raw, '"').map(|span| vec![(value.to_owned(), span)]),
        ScalarStyle::Plain => {
            // A plain scalar has no escapes: on one line it is its value.
            let bears_out = source.trim() == value || source.contains(['\n', '\r']) || value.is_empty();
            bears_out.then(|| vec![(value.to_owned(), trimmed(text, raw))])
        }
        ScalarStyle::Literal | ScalarStyle::Folded => Some(block(text, raw)),
    }
}

fn quoted(text: &str, raw: Range<usize>, quote: char) -> Option<Range<usize>> {
    let inner = text[raw.clone()].trim_end().strip_prefix(quote)?.strip_suffix(quote)?;
    let start = raw.start + quote.len_utf8();
    Some(trimmed(text, start..start + inner.len()))
}

/// A block scalar, line by line: if it is the URL of an image, that is its only line.
fn block(text: &str, raw: Range<usize>) -> Vec<(String, Range<usize>)> {
    let mut lines = Vec::new();
    let mut at = raw.start;
    for line in text[raw].split_inclusive('\n') {
        let span = trimmed(text, at..at + line.len());
        at += line.len();
        // The indicator stands on a line of its own.
        if !span.is_empty() && !text[span.clone()].starts_with(['|', '>']) {
            lines.push((text[span.clone()].to_owned(), span));
        }
    }
    lines
}
