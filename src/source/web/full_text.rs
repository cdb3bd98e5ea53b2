//! The full text of an entry whose feed gives a part of it: the main text of the page that the entry leads to.
//!
//! The page is kept as an article of its own, as it came. It is asked for when the entry is new, and again only when the
//! entry itself changes, or, where it gave no text, by the schedule of retries.

use std::sync::Arc;

use encoding_rs::Encoding;
use url::Url;

use super::body::AnyBody;
use super::content::{Content, LOOKED_AT, claims, content_of};
use super::entry_pages::{EntryPages, PageText};
use super::location::{identity, names, normal};
use super::no_text::NoText;
use super::reading::{Reading, unrecorded};
use super::specs::Feeds;
use crate::archive::{PageContent, PageRow};
use crate::extract::{MainText, PageLimits, main_text};
use crate::fetch::{Answer, Fetched, Purpose, Request};
use crate::media::catch_panic;
use crate::model::{ArticleKey, ArticleVersion, CaptureKind, Digest, Exchange, Validators};
use crate::source::error::SourceError;
use crate::source::feed::charset;
use crate::source::listing::{Entry, Listed, Location, Made, PAGES};
use crate::staging::Staged;

/// A page as it came, or as it is on record.
struct Page {
    url: Url,
    bytes: Vec<u8>,
    charset: Option<&'static Encoding>,
}

/// What is on record of a page.
struct Recorded {
    key: ArticleKey,
    row: PageRow,
    url: Url,
    /// Its article, unless that is another one by now, or gone.
    version: Option<ArticleVersion>,
}

impl Reading<Feeds> {
    /// The main text of the page at an address, which is asked for.
    pub(super) async fn page_text(&self, link: &Url, pages: &EntryPages) -> Result<PageText, SourceError> {
        let _permit = pages.permit().await;
        let recorded = self.recorded_page(link).await?;
        let catalog = &self.reader.archive.catalog;
        if let Some(recorded) = &recorded
            && catalog.is_taken_down(&recorded.key).await.map_err(unrecorded)?
        {
            return Ok(Err(NoText::TakenDown));
        }
        let page = match self.ask_for_page(link, recorded.as_ref(), pages).await? {
            Ok(Some(page)) => Ok(page),
            Ok(None) => self.read_back(recorded).await,
            Err(why) => Err(why),
        };
        match page {
            Ok(page) => Ok(self.text_of(page, pages).await),
            Err(why) => Ok(Err(why)),
        }
    }

    /// The main text of the page at an address, as it is on record.
    pub(super) async fn recorded_text(&self, link: &Url, pages: &EntryPages) -> Result<Option<MainText>, SourceError> {
        let _permit = pages.permit().await;
        match self.read_back(self.recorded_page(link).await?).await {
            Ok(page) => Ok(self.text_of(page, pages).await.ok()),
            Err(_) => Ok(None),
        }
    }

    /// What is on record of the page at an address, behind its redirects.
    async fn recorded_page(&self, link: &Url) -> Result<Option<Recorded>, SourceError> {
        let catalog = &self.reader.archive.catalog;
        let mut url = normal(link.clone());
        let mut row = catalog.page(&self.source, &url).await.map_err(unrecorded)?;
        if let Some(PageContent::Moved(to)) = row.as_ref().map(|row| &row.content) {
            url = to.clone();
            row = catalog.page(&self.source, &url).await.map_err(unrecorded)?;
        }
        let Some(row) = row else { return Ok(None) };
        let PageContent::Article { path, .. } = &row.content else { return Ok(None) };
        let key = ArticleKey { source: self.source.clone(), path: path.clone() };
        let article = catalog.article(&key).await.map_err(unrecorded)?;
        let version = article.map(|article| article.version).filter(|version| row.content.is_of(version.original));
        Ok(Some(Recorded { key, row, url, version }))
    }

    /// The page that is kept.
    async fn read_back(&self, recorded: Option<Recorded>) -> Result<Page, NoText> {
        let nothing = || NoText::NoMainText("nothing of it is kept".to_owned());
        let Recorded { url, version, .. } = recorded.ok_or_else(nothing)?;
        let version = version.ok_or_else(nothing)?;
        let read = self.reader.archive.read_verified(version.original, version.format.blob_type()).await;
        let bytes = read.map_err(|error| NoText::NoMainText(format!("what is kept of it cannot be read: {error}")))?;
        Ok(Page { url, bytes, charset: version.charset() })
    }

