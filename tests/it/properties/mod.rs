//! What must hold of every article, checked on thousands that nobody would write.

mod findings;
mod nasty;
pub(crate) mod promises;

use encoding_rs::Encoding;
use offprint::testing::config::Lazy;
use offprint::testing::model::Format;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::corpus::{corpus, files, some};
use promises::{keep_every_promise, refused};

/// Writes a text in an encoding, with a byte order mark where it needs one.
fn in_encoding(text: &str, label: &str) -> Vec<u8> {
    let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
        mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
    };
    match label {
        "utf-16le" => utf16([0xFF, 0xFE], u16::to_le_bytes),
        "utf-16be" => utf16([0xFE, 0xFF], u16::to_be_bytes),
        "utf-8 with a mark" => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        "utf-8" => text.into(),
        label => {
            let encoding = Encoding::for_label(label.as_bytes()).expect("a known label");
            let text = format!("<meta charset={label}>{text}");
            encoding.encode(&text).0.into_owned()
        }
    }
}

const LABELS: &[&str] = &[
    "utf-8",
    "utf-8",
    "utf-8",
    "utf-8 with a mark",
    "utf-16le",
    "utf-16be",
    "gbk",
    "gb18030",
    "shift_jis",
    "euc-kr",
    "big5",
    "windows-1252",
    "windows-1251",
    "iso-2022-jp",
];

fn article() -> impl Strategy<Value = (Vec<u8>, Format)> {
    let html = (nasty::html(), prop::sample::select(LABELS));
    let html = (html, prop::sample::select(vec![Format::Html, Format::Html, Format::Xhtml]));
    let html = html.prop_map(|((text, label), format)| (in_encoding(&text, label), format));
    let css = nasty::css().prop_map(|text| (text.into_bytes(), Format::Css));
    let markdown = (nasty::markdown(), prop::sample::select(vec![Format::Markdown, Format::Markdown, Format::Mdx]));
    let markdown = markdown.prop_map(|(text, format)| (text.into_bytes(), format));
    prop_oneof![8 => html, 5 => markdown, 2 => css]
}

fn damaged() -> impl Strategy<Value = (Vec<u8>, Format)> {
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    (article(), damage).prop_map(|((mut bytes, format), damage)| {
        let length = bytes.len();
        for (at, byte) in damage.into_iter().filter(|_| length > 0) {
            bytes[at.index(length)] = byte;
        }
        (bytes, format)
    })
}

fn anything() -> impl Strategy<Value = (Vec<u8>, Format)> {
    let formats = prop::sample::select(Format::ALL.to_vec());
    (prop::collection::vec(any::<u8>(), 0..300), formats)
}

fn lazy() -> impl Strategy<Value = Lazy> {
    prop::sample::select(vec![Lazy::Reveal, Lazy::Keep])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nasty_articles_keep_every_promise((bytes, format) in article(), lazy in lazy()) {
        keep_every_promise(&bytes, format, lazy);
    }

    #[test]
    fn damaged_articles_keep_every_promise((bytes, format) in damaged(), lazy in lazy()) {
        keep_every_promise(&bytes, format, lazy);
    }

    #[test]
    fn any_bytes_will_do((bytes, format) in anything(), lazy in lazy()) {
        keep_every_promise(&bytes, format, lazy);
    }
}

/// In real articles no address is part of the structure around it, so every reference gets its link.
#[test]
#[ignore = "needs the corpus (OFFPRINT_CORPUS)"]
fn real_articles_of_the_corpus_keep_every_promise_and_refuse_no_link() {
    for part in ["html", "blogs", "articles"] {
        let folder = corpus(part);
        for file in some(files(&folder), 4) {
            let bytes = std::fs::read(&file).expect("the corpus can be read");
            let format = offprint::testing::extract::format_of(&file.to_string_lossy(), &bytes);
            keep_every_promise(&bytes, format, Lazy::Reveal);
            assert_eq!(refused(&bytes, format, Lazy::Reveal).1, 0, "{}", file.display());
        }
    }
}

/// The verification of a mirror is no excuse for leaving links out, even where all goes wrong.
#[test]
fn few_links_are_refused_even_in_nasty_articles() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut all, mut left) = (0, 0);
    for _ in 0..10_000 {
        let (bytes, format) = article().new_tree(&mut runner).expect("articles are made").current();
        let (references, refused) = refused(&bytes, format, Lazy::Reveal);
        (all, left) = (all + references, left + refused);
    }
    assert!(all > 2000 && left * 100 < all, "{left} of {all}");
}
