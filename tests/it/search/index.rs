//! What every index of texts promises. Another engine joins with one line of `every_engine`.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use offprint::testing::archive::{
    self, ArticleId, IndexEntry, IndexedRow, MOST_MATCHES, MatchOrder, MemorySearchIndex, Mode, SearchIndex,
    SearchIndexError, TextQuery,
};
use offprint::testing::extract::Phrase;
use offprint::testing::model::Digest;

/// An index, and whatever must live as long as it does.
struct Fresh(Arc<dyn SearchIndex>, #[expect(dead_code, reason = "it is kept")] Box<dyn Any + Send>);

async fn sqlite() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive::open(folder.path(), Mode::Create).unwrap();
    assert_eq!(archive.search.prepare().await.unwrap(), None);
    Fresh(Arc::clone(&archive.search), Box::new((archive, folder)))
}

async fn memory() -> Fresh {
    let index = MemorySearchIndex::default();
    assert_eq!(index.prepare().await.unwrap(), None);
    Fresh(Arc::new(index), Box::new(()))
}

macro_rules! suite {
    ($($test:ident)*) => {
        every_engine!(sqlite memory; [$($test)*]);
    };
}

macro_rules! every_engine {
    ($($engine:ident)*; $tests:tt) => { $( suite_on!($engine $tests); )* };
}

macro_rules! suite_on {
    ($engine:ident [$($test:ident)*]) => {
        mod $engine {
            $(
                #[tokio::test]
                async fn $test() {
                    let fresh = super::$engine().await;
                    super::$test(&*fresh.0).await;
                }
            )*
        }
    };
}

suite! {
    texts_are_found_by_all_of_their_words
    sources_and_dates_choose_among_them
    what_is_put_again_replaces_what_was_there
    what_is_removed_is_not_found
    the_list_of_what_is_indexed_comes_in_pages
    the_mark_lasts_until_something_is_written
    matches_come_newest_first_page_by_page
    matches_come_best_first_page_by_page
    matches_are_counted_up_to_a_limit
    a_discarded_index_is_made_anew
}

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(day * 86_400).unwrap()
}

fn entry(id: i64, text: &str) -> IndexEntry {
    let row = IndexedRow {
        id: ArticleId(id),
        original: Digest::of(text.as_bytes()),
        date: at(id),
        source: "posts".parse().unwrap(),
    };
    IndexEntry { row, title: String::new(), text: text.to_owned(), alt: String::new() }
}

fn query(with: &[&str], without: &[&str]) -> TextQuery {
    let phrases = |texts: &[&str]| texts.iter().map(|text| Phrase::new(text).unwrap()).collect();
    TextQuery { with: phrases(with), without: phrases(without), ..TextQuery::default() }
}

/// The rows of all pages of three.
async fn all(index: &dyn SearchIndex, query: &TextQuery, mut order: MatchOrder) -> Vec<i64> {
    let mut rows = Vec::new();
    loop {
        let found = index.matches(query, order, 3).await.unwrap();
        rows.extend(found.rows.iter().map(|row| row.id.0));
        match found.rows.last().filter(|_| found.has_more) {
            Some(last) => order = last.place,
            None => return rows,
        }
    }
}

async fn newest(index: &dyn SearchIndex, with: &[&str], without: &[&str]) -> Vec<i64> {
    all(index, &query(with, without), MatchOrder::Newest(None)).await
}

async fn texts_are_found_by_all_of_their_words(index: &dyn SearchIndex) {
    let apart = IndexEntry { title: "Ferry".to_owned(), alt: "grey deck".to_owned(), ..entry(3, "the night 树") };
    index.put(vec![entry(1, "Rain over the Café; 操作系统"), entry(2, "rain, RAIN at night"), apart]).await.unwrap();
    for (with, without, expected) in [
        (&["rain"][..], &[][..], &[2, 1][..]),
        (&["RAIN", "night"], &[], &[2]),
        (&["the night"], &[], &[3]),
        (&["night the"], &[], &[]),
        (&["cafe"], &[], &[1]),
        (&["caf"], &[], &[]),
        (&["操作"], &[], &[1]),
        (&["系统"], &[], &[1]),
        (&["作系统"], &[], &[1]),
        (&["操系"], &[], &[]),
        (&["统"], &[], &[1]),
        (&["操"], &[], &[1]),
        (&["树"], &[], &[3]),
        (&["ferry", "deck", "night"], &[], &[3]),
        (&["ferry grey"], &[], &[]),
        (&["night"], &["rain"], &[3]),
        (&["night"], &["rain", "grey deck"], &[]),
        (&["and", "or", "not", "near"], &[], &[]),
    ] {
        assert_eq!(newest(index, with, without).await, expected, "{with:?} without {without:?}");
    }
}

