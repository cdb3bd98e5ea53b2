//! Search in the texts of articles.
//!
//! The index says whose text matches, the catalog which of these articles are meant, and the originals give the excerpts. An
//! article that was taken down, or that changed since it was indexed, is not among what is found.

mod excerpt;
mod query;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::archive::{
    Archive, ArticleRow, CatalogError, MOST_MATCHES, MatchOrder, SearchIndexError, StoreKey, TextMatch, TextMatches,
};
use crate::extract::{Phrase, plain_text};

pub use self::excerpt::Fragment;
pub use self::query::{QueryError, SearchQuery};

/// Matches that are looked at side by side where the catalog has to choose among them.
const LOOKED_AT: usize = 500;
/// After this time a page ends with what was found.
const TIME: Duration = Duration::from_secs(1);
/// The longest original that an excerpt is taken of, in bytes.
const LONGEST: u64 = 16 << 20;

/// A search failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// What was typed cannot be searched for.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The index cannot be used.
    #[error(transparent)]
    Index(#[from] SearchIndexError),
    /// The catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// What is found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Found {
    /// Articles, in the order that was asked for. There may be fewer than were asked for although more follow.
    pub hits: Vec<Hit>,
    /// The articles that have the words and whose rows cannot be read: each with what is wrong with it.
    pub unreadable: Vec<String>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<MatchOrder>,
    /// How many texts match.
    pub count: Count,
}

/// How many texts match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Exactly(u64),
    /// More than are counted.
    MoreThan(u64),
    /// Unknown: the catalog chooses among those that match.
    Unknown,
}

impl Count {
    /// How many, where that is known, and whether there are more than that.
    pub const fn known(self) -> (Option<u64>, bool) {
        match self {
            Self::Exactly(count) => (Some(count), false),
            Self::MoreThan(count) => (Some(count), true),
            Self::Unknown => (None, false),
        }
    }
}

/// An article that is found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Hit {
    /// Which one.
    pub article: ArticleRow,
    /// Its title, with what was searched for marked.
    pub title: Vec<Fragment>,
    /// Where in its text that stands.
    pub excerpt: Vec<Fragment>,
}

/// Searches, and gives up to `limit` articles of this order.
///
/// # Errors
/// [`SearchError`], which says what to do about it.
pub async fn search(
    archive: &Archive,
    query: &SearchQuery,
    order: MatchOrder,
    limit: usize,
) -> Result<Found, SearchError> {
    let (end, ahead) = (Instant::now() + TIME, VecDeque::new());
    let mut page = Page { archive, query, order, end, ahead, has_more: true };
    let (mut articles, mut unreadable, mut count) = (Vec::new(), Vec::new(), Count::Unknown);
    while articles.len() < limit && page.has_more {
        let of_text = page.read_on(limit).await?;
        count = page.count(of_text);
        while articles.len() < limit
            && let Some((found, article)) = page.ahead.pop_front()
        {
            page.order = found.place;
            match article {
                Some(Ok(article)) => articles.push(article),
                Some(Err(error)) => unreadable.push(error),
                None => {}
            }
        }
        if Instant::now() > page.end {
            break;
        }
    }
    let next = (page.has_more || !page.ahead.is_empty()).then_some(page.order);
    let mut hits = Vec::new();
    for article in articles {
        hits.push(hit(archive, article, query.phrases()).await);
    }
    Ok(Found { hits, unreadable, next, count })
}

/// The way along the matches.
struct Page<'a> {
    archive: &'a Archive,
    query: &'a SearchQuery,
    /// After which place it goes on.
    order: MatchOrder,
    end: Instant,
    /// Matches that were read, each with its article, where that is meant, or with what is wrong with it.
    ahead: VecDeque<(TextMatch, Option<Result<ArticleRow, String>>)>,
    has_more: bool,
}

impl Page<'_> {
    /// Reads the next matches, and gives how many there are in all.
    async fn read_on(&mut self, limit: usize) -> Result<u64, SearchError> {
        let at_once = if self.query.is_by_images() { LOOKED_AT } else { limit };
        let TextMatches { rows, has_more, count } =
            self.archive.search.matches(&self.query.text, self.order, at_once).await?;
        self.has_more = has_more;
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let listed = self.archive.catalog.listed_among(&ids, &self.query.articles).await?;
        let mut articles: HashMap<_, _> = listed.into_iter().collect();
        let mut article_of = |found: TextMatch| match articles.remove(&found.id)? {
            Ok(article) => (article.version.original == found.original).then_some(Ok(article)),
            Err(error) => Some(Err(error.to_string())),
        };
        self.ahead.extend(rows.into_iter().map(|found| (found, article_of(found))));
        Ok(count)
    }

    const fn count(&self, of_text: u64) -> Count {
        match of_text {
            _ if self.query.is_by_images() => Count::Unknown,
            count if count > MOST_MATCHES => Count::MoreThan(MOST_MATCHES),
            count => Count::Exactly(count),
        }
    }
}

