//! The standards' own test suites, as far as they concern which image a browser would request.
//!
//! Each suite prints how many of its cases pass. Those that do not are listed in `tests/data/conformance.tsv`, with
//! the reason why offprint differs on purpose; a case that fails without being listed, or is listed and passes, fails
//! the test.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use offprint::testing::extract::{ExtractOptions, Extraction, extract};
use offprint::testing::model::Format;
use serde_json::Value;
use url::Url;

use crate::corpus::{corpus, say};

const EXPLAINED: &str = include_str!("../../data/conformance.tsv");

/// What became of the cases of one suite.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: BTreeMap<String, String>,
}

impl Tally {
    fn case(&mut self, name: &str, found: &str, expected: &str) {
        if found == expected {
            self.passed += 1;
        } else {
            self.failed.insert(name.escape_debug().to_string(), format!("{found:?} and not {expected:?}"));
        }
    }

    /// Prints the suite's row and holds its failures against the explained ones.
    fn report(&self, suite: &str) {
        let cases = self.passed + self.failed.len();
        say(&format!("{suite:32} {:5} of {cases:5} cases pass, {} differ", self.passed, self.failed.len()));
        let rows = EXPLAINED.lines().filter_map(|row| row.split_once('\t')).filter(|(of, _)| *of == suite);
        let explained: Vec<_> = rows.filter_map(|(_, rest)| rest.split_once('\t')).map(|(case, _)| case).collect();
        let mut wrong = String::new();
        for (case, what) in self.failed.iter().filter(|(case, _)| !explained.contains(&case.as_str())) {
            let _ = writeln!(wrong, "{suite}\t{case}\t{what}");
        }
        for case in explained.iter().filter(|case| !self.failed.contains_key(**case)) {
            let _ = writeln!(wrong, "{suite}\t{case} is explained, but passes");
        }
        assert!(wrong.is_empty(), "{wrong}");
    }
}

fn read(folder: &Path, file: &str) -> String {
    std::fs::read_to_string(folder.join(file)).expect("the corpus can be read")
}

fn json(folder: &Path, file: &str) -> Value {
    serde_json::from_str(&without_lone_surrogates(&read(folder, file))).expect("the suite is JSON")
}

/// Half surrogate pairs cannot be in a file; the suites have cases for them, which become ones for U+FFFD.
fn without_lone_surrogates(json: &str) -> String {
    let mut rest = json;
    let mut whole = String::with_capacity(json.len());
    let of = |text: &str, kinds: [char; 4]| {
        let escape = text.get(..6).unwrap_or_default().to_ascii_lowercase();
        escape.strip_prefix("\\ud").is_some_and(|digits| digits.starts_with(kinds))
    };
    while let Some(at) = rest.find("\\u") {
        let (high, low) = (of(&rest[at..], ['8', '9', 'a', 'b']), of(&rest[at..], ['c', 'd', 'e', 'f']));
        let pair = high && of(rest.get(at + 6..).unwrap_or_default(), ['c', 'd', 'e', 'f']);
        whole.push_str(&rest[..at]);
        whole.push_str(match (pair, high || low) {
            (true, _) => &rest[at..at + 12],
            (false, true) => "\\ufffd",
            (false, false) => &rest[at..at + 6],
        });
        rest = &rest[at + if pair { 12 } else { 6 }..];
    }
    whole + rest
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn found(article: &str, format: Format, base: &str) -> Extraction {
    let options = ExtractOptions { base_url: Url::parse(base).ok(), ..ExtractOptions::default() };
    extract(article.as_bytes(), format, &options)
}

/// The URLs found, each on a line.
fn urls(extraction: &Extraction) -> String {
    let urls = extraction.references.iter().filter_map(|reference| reference.url.as_ref().ok());
    urls.map(Url::as_str).collect::<Vec<_>>().join("\n")
}

fn in_attribute(value: &str) -> String {
    format!("<img src=\"{}\">", value.replace('&', "&amp;").replace('"', "&quot;"))
}

/// Which candidate a browser chooses says which are candidates: the chosen one, and none only where none is.
#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn srcset_cases_of_the_corpus() {
    let folder = corpus("conformance/srcset");
    let mut tally = Tally::default();
    // Inline images are no references, so the candidates get another scheme, with their comma.
    let remote = |value: &str| value.replace("data:", "https://h.example/").replace('"', "&quot;");
    let base = Url::parse("https://h.example/").expect("a URL");
    for case in json(&folder, "cases.json")["cases"].as_array().expect("a list of cases") {
        let raw = text(case, "raw");
        let chosen = text(case, "chosen_at_1x").replace("data:", "https://h.example/");
        let extraction = found(&format!("<img srcset=\"{}\">", remote(raw)), Format::Html, "https://h.example/");
        let urls: Vec<_> = extraction.references.iter().filter_map(|reference| reference.url.as_ref().ok()).collect();
        let expected = base.join(&chosen).ok().filter(|_| !chosen.is_empty());
        let agrees = expected.as_ref().map_or(urls.is_empty(), |chosen| urls.contains(&chosen));
        let found = if agrees { chosen.clone() } else { format!("{urls:?}") };
        tally.case(raw, &found, &chosen);
    }
    tally.report("srcset");
}

