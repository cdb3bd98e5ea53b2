//! What feeds of every format have in common.

use std::time::Duration;

use jiff::Timestamp;
use url::Url;

/// A feed.
#[derive(Debug, Clone, Default)]
pub(in crate::source) struct Feed {
    /// The format with its version, such as `rss 2.0`.
    pub(in crate::source) format: String,
    pub(in crate::source) title: String,
    /// The page that it is the feed of.
    pub(in crate::source) link: Option<Url>,
    /// The image of the whole feed.
    pub(in crate::source) image: Option<Url>,
    /// How long its host wants it to be kept (`ttl`).
    pub(in crate::source) ttl: Option<Duration>,
    /// Hours of the day, in UTC, in which it is not to be requested (`skipHours`).
    pub(in crate::source) skip_hours: Vec<i8>,
    /// Its entries, in its order.
    pub(in crate::source) entries: Vec<Entry>,
    /// The ids of entries that it says are withdrawn (RFC 6721).
    pub(in crate::source) withdrawn: Vec<String>,
}

/// An entry of a feed.
#[derive(Debug, Clone, Default)]
pub(in crate::source) struct Entry {
    /// `guid` or `id`, as it stands.
    pub(in crate::source) id: Option<String>,
    pub(in crate::source) link: Option<Url>,
    /// As text, without markup.
    pub(in crate::source) title: String,
    pub(in crate::source) authors: Vec<String>,
    pub(in crate::source) published: Option<Timestamp>,
    pub(in crate::source) updated: Option<Timestamp>,
    /// The date as it stands, where it cannot be read.
    pub(in crate::source) date: Option<String>,
    pub(in crate::source) categories: Vec<String>,
    /// The content, or else the summary, as HTML.
    pub(in crate::source) content: String,
    /// What relative URLs in the content are resolved against.
    pub(in crate::source) base: Option<Url>,
    /// Media beside the content: enclosures, `media:*`, `itunes:image`.
    pub(in crate::source) media: Vec<Media>,
}

/// An image, film or sound of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) struct Media {
    pub(in crate::source) url: Url,
    pub(in crate::source) kind: MediaKind,
    /// Whether it represents another medium: a thumbnail of it.
    pub(in crate::source) is_thumbnail: bool,
}

/// What a medium is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum MediaKind {
    Image,
    Video,
    Audio,
    Other,
}

impl Entry {
    /// When it was published, or else last changed.
    pub(in crate::source) fn moment(&self) -> Option<Timestamp> {
        self.published.or(self.updated)
    }
}
