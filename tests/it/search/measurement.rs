//! How long searches and updates take, and how large the index is.

use std::fmt::Write;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use offprint::testing::archive::{self, ArticleId, IndexEntry, IndexedRow, MatchOrder, Mode, SearchIndex, TextQuery};
use offprint::testing::extract::Phrase;
use offprint::testing::model::Digest;

use crate::corpus::say;

const ARTICLES: i64 = 100_000;

/// A text of words and characters that are as rare as their numbers are high, half of it Chinese.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ranks are small")]
fn text(id: i64, state: &mut u64) -> String {
    let mut any = || {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(*state >> 32).unwrap()) / f64::from(u32::MAX)
    };
    let mut text = format!("number{id} ");
    for at in 0..600 {
        // As in a language: the second word is half as common as the first, and so on.
        let rank = 3000_f64.powf(any());
        if id % 2 == 0 {
            text.push(char::from_u32(0x4e00 + rank as u32).unwrap());
            text.push_str(if at % 17 == 0 { "。" } else { "" });
        } else {
            let _ = write!(text, "w{} ", rank as u32);
        }
    }
    text
}

fn entry(id: i64, text: String) -> IndexEntry {
    let row = IndexedRow {
        id: ArticleId(id),
        original: Digest::of(text.as_bytes()),
        date: Timestamp::from_second(id * 7919 % 1_000_003 * 600).unwrap(),
        source: "posts".parse().unwrap(),
    };
    IndexEntry { row, title: format!("title {id}"), text, alt: String::new() }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

async fn searched(index: &dyn SearchIndex, phrase: &str, order: MatchOrder) -> (Duration, u64) {
    let query = TextQuery { with: vec![Phrase::new(phrase).unwrap()], ..TextQuery::default() };
    let (mut times, mut count) = (Vec::new(), 0);
    for _ in 0..9 {
        let begin = Instant::now();
        count = index.matches(&query, order, 20).await.unwrap().count;
        times.push(begin.elapsed());
    }
    (median(times), count)
}

#[tokio::test]
#[ignore = "measurement: a hundred thousand articles"]
async fn measurement_of_a_hundred_thousand_articles() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive::open(folder.path(), Mode::Create).unwrap();
    let index = &archive.search;
    index.prepare().await.unwrap();
    let (mut state, mut bytes, begin) = (1, 0, Instant::now());
    for first in (1..=ARTICLES).step_by(500) {
        let entries: Vec<_> = (first..first + 500).map(|id| entry(id, text(id, &mut state))).collect();
        bytes += entries.iter().map(|entry| entry.text.len()).sum::<usize>();
        index.put(entries).await.unwrap();
    }
    let size = std::fs::metadata(folder.path().join("search.db")).unwrap().len();
    say(&format!(
        "{ARTICLES} articles of {} MB in {:?}; the index has {:.2} times their size",
        bytes >> 20,
        begin.elapsed(),
        size as f64 / bytes as f64
    ));
    let mut all = Vec::new();
    for phrase in ["w1", "w9", "w50", "w2999", "number77777", "一", "丁七", "七丁万", "丈与丑", "仿佛"] {
        for order in [MatchOrder::Newest(None), MatchOrder::Best(None)] {
            let (time, count) = searched(&**index, phrase, order).await;
            say(&format!("{phrase}: {count} texts, first page of {order:?} in {time:?}"));
            all.push(time);
        }
    }
    say(&format!("median of all first pages: {:?}", median(all)));
    let mut times = Vec::new();
    for id in 1..200 {
        let entry = entry(id * 400, text(id, &mut state));
        let begin = Instant::now();
        index.put(vec![entry]).await.unwrap();
        times.push(begin.elapsed());
    }
    say(&format!("update of one article: median {:?}", median(times)));
    let begin = Instant::now();
    index.remove(vec![ArticleId(7)]).await.unwrap();
    say(&format!("removal of one article without a trace: {:?}", begin.elapsed()));
}
