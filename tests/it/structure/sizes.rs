//! Functions and files stay short, and there is as much test as there is need for.

use std::path::Path;

use super::folder;
use super::tokens::{Token, tokens, without_tests};
use crate::corpus::files;

/// Longest function, in lines from `fn` to its closing brace.
const LONGEST_FUNCTION: usize = 45;
/// Longest file without its tests, in lines of code.
const LONGEST_FILE: usize = 450;

/// Lines of test for a hundred lines of code, at least.
const LEAST_TEST: usize = 63;

/// What is known of the production part of one file.
struct Measured {
    file: String,
    lines: usize,
    test_lines: usize,
    functions: Vec<(String, usize)>,
}

fn measure(path: &Path, root: &Path) -> Measured {
    let text = std::fs::read_to_string(path).expect("a source file can be read");
    let all = tokens(&text);
    let production = without_tests(&all);
    let lines = text.lines().count();
    let production_lines = production.last().map_or(0, |last| last.line);
    Measured {
        file: path.strip_prefix(root).expect("it lies below").display().to_string(),
        lines: production_lines,
        test_lines: lines - production_lines,
        functions: functions(&production),
    }
}

/// The functions among tokens, and how many lines each has.
fn functions(tokens: &[Token]) -> Vec<(String, usize)> {
    let starts = tokens.windows(2).enumerate().filter(|(_, pair)| pair[0].is("fn") && pair[1].is_name());
    starts.filter_map(|(at, pair)| Some((pair[1].text.clone(), end_of(&tokens[at..])? - pair[0].line + 1))).collect()
}

/// The line of the brace that closes a function; none of a function without a body.
fn end_of(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_usize;
    for token in tokens {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            "}" if depth == 1 => return Some(token.line),
            ")" | "]" | "}" => depth -= 1,
            ";" if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn measured(folder: &Path) -> Vec<Measured> {
    let is_rust = |file: &std::path::PathBuf| file.extension().is_some_and(|ending| ending == "rs");
    files(folder).iter().filter(|file| is_rust(file)).map(|file| measure(file, folder)).collect()
}

/// The value below which a share of all lies.
fn quantile(mut values: Vec<usize>, share: usize) -> usize {
    values.sort_unstable();
    values[(values.len() - 1) * share / 100]
}

#[test]
fn functions_are_short() {
    let measured = measured(&folder());
    let all = || measured.iter().flat_map(|file| file.functions.iter().map(move |(name, lines)| (file, name, *lines)));
    let long: Vec<_> = all().filter(|(_, _, lines)| *lines > LONGEST_FUNCTION).collect();
    let long: Vec<_> = long.iter().map(|(file, name, lines)| format!("{}: {name} has {lines}", file.file)).collect();
    let lines: Vec<_> = all().map(|(_, _, lines)| lines).collect();
    let (median, most) = (quantile(lines.clone(), 50), quantile(lines, 90));
    assert!(long.is_empty() && median <= 7 && most <= 20, "median {median}, 90 % at most {most}; {long:#?}");
}

#[test]
fn files_are_short() {
    let measured = measured(&folder());
    let long: Vec<_> = measured.iter().filter(|file| file.lines > LONGEST_FILE).collect();
    let long: Vec<_> = long.iter().map(|file| format!("{} has {}", file.file, file.lines)).collect();
    let most = quantile(measured.iter().map(|file| file.lines).collect(), 90);
    assert!(long.is_empty() && most <= 260, "90 % at most {most}; {long:#?}");
}

#[test]
fn there_is_enough_test_for_the_code() {
    let source = measured(&folder());
    let tests = measured(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"));
    let code: usize = source.iter().map(|file| file.lines).sum();
    let inside: usize = source.iter().map(|file| file.test_lines).sum();
    let outside: usize = tests.iter().map(|file| file.lines + file.test_lines).sum();
    assert!((inside + outside) * 100 >= code * LEAST_TEST, "{inside} + {outside} lines of test for {code} of code");
}
