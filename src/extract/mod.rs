//! Articles → references with byte spans: one pure pass, nothing is re-serialised.
//!
//! A file is decoded to UTF-8 once, and every format is a module that reports what it finds to a [`Sink`] as spans of
//! that text. Here the spans are mapped back to the bytes on disk and the values resolved to URLs. A format is one
//! small module; an HTML attribute is one row of a table.

pub(crate) mod front_matter;
pub(crate) mod markdown;
pub(crate) mod shortcode;

use std::ops::Range;

use encoding_rs::Encoding;
use jiff::Timestamp;
use url::Url;

use crate::config::{MediaKind, RewriteConfig};
use crate::model::{Format, Kind, Reference};

/// What extraction is told besides the bytes.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What relative addresses are relative to, where the article does not say.
    pub base_url: Option<Url>,
    /// Front-matter keys that hold an image, besides the well-known ones.
    pub front_matter_keys: Vec<String>,
    /// Whether any front-matter value that is an http(s) URL ending in an image extension counts.
    pub front_matter_urls: bool,
    /// Attributes that hold a lazily loaded image, besides the well-known ones.
    pub lazy_attributes: Vec<String>,
    /// The kinds of media that are references.
    pub media: Vec<MediaKind>,
    /// Whether images named in JSON-LD are references.
    pub json_ld: bool,
}

impl Options {
    /// The options that a configuration asks for.
    pub fn new(config: &RewriteConfig, base_url: Option<Url>) -> Self {
        Self {
            base_url,
            front_matter_keys: config.front_matter_keys.clone(),
            front_matter_urls: config.front_matter_urls,
            lazy_attributes: config.lazy_attributes.clone(),
            media: config.media.clone(),
            json_ld: config.json_ld,
        }
    }
}

/// What one pass over an article finds.
#[derive(Debug, Clone)]
pub struct Extraction {
    /// Its references, ordered by their spans, which do not overlap.
    pub references: Vec<Reference>,
    /// The encoding the file is written in, and so the one that splices are written in.
    pub encoding: &'static Encoding,
    /// The title, of the front matter or the document.
    pub title: Option<String>,
    /// When it was published, where it says so.
    pub published: Option<Timestamp>,
    /// Where it was published: its canonical URL, where it says so.
    pub url: Option<Url>,
}

/// Finds every reference of an article. Any bytes will do: what cannot be understood is passed over.
pub fn extract(_bytes: &[u8], _format: Format, _options: &Options) -> Extraction {
    unimplemented!("the formats are being written")
}

/// The format that a file's name promises, or else its content: a document that starts with a tag is HTML, anything
/// else Markdown.
pub fn format_of(_name: &str, _bytes: &[u8]) -> Format {
    unimplemented!("the formats are being written")
}

/// A reference as a format reports it: spans are of the decoded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where its raw text stands.
    pub(crate) span: Range<usize>,
    /// What it names: entities, escapes and the like decoded, white space as a browser strips it; not yet resolved.
    pub(crate) value: String,
    /// What kind of place it is.
    pub(crate) kind: Kind,
    /// The attribute or key that holds it.
    pub(crate) name: String,
    /// Which references show the same picture: a number from [`Sink::picture`].
    pub(crate) picture: u32,
    /// Where a lazy image's URL must also stand.
    pub(crate) reveal: Option<FoundReveal>,
}

/// [`crate::model::Reveal`], in spans of the decoded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FoundReveal {
    /// Replace this value.
    Replace(Range<usize>),
    /// Insert an attribute here.
    Insert(usize),
}

/// Takes what the formats find.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    /// In any order.
    pub(crate) found: Vec<Found>,
    /// The value of the first `<base href>` that counts.
    pub(crate) base: Option<String>,
    /// The title.
    pub(crate) title: Option<String>,
    /// When it was published.
    pub(crate) published: Option<Timestamp>,
    /// The canonical URL, not yet resolved.
    pub(crate) canonical: Option<String>,
    pictures: u32,
}

impl Sink {
    /// A number for references that show a picture of their own.
    pub(crate) fn picture(&mut self) -> u32 {
        self.pictures += 1;
        self.pictures
    }
}
