//! What the crate offers: a change of the list is seen, and what will grow can grow without breaking its users.

use std::collections::BTreeSet;

use super::folder;
use super::tokens::{Token, tokens, without_tests};
use crate::corpus::files;
use crate::sandbox::is_blessing;

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/public.txt");

/// The names that `lib.rs` lists, by the modules that define them: `archive: Archive`, and `a as b` where it renames.
fn listed(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in text.split("\npub use ").skip(1) {
        let tree: String = part.split(';').next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let (module, names) = tree.split_once("::").unwrap_or((&tree, ""));
        let (module, names) =
            if module == "self" { names.split_once("::").unwrap_or((names, "")) } else { (module, names) };
        let names = names.replace(['{', '}'], ",");
        let mut below = String::new();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name.strip_suffix("::") {
                Some(inner) => below = format!("{inner}::"),
                None => drop(found.insert(format!("{module}: {below}{name}"))),
            }
        }
    }
    found
}

#[test]
fn the_public_list_changes_only_on_purpose() {
    let text = std::fs::read_to_string(folder().join("lib.rs")).expect("the crate's root can be read");
    let listed: String = listed(&text).into_iter().map(|name| name + "\n").collect();
    if is_blessing() {
        std::fs::write(LIST, &listed).expect("the list can be written");
    }
    let known = std::fs::read_to_string(LIST).expect("the list can be read");
    assert_eq!(listed, known, "OFFPRINT_BLESS=1 writes it");
}

#[test]
fn the_list_is_read_with_its_renames() {
    let text = "\npub use self::a::{\n    B, c as d,\n    e::{F, G},\n};\npub use x::Y;\n";
    let expected = ["a: B", "a: c as d", "a: e::F", "a: e::G", "x: Y"];
    assert_eq!(listed(text), expected.map(ToOwned::to_owned).into());
}

/// The public enums and structs among tokens, with whether they can grow.
fn types(tokens: &[Token]) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut can_grow = false;
    for three in tokens.windows(3) {
        // The macro makes enums that can grow.
        if three[0].is("non_exhaustive") || three[0].is("named") && three[1].is("!") {
            can_grow = true;
        } else if three[0].is("pub") && (three[1].is("enum") || three[1].is("struct")) {
            found.push((three[2].text.clone(), can_grow));
        } else if three[0].is("}") || three[0].is(";") {
            can_grow = false;
        }
    }
    found
}

/// What will grow: errors, settings, reports, plans and what the archive is asked for.
fn will_grow(file: &str, name: &str) -> bool {
    let is_of = |place: &str| file.starts_with(place);
    name.ends_with("Error")
        || is_of("config/") && !["HumanDuration", "Size", "Home"].contains(&name)
        || is_of("model/report/")
        || is_of("status/")
        || is_of("history")
        || is_of("archive/catalog/") && name.ends_with("Row")
        || ["Plan", "Retry", "Exchange", "Capture", "Asset", "Reference", "Failure", "Location"].contains(&name)
}

#[test]
fn what_will_grow_can_grow() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for path in files(&folder()).iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs")) {
        let file = path.strip_prefix(folder()).expect("it lies below").display().to_string();
        let text = std::fs::read_to_string(path).expect("a source file can be read");
        for (name, can_grow) in types(&without_tests(&tokens(&text))) {
            let is_one_kind = ["NotADigest", "NotASubset"].contains(&name.as_str());
            if will_grow(&file, &name) && !is_one_kind {
                count += 1;
                wrong.extend((!can_grow && !is_tuple(&text, &name)).then(|| format!("{file}: {name}")));
            }
        }
    }
    assert!(wrong.is_empty(), "without #[non_exhaustive]: {wrong:#?}");
    assert!(count > 80, "{count} types were read");
}

/// A struct with private unnamed fields, to which nothing can be added from outside.
fn is_tuple(text: &str, name: &str) -> bool {
    text.contains(&format!("struct {name}("))
}

#[test]
fn attributes_belong_to_the_next_type_alone() {
    let text = "#[non_exhaustive] pub enum A { B } pub struct C { d: u8 } #[cfg_attr(x, non_exhaustive)] pub struct E;";
    let expected = [("A", true), ("C", false), ("E", true)];
    assert_eq!(types(&tokens(text)), expected.map(|(name, grows)| (name.to_owned(), grows)));
}
