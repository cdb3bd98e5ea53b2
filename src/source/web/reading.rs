//! What one reading of a source needs, and the records that it gives.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::sync::mpsc;
use url::Url;

use super::received::{Received, Response};
use super::requested::{Requested, Watch};
use crate::archive::rules::Schedule;
use crate::archive::{Archive, CatalogError, EntryPage, EntryRow, FeedRow};
use crate::clock;
use crate::config::{CrawlConfig, FeedConfig, Size};
use crate::fetch::{Fetcher, Judge, Request};
use crate::locks::Mutex;
use crate::model::{CaptureKind, Digest, Exchange, RelativePath, SourceFailure, SourceName};
use crate::source::error::SourceError;
use crate::source::file_names::Names;
use crate::source::listing::{Entries, Entry, Listed, Listing, Location};
use crate::source::xml::XmlLimits;
use crate::staging::Staged;

/// Rows of the catalog that are read at a time.
const PAGE: usize = 1000;

/// What reading sources over the network needs.
#[derive(Clone)]
pub struct WebReader {
    /// Who sends the requests.
    pub fetcher: Fetcher,
    /// What is on record.
    pub archive: Arc<Archive>,
    /// Who watches over them.
    pub watch: Arc<dyn Watch>,
    /// Responses that came before their requests.
    pub received: Received,
    /// The limits on feeds.
    pub feed: FeedConfig,
    /// The limits on the reading of sites.
    pub crawl: CrawlConfig,
    /// When the page of an entry is asked for again that could not be read.
    pub schedule: Schedule,
    /// The most bytes of an article.
    pub max_article: Size,
    /// Requests of a source that are sent side by side.
    pub at_once: usize,
}

/// Where the next reading of a source goes on: recorded once every article that was listed before it is.
#[derive(Debug, Default, Clone)]
pub struct Checkpoint(Arc<Progress>);

#[derive(Debug, Default)]
struct Progress {
    feeds: Mutex<Vec<(Url, FeedRow)>>,
    /// Entries, by their identities, whose pages were asked for.
    pages: Mutex<Vec<(Digest, EntryPage)>>,
    /// Whether any feed was read.
    is_any_read: AtomicBool,
    /// Whether a crawl that is on record came to its end.
    is_crawled: AtomicBool,
}

impl Checkpoint {
    /// Notes a feed that was read, and its record.
    pub(super) fn read(&self, url: &Url, row: Option<FeedRow>) {
        self.0.is_any_read.store(true, Ordering::Relaxed);
        self.0.feeds.lock().extend(row.map(|row| (url.clone(), row)));
    }

    /// Takes note of an entry whose page was asked for.
    pub(super) fn asked_page(&self, identity: Digest, page: EntryPage) {
        self.0.pages.lock().push((identity, page));
    }

    /// Takes note that a crawl which is on record came to its end.
    pub(super) fn crawled(&self) {
        self.0.is_crawled.store(true, Ordering::Relaxed);
    }

    /// Whether any feed was read: then the source was read, although others of its feeds may have failed.
    pub fn is_any_read(&self) -> bool {
        self.0.is_any_read.load(Ordering::Relaxed)
    }

    /// Records it, after all entries are recorded: otherwise a failure would lose entries.
    ///
    /// # Errors
    /// Where the catalog cannot be written.
    pub async fn record(&self, source: &SourceName, archive: &Archive) -> Result<(), CatalogError> {
        let (pages, feeds) = (self.0.pages.take(), self.0.feeds.take());
        for (identity, page) in pages {
            archive.catalog.record_entry_page(source, identity, &page).await?;
        }
        for (url, row) in feeds {
            archive.catalog.record_feed(source, &url, &row).await?;
        }
        Ok(())
    }

    /// Records that a crawl is at its end, after all that it listed is recorded and its pages were looked at.
    ///
    /// # Errors
    /// Where the catalog cannot be written.
    pub async fn end_crawl(&self, source: &SourceName, archive: &Archive) -> Result<(), CatalogError> {
        if self.0.is_crawled.load(Ordering::Relaxed) {
            archive.catalog.end_crawl(source).await?;
        }
        Ok(())
    }
}

/// One reading of a source that is of some kind.
pub(super) struct Reading<K> {
    pub(super) reader: WebReader,
    pub(super) source: SourceName,
    pub(super) kind: Arc<K>,
    pub(super) now: Timestamp,
    pub(super) checkpoint: Checkpoint,
    pub(super) send: mpsc::Sender<Entry>,
}

impl<K> Reading<K> {
    /// The same reading, of what turned out to be of another kind.
    pub(super) fn as_kind<L>(&self, kind: Arc<L>) -> Reading<L> {
        Reading {
            reader: self.reader.clone(),
            source: self.source.clone(),
            kind,
            now: self.now,
            checkpoint: self.checkpoint.clone(),
            send: self.send.clone(),
        }
    }

