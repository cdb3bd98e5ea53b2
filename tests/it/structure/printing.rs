//! One file prints, so that whatever strangers wrote goes through the escapes of `cli/terminal.rs`.

use std::path::Path;

use super::folder;
use super::tokens::{Token, tokens, without_tests};
use crate::corpus::files;

/// The file that prints, and the one that draws progress bars, which show counts.
const PRINTS: [&str; 2] = ["cli/output.rs", "cli/progress.rs"];

/// Those that speak a protocol over the pipes of a process: no terminal is at their end.
const PIPES: [&str; 2] = ["render/cage/process.rs", "render/cage/worker.rs"];

/// What writes to standard output or standard error.
fn prints(tokens: &[Token]) -> Vec<usize> {
    const MACROS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
    const STREAMS: [&str; 4] = ["stdout", "stderr", "Stdout", "Stderr"];
    let pairs = tokens.windows(2).filter(|pair| {
        MACROS.contains(&pair[0].text.as_str()) && pair[1].is("!")
            || STREAMS.contains(&pair[0].text.as_str()) && (pair[1].is("(") || pair[1].is("::"))
    });
    pairs.map(|pair| pair[0].line).collect()
}

#[test]
fn only_one_file_prints() {
    let root = folder();
    let name = |file: &Path| file.strip_prefix(&root).expect("it lies below").to_string_lossy().into_owned();
    let others = files(&root).into_iter().filter(|file| !PRINTS.iter().chain(&PIPES).any(|it| name(file) == *it));
    let rust = others.filter(|file| file.extension().is_some_and(|ending| ending == "rs"));
    let found: Vec<_> = rust
        .flat_map(|file| {
            let text = std::fs::read_to_string(&file).expect("a source file can be read");
            let lines = prints(&without_tests(&tokens(&text)));
            let name = name(&file);
            lines.into_iter().map(move |line| format!("{name}:{line} prints"))
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn prints_are_seen_in_every_form() {
    let of = |text: &str| prints(&tokens(text)).len();
    assert_eq!(of("fn f() { println!(\"a\"); eprint!(\"b\") }"), 2);
    assert_eq!(of("fn f() { std::io::stdout().lock(); io::stderr(); Stdout::f() }"), 3);
    assert_eq!(of("fn f() { writeln!(out, \"println!\"); let stdout = out.stdout; } // print!()"), 0);
}
