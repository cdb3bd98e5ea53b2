//! Entries of a feed → articles.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use url::Url;

use super::ask::News;
use super::entry_pages::EntryPages;
use super::reading::Reading;
use super::specs::{FeedSpec, Feeds};
use crate::archive::EntryRow;
use crate::model::{Digest, RelativePath, SourceFailure};
use crate::source::error::SourceError;
use crate::source::feed::{Entry, Feed};
use crate::source::file_names::Names;
use crate::source::listing::{self, Listed, Location, Made};
use crate::source::post::{self, Around};

/// Entries whose pages are asked for side by side, of one feed.
const AT_ONCE: usize = 4;

/// What posts are made of besides their entries.
pub(super) struct Making {
    feeds: Arc<Feeds>,
    pub(super) spec: FeedSpec,
    feed: Feed,
    url: Url,
    /// Whether earlier posts of the feed were made with other settings.
    pub(super) are_settings_new: bool,
}

/// An entry, and what is on record of it.
pub(super) struct Placed {
    pub(super) entry: Entry,
    pub(super) identity: Digest,
    pub(super) row: EntryRow,
}

impl Reading<Feeds> {
    /// Lists the articles that are made of a feed's entries. Returns from when on pages of them are due that could not be
    /// read.
    pub(super) async fn list_entries(
        &self,
        spec: &FeedSpec,
        news: News,
        pages: &EntryPages,
    ) -> Result<Option<Timestamp>, SourceError> {
        let News { mut feed, url, are_settings_new } = news;
        let placed = self.placed(spec, std::mem::take(&mut feed.entries)).await?;
        let making = Making { feeds: Arc::clone(&self.kind), spec: spec.clone(), feed, url, are_settings_new };
        let making = Arc::new(making);
        if self.kind.full_text {
            let each = stream::iter(placed).map(|placed| self.list_full(&making, placed, pages));
            return each.buffer_unordered(AT_ONCE).try_fold(None, async |first, due| Ok(earlier(first, due))).await;
        }
        for listed in self.made(&making, placed).await? {
            pages.list(listed.path.clone());
            self.send(listing::Entry::Article(listed)).await;
        }
        Ok(None)
    }

    /// The entries that the settings ask for, each with its place.
    async fn placed(&self, spec: &FeedSpec, entries: Vec<Entry>) -> Result<Vec<Placed>, SourceError> {
        let mut known = HashSet::new();
        let mut placed = Vec::new();
        for entry in self.kind.chosen(entries) {
            let identity = spec.identity(&entry);
            if known.insert(identity) {
                let (title, extension) = (post::file_title(&entry), &self.kind.form.extension);
                let names = Names::new(&spec.categories, &title, extension, identity);
                let row = self.place(identity, names).await?;
                placed.push(Placed { entry, identity, row });
            }
        }
        Ok(placed)
    }

    /// The articles that are made of entries.
    pub(super) async fn made(&self, making: &Arc<Making>, placed: Vec<Placed>) -> Result<Vec<Listed>, SourceError> {
        let making = Arc::clone(making);
        let source_name = self.source.to_string();
        let made = tokio::task::spawn_blocking(move || {
            placed.iter().map(|placed| making.article(&placed.entry, &placed.row)).collect::<Result<_, _>>()
        });
        let made: Result<Vec<Listed>, (String, String)> = made.await.expect("any entry is written without a panic");
        let (what, reason) = ("feed", SourceFailure::Template);
        made.map_err(|(url, message)| SourceError::Web { what, source_name, url, reason, message })
    }

    /// The paths of articles whose entries the feed says are withdrawn.
    pub(super) async fn withdrawn(&self, spec: &FeedSpec, feed: &Feed) -> Vec<RelativePath> {
        let mut paths = Vec::new();
        for id in &feed.withdrawn {
            let entry = self.reader.archive.catalog.entry(&self.source, spec.identity_of_id(id)).await;
            paths.extend(entry.ok().flatten().map(|row| row.path));
        }
        paths
    }
}

impl Making {
    fn article(&self, entry: &Entry, row: &EntryRow) -> Result<Listed, (String, String)> {
        let Self { feeds, spec, feed, url, .. } = self;
        let FeedSpec { categories, author, .. } = spec;
        let around = Around { feed, feed_url: url, categories, author, first_seen: row.first_seen };
        let text =
            post::render(&feeds.form, entry, &around).map_err(|error| (spec.url.to_string(), error.to_string()))?;
        let path: RelativePath = row.path.clone();
        let url = entry.link.clone().or_else(|| feed.link.clone());
        let made = Made { bytes: text.into_bytes(), url, published: entry.moment(), charset: None };
        Ok(Listed { path, location: Location::Made(Arc::new(made)) })
    }
}

/// The earlier of two moments, of which any may be missing.
fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}
