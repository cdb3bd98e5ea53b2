//! Sources that are read over the network: feeds.
//!
//! What a feed has is listed beside everything that is on record of the source, so that a setting that changed reaches
//! articles whose entries the feed has long dropped. Nothing that is not listed is gone.

mod ask;
mod calendar;
mod entries;
mod reading;
mod specs;

pub use self::reading::{FeedRecords, Watch, WebReader};
pub(super) use self::specs::{FeedSpec, Feeds};

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tracing::debug;
use url::Url;

use self::ask::Asked;
use self::reading::Reading;
use super::error::SourceError;
use super::feed::Feed;
use super::listing::{Entries, Entry, Listed, Listing, Location};
use crate::archive::{ArticleState, CatalogError};
use crate::locks::Mutex;
use crate::model::{RelativePath, SourceName};

/// Rows of the catalog that are read at a time.
const PAGE: usize = 1000;
/// Entries that wait for who reads them.
const WAITING: usize = 100;

impl Feeds {
    /// Asks for every feed that is due, and lists its entries and what else is on record of the source.
    pub(super) fn list(self: Arc<Self>, source: &SourceName, reader: WebReader) -> (Listing, FeedRecords) {
        let (send, receive) = mpsc::channel(WAITING);
        let records = FeedRecords::default();
        let (source, now) = (source.clone(), Timestamp::now());
        let reading = Reading { reader, source, feeds: self, now, records: records.clone(), send };
        tokio::spawn(reading.run());
        (Listing::Partial(Entries::received(receive)), records)
    }
}

impl Reading {
    async fn run(self) {
        let specs = match self.feeds.specs() {
            Ok(specs) => specs,
            Err(error) => {
                self.send(Entry::Unreadable(error)).await;
                Vec::new()
            }
        };
        let listed = Mutex::new(HashSet::new());
        let each = stream::iter(&specs);
        each.for_each_concurrent(self.reader.at_once.max(1), |spec| self.read(spec, &listed)).await;
        let listed = listed.into_inner();
        if let Err(error) = self.list_recorded(&listed).await {
            self.send(Entry::Unreadable(SourceError::Catalog(error.to_string()))).await;
        }
    }

    async fn send(&self, entry: Entry) {
        // Where nobody takes it any more, the run is ending.
        let _ = self.send.send(entry).await;
    }

    async fn read(&self, spec: &FeedSpec, listed: &Mutex<HashSet<RelativePath>>) {
        if !self.reader.watch.may_ask() || self.send.is_closed() {
            return;
        }
        let asked = match self.ask(spec).await {
            Ok(asked) => asked,
            Err(error) => return self.send(Entry::Unreadable(error)).await,
        };
        let Asked { feed, note, row } = asked;
        match self.list_feed(spec, feed, listed).await {
            Ok(()) => row.into_iter().for_each(|row| self.records.add(&spec.url, row)),
            Err(error) => self.send(Entry::Unreadable(error)).await,
        }
        if let Some(note) = note {
            self.send(Entry::Note(note)).await;
        }
    }

    async fn list_feed(
        &self,
        spec: &FeedSpec,
        feed: Option<(Feed, Url)>,
        listed: &Mutex<HashSet<RelativePath>>,
    ) -> Result<(), SourceError> {
        let Some((feed, url)) = feed else { return Ok(()) };
        debug!(url = %spec.url, format = feed.format, entries = feed.entries.len(), "feed read");
        let withdrawn = self.withdrawn(spec, &feed).await;
        let entries = self.made(spec, feed, url).await?.into_iter().map(Entry::Article);
        for entry in withdrawn.into_iter().map(Entry::Withdrawn).chain(entries) {
            if let Entry::Article(Listed { path, .. }) | Entry::Withdrawn(path) = &entry {
                listed.lock().insert(path.clone());
            }
            self.send(entry).await;
        }
        Ok(())
    }

    /// Lists what is on record and was not listed: its entries are no longer in their feeds, or these have nothing new.
    async fn list_recorded(&self, listed: &HashSet<RelativePath>) -> Result<(), CatalogError> {
        let mut last = None;
        loop {
            let page = self.reader.archive.catalog.articles(Some(&self.source), last.as_ref(), PAGE).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = Some(end.version.key.clone());
            for row in page {
                let path = row.version.key.path;
                if row.state != ArticleState::Vanished && !listed.contains(&path) {
                    self.send(Entry::Article(Listed { path, location: Location::Archive })).await;
                }
            }
        }
    }
}
