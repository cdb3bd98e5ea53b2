//! Lower layers never import higher ones, and what stands side by side does not know each other.

use super::folder;
use super::modules::Source;

/// The table of the design, from the ground up: a module may use those in the rows above its own.
///
/// Where the design names several on one layer that build on each other, each has a row: settings are spelt in the words
/// of the model, notifications report what whole jobs found, and so know
/// their reports, a catalog is rebuilt by recording articles as a run does, and the command line starts the
/// demo, which shows its archive by the web server.
const LAYERS: [&[&str]; 10] = [
    &["model", "trace", "locks", "clock"],
    &["config", "staging", "regular_file"],
    &["extract"],
    &["rewrite", "fetch", "media", "archive"],
    &["ingest", "render", "source"],
    &["mirror", "verify", "gc", "forget", "check", "restore", "search", "status", "history"],
    &["notify", "rebuild"],
    &["web"],
    &["demo"],
    &["cli"],
];

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The top-level module of a file; none for the roots, which are above all layers.
fn module_of(file: &str) -> Option<&str> {
    let first = file.split('/').next().unwrap_or(file);
    Some(first.trim_end_matches(".rs")).filter(|module| !matches!(*module, "lib" | "main" | "testing"))
}

fn may_use(module: &str, used: &str) -> bool {
    module == used || layer_of(used) < layer_of(module)
}

#[test]
fn no_module_uses_what_is_above_or_beside_it() {
    let source = Source::read(&folder());
    let mut wrong = Vec::new();
    for found in source.uses() {
        let (from, to) = (source.name(found.from), source.name(found.to));
        let (Some(module), Some(used)) = (module_of(&from), module_of(&to)) else { continue };
        if !may_use(module, used) {
            wrong.push(format!("{from}:{} uses {to} by {}", found.line, found.path));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_has_its_layer() {
    let source = Source::read(&folder());
    for file in 0..source.files.len() {
        let name = source.name(file);
        let module = module_of(&name);
        assert!(module.is_none_or(|module| layer_of(module).is_some()), "{name} stands in no layer");
    }
}

#[test]
fn every_name_of_the_table_is_a_module() {
    let source = Source::read(&folder());
    let names: Vec<_> = (0..source.files.len()).map(|file| source.name(file)).collect();
    let modules: Vec<_> = names.iter().filter_map(|name| module_of(name)).collect();
    for name in LAYERS.iter().flat_map(|layer| layer.iter()) {
        assert!(modules.contains(name), "{name} is no module");
    }
}

#[test]
fn the_table_means_what_it_says() {
    assert!(may_use("mirror", "fetch") && may_use("rewrite", "extract") && may_use("config", "model"));
    assert!(!may_use("fetch", "mirror") && !may_use("fetch", "archive") && !may_use("model", "config"));
    assert!(!may_use("verify", "mirror") && !may_use("web", "demo"));
}
