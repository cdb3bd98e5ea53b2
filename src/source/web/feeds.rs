//! The reading of feeds: each is requested, and its entries are listed.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use tracing::debug;
use url::Url;

use super::ask::Asked;
use super::reading::{FeedRecords, Reading, WebReader, begin};
use super::specs::{FeedSpec, Feeds};
use crate::locks::Mutex;
use crate::model::{RelativePath, SourceName};
use crate::source::error::SourceError;
use crate::source::feed::Feed;
use crate::source::listing::{Entry, Listed, Listing};

/// Entries that wait for who reads them.
const WAITING: usize = 100;

impl Feeds {
    /// Requests every feed that is due, and lists its entries and what else is recorded of the source.
    pub(in crate::source) fn list(self: Arc<Self>, source: SourceName, reader: WebReader) -> (Listing, FeedRecords) {
        begin(self, source, reader, WAITING, Reading::<Self>::run)
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
        let listed = Mutex::new(HashSet::new());
        let each = stream::iter(&specs);
        each.for_each_concurrent(self.reader.at_once.max(1), |spec| self.read(spec, &listed)).await;
        let listed = listed.into_inner();
        if let Err(error) = self.list_recorded(&listed).await {
            self.send(Entry::Unreadable(error)).await;
        }
    }

    async fn read(&self, spec: &FeedSpec, listed: &Mutex<HashSet<RelativePath>>) {
        if !self.may_ask() {
            return self.reader.watch.cut_short();
        }
        let asked = match self.ask(spec).await {
            Ok(asked) => asked,
            Err(error) => return self.send(Entry::Unreadable(error)).await,
        };
        let Asked { feed, note, row } = asked;
        match self.list_feed(spec, feed, listed).await {
            Ok(()) => self.records.read(&spec.key, row),
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
}
