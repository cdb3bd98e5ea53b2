//! Markdown against its specification and against real posts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::{Format, Reference, ReferenceKind};
use pulldown_cmark::{Parser, html};
use url::Url;

use crate::corpus::{corpus, files, say};

/// What an example or a file is known to do otherwise, and why: lines of a name, a tab and a reason.
fn known(data: &'static str) -> BTreeMap<&'static str, &'static str> {
    data.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t')).collect()
}

fn references(text: &str, format: Format) -> Vec<Reference> {
    let base_url = Url::parse("https://base.example/posts/").ok();
    extract(text.as_bytes(), format, &ExtractOptions { base_url, ..ExtractOptions::default() }).references
}

/// The URLs of the references whose kind `counts`.
fn urls(text: &str, format: Format, counts: impl Fn(ReferenceKind) -> bool) -> BTreeSet<String> {
    let references = references(text, format).into_iter().filter(|reference| counts(reference.kind));
    references.map(|reference| reference.url.map_or(reference.raw, String::from)).collect()
}

/// The examples of the specification: a number, Markdown and the HTML it means.
fn examples(spec: &str) -> Vec<(String, String, String)> {
    let fence = "`".repeat(32);
    let opening = format!("{fence} example\n");
    let parts = spec.split(&opening).skip(1);
    let example = |(number, part): (usize, &str)| {
        let part = part.split(&format!("\n{fence}")).next()?.replace('→', "\t");
        let (markdown, html) = part.split_once("\n.\n").or_else(|| part.strip_suffix("\n.").map(|text| (text, "")))?;
        let markdown = markdown.strip_prefix(".\n").map_or(markdown, |_| markdown);
        Some(((number + 1).to_string(), format!("{markdown}\n"), html.to_owned()))
    };
    parts.enumerate().filter_map(example).collect()
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn the_images_of_the_commonmark_specification_of_the_corpus() {
    let folder = corpus("conformance/commonmark-spec");
    let spec = std::fs::read_to_string(folder.join("spec.txt")).expect("the specification can be read");
    let known = known(include_str!("../../data/commonmark_differences.tsv"));
    let examples = examples(&spec);
    let shown = |kind| matches!(kind, ReferenceKind::Image | ReferenceKind::Markdown);
    let (mut passed, mut with_images, mut unexplained) = (0, 0, Vec::new());
    for (number, markdown, html) in &examples {
        let expected = urls(html, Format::Html, shown);
        let found = urls(markdown, Format::Markdown, shown);
        with_images += usize::from(!expected.is_empty());
        if expected == found {
            passed += 1;
            assert!(!known.contains_key(number.as_str()), "example {number} passes now");
        } else if !known.contains_key(number.as_str()) {
            unexplained.push(format!("{number}: {markdown:?} means {expected:?}, found {found:?}"));
        }
    }
    say(&format!("CommonMark: {passed} of {} examples agree, {with_images} of them with images", examples.len()));
    assert!(examples.len() > 600 && with_images > 20, "the specification was read");
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}

/// The text after YAML or TOML front matter.
fn body(text: &str) -> &str {
    let start = text.trim_start_matches(['\u{feff}', '\n', '\r', ' ']);
    let fence = ["---\n", "+++\n", "---\r\n"].into_iter().find(|fence| start.starts_with(fence));
    let end = fence.and_then(|fence| start[3..].find(&format!("\n{}", fence.trim_end())).map(|at| at + 3 + 4));
    end.map_or(text, |end| &start[end..])
}

fn rendered(markdown: &str) -> String {
    let options = pulldown_cmark::Options::ENABLE_TABLES
        | pulldown_cmark::Options::ENABLE_FOOTNOTES
        | pulldown_cmark::Options::ENABLE_STRIKETHROUGH
        | pulldown_cmark::Options::ENABLE_TASKLISTS;
    let mut page = String::new();
    html::push_html(&mut page, Parser::new_ext(markdown, options));
    page
}

/// What a post differs in from the page it renders to, as lines of the data file.
fn differences(name: &str, text: &str) -> (usize, Vec<String>) {
    let body = body(text);
    let page = urls(&rendered(body), Format::Html, |_| true);
    let post =
        urls(text, Format::Markdown, |kind| !matches!(kind, ReferenceKind::FrontMatter | ReferenceKind::Shortcode));
    let missed = page.difference(&post).map(|url| format!("miss {name} {url}"));
    let extra = post.difference(&page).map(|url| format!("extra {name} {url}"));
    (page.len(), missed.chain(extra).collect())
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn every_image_of_a_rendered_post_of_the_corpus_is_a_reference_of_the_post() {
    let known = known(include_str!("../../data/markdown_differences.tsv"));
    let (mut posts, mut images, mut unexplained) = (0, 0, Vec::new());
    for folder in ["articles", "blogs"] {
        let folder = corpus(folder);
        for file in files(&folder).iter().filter(|file| is_post(file)) {
            let text = String::from_utf8_lossy(&std::fs::read(file).expect("a post can be read")).into_owned();
            let name = file.strip_prefix(&folder).expect("it is in the folder").to_string_lossy().into_owned();
            let (count, lines) = differences(&name, &text);
            posts += 1;
            images += count;
            unexplained.extend(lines.into_iter().filter(|line| !known.contains_key(line.as_str())));
        }
    }
    say(&format!("Markdown: {images} images in {posts} posts, {} known differences", known.len()));
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
}

fn is_post(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
}
