//! Entries of a feed → articles.

use std::collections::HashSet;
use std::sync::Arc;

use url::Url;

use super::reading::Reading;
use super::specs::{FeedSpec, Feeds};
use crate::archive::EntryRow;
use crate::model::{RelativePath, SourceFailure};
use crate::source::error::SourceError;
use crate::source::feed::{Entry, Feed};
use crate::source::file_names::Names;
use crate::source::listing::{Listed, Location, Made};
use crate::source::post::{self, Around};

impl Reading<Feeds> {
    /// The articles that are made of a feed's entries.
    pub(super) async fn made(&self, spec: &FeedSpec, mut feed: Feed, url: Url) -> Result<Vec<Listed>, SourceError> {
        let entries = self.kind.chosen(std::mem::take(&mut feed.entries));
        let mut known = HashSet::new();
        let mut placed = Vec::new();
        for entry in entries {
            let identity = spec.identity(&entry);
            if known.insert(identity) {
                let (title, extension) = (post::file_title(&entry), &self.kind.form.extension);
                let names = Names::new(&spec.categories, &title, extension, identity);
                let row = self.place(identity, names).await?;
                placed.push((entry, row));
            }
        }
        let (feeds, spec) = (Arc::clone(&self.kind), spec.clone());
        let source_name = self.source.to_string();
        let made = tokio::task::spawn_blocking(move || {
            placed.iter().map(|(entry, row)| article(&feeds, &spec, &feed, &url, entry, row)).collect::<Result<_, _>>()
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

fn article(
    feeds: &Feeds,
    spec: &FeedSpec,
    feed: &Feed,
    url: &Url,
    entry: &Entry,
    row: &EntryRow,
) -> Result<Listed, (String, String)> {
    let around =
        Around { feed, feed_url: url, categories: &spec.categories, author: &spec.author, first_seen: row.first_seen };
    let text = post::render(&feeds.form, entry, &around).map_err(|error| (spec.url.to_string(), error.to_string()))?;
    let path: RelativePath = row.path.clone();
    let url = entry.link.clone().or_else(|| feed.link.clone());
    Ok(Listed {
        path,
        location: Location::Made(Arc::new(Made {
            bytes: text.into_bytes(),
            url,
            published: entry.moment(),
            charset: None,
        })),
    })
}
