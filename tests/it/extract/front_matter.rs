//! Front matter: what is spliced into it stays front matter, and real posts.

use std::collections::BTreeMap;

use offprint::testing::extract::{ExtractOptions, Extraction, extract};
use offprint::testing::model::{Format, Reference, ReferenceKind};
use proptest::prelude::*;

use crate::corpus::{corpus, files, say};

fn read(text: &str) -> Extraction {
    extract(text.as_bytes(), Format::Markdown, &ExtractOptions::default())
}

fn images(text: &str) -> Vec<Reference> {
    read(text).references.into_iter().filter(|reference| reference.kind == ReferenceKind::FrontMatter).collect()
}

/// A way to write a value in front matter.
type Style = fn(&str) -> String;

const STYLES: &[Style] = &[
    |value| format!("---\na: 1\ncover: {value}\nz: é\n---\n"),
    |value| format!("---\né: 1\ncover: '{value}' # c\n---\n"),
    |value| format!("\n---\na: \"b: c\"\ncover: \"{value}\"\n---\n"),
    |value| format!("---\nheader: {{ image: '{value}', x: y }}\n---\n"),
    |value| format!("---\nimages: [\"{value}\"]\n---\n"),
    |value| format!("---\nimages:\n- url: {value}\n  x: y\n---\n"),
    |value| format!("---\nimages:\n    - >-\n      {value}\n---\n"),
    |value| format!("---\ncover: &c !!str '{value}'\n---\n"),
    |value| format!("---\ntitle: broken: 'yaml\ncover: '{value}'\n---\n"),
    |value| format!("+++\ncover = \"{value}\" # c\n+++\n"),
    |value| format!("+++\nimages = [ '{value}', ]\n+++\n"),
    |value| format!("+++\n[cover]\nurl = '''{value}'''\n+++\n"),
    |value| format!("{{\"é\": [1, {{}}], \"cover\": \"{value}\"}}\n"),
    |value| format!(";;;\n\"cover\": {{\"src\": \"{value}\"}}\n;;;\n"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_value_is_found_and_replaced_in_every_style(
        style in prop::sample::select(STYLES),
        path in "[a-zA-Z0-9/._~-]{0,20}",
        query in "(\\?[a-z0-9=&/,@!~._-]{0,20})?",
        local in "(\\.\\./){0,3}[0-9a-z][0-9a-z/._-]{0,30}\\.png",
    ) {
        let url = format!("https://e.com/{path}{query}");
        let text = style(&url);
        let found = images(&text);
        prop_assert_eq!(found.len(), 1, "{}", text);
        prop_assert_eq!(&found[0].raw, &url);
        let (start, end) = (found[0].span.start, found[0].span.end);
        let spliced = format!("{}{local}{}", &text[..start], &text[end..]);
        let again = images(&spliced);
        prop_assert_eq!(again.len(), 1, "{}", spliced);
        prop_assert_eq!(&again[0].raw, &local);
        prop_assert_eq!(again[0].span.start, start);
    }

    #[test]
    fn anything_between_fences_yields_spans_of_the_file(
        fence in prop::sample::select(&["---", "+++", ";;;"][..]),
        content in "([ -~é\n\t]|: |- |cover: |\"|'|\\[|\\{|\n){0,60}",
    ) {
        let text = format!("{fence}\n{content}\n{fence}\n![](b)");
        for reference in read(&text).references {
            prop_assert_eq!(reference.span.of(text.as_bytes()), reference.raw.as_bytes());
        }
    }
}

/// The values of the lines `headimg: …` and `thumbnail: …`, as simply as they can be read.
fn plainly_written(text: &str) -> BTreeMap<&str, &str> {
    let values = text.lines().take(30).filter_map(|line| line.split_once(": "));
    let named = values.filter(|(key, _)| matches!(*key, "headimg" | "thumbnail"));
    let bare = named.map(|(key, value)| (key, value.trim_matches(['\'', '"', ' '])));
    bare.filter(|(_, value)| value.starts_with("http")).collect()
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn the_front_matter_of_posts_of_the_corpus_in_the_seeds_form() {
    let folder = corpus("articles");
    let (mut posts, mut values) = (0, 0);
    for file in files(&folder) {
        let text = std::fs::read_to_string(&file).expect("a post can be read");
        let article = read(&text);
        assert!(article.title.is_some() && article.published.is_some(), "{}", file.display());
        let found = images(&text);
        let found: BTreeMap<_, _> = found.iter().map(|image| (image.name.as_str(), image.raw.as_str())).collect();
        assert_eq!(found, plainly_written(&text), "{}", file.display());
        posts += 1;
        values += found.len();
    }
    say(&format!("front matter: {values} images in {posts} posts in the seed's form"));
    assert!(posts > 10 && values > 20);
}

/// Whether a line of front matter ends in what looks like the path or URL of an image file.
fn names_an_image(line: &str) -> bool {
    let value = line.trim().trim_matches(['\'', '"', ',']).to_ascii_lowercase();
    line.contains([':', '=']) && [".jpg", ".jpeg", ".png", ".gif", ".webp"].iter().any(|end| value.ends_with(end))
}

#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn every_image_file_in_the_front_matter_of_blogs_of_the_corpus_is_a_reference() {
    let folder = corpus("blogs");
    let (mut posts, mut lines, mut missed) = (0, 0, Vec::new());
    for file in files(&folder).into_iter().filter(|file| file.extension().is_some_and(|end| end == "md")) {
        let text = String::from_utf8_lossy(&std::fs::read(&file).expect("a post can be read")).into_owned();
        let fence = text.get(..3).filter(|fence| matches!(*fence, "---" | "+++"));
        let Some(end) = fence.and_then(|fence| text[3..].find(&format!("\n{fence}"))) else { continue };
        posts += 1;
        assert!(read(&text).title.is_some(), "{}", file.display());
        let raws: Vec<_> = images(&text).into_iter().map(|image| image.raw).collect();
        for line in text[..end + 3].lines().filter(|line| names_an_image(line)) {
            lines += 1;
            if !raws.iter().any(|raw| line.contains(raw.as_str())) {
                missed.push(format!("{}: {line}", file.display()));
            }
        }
    }
    say(&format!("front matter: {lines} lines that name an image file in {posts} posts of blogs"));
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
