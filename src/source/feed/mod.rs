//! Feeds: RSS 0.9x to 2.0, RSS 1.0 (RDF), Atom 0.3 and 1.0, and JSON Feed, read leniently and within limits.

mod atom;
mod decode;
mod error;
mod json;
mod media;
mod model;
mod page;
mod rss;
#[cfg(feature = "testing")]
mod summary;
mod text;

pub(super) use self::decode::{charset, decode};
pub(super) use self::error::FeedError;
pub(super) use self::model::{Entry, Feed, Media, MediaKind};
pub(super) use self::page::is_feed_type;
#[cfg(feature = "testing")]
pub use self::summary::{EntrySummary, Summary, summary};

use url::Url;

use super::xml::{self, Namespace, XmlLimits};

/// What a document is.
#[derive(Debug)]
pub(super) enum Document {
    /// A feed.
    Feed(Box<Feed>),
    /// A page; where it names its feed, the feed's URL.
    Page(Option<Url>),
}

/// Reads what the host of `url` sent.
pub(super) fn read(text: &str, url: &Url, limits: XmlLimits) -> Result<Document, FeedError> {
    let text = text.trim_start();
    if text.is_empty() {
        return Err(FeedError::Empty);
    }
    if text.starts_with('{') {
        return json::read(text, url, limits.nodes).map(|feed| Document::Feed(Box::new(feed)));
    }
    if !text.starts_with('<') {
        return Err(FeedError::NoMarkup);
    }
    if page::is_page(text) {
        return Ok(Document::Page(page::feed_of(text, url)));
    }
    let root = xml::parse(text, limits)?;
    let feed = match root.name.to_ascii_lowercase().as_str() {
        "rss" | "rdf" => rss::read(&root, url),
        "feed" if matches!(root.namespace, Namespace::Atom | Namespace::Core | Namespace::Other) => {
            atom::read(&root, url)
        }
        "html" => return Ok(Document::Page(page::feed_of(text, url))),
        _ => return Err(FeedError::Other(root.name)),
    };
    Ok(Document::Feed(Box::new(feed)))
}
