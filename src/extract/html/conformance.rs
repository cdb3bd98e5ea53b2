//! html5lib's tokenizer tests: the attributes of every start tag, and that each is spelt where its span says.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::tokens::{self, Handler, Tag};
use super::value::Value;
use std::ops::Range;

/// Start tags as the suite writes them: a name and its attributes.
#[derive(Default)]
struct Tags(Vec<(String, Vec<(String, String)>)>);

impl Handler for Tags {
    fn end_tag(&mut self, _name: &str, _span: Range<usize>) {}
    fn element_text(&mut self, _element: &str, _span: Range<usize>) {}
    fn title(&mut self, _title: &str) {}

    fn start_tag(&mut self, tag: &Tag<'_>) {
        let attributes = tag.attributes().map(|attribute| (attribute.name.to_owned(), attribute.value.to_owned()));
        let mut attributes: Vec<_> = attributes.collect();
        attributes.sort();
        self.0.push((tag.name.to_owned(), attributes));
    }
}

/// Checks that the raw text at each attribute's span, read as a value of its own, is its value.
struct Spans<'t>(&'t str);

impl Handler for Spans<'_> {
    fn end_tag(&mut self, _name: &str, _span: Range<usize>) {}
    fn element_text(&mut self, _element: &str, _span: Range<usize>) {}
    fn title(&mut self, _title: &str) {}

    fn start_tag(&mut self, tag: &Tag<'_>) {
        for attribute in tag.attributes() {
            let Some(span) = attribute.span.clone() else { continue };
            let quote = if self.0[span.clone()].contains('"') { '\'' } else { '"' };
            let raw = format!("<a b={quote}{}{quote}>", &self.0[span.clone()]);
            let mut again = Tags::default();
            tokens::tokenize(&raw, 0..raw.len(), false, &mut again);
            assert_eq!(again.0[0].1[0].1, attribute.value, "{:?}", self.0);
            let value = Value::new(self.0, span.clone(), attribute.value);
            assert_eq!(value.span(0..attribute.value.len()), span, "{:?}", self.0);
        }
    }
}

fn suite() -> PathBuf {
    let corpus = std::env::var_os("OFFPRINT_CORPUS").expect("OFFPRINT_CORPUS names the corpus, which this test needs");
    Path::new(&corpus).join("conformance/html5lib-tests/tokenizer")
}

/// The start tags that a case expects.
fn expected(case: &Json) -> Tags {
    let tokens = case["output"].as_array().into_iter().flatten().filter(|token| token[0] == "StartTag");
    let tag = |token: &Json| {
        let attributes = token[2].as_object().into_iter().flatten();
        let mut attributes: Vec<_> =
            attributes.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
        attributes.sort();
        (token[1].as_str().unwrap_or_default().to_owned(), attributes)
    };
    Tags(tokens.map(tag).collect())
}

/// Whether a case starts in the middle of an element or has characters that no file can have.
fn is_of_another_kind(case: &Json) -> bool {
    let in_data =
        case["initialStates"].as_array().is_none_or(|states| states.iter().any(|state| state == "Data state"));
    !in_data || case["doubleEscaped"] == true
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn tags_are_what_the_suite_of_the_corpus_expects() {
    let folder = suite();
    let (mut cases, mut tags) = (0, 0);
    for file in std::fs::read_dir(folder).expect("the corpus can be read") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("the corpus can be read");
        let Ok(file) = serde_json::from_str::<Json>(&text) else { continue };
        for case in file["tests"].as_array().into_iter().flatten().filter(|case| !is_of_another_kind(case)) {
            let input = case["input"].as_str().expect("a text");
            let mut found = Tags::default();
            tokens::tokenize(input, 0..input.len(), false, &mut found);
            assert_eq!(found.0, expected(case).0, "{input:?}");
            tokens::tokenize(input, 0..input.len(), false, &mut Spans(input));
            cases += 1;
            tags += found.0.len();
        }
    }
    assert!(cases > 6000 && tags > 400, "{cases} cases with {tags} tags");
}
