//! What was taken down on purpose.

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::captures::{BlobRow, ThumbnailRow};
use super::error::CatalogError;
use crate::model::{ArticleId, ArticleKey, Digest, HostKey, SourceName, UrlId};

/// What can be taken down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TakedownTarget {
    /// One article, with its versions, and the images that no other article shows.
    Article(ArticleKey),
    /// One URL: its images are shown no more.
    Url(Url),
    /// Every article of a source.
    Source(SourceName),
    /// Every URL of a host.
    Host(HostKey),
    /// One original, under whatever name it comes: an article that is not on record and has this text is not read.
    Text(Digest),
}

impl TakedownTarget {
    /// What kind of thing it is, in one word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Article(_) => "article",
            Self::Url(_) => "url",
            Self::Source(_) => "source",
            Self::Host(_) => "host",
            Self::Text(_) => "text",
        }
    }

    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::Article(key) => key.to_string(),
            Self::Url(url) => url.to_string(),
            Self::Source(name) => name.to_string(),
            Self::Host(host) => host.to_string(),
            Self::Text(digest) => digest.to_string(),
        }
    }

    /// The target of a kind and name; `None` if no offprint writes them.
    pub fn parse(kind: &str, name: &str) -> Option<Self> {
        match kind {
            "article" => {
                let (source, path) = name.split_once('/')?;
                Some(Self::Article(ArticleKey { source: source.parse().ok()?, path: path.parse().ok()? }))
            }
            "url" => Some(Self::Url(name.parse().ok()?)),
            "source" => Some(Self::Source(name.parse().ok()?)),
            "host" => Some(Self::Host(HostKey::from_stored(name.to_owned()))),
            "text" => Some(Self::Text(name.parse().ok()?)),
            _ => None,
        }
    }
}

/// One takedown on record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct TakedownRow {
    /// What was taken down.
    pub target: TakedownTarget,
    /// When.
    pub at: Timestamp,
    /// Why, in the words of who did it.
    pub reason: String,
}

/// All that a takedown takes with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct TakedownReach {
    /// Articles.
    pub articles: Vec<(ArticleId, ArticleKey)>,
    /// URLs.
    pub urls: Vec<(UrlId, Url)>,
    /// Blobs to which nothing else refers.
    pub blobs: Vec<BlobRow>,
    /// The thumbnails of these blobs.
    pub thumbnails: Vec<ThumbnailRow>,
}

/// What taking down needs.
#[async_trait]
pub trait Takedowns: Send + Sync {
    /// What a takedown would take with it.
    async fn takedown_reach(&self, target: &TakedownTarget) -> Result<TakedownReach, CatalogError>;

    /// Takes down, on record: articles and what only they show are forgotten; URLs are retired where articles show them,
    /// which become stale, and forgotten otherwise. What is to be deleted is noted as garbage from long ago, so that the
    /// next collection deletes what was not deleted at once.
    async fn take_down(
        &self,
        target: &TakedownTarget,
        at: Timestamp,
        reason: &str,
    ) -> Result<TakedownReach, CatalogError>;

    /// Every takedown on record.
    async fn takedowns(&self) -> Result<Vec<TakedownRow>, CatalogError>;

    /// Whether an article was taken down, by itself or with its source.
    async fn is_taken_down(&self, article: &ArticleKey) -> Result<bool, CatalogError>;
}
