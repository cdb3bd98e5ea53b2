//! TOML front matter (toml.io/en/v1.1.0), read for its scalars and where they stand.

use std::borrow::Cow;
use std::ops::Range;

use toml_parser::decoder::Encoding;
use toml_parser::parser::{Event, EventKind, RecursionGuard, parse_document};
use toml_parser::{ParseError, Source};

use super::entry::{Entry, kept_key, trimmed};

/// How deep arrays and inline tables are followed.
const MAX_DEPTH: u32 = 128;

/// The scalars of a document. What is not TOML is skipped.
pub(super) fn entries(text: &str, content: Range<usize>) -> Vec<Entry> {
    let source = Source::new(&text[content.clone()]);
    let tokens = source.lex().into_vec();
    let mut events: Vec<Event> = Vec::new();
    let mut ignored: Option<ParseError> = None;
    parse_document(&tokens, &mut RecursionGuard::new(&mut events, MAX_DEPTH), &mut ignored);
    let mut reader =
        Reader { text, source, start: content.start, open: vec![Table::default()], header: None, entries: Vec::new() };
    for event in events {
        reader.take(&event);
    }
    reader.entries
}

/// A table or an array that is open.
#[derive(Default)]
struct Table {
    /// The key that holds it.
    parent: String,
    /// The part of a dotted key before the one that is current.
    above: Option<String>,
    /// The key whose value comes next.
    key: String,
    /// Whether a `.` came after the key, so that the next part belongs to it.
    dotted: bool,
}

impl Table {
    fn take_key(&mut self, key: String) {
        if !std::mem::take(&mut self.dotted) {
            self.above = None;
        }
        self.key = key;
    }
}

struct Reader<'a> {
    text: &'a str,
    source: Source<'a>,
    /// Where the document starts in `text`.
    start: usize,
    open: Vec<Table>,
    /// The last key of a `[header]` that is being read.
    header: Option<String>,
    entries: Vec<Entry>,
}

impl Reader<'_> {
    fn take(&mut self, event: &Event) {
        match event.kind() {
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => self.header = Some(String::new()),
            EventKind::StdTableClose | EventKind::ArrayTableClose => {
                let parent = self.header.take().unwrap_or_default();
                self.open = vec![Table { parent, ..Table::default() }];
            }
            EventKind::InlineTableOpen => {
                let parent = self.open.last().map(|table| table.key.clone()).unwrap_or_default();
                self.open.push(Table { parent, ..Table::default() });
            }
            EventKind::InlineTableClose if self.open.len() > 1 => {
                self.open.pop();
            }
            EventKind::SimpleKey => self.key(event),
            EventKind::KeySep => self.deepen(),
            EventKind::Scalar => self.scalar(event),
            _ => {}
        }
    }

    fn key(&mut self, event: &Event) {
        let Some(raw) = self.source.get(event) else { return };
        let mut key = Cow::Borrowed("");
        let mut ignored: Option<ParseError> = None;
        raw.decode_key(&mut key, &mut ignored);
        match (&mut self.header, self.open.last_mut()) {
            (Some(header), _) => *header = kept_key(key),
            (None, Some(table)) => table.take_key(kept_key(key)),
            (None, None) => {}
        }
    }

    /// After a `.` the key so far holds the next part.
    fn deepen(&mut self) {
        if let (None, Some(table)) = (&self.header, self.open.last_mut()) {
            table.above = Some(std::mem::take(&mut table.key));
            table.dotted = true;
        }
    }

    fn scalar(&mut self, event: &Event) {
        let Some(raw) = self.source.get(event) else { return };
        let mut value = Cow::Borrowed("");
        let mut error: Option<ParseError> = None;
        let _ = raw.decode_scalar(&mut value, &mut error);
        let quotes = match event.encoding() {
            Some(Encoding::BasicString | Encoding::LiteralString) => 1,
            Some(Encoding::MlBasicString | Encoding::MlLiteralString) => 3,
            None => 0,
        };
        let span = event.span();
        let span = self.start + span.start() + quotes..self.start + span.end().saturating_sub(quotes);
        let Some(table) = self.open.last_mut().filter(|_| error.is_none() && span.start <= span.end) else { return };
        let parent = table.above.clone().unwrap_or_else(|| table.parent.clone());
        let value = value.into_owned();
        self.entries.push(Entry { key: table.key.clone(), parent, value, span: trimmed(self.text, span) });
    }
}
