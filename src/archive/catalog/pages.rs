//! Pages of the web, and crawls that are not at their end.

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::error::CatalogError;
use crate::model::{Digest, RelativePath, SourceName, Validators};

/// What was found at the address of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageContent {
    /// A page, which is an article.
    Article {
        /// The path of the article.
        path: RelativePath,
        /// The digest of the page's bytes. Where the article on record has other ones, this row says nothing.
        original: Digest,
    },
    /// An image.
    Image,
    /// Nothing of its own: it leads to another address.
    Moved(Url),
}

/// What is on record of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct PageRow {
    /// What was found at its address.
    pub content: PageContent,
    /// What the next request can compare with.
    pub validators: Validators,
    /// When a sitemap said that it was last changed, as it stands there.
    pub lastmod: Option<String>,
    /// When its content, or what else is on record of it, was last found to be new.
    pub found_at: Timestamp,
}

/// What crawling needs.
#[async_trait]
pub trait Pages: Send + Sync {
    /// What is on record of a page; `None` where it was never read.
    async fn page(&self, source: &SourceName, url: &Url) -> Result<Option<PageRow>, CatalogError>;

    /// Records a page in place of what was on record of it.
    async fn record_page(&self, source: &SourceName, url: &Url, row: &PageRow) -> Result<(), CatalogError>;

    /// When the crawl of a source began that is not at its end; `None` where there is none.
    async fn crawl_began(&self, source: &SourceName) -> Result<Option<Timestamp>, CatalogError>;

    /// Records that a crawl of a source began. One that is not at its end goes on.
    async fn begin_crawl(&self, source: &SourceName, at: Timestamp) -> Result<(), CatalogError>;

    /// Records that the crawl of a source is at its end.
    async fn end_crawl(&self, source: &SourceName) -> Result<(), CatalogError>;
}
