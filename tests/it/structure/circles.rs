//! No file uses another that uses it, directly or through others.

use std::collections::{BTreeMap, BTreeSet};

use super::folder;
use super::modules::{Source, circles};

/// Each group of files that use each other, and the uses within it.
fn found(source: &Source) -> Vec<(BTreeSet<String>, Vec<String>)> {
    let uses = source.uses();
    let within = |circle: BTreeSet<usize>| {
        let inside = uses.iter().filter(|found| circle.contains(&found.from) && circle.contains(&found.to));
        let pairs: BTreeMap<_, _> = inside.map(|found| ((found.from, found.to), found)).collect();
        let lines = pairs.into_values().map(|found| {
            format!("{}:{} uses {} by {}", source.name(found.from), found.line, source.name(found.to), found.path)
        });
        (circle.iter().map(|file| source.name(*file)).collect(), lines.collect())
    };
    circles(&uses).into_iter().map(within).collect()
}

#[test]
fn no_file_uses_itself_through_others() {
    let source = Source::read(&folder());
    let found = found(&source);
    assert!(found.is_empty(), "{found:#?}");
}

/// Writes a small crate.
fn example(files: &[(&str, &str)]) -> (tempfile::TempDir, Source) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("it has a folder")).expect("a folder can be made");
        std::fs::write(file, text).expect("a file can be written");
    }
    let source = Source::read(folder.path());
    (folder, source)
}

fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let (_folder, source) = example(files);
    found(&source).into_iter().map(|(circle, _)| circle.into_iter().collect::<Vec<_>>().join(" ")).collect()
}

const ROOT: (&str, &str) = ("lib.rs", "mod a; mod b; mod c;");

#[test]
fn a_circle_over_several_files_is_found() {
    let chain = [("a.rs", "use crate::b::B;"), ("b.rs", "pub struct B(super::c::C);")];
    assert_eq!(circles_of(&[ROOT, chain[0], chain[1], ("c.rs", "pub struct C;")]), Vec::<String>::new());
    let back = ("c.rs", "pub struct C; fn f() { crate::a::g() }");
    assert_eq!(circles_of(&[ROOT, chain[0], chain[1], back]), ["a.rs b.rs c.rs"]);
}

#[test]
fn a_re_export_leads_to_the_file_that_defines() {
    let root = ("lib.rs", "mod a;");
    let user = ("a/x.rs", "use super::Y; pub struct X;");
    let defines = ("a/y.rs", "pub struct Y;");
    assert_eq!(
        circles_of(&[root, ("a/mod.rs", "mod x; mod y; pub use x::X; pub use y::Y;"), user, defines]),
        Vec::<String>::new()
    );
    // The folder's own code needs what its parts define, and a part needs what the folder's own code defines.
    let folder = ("a/mod.rs", "mod x; mod y; pub use x::X; pub use y::Y; pub struct Z(X);");
    assert_eq!(circles_of(&[root, folder, ("a/x.rs", "use super::Z; pub struct X;"), defines]), ["a/mod.rs a/x.rs"]);
}

#[test]
fn paths_in_macros_and_deep_paths_count() {
    let macros = ("a/mod.rs", "mod x; macro_rules! q { () => { $crate::b::f() } } pub fn g() {}");
    let deep = ("a/x.rs", "fn f() { super::super::c::h() }");
    let calls = ("b.rs", "pub fn f() { q!() }");
    assert_eq!(circles_of(&[ROOT, macros, deep, calls, ("c.rs", "pub fn h() {}")]), ["a/mod.rs b.rs"]);
    let back = ("c.rs", "pub fn h() { crate::a::x::f() }");
    assert_eq!(circles_of(&[ROOT, macros, deep, calls, back]), ["a/mod.rs b.rs", "a/x.rs c.rs"]);
}

#[test]
fn globs_modules_and_tests_are_no_shortcut() {
    let a = ("a.rs", "use crate::b; fn f() { b::f() } pub fn g() {}");
    assert_eq!(circles_of(&[ROOT, a, ("b.rs", "use super::a::*; pub fn f() {}"), ("c.rs", "")]), ["a.rs b.rs"]);
    let only_tests = ("b.rs", "pub fn f() {} #[cfg(test)] mod tests { use crate::a::g; }");
    assert_eq!(circles_of(&[ROOT, a, only_tests, ("c.rs", "")]), Vec::<String>::new());
}
