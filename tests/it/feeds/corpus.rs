//! Every feed of the corpus: read, or refused with a reason, and compared with what other parsers find in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;
use offprint::testing::source::{EntrySummary, Summary, feed_summary};
use serde_json::Value;
use url::Url;

use crate::corpus::{corpus, files, needs};

/// A file of `tests/data`.
fn data(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| line.split('\t').collect())
}

/// The feeds of the corpus by their names: without what other parsers are expected to find.
fn feeds() -> BTreeMap<String, Vec<u8>> {
    let root = corpus("feeds");
    let named = files(&root).into_iter().map(|file| {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        (name, std::fs::read(file).unwrap())
    });
    let is_json = |name: &str| Path::new(name).extension().is_some_and(|ending| ending == "json");
    let is_expectation = |name: &str| name.starts_with("gofeed/") && is_json(name) && !name.contains("/json/");
    named.filter(|(name, _)| !is_expectation(name)).collect()
}

fn read(bytes: &[u8]) -> Result<Summary, String> {
    feed_summary(bytes, None, &Url::parse("http://feed.example/").unwrap())
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn every_feed_of_the_corpus_is_read_or_refused_with_a_reason() {
    let table = feeds().into_iter().map(|(name, bytes)| match read(&bytes) {
        Ok(Summary { format, entries, .. }) => format!("{name}\tread\t{format}, {}", entries.len()),
        Err(why) => format!("{name}\trefused\t{why}"),
    });
    let found: Vec<_> = table.collect();
    let table = data("feeds.tsv");
    let expected: Vec<_> = rows(&table).map(|row| row.join("\t")).collect();
    let differing: Vec<_> = found.iter().filter(|row| !expected.contains(row)).collect();
    assert!(differing.is_empty() && found.len() == expected.len(), "{differing:#?}");
}

/// A text without tags, with references resolved twice over, on one line.
fn text(html: &str) -> String {
    let once = |html: &str| {
        let mut text = String::new();
        for token in html5gum::Tokenizer::new(html) {
            match token {
                Ok(html5gum::Token::String(part)) => text.push_str(&String::from_utf8_lossy(&part)),
                Ok(html5gum::Token::StartTag(_) | html5gum::Token::EndTag(_)) => text.push(' '),
                _ => {}
            }
        }
        text
    };
    once(&once(html)).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The addresses of the images in some HTML.
fn images(html: &str) -> BTreeSet<String> {
    let base_url = Url::parse("http://feed.example/").ok();
    let found = extract(html.as_bytes(), Format::Html, &ExtractOptions { base_url, ..ExtractOptions::default() });
    found.references.into_iter().filter_map(|reference| reference.url.ok()).map(|url| url.to_string()).collect()
}

/// What differs between an entry and that which another parser found.
fn differing(ours: &EntrySummary, theirs: &Value) -> Vec<&'static str> {
    let string = |key: &str| theirs[key].as_str().unwrap_or_default();
    let mut fields = Vec::new();
    if text(&ours.title) != text(string("title")) {
        fields.push("title");
    }
    if ours.moment != theirs["date"].as_i64() {
        fields.push("date");
    }
    if text(&ours.authors.join(", ")) != text(string("author")) {
        fields.push("author");
    }
    if theirs.get("content").is_some() && images(&ours.content) != images(string("content")) {
        fields.push("images");
    }
    fields
}

/// Compares feeds with what another parser found, and the differences with those that have a reason.
fn check(parser: &str, theirs: impl Iterator<Item = (String, Summary, Vec<Value>)>) {
    let mut found = BTreeSet::new();
    let mut compared = 0;
    for (name, ours, entries) in theirs {
        compared += 1;
        if ours.entries.len() != entries.len() {
            found.insert((name, "entries"));
            continue;
        }
        let each = ours.entries.iter().zip(&entries).flat_map(|(ours, theirs)| differing(ours, theirs));
        found.extend(each.map(|field| (name.clone(), field)));
    }
    let differences = data("feed_differences.tsv");
    let expected: BTreeSet<_> =
        rows(&differences).filter(|row| row[0] == parser).map(|row| (row[1].to_owned(), row[2])).collect();
    let new: Vec<_> = found.difference(&expected).collect();
    let gone: Vec<_> = expected.difference(&found).collect();
    assert!(new.is_empty() && gone.is_empty() && compared > 100, "{compared}; new {new:#?}; no longer {gone:#?}");
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS) and feedparser"]
fn feeds_of_the_corpus_hold_what_feedparser_finds() {
    needs("python3");
    let root = corpus("feeds");
    let ran = Command::new("python3").args(["-c", &data("ask_feedparser.py")]).arg(&root).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let listed: BTreeMap<String, Vec<Value>> = serde_json::from_slice(&ran.stdout).unwrap();
    let all = feeds();
    check(
        "feedparser",
        listed.into_iter().filter_map(|(name, entries)| {
            let ours = read(all.get(&name)?).ok()?;
            Some((name, ours, entries))
        }),
    );
}
