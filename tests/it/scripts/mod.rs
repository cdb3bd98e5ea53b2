//! A mirror runs no script that its original does not: documents with hostile addresses, rendered as sites render them
//! and loaded in Chromium, the original and the mirror of each side by side.
//!
//! Every document is full of handlers, each with a number, in places where they must not act. Which of them act is
//! compared, handler by handler.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

mod documents;
mod renderers;

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use offprint::testing::config::Lazy;
use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::{Format, ReferenceKind};
use offprint::testing::rewrite::{Article, Target, rewrite};

use crate::corpus::say;
use crate::recall::browser::{self, Browser};
use documents::Document;
use renderers::Renderer;

/// Documents of each format in a batch.
const BATCH: usize = 50;
/// How long a batch may take.
const LIMIT: Duration = Duration::from_secs(240);
/// Batches that one browser loads: what it keeps of each page is given back then.
const BATCHES: usize = 10;

/// Loads each of some pages in a frame of its own, a few at a time, and gives what handlers reported.
///
/// An image that cannot be loaded is an error before its page is loaded, and a message is delivered after those that were
/// sent before it, the page's own to itself as well.
const LOAD: &str = "async pages => {
    const acted = new Set, late = [];
    let next = 0;
    onmessage = event => acted.add(event.data);
    const load = number => new Promise(done => {
        const frame = document.createElement('iframe');
        frame.style = 'width:1px;height:1px;visibility:hidden';
        frame.srcdoc = pages[number];
        const end = () => setTimeout(() => { frame.remove(); done() });
        const limit = setTimeout(() => { late.push(number); end() }, 30_000);
        frame.onload = () => { clearTimeout(limit); end() };
        document.body.append(frame);
    });
    const load_some = async () => { while (next < pages.length) await load(next++) };
    await Promise.all([1, 2, 3, 4].map(load_some));
    await new Promise(done => { onmessage = event => event.data ? acted.add(event.data) : done(); postMessage('', '*') });
    return { acted: [...acted], late };
}";

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
fn pairs(documents: &[(String, Document)], renderer: Renderer) -> Vec<Pair> {
    let texts: Vec<&str> =
        documents.iter().flat_map(|(mirror, document)| [document.text.as_str(), mirror.as_str()]).collect();
    let mut pages = renderer.render(&texts).into_iter();
    let mut next = || pages.next().expect("each text is rendered");
    documents.iter().map(|(_, document)| Pair { document: document.clone(), pages: [next(), next()] }).collect()
}

/// Loads pages in frames of their own, and says which handlers acted: the number of the page and of the handler.
fn handlers(browser: &mut Browser, pages: &[&str]) -> BTreeSet<(usize, usize)> {
    let report =
        |number: usize| format!("<script>function hit(n) {{ parent.postMessage('{number} ' + n, '*') }}</script>");
    let pages: Vec<_> = pages.iter().enumerate().map(|(number, page)| report(number) + page).collect();
    let load = format!("({LOAD})({})", serde_json::to_string(&pages).unwrap());
    let loaded = browser.within(LIMIT, |browser| browser.evaluate(&load));
    assert_eq!(loaded["late"], serde_json::json!([]), "these pages did not load: {pages:#?}");
    let number = |text: &str| text.parse().unwrap();
    let acted = loaded["acted"].as_array().unwrap().iter().filter_map(|pair| pair.as_str()?.split_once(' '));
    acted.map(|(page, handler)| (number(page), number(handler))).collect()
}

/// What came of documents.
#[derive(Debug, Default)]
struct Compared {
    documents: usize,
    /// Those of which the mirror differs.
    mirrored: usize,
    /// Pages that were loaded, with their mirrors. Those that are the same as others, or as their mirrors, were not.
    loaded: usize,
    /// Handlers that act in originals.
    acting: usize,
    /// Handlers that act in a mirror and not in its original, with the document.
    wrong: Vec<String>,
}

impl Compared {
    fn load(&mut self, browser: &mut Browser, pairs: &[Pair]) {
        let pages: Vec<_> = pairs.iter().flat_map(|pair| pair.pages.iter().map(String::as_str)).collect();
        let acted = handlers(browser, &pages);
        self.loaded += pairs.len();
        self.acting += acted.iter().filter(|(page, _)| page % 2 == 0).count();
        let more = acted.iter().filter(|(page, handler)| page % 2 == 1 && !acted.contains(&(page - 1, *handler)));
        self.wrong.extend(more.map(|(page, handler)| {
            let document = &pairs[page / 2].document;
            format!("handler {handler}: {:?} {:?} → {:?}", document.format, document.text, mirror(document))
        }));
    }

    /// Compares documents of a format and a seed by some renderers.
    fn add(&mut self, browser: &mut Browser, format: Format, seed: u64, renderers: &[Renderer]) {
        let documents = documents::some(format, seed, BATCH).into_iter().map(|document| (mirror(&document), document));
        let documents: Vec<_> = documents.filter(|(mirror, document)| *mirror != document.text).collect();
        let pairs = renderers.iter().flat_map(|renderer| pairs(&documents, *renderer));
        let mut distinct = BTreeSet::new();
        let pairs: Vec<_> =
            pairs.filter(|pair| pair.pages[0] != pair.pages[1] && distinct.insert(pair.pages.clone())).collect();
        self.documents += BATCH;
        self.mirrored += documents.len();
        self.load(browser, &pairs);
    }
}

/// Compares so many batches from this one on, and says how far it is after each.
fn compare(batches: std::ops::Range<usize>, of_markdown: &[Renderer]) {
    let (mut all, mut browser) = (Compared::default(), start());
    for batch in batches.clone() {
        if batch > batches.start && batch % BATCHES == 0 {
            browser = start();
        }
        let known = all.wrong.len();
        all.add(&mut browser, Format::Html, batch as u64, &[Renderer::None]);
        all.add(&mut browser, Format::Markdown, batch as u64, of_markdown);
        all.wrong[known..].iter().for_each(|wrong| say(wrong));
        let Compared { documents, mirrored, loaded, acting, wrong } = &all;
        say(&format!(
            "batch {batch} of {batches:?}: {documents} documents, {mirrored} with a mirror of their own, {loaded} pairs of \
             pages loaded, {acting} handlers act in originals, {} in mirrors alone",
            wrong.len()
        ));
    }
    assert!(all.mirrored * 4 > all.documents && all.acting > 0, "{all:?}");
    assert!(all.wrong.is_empty(), "{} handlers", all.wrong.len());
}

fn start() -> Browser {
    let program = browser::installed().expect("Chromium is installed");
    let mut browser = Browser::start(program.as_os_str());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("frames.html");
    fs::write(&file, "<!DOCTYPE html><body>").unwrap();
    browser.load(&format!("file://{}", file.display()));
    browser
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
#[ignore = "needs Chromium"]
fn mirrors_run_no_more_in_chromium_than_their_originals() {
    compare(0..2, &[Renderer::CommonMark]);
}

/// `OFFPRINT_SCALE` says how many documents, half of each format, `OFFPRINT_BATCH` with which batch to begin, and
/// `OFFPRINT_MARKDOWN_IT` in which folder `npm install markdown-it` was run.
#[test]
#[ignore = "measurement: it takes Chromium, Node, markdown-it, Hugo, and half an hour"]
fn measurement_of_many_documents_by_every_renderer() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok());
    let (count, first) = (number("OFFPRINT_SCALE").unwrap_or(20_000), number("OFFPRINT_BATCH").unwrap_or(0));
    compare(first..count.div_ceil(BATCH * 2), &[Renderer::CommonMark, Renderer::MarkdownIt, Renderer::Hugo]);
}
