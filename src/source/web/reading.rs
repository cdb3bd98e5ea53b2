//! What one reading of a source needs, and what it gives to be recorded.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;
use url::Url;

use super::specs::Feeds;
use crate::archive::{Archive, CatalogError, FeedRow};
use crate::config::FeedConfig;
use crate::fetch::Fetcher;
use crate::locks::Mutex;
use crate::model::{Exchange, SourceName};
use crate::source::listing::Entry;
use crate::source::xml::XmlLimits;

/// Who watches over the requests that reading a source takes.
pub trait Watch: Send + Sync {
    /// Whether a further request may be sent.
    fn may_ask(&self) -> bool;

    /// Counts requests that were sent.
    fn asked(&self, exchanges: &[Exchange]);
}

/// What reading sources over the network needs.
#[derive(Clone)]
pub struct WebReader {
    /// Who sends the requests.
    pub fetcher: Fetcher,
    /// What is on record.
    pub archive: Arc<Archive>,
    /// Who watches over them.
    pub watch: Arc<dyn Watch>,
    /// The limits on feeds.
    pub limits: FeedConfig,
    /// Feeds that are asked for side by side.
    pub at_once: usize,
}

/// What the feeds of a source said, to be recorded once all their entries are.
#[derive(Debug, Default, Clone)]
pub struct FeedRecords(Arc<Mutex<Vec<(Url, FeedRow)>>>);

impl FeedRecords {
    pub(super) fn add(&self, url: &Url, row: FeedRow) {
        self.0.lock().push((url.clone(), row));
    }

    /// Records it. Before, the next run would ask for all of it again.
    ///
    /// # Errors
    /// Where the catalog cannot be written.
    pub async fn record(&self, source: &SourceName, archive: &Archive) -> Result<(), CatalogError> {
        let rows = self.0.take();
        for (url, row) in rows {
            archive.catalog.record_feed(source, &url, &row).await?;
        }
        Ok(())
    }
}

/// One reading of a source.
pub(super) struct Reading {
    pub(super) reader: WebReader,
    pub(super) source: SourceName,
    pub(super) feeds: Arc<Feeds>,
    pub(super) now: Timestamp,
    pub(super) records: FeedRecords,
    pub(super) send: mpsc::Sender<Entry>,
}

impl Reading {
    /// The limits on a document.
    pub(super) fn xml_limits(&self) -> XmlLimits {
        let FeedConfig { max_depth, max_tag, .. } = &self.reader.limits;
        XmlLimits { depth: *max_depth, tag: usize::try_from(max_tag.0).unwrap_or(usize::MAX) }
    }
}
