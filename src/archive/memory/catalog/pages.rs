//! Pages of the web, and unfinished crawls.

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::MemoryCatalog;
use super::state::ArticleEntry;
use crate::archive::catalog::{CatalogError, PageRow, Pages};
use crate::model::{ArticleId, ReferenceKind, SourceName};

#[async_trait]
impl Pages for MemoryCatalog {
    async fn page(&self, source: &SourceName, url: &Url) -> Result<Option<PageRow>, CatalogError> {
        Ok(self.state().pages.get(&(source.clone(), url.clone())).cloned())
    }

    async fn record_page(&self, source: &SourceName, url: &Url, row: &PageRow) -> Result<(), CatalogError> {
        self.state().pages.insert((source.clone(), url.clone()), row.clone());
        Ok(())
    }

    async fn pages_with_sheets(&self, source: &SourceName) -> Result<Vec<(ArticleId, bool)>, CatalogError> {
        let state = self.state();
        let of_source = state.articles.iter().filter(|(_, entry)| entry.version.key.source == *source);
        Ok(of_source.filter_map(|(id, entry)| Some((*id, may_lack_a_sheet(entry)?))).collect())
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

/// Whether a style sheet of an article may not be linked; `None` where it names none. A base is made neutral together with
/// what it completes, so that an edit there says nothing of a link.
fn may_lack_a_sheet(entry: &ArticleEntry) -> Option<bool> {
    let places = || entry.references.iter().map(|(reference, _)| &reference.place);
    let mut sheets = places().filter(|place| place.kind == ReferenceKind::Sheet).peekable();
    sheets.peek()?;
    let has_base = places().any(|place| place.kind == ReferenceKind::Base);
    Some(has_base || sheets.any(|place| entry.edits.iter().all(|edit| edit.span != place.span)))
}
