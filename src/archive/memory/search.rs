//! An index of texts in memory, for tests and experiments.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::archive::catalog::{DatedArticle, IndexedRow};
use crate::archive::search_index::{
    IndexEntry, MOST_MATCHES, MatchOrder, Ranked, SearchIndex, SearchIndexError, TextMatch, TextMatches, TextQuery,
    WEIGHTS,
};
use crate::extract::{Phrase, cut};
use crate::locks::{Mutex, MutexGuard};
use crate::model::{ArticleId, Digest};

/// An index of texts in memory. It is lost when it is dropped.
#[derive(Debug, Default)]
pub struct MemorySearchIndex(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    mark: Option<Digest>,
    entries: BTreeMap<ArticleId, Entry>,
}

#[derive(Debug)]
struct Entry {
    row: IndexedRow,
    /// The terms of its title, its text and its captions.
    terms: [Vec<String>; 3],
}

impl Entry {
    fn new(entry: IndexEntry) -> Self {
        let terms = |text: String| cut(&text).split_ascii_whitespace().map(str::to_owned).collect();
        Self { row: entry.row, terms: [entry.title, entry.text, entry.alt].map(terms) }
    }

    /// How often a phrase stands in each column, times its weight.
    fn weight(&self, phrase: &Phrase) -> f64 {
        let in_column = |terms: &Vec<String>| (0..terms.len()).filter(|at| phrase.begins(&terms[*at..])).count() as f64;
        self.terms.iter().zip(WEIGHTS).map(|(terms, weight)| in_column(terms) * f64::from(weight)).sum()
    }

    fn matches(&self, query: &TextQuery) -> bool {
        query.source.as_ref().is_none_or(|source| self.row.source == *source)
            && query.dates.as_ref().is_none_or(|dates| dates.contains(&self.row.date))
            && query.with.iter().all(|phrase| self.weight(phrase) > 0.0)
            && !query.without.iter().any(|phrase| self.weight(phrase) > 0.0)
    }

    fn dated(&self) -> DatedArticle {
        DatedArticle { date: self.row.date, id: self.row.id }
    }

    fn ranked(&self, query: &TextQuery) -> Ranked {
        Ranked { rank: -query.with.iter().map(|phrase| self.weight(phrase)).sum::<f64>(), id: self.row.id }
    }
}

impl MemorySearchIndex {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

#[async_trait]
impl SearchIndex for MemorySearchIndex {
    async fn prepare(&self) -> Result<Option<String>, SearchIndexError> {
        Ok(None)
    }

    async fn discard(&self) -> Result<(), SearchIndexError> {
        *self.state() = State::default();
        Ok(())
    }

    async fn mark(&self) -> Result<Option<Digest>, SearchIndexError> {
        Ok(self.state().mark)
    }

    async fn finish(&self, mark: Digest) -> Result<(), SearchIndexError> {
        self.state().mark = Some(mark);
        Ok(())
    }

    async fn indexed(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<IndexedRow>, SearchIndexError> {
        let state = self.state();
        let rows = state.entries.values().map(|entry| &entry.row);
        Ok(rows.filter(|row| after.is_none_or(|after| row.id > after)).take(limit).cloned().collect())
    }

    async fn put(&self, entries: Vec<IndexEntry>) -> Result<(), SearchIndexError> {
        let mut state = self.state();
        state.mark = None;
        state.entries.extend(entries.into_iter().map(|entry| (entry.row.id, Entry::new(entry))));
        Ok(())
    }

    async fn remove(&self, ids: Vec<ArticleId>) -> Result<(), SearchIndexError> {
        let mut state = self.state();
        state.mark = None;
        state.entries.retain(|id, _| !ids.contains(id));
        Ok(())
    }

    async fn matches(
        &self,
        query: &TextQuery,
        order: MatchOrder,
        limit: usize,
    ) -> Result<TextMatches, SearchIndexError> {
        let state = self.state();
        let mut found: Vec<_> = state.entries.values().filter(|entry| entry.matches(query)).collect();
        let count = (found.len() as u64).min(MOST_MATCHES + 1);
        let place = |entry: &Entry| match order {
            MatchOrder::Newest(_) => MatchOrder::Newest(Some(entry.dated())),
            MatchOrder::Best(_) => MatchOrder::Best(Some(entry.ranked(query))),
        };
        let of_rank = |ranked: Ranked| (Reverse((-ranked.rank).to_bits()), ranked.id);
        match order {
            MatchOrder::Newest(before) => {
                found.retain(|entry| before.is_none_or(|before| key(entry.dated()) > key(before)));
                found.sort_by_key(|entry| key(entry.dated()));
            }
            MatchOrder::Best(after) => {
                found.retain(|entry| after.is_none_or(|after| of_rank(entry.ranked(query)) > of_rank(after)));
                found.sort_by_key(|entry| of_rank(entry.ranked(query)));
            }
        }
        let has_more = found.len() > limit;
        found.truncate(limit);
        let row = |entry: &&Entry| TextMatch { id: entry.row.id, original: entry.row.original, place: place(entry) };
        Ok(TextMatches { rows: found.iter().map(row).collect(), has_more, count })
    }
}

/// The place of an article in the order of dates, newest first.
fn key(place: DatedArticle) -> Reverse<(jiff::Timestamp, ArticleId)> {
    Reverse((place.date, place.id))
}