    /// The limits on a document.
    pub(super) fn xml_limits(&self) -> XmlLimits {
        let FeedConfig { max_depth, max_tag, max_nodes, .. } = &self.reader.feed;
        XmlLimits { depth: *max_depth, tag: usize::try_from(max_tag.0).unwrap_or(usize::MAX), nodes: *max_nodes }
    }

    /// Hands on what was found.
    pub(super) async fn send(&self, entry: Entry) {
        // If the receiver is gone, the run is ending.
        let _ = self.send.send(entry).await;
    }

    /// That an address of the source cannot be read.
    pub(super) fn unread(
        &self,
        what: &'static str,
        url: &Url,
        reason: SourceFailure,
        message: impl Into<String>,
    ) -> SourceError {
        let (source_name, url, message) = (self.source.to_string(), url.to_string(), message.into());
        SourceError::Web { what, source_name, url, reason, message }
    }

    /// Whether a further request may be sent, and somebody takes what comes of it.
    pub(super) fn may_ask(&self) -> bool {
        self.reader.watch.may_ask() && !self.send.is_closed()
    }

    /// What a host sends for a URL, or the response that is there already. The caller has them recorded.
    pub(super) async fn fetch<J: Judge<Accepted = Option<String>>>(&self, request: &Request<'_, J>) -> Response {
        match self.reader.received.take(request.url) {
            Some(response) => response,
            None => self.reader.fetcher.fetch(request).await,
        }
    }

    /// Has it recorded what was requested, and what came.
    pub(super) async fn requested(
        &self,
        kind: CaptureKind,
        url: &Url,
        exchanges: &[Exchange],
        bodies: impl IntoIterator<Item = &Staged>,
    ) -> Result<(), SourceError> {
        let bodies = bodies.into_iter().collect();
        self.reader.watch.requested(Requested { source: &self.source, kind, url, exchanges, bodies }).await
    }

    /// The path of the article with this identity: the recorded one, or the first of its names that is free.
    pub(super) async fn place(&self, identity: Digest, names: Names) -> Result<EntryRow, SourceError> {
        let catalog = &self.reader.archive.catalog;
        for path in names {
            if let Some(row) = catalog.entry(&self.source, identity).await.map_err(unrecorded)? {
                return Ok(row);
            }
            let row = EntryRow { path, first_seen: self.now, page: None };
            if catalog.add_entry(&self.source, identity, &row).await.map_err(unrecorded)? {
                return Ok(row);
            }
        }
        Err(SourceError::Catalog("no name is left for an article that is called as many others are".to_owned()))
    }

    /// Lists what is recorded and was not listed: the source no longer has it, or has nothing new.
    pub(super) async fn list_recorded(&self, listed: &HashSet<RelativePath>) -> Result<(), SourceError> {
        let mut last = None;
        loop {
            let page = self.reader.archive.catalog.articles(Some(&self.source), last.as_ref(), PAGE).await;
            let page = page.map_err(unrecorded)?;
            let Some(end) = page.last() else { return Ok(()) };
            last = Some(end.version.key.clone());
            for row in page {
                let path = row.version.key.path;
                if !row.is_gone && !listed.contains(&path) {
                    self.send(Entry::Article(Listed { path, location: Location::Archive })).await;
                }
            }
        }
    }
}

/// Begins a reading of a source of some kind, whose entries are sent as they are found. No more than `waiting` of them
/// wait to be read.
pub(super) fn begin<K, R: Future<Output = ()> + Send + 'static>(
    kind: Arc<K>,
    source: SourceName,
    reader: WebReader,
    waiting: usize,
    run: impl FnOnce(Reading<K>) -> R,
) -> (Listing, Checkpoint) {
    let (send, receive) = mpsc::channel(waiting);
    let checkpoint = Checkpoint::default();
    let reading = Reading { reader, source, kind, now: clock::now(), checkpoint: checkpoint.clone(), send };
    tokio::spawn(run(reading));
    (Listing::Partial(Entries::received(receive)), checkpoint)
}

/// That the catalog cannot be read or written.
#[expect(clippy::needless_pass_by_value, reason = "it takes the place of the error")]
pub(super) fn unrecorded(error: CatalogError) -> SourceError {
    SourceError::Catalog(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    /// What is done for a crawl after its last page is listed is done again after a crash before that.
    #[tokio::test]
    async fn a_crawl_is_on_record_until_all_that_it_listed_is() {
        let archive = fixtures::archive();
        let (site, now) = ("site".parse().unwrap(), Timestamp::UNIX_EPOCH);
        archive.catalog.begin_crawl(&site, now).await.unwrap();
        let checkpoint = Checkpoint::default();
        checkpoint.end_crawl(&site, &archive).await.unwrap();
        assert_eq!(archive.catalog.crawl_began(&site).await.unwrap(), Some(now), "it was cut short");
        checkpoint.crawled();
        assert_eq!(archive.catalog.crawl_began(&site).await.unwrap(), Some(now), "its pages are still to be looked at");
        checkpoint.end_crawl(&site, &archive).await.unwrap();
        assert_eq!(archive.catalog.crawl_began(&site).await.unwrap(), None);
    }
}
