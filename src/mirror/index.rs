//! The texts of articles → the index by which they are found.
//!
//! What is to be done follows from two lists, of the catalog and of the index: so it does not matter where the run before
//! was cut off, or whether the index was lost.

use std::collections::VecDeque;
use std::sync::Arc;

use tracing::info;

use super::control::Control;
use super::tally::Tally;
use crate::archive::{Archive, ArticleFilter, ArticleRow, CatalogError, IndexEntry, IndexedRow, SearchIndexError};
use crate::extract::{CUTTER, plain_text};
use crate::model::{ArticleId, Digest, ProblemReason};

/// Rows of a list that are read at a time.
const PAGE: usize = 5000;
/// Articles of one transaction.
const BATCH: usize = 500;
/// Bytes of text in one, at least as soon as which it is written.
const BATCH_BYTES: usize = 16 << 20;

/// The index cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
enum IndexError {
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Index(#[from] SearchIndexError),
}

/// Puts the texts of new and changed articles into the index.
pub(super) struct IndexStage {
    pub(super) archive: Arc<Archive>,
    pub(super) control: Arc<Control>,
    pub(super) tally: Arc<Tally>,
    pub(super) is_enabled: bool,
}

impl IndexStage {
    /// Brings the index up to date. A failure does not change how the run ends: the report names the problem.
    pub(super) async fn run(&self) {
        let mut done = self.update().await;
        if let Err(IndexError::Index(SearchIndexError::Unusable { why, .. })) = &done {
            self.is_made_anew(why);
            done = self.anew().await;
        }
        if let Err(error) = done {
            self.problem("the search index", error);
        }
    }

    fn problem(&self, what: impl std::fmt::Display, error: impl std::fmt::Display) {
        self.tally.problem(what, ProblemReason::SearchIndex, error);
    }

    fn is_made_anew(&self, why: &str) {
        let message = format_args!("it could not be used ({why}), and is made anew from what is kept");
        self.tally.problem("the search index", ProblemReason::IndexMadeAnew, message);
    }

    async fn anew(&self) -> Result<(), IndexError> {
        self.archive.search.discard().await?;
        self.update().await
    }

    async fn update(&self) -> Result<(), IndexError> {
        let index = &self.archive.search;
        if !self.is_enabled {
            return Ok(index.discard().await?);
        }
        // Whatever the catalog comes to know from here on is due in the next run.
        let mark = self.archive.catalog.content_mark().await?.map(with_cutter);
        if mark.is_some() && index.mark().await.is_ok_and(|found| found == mark) {
            return Ok(());
        }
        if let Some(why) = index.prepare().await? {
            self.is_made_anew(&why);
        }
        let is_whole = self.compare().await?;
        match mark.filter(|_| is_whole) {
            Some(mark) => Ok(index.finish(mark).await?),
            None => Ok(()),
        }
    }

