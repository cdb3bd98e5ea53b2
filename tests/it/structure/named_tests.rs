//! Tests that the documents name exist.

use std::path::Path;

fn read(document: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document)).expect("it can be read")
}

/// The names in the last column of the tables of a document.
fn named(text: &str) -> Vec<String> {
    let last = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.trim_end_matches(" |").rsplit(" | ").next().map(str::to_owned));
    let names = last.flat_map(|column| column.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
    names.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == ':' || c == '_')).collect()
}

/// Whether a module of the tests, one of the source with unit tests, or a test has this name.
fn exists(name: &str) -> bool {
    let is_test = name.rsplit_once("::").and_then(|(module, test)| Some((source_of(module)?, test)));
    source_of(name).is_some() || is_test.is_some_and(|(source, test)| source.contains(&format!("fn {test}(")))
}

/// The source of a module.
fn source_of(module: &str) -> Option<String> {
    let path = module.replace("::", "/");
    let files = ["tests/it", "src"].into_iter().flat_map(|folder| {
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(&path);
        [module.join("mod.rs"), module.with_extension("rs")]
    });
    files.filter_map(|file| std::fs::read_to_string(file).ok()).reduce(|all, more| all + &more)
}

#[test]
fn every_promise_of_the_threat_model_names_tests_that_exist() {
    let names = named(&read("SECURITY.md"));
    let missing: Vec<_> = names.iter().filter(|name| !exists(name)).collect();
    assert!(names.len() > 15 && missing.is_empty(), "{missing:#?} of {names:#?}");
}

#[test]
fn every_invariant_and_every_fault_names_tests_that_exist() {
    let text = read("tests/README.md");
    let (tables, _) = text.split_once("## Ignored tests").expect("it has that section");
    let names = named(tables);
    let missing: Vec<_> = names.iter().filter(|name| !exists(name)).collect();
    assert!(names.len() > 60 && missing.is_empty(), "{missing:#?} of {names:#?}");
}

#[test]
fn a_test_that_is_not_there_is_found_out() {
    assert!(exists("year") && exists("structure::named_tests") && exists("archive::rules::due"));
    assert!(exists("structure::named_tests::a_test_that_is_not_there_is_found_out"));
    assert!(!exists("structure::named_tests::a_test_that_nobody_wrote") && !exists("nothing"));
}
