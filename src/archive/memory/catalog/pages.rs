//! Pages of the web, and unfinished crawls.

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::MemoryCatalog;
use crate::archive::catalog::{CatalogError, PageRow, Pages};
use crate::model::SourceName;

#[async_trait]
impl Pages for MemoryCatalog {
    async fn page(&self, source: &SourceName, url: &Url) -> Result<Option<PageRow>, CatalogError> {
        Ok(self.state().pages.get(&(source.clone(), url.clone())).cloned())
    }

    async fn record_page(&self, source: &SourceName, url: &Url, row: &PageRow) -> Result<(), CatalogError> {
        self.state().pages.insert((source.clone(), url.clone()), row.clone());
        Ok(())
    }

    async fn crawl_began(&self, source: &SourceName) -> Result<Option<Timestamp>, CatalogError> {
        Ok(self.state().crawls.get(source).copied())
    }

    async fn begin_crawl(&self, source: &SourceName, at: Timestamp) -> Result<(), CatalogError> {
        self.state().crawls.entry(source.clone()).or_insert(at);
        Ok(())
    }

    async fn end_crawl(&self, source: &SourceName) -> Result<(), CatalogError> {
        self.state().crawls.remove(source);
        Ok(())
    }
}