async fn sources_and_dates_choose_among_them(index: &dyn SearchIndex) {
    let of_feed = entry(2, "rain");
    let of_feed = IndexEntry { row: IndexedRow { source: "feed".parse().unwrap(), ..of_feed.row.clone() }, ..of_feed };
    index.put(vec![entry(1, "rain"), of_feed, entry(3, "rain")]).await.unwrap();
    let any = query(&["rain"], &[]);
    for (source, dates, expected) in [
        (None, None, &[3, 2, 1][..]),
        (Some("posts"), None, &[3, 1]),
        (Some("nowhere"), None, &[]),
        (None, Some(at(1)..at(3)), &[2, 1]),
        (Some("feed"), Some(at(2)..at(9)), &[2]),
        (None, Some(at(9)..at(1)), &[]),
    ] {
        let source = source.map(|name| name.parse().unwrap());
        let query = TextQuery { source, dates, ..any.clone() };
        assert_eq!(all(index, &query, MatchOrder::Newest(None)).await, expected, "{query:?}");
        let mut best = all(index, &query, MatchOrder::Best(None)).await;
        best.sort_unstable_by_key(|id| -id);
        assert_eq!(best, expected, "{query:?}");
    }
}

async fn what_is_put_again_replaces_what_was_there(index: &dyn SearchIndex) {
    index.put(vec![entry(1, "rain")]).await.unwrap();
    index.put(vec![entry(1, "snow"), entry(2, "snow")]).await.unwrap();
    assert_eq!(newest(index, &["rain"], &[]).await, [0; 0]);
    assert_eq!(newest(index, &["snow"], &[]).await, [2, 1]);
    let found = index.matches(&query(&["snow"], &[]), MatchOrder::Newest(None), 9).await.unwrap();
    assert_eq!(found.rows[1].original, Digest::of(b"snow"));
}

async fn what_is_removed_is_not_found(index: &dyn SearchIndex) {
    index.put((1..9).map(|id| entry(id, "rain")).collect()).await.unwrap();
    index.remove(vec![ArticleId(2), ArticleId(7), ArticleId(99)]).await.unwrap();
    assert_eq!(newest(index, &["rain"], &[]).await, [8, 6, 5, 4, 3, 1]);
    index.put(vec![entry(2, "rain")]).await.unwrap();
    assert_eq!(newest(index, &["rain"], &[]).await, [8, 6, 5, 4, 3, 2, 1]);
}

async fn the_list_of_what_is_indexed_comes_in_pages(index: &dyn SearchIndex) {
    assert_eq!(index.indexed(None, 9).await.unwrap(), []);
    index.put([5, 1, 3].map(|id| entry(id, "rain")).to_vec()).await.unwrap();
    let rows = index.indexed(None, 2).await.unwrap();
    assert_eq!(rows, [entry(1, "rain").row, entry(3, "rain").row]);
    assert_eq!(index.indexed(Some(ArticleId(3)), 2).await.unwrap(), [entry(5, "rain").row]);
}

async fn the_mark_lasts_until_something_is_written(index: &dyn SearchIndex) {
    let mark = Digest::of(b"mark");
    assert_eq!(index.mark().await.unwrap(), None);
    for mark in [Digest::of(b"another"), mark] {
        index.finish(mark).await.unwrap();
        assert_eq!(index.mark().await.unwrap(), Some(mark));
    }
    index.put(vec![entry(1, "rain")]).await.unwrap();
    assert_eq!(index.mark().await.unwrap(), None);
    index.finish(mark).await.unwrap();
    index.remove(vec![ArticleId(1)]).await.unwrap();
    assert_eq!(index.mark().await.unwrap(), None);
}

async fn matches_come_newest_first_page_by_page(index: &dyn SearchIndex) {
    let same_day = |id| {
        let entry = entry(id, "rain");
        IndexEntry { row: IndexedRow { date: at(id / 4), ..entry.row.clone() }, ..entry }
    };
    index.put((1..20).map(same_day).collect()).await.unwrap();
    assert_eq!(newest(index, &["rain"], &[]).await, (1..20).rev().collect::<Vec<_>>());
    assert_eq!(newest(index, &["snow"], &[]).await, [0; 0]);
}

