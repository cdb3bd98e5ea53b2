//! The index of the articles' texts: derived from the originals, and made anew from them where it is lost.
//!
//! An index knows which original of which article it holds, so that whoever writes it compares two lists: what the catalog
//! has and the index lacks is to be put into it, and what only the index has is to be removed. No transaction is about both,
//! and a process may be killed at any moment.

use std::ops::Range;

use async_trait::async_trait;
use jiff::Timestamp;

use super::catalog::{DatedArticle, IndexedRow};
use crate::extract::Phrase;
use crate::model::{ArticleId, Digest, SourceName};

/// The most matches that are counted.
pub const MOST_MATCHES: u64 = 10_000;

/// What a word in a title, in the text and in a caption adds to the rank.
pub(super) const WEIGHTS: [u8; 3] = [8, 1, 2];

/// The call of an index failed, and changed nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchIndexError {
    /// There is none.
    #[error("the archive has no search index: the next `offprint run` makes it, unless [search] enabled = false")]
    Missing,
    /// It is damaged, or offprint did not make it.
    #[error("the search index {place} cannot be used ({why}): delete it, and the next `offprint run` makes it anew")]
    Unusable {
        /// Where it is.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// A search took too long.
    #[error("the search took too long: search for rarer words, or within one source or one year")]
    Stopped,
    /// The disk is full.
    #[error("the disk is full: the search index {place} cannot be written")]
    Full {
        /// Where it is.
        place: String,
    },
    /// The database refused.
    #[error("the search index {place}: {cause}")]
    Database {
        /// Where it is.
        place: String,
        /// Why.
        cause: String,
    },
}

/// An article with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct IndexEntry {
    /// Which article.
    pub row: IndexedRow,
    /// Its title.
    pub title: String,
    /// Its text, without markup.
    pub text: String,
    /// What its images are called, and captions.
    pub alt: String,
}

/// What is searched for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct TextQuery {
    /// Phrases that the article has, all of them.
    pub with: Vec<Phrase>,
    /// Phrases that it does not have, none of them.
    pub without: Vec<Phrase>,
    /// The source that it is of.
    pub source: Option<SourceName>,
    /// The range in which it is dated.
    pub dates: Option<Range<Timestamp>>,
}

/// The order of matches, and the place in it after which a page begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MatchOrder {
    /// Newest first.
    Newest(Option<DatedArticle>),
    /// By how often and where the words stand, best first.
    Best(Option<Ranked>),
}

/// The place of a match in the order of their ranks.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct Ranked {
    /// Its rank: less is better.
    pub rank: f64,
    /// Its row.
    pub id: ArticleId,
}

/// An article whose text matches.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct TextMatch {
    /// Which article.
    pub id: ArticleId,
    /// The original that matches. The catalog may have another one by now.
    pub original: Digest,
    /// Its place: a page that begins after it has those that follow.
    pub place: MatchOrder,
}

/// What matches, page by page.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct TextMatches {
    /// The matches, in order.
    pub rows: Vec<TextMatch>,
    /// Whether more follow.
    pub has_more: bool,
    /// How many there are in all; one more than 10,000 where there are more than that.
    pub count: u64,
}

/// An index of texts. One process writes it at a time, which holds the lock of the archive; others may search meanwhile.
#[async_trait]
pub trait SearchIndex: Send + Sync {
    /// Makes the index where there is none, and anew where it cannot be used: then the answer says what was wrong with it.
    async fn prepare(&self) -> Result<Option<String>, SearchIndexError>;

    /// Removes it with all that it holds.
    async fn discard(&self) -> Result<(), SearchIndexError>;

    /// The mark of the last [`finish`](Self::finish), unless something was written since.
    async fn mark(&self) -> Result<Option<Digest>, SearchIndexError>;

    /// Notes that the index holds all articles of the catalog that has this mark.
    async fn finish(&self, mark: Digest) -> Result<(), SearchIndexError>;

    /// Up to `limit` articles after this one, in the order of their rows.
    async fn indexed(&self, after: Option<ArticleId>, limit: usize) -> Result<Vec<IndexedRow>, SearchIndexError>;

    /// Puts articles into the index, in one transaction, in the place of what it held of them.
    async fn put(&self, entries: Vec<IndexEntry>) -> Result<(), SearchIndexError>;

    /// Removes articles. Nothing of their texts is left in the index, nor in the file that it is kept in. Where there is no
    /// index, nothing is to be done; one that cannot be used is removed as a whole.
    async fn remove(&self, ids: Vec<ArticleId>) -> Result<(), SearchIndexError>;

    /// Up to `limit` articles whose text matches.
    async fn matches(
        &self,
        query: &TextQuery,
        order: MatchOrder,
        limit: usize,
    ) -> Result<TextMatches, SearchIndexError>;
}
