//! The kinds of sources, and the reader of each. `docs/architecture.md` lists what else a new kind needs.

use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use super::error::{SourceConfigError, SourceError};
use super::folder::Folder;
use super::listing::Listing;
use super::web::{Address, Checkpoint, Crawl, Feeds, WebReader};
use crate::archive::Archive;
use crate::config::{SourceConfig, SourceKind};
use crate::model::SourceName;

/// What a source is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A folder of posts.
    Folder(Folder),
    /// One feed.
    Feed(Arc<Feeds>),
    /// The feeds that a file lists.
    Feeds(Arc<Feeds>),
    /// The pages that a sitemap lists.
    Sitemap(Arc<Crawl>),
    /// Pages, and those that they link to.
    Page(Arc<Crawl>),
    /// The pages and images that a file lists.
    List(Arc<Crawl>),
    /// A URL that was named on the command line: its content decides what it is.
    Address(Arc<Address>),
}

impl Kind {
    /// What the settings of a source say that it is.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub(super) fn new(config: &SourceConfig) -> Result<Self, SourceConfigError> {
        Ok(match config.kind {
            SourceKind::Folder => Self::Folder(Folder::new(config)?),
            SourceKind::Feed => Self::Feed(Arc::new(Feeds::new(config)?)),
            SourceKind::Feeds => Self::Feeds(Arc::new(Feeds::new(config)?)),
            SourceKind::Sitemap => Self::Sitemap(Arc::new(Crawl::of_sitemap(config)?)),
            SourceKind::Page => Self::Page(Arc::new(Crawl::of_pages(config)?)),
            SourceKind::List => Self::List(Arc::new(Crawl::of_list(config)?)),
        })
    }

    /// The source of the URL that the settings name as `url`: its content decides what it is.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub(super) fn of_address(config: &SourceConfig) -> Result<Self, SourceConfigError> {
        Ok(Self::Address(Arc::new(Address::new(config)?)))
    }

    /// The addresses that would be asked for first, where it is read over the network; what these lead to, nobody knows
    /// before.
    ///
    /// # Errors
    /// Where the file that names them, or the catalog, cannot be read.
    pub(super) async fn first(
        &self,
        source: &SourceName,
        archive: Option<&Archive>,
        now: Timestamp,
    ) -> Result<Vec<Url>, SourceError> {
        match self {
            Self::Folder(_) => Ok(Vec::new()),
            Self::Feed(feeds) | Self::Feeds(feeds) => feeds.first(source, archive, now).await,
            Self::Sitemap(crawl) | Self::Page(crawl) | Self::List(crawl) => crawl.first(source, archive).await,
            Self::Address(address) => Ok(vec![address.url().clone()]),
        }
    }

    /// What it has now, and what is to be recorded once all of that is; `None` for a folder.
    pub(super) fn list_web(&self, source: &SourceName, reader: &WebReader) -> Option<(Listing, Checkpoint)> {
        let (source, reader) = (source.clone(), reader.clone());
        match self {
            Self::Folder(_) => None,
            Self::Feed(feeds) | Self::Feeds(feeds) => Some(Arc::clone(feeds).list(source, reader)),
            Self::Sitemap(crawl) | Self::Page(crawl) | Self::List(crawl) => {
                Some(Arc::clone(crawl).list(source, reader))
            }
            Self::Address(address) => Some(Arc::clone(address).list(source, reader)),
        }
    }
}
