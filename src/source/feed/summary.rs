//! A feed in short, for the tests that compare it with what other parsers find.

use url::Url;

use super::super::xml::XmlLimits;
use super::{Document, decode};

/// The limits of the shipped settings.
const LIMITS: XmlLimits = XmlLimits { depth: 100, tag: 1 << 20, nodes: 500_000 };

/// A feed in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The format with its version, such as `rss 2.0`.
    pub format: String,
    /// Its title.
    pub title: String,
    /// Its entries.
    pub entries: Vec<EntrySummary>,
}

/// An entry in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntrySummary {
    /// Its guid or id.
    pub id: Option<String>,
    /// Its title.
    pub title: String,
    /// Its link.
    pub link: Option<String>,
    /// When it was published, or else changed, in seconds since 1970.
    pub moment: Option<i64>,
    /// Its authors.
    pub authors: Vec<String>,
    /// Its content as HTML.
    pub content: String,
    /// The media beside its content.
    pub media: Vec<String>,
}

/// Reads a feed. The error is why it is none.
pub fn summary(bytes: &[u8], content_type: Option<&str>, url: &Url) -> Result<Summary, String> {
    let feed = match super::read(&decode(bytes, content_type), url, LIMITS).map_err(|error| error.to_string())? {
        Document::Feed(feed) => *feed,
        Document::Page(Some(_)) => return Err("it is a page that names its feed".to_owned()),
        Document::Page(None) => return Err("it is a page that names no feed".to_owned()),
    };
    let entries = feed.entries.into_iter().map(|entry| EntrySummary {
        moment: entry.moment().map(jiff::Timestamp::as_second),
        link: entry.link.map(|link| link.to_string()),
        media: entry.media.into_iter().map(|media| media.url.to_string()).collect(),
        id: entry.id,
        title: entry.title,
        authors: entry.authors,
        content: entry.content,
    });
    Ok(Summary { format: feed.format, title: feed.title, entries: entries.collect() })
}