async fn hit(archive: &Archive, article: ArticleRow, phrases: &[Phrase]) -> Hit {
    let (title, owned) = (article.title(), phrases.to_vec());
    let read = original(archive, &article).await;
    let (format, charset) = (article.version.format, article.version.charset());
    // It takes the processor in proportion to the length.
    let made = tokio::task::spawn_blocking(move || {
        let title = excerpt::marked(&title, &owned);
        let text = read.map(|bytes| plain_text(&bytes, format, charset)).unwrap_or_default();
        let is_in_alt = !excerpt::has_any(&text.body, &owned) && excerpt::has_any(&text.alt, &owned);
        let of = if is_in_alt { &text.alt } else { &text.body };
        (title, excerpt::excerpt(of, &owned))
    });
    let (title, excerpt) = made.await.unwrap_or_default();
    Hit { article, title, excerpt }
}

/// The original of an article, unless it is too long or damaged: what is found is shown without an excerpt then.
async fn original(archive: &Archive, article: &ArticleRow) -> Option<Vec<u8>> {
    let (digest, media_type) = (article.version.original, article.version.format.blob_type());
    let found = archive.objects.stat(&StoreKey::Blob { digest, media_type }).await.ok().flatten()?;
    if found.size > LONGEST {
        return None;
    }
    archive.read_verified(digest, media_type).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{IndexEntry, IndexedRow};
    use crate::fixtures::{self, at};
    use crate::model::Digest;

    /// Articles of one word, dated one after another; every third shows a URL that is missing.
    async fn archive(count: i64) -> std::sync::Arc<Archive> {
        let archive = fixtures::archive();
        let mut entries = Vec::new();
        for number in 0..count {
            let urls: &[&str] = if number % 3 == 0 { &["http://a.example/1"] } else { &[] };
            let id = fixtures::show(&archive, &format!("{number:03}.md"), urls).await;
            let version = archive.catalog.article_by_id(id).await.unwrap().unwrap().version;
            let row = IndexedRow { id, original: version.original, date: at(number), source: version.key.source };
            entries.push(IndexEntry { row, title: String::new(), text: "rain".to_owned(), alt: String::new() });
        }
        archive.search.put(entries).await.unwrap();
        archive
    }

    /// The paths of all pages, and how many pages these are.
    async fn all(archive: &Archive, typed: &str, limit: usize) -> (Vec<String>, usize) {
        let query = SearchQuery::parse(typed).unwrap();
        let (mut order, mut paths, mut pages) = (MatchOrder::Newest(None), Vec::new(), 0);
        loop {
            let found = search(archive, &query, order, limit).await.unwrap();
            assert!(found.hits.len() <= limit);
            paths.extend(found.hits.iter().map(|hit| hit.article.version.key.path.to_string()));
            pages += 1;
            match found.next {
                Some(next) => order = next,
                None => return (paths, pages),
            }
        }
    }

    #[tokio::test]
    async fn every_article_is_on_one_page() {
        let archive = archive(20).await;
        let newest: Vec<_> = (0..20).rev().map(|number| format!("{number:03}.md")).collect();
        for (limit, pages) in [(1, 20), (3, 7), (19, 2), (20, 1), (99, 1)] {
            assert_eq!(all(&archive, "rain", limit).await, (newest.clone(), pages), "{limit}");
        }
        let missing: Vec<_> = (0..20).rev().filter(|number| number % 3 == 0).collect();
        let missing: Vec<_> = missing.into_iter().map(|number| format!("{number:03}.md")).collect();
        for limit in [1, 2, 7, 99] {
            assert_eq!(all(&archive, "rain missing:yes", limit).await.0, missing, "{limit}");
            assert_eq!(all(&archive, "rain host:b.example", limit).await.0, [""; 0], "{limit}");
        }
    }

    #[tokio::test]
    async fn what_the_catalog_does_not_confirm_is_left_out() {
        let archive = archive(3).await;
        let row = archive.search.indexed(None, 1).await.unwrap().remove(0);
        let changed = IndexedRow { original: Digest::of(b"earlier"), ..row.clone() };
        let gone = IndexedRow { id: crate::model::ArticleId(77), ..row };
        let entry = |row| IndexEntry { row, title: String::new(), text: "rain".to_owned(), alt: String::new() };
        archive.search.put(vec![entry(changed), entry(gone)]).await.unwrap();
        assert_eq!(all(&archive, "rain", 9).await.0, ["002.md", "001.md"]);
    }

    #[tokio::test]
    async fn matches_are_counted_where_the_index_alone_chooses() {
        let archive = archive(4).await;
        let count = async |typed: &str| {
            let query = SearchQuery::parse(typed).unwrap();
            search(&archive, &query, MatchOrder::Best(None), 2).await.unwrap().count
        };
        assert_eq!(count("rain").await, Count::Exactly(4));
        assert_eq!(count("rain source:elsewhere").await, Count::Exactly(0));
        assert_eq!(count("rain missing:yes").await, Count::Unknown);
    }
}
