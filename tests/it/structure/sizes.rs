//! Functions and files stay short, and there is as much test as there is need for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::folder;
use super::tokens::{Token, tokens, without_tests};
use crate::corpus::files;

/// Longest function, in lines from `fn` to its closing brace.
const LONGEST_FUNCTION: usize = 45;
/// Longest file without its tests, in lines of code.
const LONGEST_FILE: usize = 450;

/// Lines of test for a hundred lines of code, at least.
const LEAST_TEST: usize = 80;

/// What is known of the production part of one file.
struct Measured {
    file: String,
    lines: usize,
    test_lines: usize,
    functions: Vec<(String, usize)>,
}

fn measure(path: &Path, root: &Path, is_test: bool) -> Measured {
    let text = std::fs::read_to_string(path).expect("a source file can be read");
    let all = tokens(&text);
    let production = if is_test { Vec::new() } else { without_tests(&all) };
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
    let is_rust = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "rs");
    let files: Vec<_> = files(folder).into_iter().filter(is_rust).collect();
    let tests: BTreeSet<_> = files.iter().flat_map(|file| test_files(file)).collect();
    files.iter().map(|file| measure(file, folder, tests.contains(file))).collect()
}

/// The files that a file declares as modules of its tests alone: `#[cfg(test)] mod tests;`.
fn test_files(file: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(file).expect("a source file can be read");
    let tokens = tokens(&text);
    let declared = tokens.windows(7).filter(|seven| {
        let words = ["(", "test", ")", "]", "mod"];
        words.iter().zip(*seven).all(|(word, token)| token.is(word)) && seven[6].is(";")
    });
    let is_folder = matches!(file.file_name().and_then(|name| name.to_str()), Some("mod.rs" | "lib.rs"));
    let folder = if is_folder { file.with_file_name("") } else { file.with_extension("") };
    declared.map(|seven| folder.join(&seven[5].text).with_extension("rs")).collect()
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

/// Tests are read as code is.
#[test]
fn no_function_of_the_tests_is_longer_either() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let rust = |folder: &Path| files(folder).into_iter().filter(|file| file.extension().is_some_and(|it| it == "rs"));
    let mut long = Vec::new();
    for file in rust(&folder()).chain(rust(&tests)) {
        let text = std::fs::read_to_string(&file).expect("a source file can be read");
        let found = functions(&tokens(&text)).into_iter().filter(|(_, lines)| *lines > LONGEST_FUNCTION);
        long.extend(found.map(|(name, lines)| format!("{}: {name} has {lines}", file.display())));
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn files_of_tests_are_found_by_their_declarations() {
    let found = test_files(&folder().join("extract/html/mod.rs"));
    assert!(found.contains(&folder().join("extract/html/tests.rs")), "{found:?}");
    assert!(found.iter().all(|file| file.is_file()), "{found:?}");
    assert!(test_files(&folder().join("lib.rs")).contains(&folder().join("fixtures.rs")));
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
