//! What is on record of pages, and what a crawl adds to it.

use std::sync::Arc;

use encoding_rs::Encoding;
use jiff::Timestamp;
use tokio::sync::OnceCell;
use url::Url;

use super::Crawl;
use super::frontier::Task;
use crate::archive::{ArticleRow, PageContent, PageRow};
use crate::extract::{PageLinks, page_links};
use crate::locks::Mutex;
use crate::model::{ArticleKey, Digest, Format, RelativePath};
use crate::source::error::SourceError;
use crate::source::web::link_header::add_head_links;
use crate::source::web::reading::{Reading, unrecorded};

/// What is recorded of a URL, if it matches the present archive.
pub(super) struct Known {
    pub(super) row: PageRow,
    /// The article, where it is a page.
    article: Option<ArticleRow>,
}

/// The crawl that a run continues or begins.
pub(super) struct Progress {
    /// When a crawl began that was not brought to its end.
    pub(super) began: Option<Timestamp>,
    /// Whether how far it comes is on record.
    is_kept: bool,
    begun: OnceCell<()>,
    /// What was found unchanged. It is recorded again only if the crawl is interrupted, so that the next run continues
    /// after it.
    unchanged: Mutex<Vec<(Url, PageRow)>>,
}

impl Progress {
    /// Continues a crawl that began at this moment, or begins one.
    pub(super) fn new(began: Option<Timestamp>) -> Self {
        Self { began, is_kept: true, begun: OnceCell::new(), unchanged: Mutex::default() }
    }

    /// A page that the user hands over, beside the crawl of its source: that stays where it is.
    pub(super) fn of_handed_page() -> Self {
        Self { is_kept: false, ..Self::new(None) }
    }
}

impl Known {
    /// The path of the article that has these bytes.
    pub(super) fn path_of(&self, bytes: Digest) -> Option<RelativePath> {
        match &self.row.content {
            PageContent::Article { path, original } if *original == bytes => Some(path.clone()),
            _ => None,
        }
    }

    /// Whether it need not be requested: this crawl requested it, or the sitemap says that it is unchanged. Whether an
    /// image is requested again is decided by its job.
    pub(super) fn is_done(&self, task: &Task, progress: &Progress) -> bool {
        let is_of_this_crawl = progress.began.is_some_and(|began| self.row.found_at >= began);
        let is_as_it_was = task.lastmod.is_some() && self.row.lastmod == task.lastmod;
        let is_there = self.article.is_some() || matches!(self.row.content, PageContent::Moved(_));
        is_of_this_crawl || (is_as_it_was && is_there) || self.row.content == PageContent::Image
    }
}

impl Reading<Crawl> {
    /// What is recorded of a URL; nothing if the article of the page is another one by now, or gone.
    pub(super) async fn known(&self, url: &Url) -> Result<Option<Known>, SourceError> {
        let catalog = &self.reader.archive.catalog;
        let Some(row) = catalog.page(&self.source, url).await.map_err(unrecorded)? else { return Ok(None) };
        let PageContent::Article { path, original } = &row.content else {
            return Ok(Some(Known { row, article: None }));
        };
        let article = catalog.article(&self.key(path)).await.map_err(unrecorded)?;
        let article = article.filter(|article| article.version.original == *original);
        Ok(article.map(|article| Known { row, article: Some(article) }))
    }

    fn key(&self, path: &RelativePath) -> ArticleKey {
        ArticleKey { source: self.source.clone(), path: path.clone() }
    }

    /// Whether the page of a URL was taken down: it is not requested again.
    pub(super) async fn is_taken_down(&self, url: &Url) -> Result<bool, SourceError> {
        let catalog = &self.reader.archive.catalog;
        let Some(row) = catalog.page(&self.source, url).await.map_err(unrecorded)? else { return Ok(false) };
        match &row.content {
            PageContent::Article { path, .. } => catalog.is_taken_down(&self.key(path)).await.map_err(unrecorded),
            PageContent::Image | PageContent::Moved(_) => Ok(false),
        }
    }

    /// Where a page leads that is on record, as its original says.
    pub(super) async fn recorded_links(&self, known: &Known) -> PageLinks {
        let Some(article) = &known.article else { return PageLinks::default() };
        let version = &article.version;
        let read = self.reader.archive.read_verified(version.original, version.format.blob_type()).await;
        let (Ok(bytes), Some(url)) = (read, version.url.clone()) else { return PageLinks::default() };
        let mut links = links_of(Arc::new(bytes), version.format, url.clone(), version.charset()).await;
        if let Ok(Some(head)) = self.recorded_head(&url).await {
            add_head_links(&mut links, &head, &url);
        }
        links
    }

    /// The head of the response that a page came with, where that is on record and came from its own URL.
    async fn recorded_head(&self, url: &Url) -> Result<Option<Vec<u8>>, SourceError> {
        let facts = self.reader.archive.catalog.document(url, Some(&self.source)).await.map_err(unrecorded)?;
        let last = facts.newest.and_then(|capture| capture.exchanges.into_iter().next_back());
        Ok(last.filter(|exchange| exchange.url == *url).and_then(|exchange| exchange.response_head))
    }

    /// Records what was found at a URL, if that differs from the record. The first record of a crawl says that it
    /// began.
    pub(super) async fn record(&self, url: &Url, row: PageRow, progress: &Progress) -> Result<(), SourceError> {
        let catalog = &self.reader.archive.catalog;
        let before = catalog.page(&self.source, url).await.map_err(unrecorded)?;
        if before.is_some_and(|before| PageRow { found_at: before.found_at, ..row.clone() } == before) {
            progress.unchanged.lock().push((url.clone(), row));
            return Ok(());
        }
        self.write_down(url, &row, progress).await
    }

    async fn write_down(&self, url: &Url, row: &PageRow, progress: &Progress) -> Result<(), SourceError> {
        let catalog = &self.reader.archive.catalog;
        if progress.is_kept {
            let begin = || async { catalog.begin_crawl(&self.source, self.now).await };
            progress.begun.get_or_try_init(begin).await.map_err(unrecorded)?;
        }
        catalog.record_page(&self.source, url, row).await.map_err(unrecorded)
    }

    /// Records how far a crawl came that is cut short.
    pub(super) async fn keep_place(&self, progress: &Progress) -> Result<(), SourceError> {
        if !progress.is_kept {
            return Ok(());
        }
        let unchanged = std::mem::take(&mut *progress.unchanged.lock());
        for (url, row) in unchanged {
            self.write_down(&url, &row, progress).await?;
        }
        Ok(())
    }

    /// Takes note that the crawl is at its end, where it is on record.
    pub(super) fn end(&self, progress: &Progress) {
        if progress.began.is_some() || progress.begun.get().is_some() {
            self.checkpoint.crawled();
        }
    }
}

/// Where a page or a style sheet leads, determined on a thread for such work.
pub(super) async fn links_of(
    bytes: Arc<Vec<u8>>,
    format: Format,
    url: Url,
    charset: Option<&'static Encoding>,
) -> PageLinks {
    let read = tokio::task::spawn_blocking(move || page_links(&bytes, format, &url, charset));
    read.await.expect("any page is read for its links without a panic")
}
