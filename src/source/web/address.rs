//! A URL that was named on the command line: a feed, a sitemap, a page or an image, as its content decides.

use std::sync::Arc;

use url::Url;

use super::body::AnyBody;
use super::content::{Content, LOOKED_AT, content_of};
use super::crawl::Crawl;
use super::location::normal;
use super::reading::{Checkpoint, Reading, WebReader, begin, unrecorded};
use super::specs::{Feeds, address};
use crate::config::{SourceConfig, SourceKind};
use crate::fetch::{Answer, Purpose, Request};
use crate::model::{SourceFailure, SourceName, Validators};
use crate::source::error::{SourceConfigError, SourceError};
use crate::source::listing::{Entry, Listing};

/// Entries that wait for who reads them.
const WAITING: usize = 2;

/// What a URL may lead to.
#[derive(Debug)]
pub(in crate::source) struct Address {
    url: Url,
    feed: Arc<Feeds>,
    sitemap: Arc<Crawl>,
    page: Arc<Crawl>,
}

impl Address {
    /// The URL that the settings of a source name as its `url`.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub(in crate::source) fn new(config: &SourceConfig) -> Result<Self, SourceConfigError> {
        let wrong = |message| SourceConfigError::Key { source_name: config.name.to_string(), key: "url", message };
        let url = address(&config.url).map_err(wrong)?;
        Ok(Self {
            feed: Arc::new(Feeds::new(&SourceConfig { kind: SourceKind::Feed, ..config.clone() })?),
            sitemap: Arc::new(Crawl::of_sitemap(config)?),
            page: Arc::new(Crawl::of_address(config, url.clone())?),
            url,
        })
    }

    /// It.
    pub(in crate::source) const fn url(&self) -> &Url {
        &self.url
    }

    /// Finds out what it is, and reads it as that.
    pub(in crate::source) fn list(self: Arc<Self>, source: SourceName, reader: WebReader) -> (Listing, Checkpoint) {
        begin(self, source, reader, WAITING, Reading::<Self>::run)
    }
}

impl Reading<Address> {
    async fn run(self) {
        match self.content().await {
            Ok(Content::Feed) => self.as_kind(Arc::clone(&self.kind.feed)).run().await,
            Ok(Content::Sitemap | Content::Packed) => self.as_kind(Arc::clone(&self.kind.sitemap)).run().await,
            Ok(_) => self.as_kind(Arc::clone(&self.kind.page)).run().await,
            Err(error) => self.send(Entry::Unreadable(error)).await,
        }
    }

    /// What it is: what is recorded, or what the response shows. The response is kept for the reader of that kind.
    async fn content(&self) -> Result<Content, SourceError> {
        let (url, catalog) = (&self.kind.url, &self.reader.archive.catalog);
        if catalog.feed(&self.source, url).await.map_err(unrecorded)?.is_some() {
            return Ok(Content::Feed);
        }
        if catalog.page(&self.source, &normal(url.clone())).await.map_err(unrecorded)?.is_some() {
            return Ok(Content::Page);
        }
        let judge = AnyBody { most: 0, limit: "", purpose: Purpose::Page, fetcher: &self.reader.fetcher };
        let validators = Validators::default();
        let request = Request { url, purpose: Purpose::Page, article: None, validators: &validators, judge: &judge };
        let response = self.fetch(&request).await;
        let content = match &response.outcome {
            Ok(Answer::Body { staged, accepted, .. }) => {
                let head = staged.head(LOOKED_AT).map_err(|cause| self.failed(&cause.to_string()))?;
                content_of(&head, accepted.as_deref())
            }
            _ => Content::Page,
        };
        let is_listed = matches!(content, Content::Feed | Content::Sitemap | Content::Packed);
        let url = if is_listed { url.clone() } else { normal(url.clone()) };
        self.reader.received.hold(url, response);
        Ok(content)
    }

    fn failed(&self, cause: &str) -> SourceError {
        let message = format!("cannot read it back: {cause}");
        self.unread("page", &self.kind.url, SourceFailure::Unreadable, message)
    }
}
