//! Recall on real pages against an oracle that shares no code with offprint: what headless Chromium has in its DOM and
//! its style engine once it has parsed the page, with scripts off.
//!
//! Every image that only one of the two finds is listed in `tests/data/recall.tsv` with the reason. The list is written
//! anew, with the reasons that it has, by
//!
//! ```text
//! OFFPRINT_CORPUS=… OFFPRINT_RECALL=write cargo test --test it recall -- --ignored
//! ```
//!
//! and a row whose reason is not known yet gets `?`, which the test does not take for one.

mod answers;
pub(crate) mod browser;
mod generators;
mod server;
mod shown;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;
use serde_json::Value;
use url::Url;

use crate::corpus::{corpus, files, say, some};
use browser::Browser;

const EXPLAINED: &str = include_str!("../../data/recall.tsv");
const ORACLE: &str = include_str!("oracle.js");

/// Where each URL of a page was found.
type Urls = BTreeMap<String, String>;

/// What the oracle finds, at every pixel ratio that a candidate of the page asks for.
fn oracle(browser: &mut Browser, page: &str) -> Urls {
    let mut urls = Urls::new();
    let mut asked = BTreeSet::new();
    let mut ratios = vec!["1".to_owned()];
    browser.set_pixel_ratio(1.0);
    browser.load(page);
    while let Some(ratio) = ratios.pop() {
        let number: f64 = ratio.parse().unwrap_or(1.0);
        if !asked.insert(ratio) || !(0.1..=10.0).contains(&number) {
            continue;
        }
        browser.set_pixel_ratio(number);
        let answer = browser.evaluate(&format!("{ORACLE}({number})"));
        let answer: Value = serde_json::from_str(answer.as_str().unwrap_or_default()).expect("the oracle answers");
        let found = answer["urls"].as_object().into_iter().flatten();
        urls.extend(found.map(|(url, place)| (url.clone(), place.as_str().unwrap_or_default().to_owned())));
        ratios.extend(answer["ratios"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    }
    urls.retain(|url, _| url.starts_with("http") && url != page);
    urls
}

/// What offprint finds.
fn ours(bytes: &[u8], page: &str) -> Urls {
    let options = ExtractOptions { base_url: Url::parse(page).ok(), ..ExtractOptions::default() };
    let references = extract(bytes, Format::Html, &options).references.into_iter();
    let found = references.filter(|reference| reference.kind.is_media());
    found.filter_map(|reference| Some((reference.url.ok()?.to_string(), reference.kind.to_string()))).collect()
}

/// Kinds that no page shows by itself, and why.
const NOT_SHOWN: [(&str, &str); 2] = [
    ("full_size", "shown when the reader follows the link around its thumbnail"),
    ("lazy", "shown only by a script, which the browser was not allowed to run"),
];

/// The rows for what one side finds and the other does not, without their reasons.
fn differences(page: &str, oracle: &Urls, ours: &Urls) -> Vec<String> {
    let missed = oracle.iter().filter(|(url, _)| !ours.contains_key(*url));
    let missed = missed.map(|(url, place)| format!("miss\t{page}\t{place}\t{url}"));
    let extra = ours.iter().filter(|(url, _)| !oracle.contains_key(*url));
    let extra = extra.map(|(url, kind)| format!("extra\t{page}\t{kind}\t{url}"));
    missed.chain(extra).collect()
}

/// The spelling of a URL that both sides share: the browser writes `%7C` for the `|` of a path, which the URL Standard
/// leaves as it is ("path percent-encode set"). Servers take them for the same.
fn spelling(url: &str) -> String {
    if url.starts_with("http") { url.replace('|', "%7C") } else { url.to_owned() }
}

#[test]
#[ignore = "needs Chromium and the corpus (OFFPRINT_CORPUS)"]
fn every_image_that_chromium_finds_in_the_corpus_is_found() {
    let folder = corpus("html");
    let program = browser::installed().expect("Chromium is not installed, which this test needs");
    let address = server::serve(&folder);
    let mut browser = Browser::start(program.as_os_str());
    let (mut pages, mut known, mut missed) = (0_u32, 0_u32, 0_u32);
    let mut rows = BTreeSet::new();
    let is_page = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "html");
    let all: Vec<_> = files(&folder).into_iter().filter(is_page).collect();
    assert!(all.len() >= 150, "{} pages", all.len());
    let mut names = BTreeSet::new();
    for file in some(all, if is_listing() { 1 } else { 4 }) {
        let bytes = std::fs::read(&file).expect("the corpus can be read");
        let name = file.strip_prefix(&folder).expect("it is in there").to_string_lossy().into_owned();
        let page = format!("http://{address}/{name}");
        let local = |urls: Urls| -> Urls {
            let host = address.to_string();
            urls.into_iter().map(|(url, place)| (spelling(&url.replace(&host, "page.example")), place)).collect()
        };
        let (oracle, ours) = (local(oracle(&mut browser, &page)), local(ours(&bytes, &page)));
        pages += 1;
        known += u32::try_from(oracle.len()).expect("few");
        missed += oracle.keys().filter(|url| !ours.contains_key(*url)).map(|_| 1).sum::<u32>();
        rows.extend(differences(&name, &oracle, &ours));
        names.insert(name);
    }
    let recall = 100.0 * (1.0 - f64::from(missed) / f64::from(known));
    say(&format!("{pages} pages, {known} images in the browser, {missed} missed: recall {recall:.2} %"));
    if is_listing() {
        write_list(&rows);
    } else {
        assert_explained(&rows, &names);
    }
    assert!(recall >= 99.5, "{recall}");
}

/// Whether the list of differences is to be written, and not compared with.
fn is_listing() -> bool {
    std::env::var_os("OFFPRINT_RECALL").is_some()
}

/// Writes the list: the rows as they are, each with the reason that it has.
fn write_list(rows: &BTreeSet<String>) {
    let known: BTreeMap<_, _> = EXPLAINED.lines().filter_map(|row| row.rsplit_once('\t')).collect();
    let mut list = EXPLAINED.lines().take_while(|row| row.starts_with('#')).collect::<Vec<_>>().join("\n");
    for row in rows {
        let kind = row.split('\t').nth(2);
        let not_shown = NOT_SHOWN.iter().find(|(of, _)| kind == Some(of)).map(|(_, reason)| *reason);
        let reason = known.get(row.as_str()).copied().or(not_shown).unwrap_or("?");
        let _ = write!(list, "\n{row}\t{reason}");
    }
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/recall.tsv"), list + "\n")
        .expect("it can be written");
}

/// Every row stands in the list with a reason, and every row of the list about these pages is needed.
fn assert_explained(rows: &BTreeSet<String>, pages: &BTreeSet<String>) {
    let is_of_page = |row: &&str| row.split('\t').nth(1).is_some_and(|page| pages.contains(page));
    let list = EXPLAINED.lines().filter(|row| !row.starts_with('#')).filter(is_of_page);
    let list = list.filter_map(|row| row.rsplit_once('\t')).filter(|(_, reason)| *reason != "?");
    let explained: BTreeSet<_> = list.map(|(row, _)| row.to_owned()).collect();
    let mut wrong = String::new();
    for row in rows.difference(&explained) {
        let _ = writeln!(wrong, "{row}");
    }
    for row in explained.difference(rows) {
        let _ = writeln!(wrong, "explained, but not so: {row}");
    }
    assert!(wrong.is_empty(), "{wrong}");
}
