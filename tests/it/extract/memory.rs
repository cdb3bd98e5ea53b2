//! Reading an article takes no more memory than what is admitted for it, whatever is in it.

use offprint::testing::extract::{ExtractOptions, extract, memory_estimate};
use offprint::testing::model::Format;

use crate::corpus::say;

const MIB: usize = 1 << 20;

/// Articles of a megabyte that take as much memory as is known to be possible.
fn hostile(kind: &str) -> (Format, String) {
    let fill = |part: &str| part.repeat(MIB / part.len());
    let fenced = |fence: &str, text: &str| format!("{fence}\n{text}\n{fence}\n");
    match kind {
        "brackets" => (Format::Markdown, fill("[")),
        "images" => (Format::Markdown, fill("![](a.jpg)")),
        "stars" => (Format::Markdown, fill("*a *a ")),
        "quotes" => (Format::Markdown, fill("> ")),
        "code" => (Format::Markdown, fill("`a")),
        "lines" => (Format::Markdown, fill("a\n\n")),
        "items" => (Format::Markdown, fill("- a\n")),
        "numbers" => (Format::Markdown, fill("1. ")),
        "cells" => (Format::Markdown, format!("|a|\n|-|\n{}", fill("|a|\n"))),
        "links" => (Format::Markdown, fill("[a]: b\n")),
        "entities" => (Format::Markdown, fill("&amp;")),
        "escapes" => (Format::Markdown, fill("\\\\")),
        "styles" => (Format::Html, fill("<style>")),
        "tags" => (Format::Html, fill("<a <a ")),
        "elements" => (Format::Html, fill("<b>")),
        "attributes" => (Format::Html, format!("<a {}>", fill("a=b "))),
        "pictures" => (Format::Html, fill("<img src=a>")),
        "candidates" => (Format::Html, format!("<img srcset='{}'>", fill("a 1x,"))),
        "lists" => (Format::Markdown, fenced("---", &format!("a: {}", fill("- ")))),
        "flow" => (Format::Markdown, fenced("---", &format!("a: {}", fill("[")))),
        "keys" => (
            Format::Markdown,
            fenced("---", &(0..MIB / 10).map(|n| format!("k{n}: 1\n")).fold(String::new(), |a, b| a + &b)),
        ),
        "tables" => (
            Format::Markdown,
            fenced("+++", &(0..MIB / 10).map(|n| format!("k{n} = 1\n")).fold(String::new(), |a, b| a + &b)),
        ),
        "urls" => (Format::Css, fill("a{b:url(a)}")),
        _ => (Format::Css, fill("@import'a';")),
    }
}

const KINDS: [&str; 24] = [
    "brackets",
    "images",
    "stars",
    "quotes",
    "code",
    "lines",
    "items",
    "numbers",
    "cells",
    "links",
    "entities",
    "escapes",
    "styles",
    "tags",
    "elements",
    "attributes",
    "pictures",
    "candidates",
    "lists",
    "flow",
    "keys",
    "tables",
    "urls",
    "imports",
];

#[test]
fn no_article_takes_more_memory_than_is_estimated() {
    let itself = std::env::current_exe().expect("a process has a file");
    let mut too_much = Vec::new();
    for kind in KINDS {
        let (format, text) = hostile(kind);
        let estimate = memory_estimate(text.as_bytes(), format) >> 10;
        let name = "extract::memory::one_article_in_its_own_process";
        let mut child = std::process::Command::new(&itself);
        child.args(["--exact", name, "--ignored", "--nocapture"]).env("OFFPRINT_TEST_KIND", kind);
        let said = String::from_utf8_lossy(&child.output().expect("a test can run another").stderr).into_owned();
        let taken = said.lines().find_map(|line| line.strip_prefix("took KiB: ")?.parse::<u64>().ok());
        let taken = taken.unwrap_or_else(|| panic!("{kind}: {said}"));
        say(&format!(
            "{kind}: {} KiB a KiB, estimated {}",
            taken * 1024 / text.len() as u64,
            estimate * 1024 / text.len() as u64
        ));
        if taken > estimate {
            too_much.push(format!("{kind}: {taken} KiB, estimated {estimate}"));
        }
    }
    assert!(too_much.is_empty(), "{too_much:#?}");
}

#[test]
#[ignore = "in its own process: the test above runs it"]
fn one_article_in_its_own_process() {
    let (format, text) = hostile(&std::env::var("OFFPRINT_TEST_KIND").unwrap_or_default());
    let before = memory("VmRSS");
    let found = extract(text.as_bytes(), format, &ExtractOptions::default());
    let after = memory("VmHWM");
    say(&format!("took KiB: {}", after.saturating_sub(before)));
    drop(found);
}

/// A figure of this process, in KiB (`proc(5)`).
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says how much memory a process has");
    let line = status.lines().find(|line| line.starts_with(name)).expect("the figure is there");
    line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("it is a number")
}
