//! What reading and rewriting an article costs.

use std::hint::black_box;

use offprint::testing::config::Lazy;
use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::{Format, ReferenceKind};
use offprint::testing::rewrite::{Article, Target, rewrite};

use super::forms::{Form, HONEST, hostile};
use crate::sandbox::Sandbox;

/// Reads an article and writes local links into it, as a run does.
pub(super) fn process(text: &str, format: Format) {
    let options = ExtractOptions::default();
    let found = extract(text.as_bytes(), format, &options);
    let mut number = 0;
    let mut link = || {
        number += 1;
        format!("../../blobs/sha256/ab/{number:064}.jpg")
    };
    let targets = found.references.iter().map(|reference| {
        let linked = (reference.kind != ReferenceKind::Base).then(|| link().into());
        Target::new(reference, linked)
    });
    let article = Article { bytes: text.as_bytes(), format, encoding: found.encoding, options: &options };
    black_box(rewrite(&article, Lazy::Reveal, targets.collect()));
}

/// The processor time of this thread so far, in seconds: what else the machine does, does not count.
#[cfg(unix)]
fn processor() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The time since the first call, where there is no such clock.
#[cfg(not(unix))]
fn processor() -> f64 {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed().as_secs_f64()
}

/// The seconds that an article of about this length takes.
pub(super) fn seconds(form: &Form, length: usize) -> f64 {
    let text = form.article(length);
    let before = processor();
    process(&text, form.format);
    processor() - before
}

/// The mirror of many lazy images has more references than are read: that is found out at once, and not image by image.
#[cfg(target_os = "linux")]
#[test]
fn thousands_of_lazy_images_cost_no_more_than_others() {
    const LENGTH: usize = 256 << 10;
    const TIMES: f64 = 30.0;
    process(&HONEST[0].article(1000), HONEST[0].format);
    let honest = seconds(&HONEST[0], LENGTH);
    let lazy = hostile().find(|form| form.name().contains("<p><img data-src=#.jpg>")).expect("it is among the forms");
    let times = seconds(lazy, LENGTH) / honest;
    assert!(times < TIMES, "{times:.0} times");
}

/// What is quadratic takes a thousand times as long as what people write, already at this length.
#[cfg(target_os = "linux")]
#[test]
fn no_article_costs_many_times_what_honest_ones_cost() {
    const LENGTH: usize = 12 << 10;
    const TIMES: f64 = 60.0;
    // The first use of a parser sets up what all later ones share.
    for form in &HONEST {
        process(&form.article(1000), form.format);
    }
    let honest = HONEST.iter().map(|form| seconds(form, LENGTH)).fold(0.0, f64::max);
    let costs = hostile().map(|form| (seconds(form, LENGTH) / honest, form.name()));
    let too_much: Vec<_> = costs.filter(|(times, _)| *times > TIMES).collect();
    assert!(too_much.is_empty(), "{too_much:#?}");
}

/// A tag may have as many attributes as an article has room for, in a format of each tokenizer.
#[test]
fn a_tag_of_many_attributes_ends_no_process() {
    let sandbox = Sandbox::new();
    sandbox.settings("");
    let tag = |quote: char| {
        let attributes: Vec<_> = (0..40_000).map(|at| format!(" xmlns:a{at}={quote}b{quote}")).collect();
        format!("<p{}>", attributes.concat())
    };
    for (name, text) in
        [("a.html", tag('"')), ("b.md", format!("x\n\n{}", tag('"'))), ("c.xhtml", tag('"')), ("d.html", tag('\''))]
    {
        sandbox.write(&format!("posts/{name}"), text);
    }
    sandbox.run(&["run"]).expect(0);
}