async fn matches_come_best_first_page_by_page(index: &dyn SearchIndex) {
    let text =
        |id: i64| "rain ".repeat(usize::try_from(id).unwrap()) + &"fog ".repeat(20 - usize::try_from(id).unwrap());
    let mut entries: Vec<_> = (1..10).map(|id| entry(id, &text(id))).collect();
    entries.push(IndexEntry { title: "Rain rain".to_owned(), ..entry(10, &text(9)) });
    entries.extend((11..30).map(|id| entry(id, "snow")));
    index.put(entries).await.unwrap();
    let best = all(index, &query(&["rain"], &[]), MatchOrder::Best(None)).await;
    assert_eq!(best, (1..11).rev().collect::<Vec<_>>());
}

async fn matches_are_counted_up_to_a_limit(index: &dyn SearchIndex) {
    let count = i64::try_from(MOST_MATCHES).unwrap() + 7;
    index
        .put((1..=count).map(|id| entry(id, if id % 5000 == 0 { "rain snow" } else { "rain" })).collect())
        .await
        .unwrap();
    let any = index.matches(&query(&["rain"], &[]), MatchOrder::Newest(None), 3).await.unwrap();
    assert_eq!((any.count, any.has_more), (MOST_MATCHES + 1, true));
    assert_eq!(any.rows.iter().map(|row| row.id.0).collect::<Vec<_>>(), [count, count - 1, count - 2]);
    let next = index.matches(&query(&["rain"], &[]), any.rows[2].place, 1).await.unwrap();
    assert_eq!(next.rows[0].id.0, count - 3, "however many there are, pages go on where the last one ended");
    let rare = index.matches(&query(&["rain", "snow"], &[]), MatchOrder::Newest(None), 3).await.unwrap();
    assert_eq!((rare.count, rare.has_more, rare.rows.len()), (2, false, 2));
}

async fn a_discarded_index_is_made_anew(index: &dyn SearchIndex) {
    index.put(vec![entry(1, "rain")]).await.unwrap();
    index.finish(Digest::of(b"mark")).await.unwrap();
    index.discard().await.unwrap();
    index.discard().await.unwrap();
    assert_eq!(index.prepare().await.unwrap(), None);
    assert_eq!((index.mark().await.unwrap(), newest(index, &["rain"], &[]).await), (None, vec![]));
}

/// What an index answers, whatever is put into it, taken out, and put again.
#[tokio::test]
async fn all_engines_answer_the_same() {
    let [one, other] = [sqlite().await, memory().await];
    let words = ["rain", "night", "操作系统", "系统", "雨天 rain", "统", "gen-itgc后", "a b", "b a"];
    let mut state = 7_u64;
    let mut any = |most: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % most
    };
    for round in 0..60 {
        let text: String = (0..any(9)).map(|_| [words[any(words.len())], [" ", "", "。"][any(3)]].concat()).collect();
        let id = i64::try_from(any(20)).unwrap();
        let phrase = words[any(words.len())];
        for index in [&one.0, &other.0] {
            if round % 7 == 6 {
                index.remove(vec![ArticleId(id)]).await.unwrap();
            }
            index.put(vec![entry(id, &text)]).await.unwrap();
        }
        let without = [words[any(words.len())]];
        for without in [&[][..], &without[..]] {
            let found = newest(&*one.0, &[phrase], without).await;
            assert_eq!(found, newest(&*other.0, &[phrase], without).await, "{phrase} without {without:?}");
        }
        let order: BTreeSet<_> = newest(&*one.0, &["rain"], &[]).await.into_iter().collect();
        let mut best = all(&*one.0, &query(&["rain"], &[]), MatchOrder::Best(None)).await;
        best.sort_unstable();
        assert_eq!(best, order.into_iter().collect::<Vec<_>>(), "both orders have the same");
    }
}

#[tokio::test]
async fn an_archive_that_is_read_says_that_it_has_no_index() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive::open(folder.path(), Mode::Create).unwrap();
    let refused = archive.search.matches(&query(&["rain"], &[]), MatchOrder::Newest(None), 3).await.unwrap_err();
    assert!(matches!(refused, SearchIndexError::Missing) && refused.to_string().contains("offprint run"), "{refused}");
    archive.search.remove(vec![ArticleId(1)]).await.unwrap();
    assert!(!folder.path().join("search.db").exists(), "nothing is made to remove something");
}
