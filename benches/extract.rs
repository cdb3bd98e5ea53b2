//! Extraction against a bare pass of its tokenizer over the same pages, in turns, on one core.
//!
//! `cargo bench --bench extract`, with `OFFPRINT_CORPUS` naming the corpus. Prints the throughput of both; the share is
//! what can be compared between machines, and half is what is aimed at.

#![expect(clippy::print_stdout, reason = "it is what a benchmark is for")]

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};
use offprint::testing::extract::{ExtractOptions, extract};
use offprint::testing::model::Format;
use walkdir::WalkDir;

const ROUNDS: usize = 9;
const AIM: f64 = 0.5;

fn main() {
    let pages = pages();
    if pages.is_empty() {
        println!("not run: it needs OFFPRINT_CORPUS");
        return;
    }
    let options = ExtractOptions::default();
    let (mut bare, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(time(|| pages.iter().map(|page| tokens(page)).sum()));
        whole.push(time(|| {
            pages.iter().map(|page| extract(page.as_bytes(), Format::Html, &options).references.len()).sum()
        }));
    }
    let bytes: usize = pages.iter().map(String::len).sum();
    #[expect(clippy::cast_precision_loss, reason = "a corpus is far smaller than 2^52 bytes")]
    let speed = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        bytes as f64 / 1e6 / times[ROUNDS / 2].as_secs_f64()
    };
    let (bare, whole) = (speed(&mut bare), speed(&mut whole));
    println!("{} pages, {bytes} bytes, the median of {ROUNDS} rounds", pages.len());
    println!("tokenizer alone {bare:.0} MB/s, extraction {whole:.0} MB/s: {:.2} of it (aim {AIM})", whole / bare);
}

/// The pages of the corpus that are UTF-8, which is what the tokenizer takes.
fn pages() -> Vec<String> {
    let Some(root) = std::env::var_os("OFFPRINT_CORPUS") else { return Vec::new() };
    let files = WalkDir::new(Path::new(&root).join("html")).sort_by_file_name().into_iter().flatten();
    let files = files.map(walkdir::DirEntry::into_path).filter(|file: &PathBuf| file.is_file());
    files.filter_map(|file| std::fs::read_to_string(file).ok()).collect()
}

/// A pass that takes note of every span and does nothing with it.
fn tokens(page: &str) -> usize {
    let mut end = 0;
    let mut emitter = CallbackEmitter::new(|_: CallbackEvent<'_>, span: Span<usize>| -> Option<Infallible> {
        end = span.end;
        None
    });
    emitter.naively_switch_states(true);
    let Ok(()) = Tokenizer::new_with_emitter(page, emitter).finish();
    end
}

fn time(pass: impl FnOnce() -> usize) -> Duration {
    let start = Instant::now();
    std::hint::black_box(pass());
    start.elapsed()
}