    /// Asks for a page; `None` where it is as it is on record.
    async fn ask_for_page(
        &self,
        link: &Url,
        recorded: Option<&Recorded>,
        pages: &EntryPages,
    ) -> Result<Result<Option<Page>, NoText>, SourceError> {
        let kept = recorded.filter(|recorded| recorded.version.is_some());
        let validators = kept.map(|recorded| recorded.row.validators.clone()).unwrap_or_default();
        let (most, fetcher) = (self.reader.max_article.0, &self.reader.fetcher);
        let judge = AnyBody { most, limit: "rewrite.max_article", purpose: Purpose::Page, fetcher };
        let request =
            Request { url: link, purpose: Purpose::Page, article: None, validators: &validators, judge: &judge };
        let response = self.fetch(&request).await;
        self.requested(CaptureKind::Page, link, &response.exchanges, response.bodies()).await?;
        let Fetched { exchanges, outcome, .. } = response;
        match outcome {
            Ok(Answer::NotModified) => Ok(Ok(None)),
            Ok(Answer::Body { staged, validators, accepted }) => {
                match page_in(link, &exchanges, &staged, accepted.as_deref()) {
                    Ok(page) => {
                        self.keep(link, page, validators, accepted.as_deref(), pages).await.map(|page| Ok(Some(page)))
                    }
                    Err(why) => Ok(Err(why)),
                }
            }
            Err(failure) => Ok(Err(NoText::Fetch(failure))),
        }
    }

    /// Lists a page as an article of its own, and records where it is.
    async fn keep(
        &self,
        link: &Url,
        page: Page,
        validators: Validators,
        content_type: Option<&str>,
        pages: &EntryPages,
    ) -> Result<Page, SourceError> {
        let extension = if claims(content_type, &["application/xhtml+xml"]) { "xhtml" } else { "html" };
        let path = self.place(identity(&page.url), names(&page.url, extension).below(PAGES)).await?.path;
        let original = Digest::of(&page.bytes);
        let url = Some(page.url.clone());
        let made = Made { bytes: page.bytes.clone(), url, published: None, charset: page.charset };
        pages.list(path.clone());
        self.send(Entry::Article(Listed { path: path.clone(), location: Location::Made(Arc::new(made)) })).await;
        let link = normal(link.clone());
        if link != page.url {
            self.record_page(&link, PageContent::Moved(page.url.clone()), Validators::default()).await?;
        }
        self.record_page(&page.url, PageContent::Article { path, original }, validators).await?;
        Ok(page)
    }

    async fn record_page(&self, url: &Url, content: PageContent, validators: Validators) -> Result<(), SourceError> {
        let catalog = &self.reader.archive.catalog;
        let row = PageRow { content, validators, lastmod: None, found_at: self.now };
        let before = catalog.page(&self.source, url).await.map_err(unrecorded)?;
        if before.is_some_and(|before| PageRow { found_at: before.found_at, ..row.clone() } == before) {
            return Ok(());
        }
        catalog.record_page(&self.source, url, &row).await.map_err(unrecorded)
    }

    /// Finds the main text of a page, on a thread that may take its time, but not more than the settings say.
    async fn text_of(&self, page: Page, pages: &EntryPages) -> PageText {
        let limits = PageLimits { nodes: self.reader.feed.max_page_nodes, depth: self.reader.feed.max_page_depth };
        let Page { url, bytes, charset } = page;
        let work = move || catch_panic(|| main_text(&bytes, &url, charset, limits));
        match pages.run(self.reader.feed.max_page_time, work).await {
            Some(Ok(Ok(text))) => Ok(text),
            Some(Ok(Err(error))) => Err(NoText::NoMainText(error.to_string())),
            Some(Err(panic)) => Err(NoText::NoMainText(format!("the search for it failed: {panic}"))),
            None => Err(NoText::NoMainText("the search for it took more than feed.max_page_time".to_owned())),
        }
    }
}

/// The page that a body is.
fn page_in(link: &Url, exchanges: &[Exchange], staged: &Staged, content_type: Option<&str>) -> Result<Page, NoText> {
    let unreadable = |cause| NoText::NotAPage(format!("cannot read it back: {cause}"));
    let head = staged.head(LOOKED_AT).map_err(unreadable)?;
    if content_of(&head, content_type) != Content::Page {
        let claimed = content_type.unwrap_or("no type");
        return Err(NoText::NotAPage(format!("it is no page of HTML; its host calls it {claimed}")));
    }
    let bytes = staged.read().map_err(unreadable)?;
    let url = exchanges.last().map_or(link, |exchange| &exchange.url).clone();
    Ok(Page { url: normal(url), bytes, charset: content_type.and_then(charset) })
}
