//! Inputs of every kind that articles have, one a line of `tests/data/inputs.tsv`, and all that each shows: what is not on
//! its line must not be found either.
//!
//! `OFFPRINT_BLESS=1` writes what is found; read the difference before you keep it.

use std::fmt::Write;

use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;
use url::Url;

const TABLE: &str = include_str!("../../data/inputs.tsv");
/// Where the articles of the table were published.
const BASE: &str = "https://news.example/a/post.html";

/// A line: what it is about, the format, the article, and what it shows.
fn lines() -> impl Iterator<Item = [&'static str; 4]> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').collect::<Vec<_>>().try_into().expect("a line has four columns"))
}

fn format(name: &str) -> Format {
    match name {
        "html" => Format::Html,
        "xhtml" => Format::Xhtml,
        "markdown" => Format::Markdown,
        "mdx" => Format::Mdx,
        "css" => Format::Css,
        _ => panic!("{name} is no format"),
    }
}

/// The images of an article, in the order in which they stand in it; each is named by the file it is on `c.example`.
fn found(article: &str, format: Format) -> String {
    let options = ExtractOptions { base_url: Url::parse(BASE).ok(), ..ExtractOptions::default() };
    let references = extract(article.as_bytes(), format, &options).references;
    for reference in &references {
        assert_eq!(reference.span.of(article.as_bytes()), reference.raw.as_bytes(), "{article}");
    }
    let media = references.iter().filter(|reference| reference.kind.is_media());
    let urls = media.map(|found| found.url.as_ref().map_or_else(|problem| format!("{problem:?}"), Url::to_string));
    urls.map(|url| url.replace("https://c.example/", "")).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_input_shows_its_images_and_no_others() {
    let (mut wrong, mut blessed) = (String::new(), String::new());
    let mut kinds = std::collections::BTreeMap::<&str, u32>::new();
    for [kind, name, escaped, expected] in lines() {
        let article: String = serde_json::from_str(&format!("\"{escaped}\"")).expect("the article is escaped as JSON");
        let found = found(&article, format(name));
        *kinds.entry(kind.split(':').next().unwrap_or_default()).or_default() += 1;
        if found != expected {
            let _ = writeln!(wrong, "{kind}: {escaped}\n    expected {expected}\n    found    {found}");
        }
        let _ = writeln!(blessed, "{kind}\t{name}\t{escaped}\t{found}");
    }
    if std::env::var_os("OFFPRINT_BLESS").is_some() {
        let head = TABLE.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n"));
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/inputs.tsv");
        std::fs::write(file, head.collect::<String>() + &blessed).expect("the table can be written");
        return;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(kinds.len() >= 8 && kinds.values().all(|inputs| *inputs >= 10), "{kinds:?}");
}