/// A URL as a reference has it: a user and a password in an article are never sent, and so never recorded.
fn without_user(href: &str) -> String {
    let Ok(mut url) = Url::parse(href) else { return href.to_owned() };
    if url.username().is_empty() && url.password().is_none() {
        return href.to_owned();
    }
    url.set_username("").and_then(|()| url.set_password(None)).expect("a URL with a user can have none");
    url.into()
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn url_cases_of_the_corpus() {
    for (suite, path) in [("url (wpt)", "wpt-2021/url/resources"), ("url (rust-url)", "rust-url-tests/url/tests")] {
        let folder = corpus("conformance").join(path);
        let mut tally = Tally::default();
        for case in json(&folder, "urltestdata.json").as_array().expect("a list of cases") {
            let (input, base) = (text(case, "input"), text(case, "base"));
            if case["input"].is_string() && (base.is_empty() || Url::parse(base).is_ok()) {
                let found = urls(&found(&in_attribute(input), Format::Html, base));
                let expected = text(case, "href").split('#').next().unwrap_or_default();
                tally.case(&format!("{input} on {base}"), &found, &without_user(expected));
            }
        }
        tally.report(suite);
    }
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn character_reference_cases_of_the_corpus() {
    let folder = corpus("conformance/html5lib-tests/tokenizer");
    for (suite, file) in [("named references", "namedEntities.test"), ("numeric references", "numericEntities.test")] {
        let mut tally = Tally::default();
        for case in json(&folder, file)["tests"].as_array().expect("a list of cases") {
            let characters = case["output"].as_array().expect("tokens").iter();
            let characters: String = characters.filter_map(|token| token[1].as_str()).collect();
            let input = text(case, "input");
            let Ok(expected) = Url::parse(&format!("https://h.example/?-{characters}-")) else { continue };
            let html = format!("<img src=\"https://h.example/?-{input}-\">");
            let expected = expected.as_str().split('#').next().unwrap_or_default();
            tally.case(input, &urls(&found(&html, Format::Html, "")), expected);
        }
        tally.report(suite);
    }
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn encoding_cases_of_the_corpus() {
    let folder = corpus("conformance/html5lib-tests/encoding");
    for file in ["tests1.dat", "tests2.dat", "test-yahoo-jp.dat"] {
        let bytes = std::fs::read(folder.join(file)).expect("the corpus can be read");
        let mut tally = Tally::default();
        let mut rest = &bytes[..];
        while let Some((data, after)) = section(rest, b"#data\n", b"#encoding\n") {
            let end = after.iter().position(|byte| *byte == b'\n').unwrap_or(after.len());
            let label = after[..end].trim_ascii();
            let expected = encoding_rs::Encoding::for_label(label).map_or("", encoding_rs::Encoding::name);
            let name = String::from_utf8_lossy(data);
            let found = extract(data, Format::Html, &ExtractOptions::default()).encoding.name();
            // Where nothing is declared, the suite expects a default that spells ASCII as UTF-8 does.
            let declared = name.to_ascii_lowercase().contains("8859-1") || !data.is_ascii();
            let expected = if expected == "windows-1252" && !declared { "UTF-8" } else { expected };
            tally.case(name.trim().get(..100).unwrap_or(name.trim()), found, expected);
            rest = &after[end..];
        }
        tally.report(&format!("encoding/{file}"));
    }
}

/// What stands between two markers, and what follows.
fn section<'a>(bytes: &'a [u8], from: &[u8], to: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let find = |bytes: &[u8], marker: &[u8]| bytes.windows(marker.len()).position(|window| window == marker);
    let start = find(bytes, from)? + from.len();
    let end = start + find(&bytes[start..], to)?;
    Some((&bytes[start..end], &bytes[end + to.len()..]))
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn css_cases_of_the_corpus() {
    let folder = corpus("conformance/css-parsing-tests");
    let mut tally = Tally::default();
    let cases = json(&folder, "component_value_list.json");
    for case in cases.as_array().expect("a list of cases").chunks(2) {
        let (css, tokens) = (case[0].as_str().expect("CSS"), &case[1]);
        let mut expected = Vec::new();
        token_urls(tokens, &mut expected);
        let base = Url::parse("https://h.example/").expect("a URL");
        let expected: Vec<_> = expected.iter().filter_map(|url| base.join(url).ok()).map(without_fragment).collect();
        tally.case(css, &urls(&found(css, Format::Css, base.as_str())), &expected.join("\n"));
    }
    tally.report("css");
}

fn without_fragment(mut url: Url) -> String {
    url.set_fragment(None);
    url.into()
}

/// The URLs among the tokens that a parser must see.
fn token_urls(tokens: &Value, found: &mut Vec<String>) {
    let Some(tokens) = tokens.as_array() else { return };
    let name = |at: usize| tokens.get(at).and_then(Value::as_str).unwrap_or_default();
    if name(0) == "url" {
        found.extend(Some(name(1)).filter(|url| !url.is_empty()).map(str::to_owned));
    } else if name(0) == "function" && name(1).eq_ignore_ascii_case("url") {
        let string = tokens.iter().find(|token| token[0] == "string").and_then(|token| token[1].as_str());
        found.extend(string.filter(|url| !url.is_empty()).map(str::to_owned));
    } else {
        for token in tokens {
            token_urls(token, found);
        }
    }
}
