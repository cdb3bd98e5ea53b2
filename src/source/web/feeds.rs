//! The reading of feeds: each is requested, and its entries are listed.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use tracing::debug;

use super::ask::{Asked, News};
use super::entry_pages::EntryPages;
use super::reading::{Checkpoint, Reading, WebReader, begin};
use super::specs::{FeedSpec, Feeds};
use crate::model::SourceName;
use crate::source::error::SourceError;
use crate::source::listing::{Entry, Listing};

/// Entries that wait for who reads them.
const WAITING: usize = 100;
/// The same where each may be as large as a page.
const WAITING_PAGES: usize = 8;

impl Feeds {
    /// Requests every feed that is due, and lists its entries and what else is recorded of the source.
    pub(in crate::source) fn list(self: Arc<Self>, source: SourceName, reader: WebReader) -> (Listing, Checkpoint) {
        let waiting = if self.full_text { WAITING_PAGES } else { WAITING };
        begin(self, source, reader, waiting, Reading::<Self>::run)
    }
}

impl Reading<Feeds> {
    pub(super) async fn run(self) {
        let (specs, notes) = match self.kind.specs() {
            Ok(found) => found,
            Err(error) => {
                self.send(Entry::Unreadable(error)).await;
                Default::default()
            }
        };
        for note in notes {
            self.send(Entry::Note(note)).await;
        }
        let pages = EntryPages::new();
        let each = stream::iter(&specs);
        each.for_each_concurrent(self.reader.at_once.max(1), |spec| self.read(spec, &pages)).await;
        if let Err(error) = self.list_recorded(&pages.into_listed()).await {
            self.send(Entry::Unreadable(error)).await;
        }
    }

    async fn read(&self, spec: &FeedSpec, pages: &EntryPages) {
        if !self.may_ask() {
            return self.reader.watch.cut_short();
        }
        let Asked { news, note, mut row } = match self.ask(spec).await {
            Ok(asked) => asked,
            Err(error) => return self.send(Entry::Unreadable(error)).await,
        };
        match self.list_news(spec, news, pages).await {
            Ok(pages_due) => {
                if let Some(row) = row.as_mut() {
                    row.pages_due = pages_due.unwrap_or(row.pages_due);
                }
                self.checkpoint.read(&spec.key, row);
            }
            Err(error) => self.send(Entry::Unreadable(error)).await,
        }
        if let Some(note) = note {
            self.send(Entry::Note(note)).await;
        }
    }

    /// Lists the entries of a feed in which there is something new. Returns from when on pages of them are due, where any
    /// is read.
    async fn list_news(
        &self,
        spec: &FeedSpec,
        news: Option<News>,
        pages: &EntryPages,
    ) -> Result<Option<Option<jiff::Timestamp>>, SourceError> {
        let Some(news) = news else { return Ok(None) };
        let feed = &news.feed;
        debug!(url = %spec.url, format = feed.format, entries = feed.entries.len(), "feed read");
        for path in self.withdrawn(spec, feed).await {
            pages.list(path.clone());
            self.send(Entry::Withdrawn(path)).await;
        }
        self.list_entries(spec, news, pages).await.map(Some)
    }
}
