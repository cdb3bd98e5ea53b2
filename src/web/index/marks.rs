//! What all articles have to show, in short.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::error::IndexError;
use crate::archive::{Archive, StoreKey, month_of};
use crate::model::{ArticleId, Digest, SourceName};

/// Articles taken from the catalog at a time.
const PAGE: usize = 1000;

/// Articles of a page.
pub(super) const ARTICLES: usize = 200;

/// An article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: ArticleId,
    /// Which source, by its number.
    source: u32,
    date: Timestamp,
    /// The name of its page.
    pub(super) name: u128,
    pub(super) entry: u64,
    pub(super) page: u64,
}

/// All articles.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) sources: Vec<SourceName>,
    /// In the order of their pages' names.
    entries: Vec<Entry>,
    /// Of all that is missing.
    pub(super) missing: u64,
}

/// A month of a source with its articles, the oldest first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Month<'a> {
    pub(super) source: &'a SourceName,
    /// As it is written: `2026-11`.
    pub(super) name: String,
    pub(super) entries: Vec<Entry>,
}

impl Month<'_> {
    /// How many pages it has. The last one has its newest articles, so that a new article changes no other.
    pub(super) fn pages(&self) -> usize {
        self.entries.len().div_ceil(ARTICLES)
    }

    /// A page of it, from 1 on.
    pub(super) fn page(&self, number: usize) -> StoreKey {
        list_page(self.source, &self.name, number)
    }
}

/// A page of the articles of a month of a source.
fn list_page(source: &SourceName, month: &str, number: usize) -> StoreKey {
    StoreKey::list_page(crate::archive::Prefix::ListPages, &format!("{source}.{month}.{number}"))
}

impl Marks {
    pub(super) async fn read(archive: &Archive) -> Result<Self, IndexError> {
        let (mut all, mut numbers, mut after) = (Self::default(), BTreeMap::new(), None);
        loop {
            let page = archive.catalog.article_marks(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for mark in page {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                let source = *numbers.entry(mark.key.source.clone()).or_insert(next);
                let name = StoreKey::article_page_name(&mark.key);
                let (id, date, entry, page) = (mark.id, mark.date, mark.entry, mark.page);
                all.entries.push(Entry { id, source, date, name, entry, page });
                all.add_missing(mark.missing);
            }
        }
        let mut sources: Vec<_> = numbers.into_iter().map(|(name, number)| (number, name)).collect();
        sources.sort_unstable();
        all.sources = sources.into_iter().map(|(_, name)| name).collect();
        all.entries.sort_unstable_by_key(|entry| entry.name);
        Ok(all)
    }

    fn add_missing(&mut self, mark: u64) {
        if mark > 0 {
            self.missing = Digest::of(&[self.missing.to_be_bytes(), mark.to_be_bytes()].concat()).short();
        }
    }

    /// The source of an article.
    pub(super) fn source(&self, entry: &Entry) -> &SourceName {
        &self.sources[entry.source as usize]
    }

    /// The articles whose pages' names begin with this byte.
    pub(super) fn of_shard(&self, shard: u8) -> impl Iterator<Item = (&SourceName, &Entry)> {
        let start = |shard: u16| self.entries.partition_point(|entry| (entry.name >> 120) < u128::from(shard));
        let (from, to) = (start(u16::from(shard)), start(u16::from(shard) + 1));
        self.entries[from..to].iter().map(|entry| (self.source(entry), entry))
    }

    /// The months of all sources, by source and the newest first.
    pub(super) fn months(&self) -> Vec<Month<'_>> {
        let mut months = BTreeMap::<_, Vec<Entry>>::new();
        for entry in &self.entries {
            let month = month_of(entry.date);
            months.entry((self.source(entry), std::cmp::Reverse(month))).or_default().push(*entry);
        }
        let month = |((source, month), mut entries): ((_, std::cmp::Reverse<jiff::civil::Date>), Vec<Entry>)| {
            entries.sort_unstable_by_key(|entry| (entry.date, entry.id));
            Month { source, name: format!("{:04}-{:02}", month.0.year(), month.0.month()), entries }
        };
        months.into_iter().map(month).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{self, at};
    use crate::model::{ArticleKey, ArticleVersion};

    async fn record(archive: &Archive, source: &str, path: &str, date: &str) {
        let key = ArticleKey { source: source.parse().unwrap(), path: path.parse().unwrap() };
        let published = Some(date.parse().unwrap());
        let version = ArticleVersion { key, published, ..fixtures::version(path, path, at(9)) };
        archive.catalog.record_article(&version, 1, &[]).await.unwrap();
    }

    #[tokio::test]
    async fn every_article_is_in_one_shard_and_in_one_month() {
        let archive = fixtures::archive();
        for (number, date) in
            ["2024-11-30T23:59:59Z", "2024-12-01T00:00:00Z", "2024-11-02T00:00:00Z"].iter().enumerate()
        {
            record(&archive, "b", &number.to_string(), date).await;
            record(&archive, "a", &number.to_string(), date).await;
        }
        let marks = Marks::read(&archive).await.unwrap();
        let sharded: usize = (0..=u8::MAX).map(|shard| marks.of_shard(shard).count()).sum();
        assert_eq!((sharded, marks.missing), (6, 0));
        for shard in 0..=u8::MAX {
            for (source, entry) in marks.of_shard(shard) {
                let page = StoreKey::article_page_of(entry.name).path();
                assert!(page.starts_with(&format!("index/articles/{shard:02x}/")), "{source}: {page}");
            }
        }
        let months = marks.months();
        let names: Vec<_> = months.iter().map(|month| (month.source.as_str(), month.name.as_str())).collect();
        assert_eq!(names, [("a", "2024-12"), ("a", "2024-11"), ("b", "2024-12"), ("b", "2024-11")]);
        let dates: Vec<_> = months[1].entries.iter().map(|entry| entry.date.to_string()).collect();
        assert_eq!(dates, ["2024-11-02T00:00:00Z", "2024-11-30T23:59:59Z"], "the oldest first");
    }

    #[tokio::test]
    async fn what_is_missing_has_a_mark_of_its_own() {
        let archive = fixtures::archive();
        fixtures::show(&archive, "a.md", &["http://a.example/1"]).await;
        let lacking = Marks::read(&archive).await.unwrap().missing;
        assert_ne!(lacking, 0);
        fixtures::show(&archive, "b.md", &["http://a.example/2"]).await;
        assert_ne!(Marks::read(&archive).await.unwrap().missing, lacking);
        fixtures::complete(&archive, 2, |url| fixtures::kept(url.path())).await;
        assert_eq!(Marks::read(&archive).await.unwrap().missing, 0);
    }

    #[test]
    fn a_month_has_as_many_pages_as_it_needs() {
        let source = "posts".parse().unwrap();
        let entry = Entry { id: ArticleId(1), source: 0, date: at(0), name: 0, entry: 0, page: 0 };
        for (articles, pages) in [(1, 1), (ARTICLES, 1), (ARTICLES + 1, 2), (3 * ARTICLES, 3)] {
            let month = Month { source: &source, name: "2026-11".to_owned(), entries: vec![entry; articles] };
            assert_eq!(month.pages(), pages, "{articles}");
            assert_eq!(month.page(2).path(), "index/lists/posts.2026-11.2.html");
        }
    }
}
