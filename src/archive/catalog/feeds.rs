//! Feeds and their entries.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::error::CatalogError;
use crate::model::{Digest, RelativePath, SourceName, Validators};

/// What is on record of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct FeedRow {
    /// The digest of the settings that its entries were read with. With others, all of them are read again.
    pub settings: Digest,
    /// Validators for the next conditional request.
    pub validators: Validators,
    /// How long its host said that it does not change.
    pub lifetime: Option<Duration>,
    /// Hours of the day, in UTC, in which it is not to be requested.
    pub skip_hours: Vec<i8>,
    /// The feed is not requested before this moment.
    pub fresh_until: Option<Timestamp>,
    /// Where its permanent redirects led.
    pub moved_to: Option<Url>,
    /// When its host said that it is gone for good. It is not requested any more.
    pub retired_at: Option<Timestamp>,
    /// From this moment on, pages of its entries are due that could not be read: it is requested without validators then.
    pub pages_due: Option<Timestamp>,
}

/// What is on record of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct EntryRow {
    /// The path of the article that is made of it. It stays when the title is edited.
    pub path: RelativePath,
    /// When a feed first had it.
    pub first_seen: Timestamp,
    /// What became of its page, where that was asked for.
    pub page: Option<EntryPage>,
}

/// What became of the page that an entry leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct EntryPage {
    /// The digest of the entry as it was when its page was asked for. With another one, the page is asked for again.
    pub version: Digest,
    /// Attempts, one after another, that gave no page.
    pub failures: u32,
    /// When it is asked for again although the entry stays as it is; `None` for never.
    pub next_attempt: Option<Timestamp>,
}

/// What reading feeds needs.
#[async_trait]
pub trait Feeds: Send + Sync {
    /// What is on record of a feed; `None` if it was never read.
    async fn feed(&self, source: &SourceName, url: &Url) -> Result<Option<FeedRow>, CatalogError>;

    /// Records a feed in place of what was on record of it.
    async fn record_feed(&self, source: &SourceName, url: &Url, row: &FeedRow) -> Result<(), CatalogError>;

    /// The entry with this identity.
    async fn entry(&self, source: &SourceName, identity: Digest) -> Result<Option<EntryRow>, CatalogError>;

    /// Records a new entry. Returns whether it was recorded: not where its identity is on record already, nor where
    /// another entry of the source has the path, upper and lower case compared as equal.
    async fn add_entry(&self, source: &SourceName, identity: Digest, row: &EntryRow) -> Result<bool, CatalogError>;

    /// Records what became of the page of an entry on record, in place of what was on record of it.
    async fn record_entry_page(
        &self,
        source: &SourceName,
        identity: Digest,
        page: &EntryPage,
    ) -> Result<(), CatalogError>;
}
