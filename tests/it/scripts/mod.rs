//! A mirror runs no script that its original does not: documents with hostile addresses, rendered as sites render them
//! and loaded in Chromium, the original and the mirror of each side by side.
//!
//! Every document is full of handlers, each with a number, in places where they must not act. Which of them act is
//! compared, handler by handler.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

mod documents;
mod renderers;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use offprint::testing::config::Lazy;
use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::{Format, ReferenceKind};
use offprint::testing::rewrite::{Article, Target, rewrite};

use crate::corpus::say;
use crate::recall::browser::{self, Browser};
use documents::Document;
use renderers::Renderer;

/// Documents loaded at a time.
const BATCH: usize = 100;
/// The style of a frame: Chromium takes minutes to draw so many of them, and handlers act without being drawn.
const UNSEEN: &str = "width:1px;height:1px;visibility:hidden";

/// A document and its mirror, as HTML.
struct Pair {
    document: Document,
    pages: [String; 2],
}

/// The mirror of a document in which every reference that may be local is.
fn mirror(document: &Document) -> String {
    let (bytes, options) = (document.text.as_bytes(), ExtractOptions::default());
    let found = extract(bytes, document.format, &options);
    let link =
        |kind: ReferenceKind| (kind != ReferenceKind::Base).then(|| format!("../m/{}.jpg", "0".repeat(8)).into());
    let targets = found.references.iter().map(|reference| Target::new(reference, link(reference.kind))).collect();
    let article = Article { bytes, format: document.format, encoding: found.encoding, options: &options };
    String::from_utf8(rewrite(&article, Lazy::Reveal, targets).mirror).unwrap()
}

/// The documents that have a mirror of their own, with both rendered.
fn pairs(documents: Vec<Document>, renderer: Renderer) -> Vec<Pair> {
    let with_mirrors = documents.into_iter().map(|document| (mirror(&document), document));
    let differing: Vec<_> = with_mirrors.filter(|(mirror, document)| *mirror != document.text).collect();
    let texts: Vec<&str> =
        differing.iter().flat_map(|(mirror, document)| [document.text.as_str(), mirror.as_str()]).collect();
    let mut pages = renderer.render(&texts).into_iter();
    let pair = |(_, document)| Pair { document, pages: [pages.next().unwrap(), pages.next().unwrap()] };
    differing.into_iter().map(pair).collect()
}

/// Loads pages in frames of their own, and says which handlers acted: the number of the page and of the handler.
fn handlers(browser: &mut Browser, pages: &[&str]) -> BTreeSet<(usize, usize)> {
    let mut html = "<!DOCTYPE html><script>acted = new Set; onmessage = e => acted.add(e.data)</script>".to_owned();
    for (number, page) in pages.iter().enumerate() {
        let report = format!("<script>function hit(n) {{ parent.postMessage('{number} ' + n, '*') }}</script>");
        let page = format!("{report}{page}").replace('&', "&amp;").replace('"', "&quot;");
        writeln!(html, "<iframe style=\"{UNSEEN}\" srcdoc=\"{page}\"></iframe>").unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("frames.html");
    fs::write(&file, html).unwrap();
    browser.load(&format!("file://{}", file.display()));
    // A message is delivered after those that were sent before it, the page's own to itself as well.
    let acted = browser.evaluate(
        "new Promise(done => setTimeout(() => { onmessage = () => done([...acted].join()); postMessage(0, '*') }, 100))",
    );
    let number = |text: &str| text.parse().unwrap();
    let acted = acted.as_str().unwrap().split(',').filter_map(|pair| pair.split_once(' '));
    acted.map(|(page, handler)| (number(page), number(handler))).collect()
}

/// The handlers that act in a mirror and not in its original, with the document; and how many act in originals.
fn compare(browser: &mut Browser, pairs: &[Pair]) -> (Vec<String>, usize) {
    let pages: Vec<_> = pairs.iter().flat_map(|pair| pair.pages.iter().map(String::as_str)).collect();
    let acted = handlers(browser, &pages);
    let of_originals = acted.iter().filter(|(page, _)| page % 2 == 0).count();
    let more = acted.iter().filter(|(page, handler)| page % 2 == 1 && !acted.contains(&(page - 1, *handler)));
    let more = more.map(|(page, handler)| {
        let document = &pairs[page / 2].document;
        format!("handler {handler}: {:?} {:?} → {:?}", document.format, document.text, mirror(document))
    });
    (more.collect(), of_originals)
}

fn start() -> Browser {
    let program = browser::installed().expect("Chromium is installed");
    Browser::start(program.as_os_str())
}

/// Compares documents of a seed in batches, and says how many could be compared and how many handlers act anyway.
fn check(browser: &mut Browser, renderer: Renderer, format: Format, seed: u64, count: usize) -> Vec<String> {
    let (mut wrong, mut compared, mut acting) = (Vec::new(), 0, 0);
    for batch in 0..count.div_ceil(BATCH) {
        let documents = documents::some(format, seed + batch as u64, BATCH.min(count - batch * BATCH));
        let pairs = pairs(documents, renderer);
        let (more, of_originals) = compare(browser, &pairs);
        wrong.extend(more);
        compared += pairs.len();
        acting += of_originals;
    }
    say(&format!("{renderer:?}, {format:?}: {compared} of {count} compared, {acting} handlers act in originals"));
    assert!(compared * 4 > count && acting > 0, "{compared} of {count} compared, {acting} act");
    wrong
}

#[test]
#[ignore = "needs Chromium"]
fn chromium_shows_a_handler_that_only_the_mirror_runs() {
    let mut browser = start();
    let both = "<img src=x onerror=hit(1)>";
    assert_eq!(handlers(&mut browser, &[both, "<p>", both]), BTreeSet::from([(0, 1), (2, 1)]));
    // What a link in place of this address would do, if it were written.
    let original = "x <xmp> y <img src='http://h/1.png?</xmp><textarea>' alt='</xmp><img src=x onerror=hit(1)>'>";
    let wrong = original.replace("http://h/1.png?</xmp><textarea>", "../m/1.jpg");
    assert_eq!(handlers(&mut browser, &[original, &wrong]), BTreeSet::from([(1, 1)]));
}

#[test]
#[ignore = "measurement: it takes Chromium and a minute"]
fn measurement_of_one_batch_of_documents() {
    let mut browser = start();
    let mut wrong = check(&mut browser, Renderer::CommonMark, Format::Markdown, 1, BATCH);
    wrong.extend(check(&mut browser, Renderer::None, Format::Html, 1, BATCH));
    assert!(wrong.is_empty(), "{} documents: {wrong:#?}", wrong.len());
}

/// `OFFPRINT_SCALE` says how many documents, `OFFPRINT_MARKDOWN_IT` in which folder `npm install markdown-it` was run.
#[test]
#[ignore = "measurement: it takes Chromium, Node, markdown-it, Hugo, and half an hour"]
fn measurement_of_many_documents_by_every_renderer() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok());
    let (count, seed) = (number("OFFPRINT_SCALE").unwrap_or(20_000), number("OFFPRINT_SEED").unwrap_or(0) as u64);
    let mut browser = start();
    let mut wrong = check(&mut browser, Renderer::None, Format::Html, seed, count);
    for renderer in [Renderer::CommonMark, Renderer::MarkdownIt, Renderer::Hugo] {
        wrong.extend(check(&mut browser, renderer, Format::Markdown, seed, count));
    }
    wrong.iter().take(20).for_each(|wrong| say(wrong));
    assert!(wrong.is_empty(), "{} documents", wrong.len());
}
