//! The reading of sites: pages and what they link to, the pages of sitemaps, pages and images that a list names.
//!
//! All of them are one crawl that begins with other URLs. It records what it found at each URL as soon as it is found,
//! so that an interrupted crawl continues where it was.

mod bounds;
mod frontier;
mod gallery;
mod judge;
mod limits;
mod named;
mod record;
mod run;
mod scope;
mod seeds;
mod sitemaps;
mod visit;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use self::limits::Limits;
use self::scope::Scope;
use super::location::normal;
use super::reading::{Checkpoint, Reading, WebReader, begin};
use super::specs::{address, since};
use crate::config::{CrawlConfig, SourceConfig};
use crate::model::SourceName;
use crate::source::error::SourceConfigError;
use crate::source::listing::Listing;

/// Pages that wait to be read. Each is in memory as a whole.
const WAITING: usize = 2;

/// What a crawl begins with.
#[derive(Debug, Clone)]
enum Seeds {
    /// These pages.
    Pages(Vec<Url>),
    /// What a sitemap lists.
    Sitemap(Url),
    /// What a file lists.
    List(PathBuf),
}

/// A source that is read page by page.
#[derive(Debug, Clone)]
pub(in crate::source) struct Crawl {
    seeds: Seeds,
    scope: Scope,
    depth: usize,
    limit: usize,
    /// Pages that the sitemap says are older are not read.
    since: Option<Timestamp>,
    /// Whether an image at a URL is kept, and not only a page.
    keeps_images: bool,
}

impl Crawl {
    /// The pages that the settings of a source name, and those that they link to.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub(in crate::source) fn of_pages(config: &SourceConfig) -> Result<Self, SourceConfigError> {
        let urls = std::iter::once(&config.url).filter(|url| !url.is_empty()).chain(&config.urls);
        let urls =
            urls.map(|url| address(url)).collect::<Result<_, _>>().map_err(|message| wrong(config, "url", message))?;
        Self::new(config, Seeds::Pages(urls))
    }

    /// The pages of a sitemap.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub(in crate::source) fn of_sitemap(config: &SourceConfig) -> Result<Self, SourceConfigError> {
        let url = address(&config.url).map_err(|message| wrong(config, "url", message))?;
        Self::new(config, Seeds::Sitemap(url))
    }

    /// The pages and images that a file lists.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub(in crate::source) fn of_list(config: &SourceConfig) -> Result<Self, SourceConfigError> {
        Self::new(config, Seeds::List(config.path.clone()))
    }

    /// The page or the image at one URL.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub(super) fn of_address(config: &SourceConfig, url: Url) -> Result<Self, SourceConfigError> {
        let crawl = Self::new(config, Seeds::Pages(vec![url]))?;
        Ok(Self { keeps_images: true, ..crawl })
    }

    fn new(config: &SourceConfig, seeds: Seeds) -> Result<Self, SourceConfigError> {
        let since = since(&config.since).map_err(|message| wrong(config, "since", message))?;
        let keeps_images = matches!(seeds, Seeds::List(_));
        let (depth, limit) = (config.depth, config.limit);
        Ok(Self { scope: Scope::new(config)?, seeds, depth, limit, since, keeps_images })
    }

    /// Reads it, and lists what it finds and what else is recorded of the source.
    pub(in crate::source) fn list(self: Arc<Self>, source: SourceName, reader: WebReader) -> (Listing, Checkpoint) {
        begin(self, source, reader, WAITING, Reading::<Self>::run)
    }

    /// Whether it begins with nothing but such pages.
    fn is_of(&self, is_such: impl Fn(&Url) -> bool) -> bool {
        match &self.seeds {
            Seeds::Pages(urls) => urls.iter().all(|url| is_such(&normal(url.clone()))),
            Seeds::Sitemap(_) | Seeds::List(_) => false,
        }
    }

    fn limits(&self, config: &CrawlConfig) -> Limits {
        Limits::new(self.depth, self.limit, config)
    }

    /// Whether it matters where a page leads, or a style sheet.
    const fn wants_links(&self) -> bool {
        matches!(self.seeds, Seeds::Pages(_))
    }

    /// Whether the style sheets of its pages are kept, as articles of their own.
    pub(in crate::source) const fn keeps_sheets(&self) -> bool {
        self.wants_links()
    }
}

fn wrong(config: &SourceConfig, key: &'static str, message: String) -> SourceConfigError {
    SourceConfigError::Key { source_name: config.name.to_string(), key, message }
}
