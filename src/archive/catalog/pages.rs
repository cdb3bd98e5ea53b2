//! Pages of the web, and unfinished crawls.

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::error::CatalogError;
use crate::model::{ArticleId, Digest, RelativePath, SourceName, Validators};

/// What was found at the URL of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageContent {
    /// A page, which is an article.
    Article {
        /// The path of the article.
        path: RelativePath,
        /// The digest of the page's bytes. If the recorded article has another one, this row is outdated.
        original: Digest,
    },
    /// An image.
    Image,
    /// A redirect, or a copy of another page: this is the other URL.
    Moved(Url),
}

impl PageContent {
    /// Whether it is the page with these bytes.
    pub fn is_of(&self, bytes: Digest) -> bool {
        matches!(self, Self::Article { original, .. } if *original == bytes)
    }
}

/// What is on record of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct PageRow {
    /// What was found at its URL.
    pub content: PageContent,
    /// Validators for the next conditional request.
    pub validators: Validators,
    /// When a sitemap said that it was last changed, in the sitemap's own form.
    pub lastmod: Option<String>,
    /// When its content, or what else is on record of it, was last found to be new.
    pub found_at: Timestamp,
}

/// What crawling needs.
#[async_trait]
pub trait Pages: Send + Sync {
    /// What is on record of a page; `None` if it was never read.
    async fn page(&self, source: &SourceName, url: &Url) -> Result<Option<PageRow>, CatalogError>;

    /// Records a page in place of what was on record of it.
    async fn record_page(&self, source: &SourceName, url: &Url, row: &PageRow) -> Result<(), CatalogError>;

    /// The articles of a source that name style sheets, in order, each with whether one of them may not be linked yet.
    async fn pages_with_sheets(&self, source: &SourceName) -> Result<Vec<(ArticleId, bool)>, CatalogError>;

    /// When the unfinished crawl of a source began; `None` if there is none.
    async fn crawl_began(&self, source: &SourceName) -> Result<Option<Timestamp>, CatalogError>;

    /// Records that a crawl of a source began. An unfinished one is continued.
    async fn begin_crawl(&self, source: &SourceName, at: Timestamp) -> Result<(), CatalogError>;

    /// Records that the crawl of a source is finished.
    async fn end_crawl(&self, source: &SourceName) -> Result<(), CatalogError>;
}
