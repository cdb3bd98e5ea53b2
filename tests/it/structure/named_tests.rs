//! Tests that the documents name exist.

use std::path::Path;

/// The names in the last column of the tables of a document.
fn named(document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document)).expect("it can be read");
    let last = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.trim_end_matches(" |").rsplit(" | ").next().map(str::to_owned));
    let names = last.flat_map(|column| column.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
    names.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == ':' || c == '_')).collect()
}

/// Whether a module of the tests, or one of the source with unit tests, has this name.
fn exists(name: &str) -> bool {
    let path = name.replace("::", "/");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["tests/it", "src"].iter().any(|folder| {
        let module = root.join(folder).join(&path);
        module.join("mod.rs").is_file() || module.with_extension("rs").is_file()
    })
}

#[test]
fn every_promise_of_the_threat_model_names_tests_that_exist() {
    let names = named("SECURITY.md");
    let missing: Vec<_> = names.iter().filter(|name| !exists(name)).collect();
    assert!(names.len() > 15 && missing.is_empty(), "{missing:#?} of {names:#?}");
}
