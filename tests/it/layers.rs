//! Lower layers never import higher ones, and leaves do not know each other.

use std::path::Path;

use crate::corpus::files;

/// Layer by layer from the ground: what a module may use is below it. Modules of the leaf layer see only the ground.
const LAYERS: [&[&str]; 5] = [
    &["model", "config", "staging"],
    &["archive", "extract", "fetch", "media", "rewrite"],
    &["ingest", "render", "source"],
    &["check", "gc", "history", "mirror", "notify", "restore", "status", "verify"],
    &["cli", "demo", "web"],
];
const LEAVES: usize = 1;

/// Uses within one layer that the design names, from left to right.
const WITHIN: [(&str, &str); 12] = [
    ("config", "model"),
    ("staging", "model"),
    ("rewrite", "extract"),
    ("check", "mirror"),
    ("restore", "mirror"),
    ("verify", "mirror"),
    ("gc", "verify"),
    ("notify", "mirror"),
    ("notify", "status"),
    ("demo", "web"),
    ("cli", "demo"),
    ("cli", "web"),
];

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn module_of(file: &Path) -> Option<String> {
    let inside = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).ok()?;
    let first = inside.components().next()?.as_os_str().to_str()?;
    Some(first.trim_end_matches(".rs").to_owned()).filter(|module| module != "lib" && module != "main")
}

/// The modules that a source text names as `crate::module`, outside its comments.
fn uses(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let names = code.split("crate::").skip(1).flat_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        match rest.strip_prefix('{') {
            Some(group) => {
                let group = group.split("};").next().unwrap_or(group);
                group.split(',').map(|item| item.trim().split("::").next().unwrap_or("").to_owned()).collect()
            }
            None => vec![rest[..end].to_owned()],
        }
    });
    names.filter(|name| layer_of(name).is_some()).collect()
}

fn may_use(module: &str, used: &str) -> bool {
    let (Some(above), Some(below)) = (layer_of(module), layer_of(used)) else { return false };
    module == used || below < above || WITHIN.contains(&(module, used))
}

#[test]
fn no_module_uses_what_is_above_or_beside_it() {
    let mut wrong = Vec::new();
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let Some(module) = module_of(&file).filter(|_| file.extension().is_some_and(|ending| ending == "rs")) else {
            continue;
        };
        assert!(layer_of(&module).is_some(), "{module} stands in no layer");
        let text = std::fs::read_to_string(&file).unwrap();
        let uses = uses(&text).into_iter().filter(|used| !may_use(&module, used));
        wrong.extend(uses.map(|used| format!("{} uses {used}", file.display())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_rules_themselves_hold() {
    assert!(may_use("mirror", "fetch"));
    assert!(!may_use("fetch", "mirror"));
    assert!(!may_use("fetch", "archive"));
    assert!(LAYERS[LEAVES].contains(&"fetch"));
    assert_eq!(
        uses("use crate::archive::Catalog;\n// use crate::cli;\nlet x = crate::model::Digest;"),
        ["archive", "model"]
    );
    assert_eq!(uses("use crate::{fetch::Fetcher, media};"), ["fetch", "media"]);
}