    /// Compares the lists and writes what differs. Returns whether the index holds all articles now.
    async fn compare(&self) -> Result<bool, IndexError> {
        let mut indexed = Indexed { archive: &self.archive, rows: VecDeque::new(), after: None, is_over: false };
        let (mut gone, mut after, mut is_whole) = (Vec::new(), None, true);
        loop {
            let page = self.archive.catalog.indexable(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let mut due = Vec::new();
            for row in page {
                if indexed.take_to(row.id, &mut gone).await?.as_ref() != Some(&row) {
                    due.push(row);
                }
            }
            is_whole &= self.put_all(due).await?;
            if self.control.is_stopped() {
                return Ok(false);
            }
        }
        let last = indexed.take_to(ArticleId(i64::MAX), &mut gone).await?;
        gone.extend(last.map(|row| row.id));
        if !gone.is_empty() {
            info!(articles = gone.len(), "articles leave the search index");
            self.archive.search.remove(gone).await?;
        }
        Ok(is_whole)
    }

    /// Puts articles into the index, some in each transaction. Returns whether all of them are in it.
    async fn put_all(&self, due: Vec<IndexedRow>) -> Result<bool, IndexError> {
        let (mut batch, mut bytes, mut is_whole) = (Vec::new(), 0, true);
        for row in due {
            if self.control.is_stopped() {
                return Ok(false);
            }
            let Some(entry) = self.entry(row).await? else {
                is_whole = false;
                continue;
            };
            bytes += entry.text.len() + entry.alt.len();
            batch.push(entry);
            if batch.len() >= BATCH || bytes > BATCH_BYTES {
                self.archive.search.put(std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
        }
        if !batch.is_empty() {
            self.archive.search.put(batch).await?;
        }
        Ok(is_whole)
    }

    /// An article with its text. `None` where that cannot be read; the report says so.
    async fn entry(&self, row: IndexedRow) -> Result<Option<IndexEntry>, IndexError> {
        let found = self.archive.catalog.listed_among(&[row.id], &ArticleFilter::default()).await?;
        let article = match found.into_iter().next() {
            None => return Ok(None),
            Some((_, Ok(article))) => article,
            Some((_, Err(error))) => {
                self.problem("the catalog", error);
                return Ok(None);
            }
        };
        let ArticleRow { version, .. } = &article;
        match self.archive.read_verified(row.original, version.format.blob_type()).await {
            Ok(bytes) => {
                let (format, charset) = (version.format, version.charset());
                // It takes the processor in proportion to the length.
                let read = tokio::task::spawn_blocking(move || plain_text(&bytes, format, charset)).await;
                let text = read.unwrap_or_default();
                Ok(Some(IndexEntry { row, title: article.title(), text: text.body, alt: text.alt }))
            }
            Err(error) => {
                self.problem(&version.key, format_args!("its text is not in the search index: {error}"));
                Ok(None)
            }
        }
    }
}

/// What differs where the catalog differs, or the rule by which texts are cut.
fn with_cutter(mark: Digest) -> Digest {
    Digest::of(format!("{mark} {CUTTER}").as_bytes())
}

/// The rows of the index, on the way through the list of the catalog.
struct Indexed<'a> {
    archive: &'a Archive,
    rows: VecDeque<IndexedRow>,
    after: Option<ArticleId>,
    is_over: bool,
}

impl Indexed<'_> {
    /// The row of an article, if there is one. Those of articles before it that are left are gone from the catalog.
    async fn take_to(&mut self, id: ArticleId, gone: &mut Vec<ArticleId>) -> Result<Option<IndexedRow>, IndexError> {
        loop {
            if self.rows.is_empty() && !self.is_over {
                self.rows = self.archive.search.indexed(self.after, PAGE).await?.into();
                self.is_over = self.rows.len() < PAGE;
                self.after = self.rows.back().map(|row| row.id).or(self.after);
            }
            if self.rows.front().is_none_or(|row| row.id > id) {
                return Ok(None);
            }
            match self.rows.pop_front() {
                Some(row) if row.id == id => return Ok(Some(row)),
                row => gone.extend(row.map(|row| row.id)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::archive::{Body, MatchOrder, StoreKey, TextQuery};
    use crate::config::Config;
    use crate::extract::Phrase;
    use crate::fixtures::{self, at};
    use crate::model::MediaType;

    fn stage(archive: &Arc<Archive>, is_enabled: bool) -> (IndexStage, CancellationToken) {
        let (tally, stop) = (Arc::<Tally>::default(), CancellationToken::new());
        let control = Control::new(Config::default().run, Arc::clone(archive), Arc::clone(&tally), stop.clone());
        let stage = IndexStage { archive: Arc::clone(archive), control: Arc::new(control), tally, is_enabled };
        (stage, stop)
    }

    /// Records an article with its original.
    async fn record(archive: &Archive, path: &str, text: &str) -> ArticleId {
        let version = fixtures::version(path, text, at(1));
        let key = StoreKey::Blob { digest: version.original, media_type: MediaType::Markdown };
        archive.objects.put(&key, Body::Bytes(text.as_bytes().to_vec())).await.unwrap();
        archive.catalog.record_article(&version, text.len() as u64, &[]).await.unwrap().0
    }

    async fn found(archive: &Archive, words: &str) -> Vec<i64> {
        let query = TextQuery { with: vec![Phrase::new(words).unwrap()], ..TextQuery::default() };
        let found = archive.search.matches(&query, MatchOrder::Newest(None), 9999).await.unwrap();
        let mut ids: Vec<_> = found.rows.iter().map(|row| row.id.0).collect();
        ids.sort_unstable();
        ids
    }

    #[tokio::test]
    async fn articles_of_several_transactions_are_indexed_once_each() {
        let archive = fixtures::archive();
        let mut ids = Vec::new();
        for number in 0..=2 * BATCH {
            ids.push(record(&archive, &format!("{number}.md"), &format!("rain {number}")).await.0);
        }
        let (stage, _) = stage(&archive, true);
        stage.run().await;
        assert_eq!(found(&archive, "rain").await, ids);
        let changed = record(&archive, "7.md", "snow").await;
        stage.run().await;
        assert_eq!(found(&archive, "snow").await, [changed.0]);
        assert_eq!(found(&archive, "rain").await.len(), ids.len() - 1);
        assert!(stage.tally.report().problems.is_empty());
    }

    #[tokio::test]
    async fn an_article_is_found_by_the_name_of_its_file_where_it_has_no_title() {
        let archive = fixtures::archive();
        let mut version = fixtures::version("2024/harbour-night.md", "text", at(1));
        version.title = None;
        let key = StoreKey::Blob { digest: version.original, media_type: MediaType::Markdown };
        archive.objects.put(&key, Body::Bytes(b"text".to_vec())).await.unwrap();
        let id = archive.catalog.record_article(&version, 4, &[]).await.unwrap().0;
        stage(&archive, true).0.run().await;
        assert_eq!(found(&archive, "harbour night").await, [id.0]);
    }

    #[tokio::test]
    async fn a_run_that_is_stopped_indexes_no_more() {
        let archive = fixtures::archive();
        let id = record(&archive, "a.md", "rain").await;
        let (stopped, stop) = stage(&archive, true);
        stop.cancel();
        stopped.run().await;
        assert_eq!(found(&archive, "rain").await, [0; 0]);
        stage(&archive, true).0.run().await;
        assert_eq!(found(&archive, "rain").await, [id.0]);
        stage(&archive, false).0.run().await;
        assert_eq!(found(&archive, "rain").await, [0; 0], "the setting says no");
    }

    #[tokio::test]
    async fn an_article_without_its_original_is_a_problem_of_its_own() {
        let archive = fixtures::archive();
        let lost = fixtures::version("lost.md", "gone", at(1));
        archive.catalog.record_article(&lost, 4, &[]).await.unwrap();
        let id = record(&archive, "a.md", "rain").await;
        let (stage, _) = stage(&archive, true);
        stage.run().await;
        assert_eq!(found(&archive, "rain").await, [id.0]);
        let problems = stage.tally.report().problems;
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].article.as_str(), problems[0].reason), ("posts/lost.md", ProblemReason::SearchIndex));
        assert!(!problems[0].reason.is_put_right() && ProblemReason::IndexMadeAnew.is_put_right());
    }

    #[tokio::test]
    async fn what_is_in_one_list_alone_is_found_out_on_one_way_through_both() {
        let archive = fixtures::archive();
        let row = |id| IndexedRow {
            id: ArticleId(id),
            original: Digest::of(b"text"),
            date: at(id),
            source: "posts".parse().unwrap(),
        };
        let entry = |id| IndexEntry { row: row(id), title: String::new(), text: String::new(), alt: String::new() };
        archive.search.put([1, 2, 4, 8].map(entry).to_vec()).await.unwrap();
        let mut indexed = Indexed { archive: &archive, rows: VecDeque::new(), after: None, is_over: false };
        let mut gone = Vec::new();
        for (id, expected) in [(2, Some(2)), (3, None), (5, None), (8, Some(8)), (9, None)] {
            let found = indexed.take_to(ArticleId(id), &mut gone).await.unwrap();
            assert_eq!(found, expected.map(row), "{id}");
        }
        assert_eq!(gone, [ArticleId(1), ArticleId(4)]);
    }
}
