//! No file uses another that uses it, directly or through others; nor does a folder.

use std::collections::{BTreeMap, BTreeSet};

use super::folder;
use super::modules::{Source, Use, circles};

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

/// What uses what among the files and folders that lie side by side in a folder: `(folder, used by, uses)`.
fn neighbours(from: &str, to: &str) -> Option<(String, String, String)> {
    let (mut from, mut to) = (from.split('/'), to.split('/'));
    let mut folder = Vec::new();
    loop {
        let (one, other) = (from.next()?, to.next()?);
        if one != other {
            return Some((folder.join("/"), one.to_owned(), other.to_owned()));
        }
        folder.push(one);
    }
}

/// Each group of neighbours that use each other, as `folder: one, other`.
fn found_folders(source: &Source) -> Vec<String> {
    let mut by_folder = BTreeMap::<String, BTreeSet<Use>>::new();
    let mut names = Vec::<String>::new();
    let mut number = |name: String| {
        names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        })
    };
    for found in source.uses() {
        let pair = neighbours(&source.name(found.from), &source.name(found.to));
        let Some((folder, one, other)) = pair else { continue };
        let (from, to) = (number(one), number(other));
        by_folder.entry(folder).or_default().insert(Use { from, to, line: 0, path: String::new() });
    }
    let circles =
        by_folder.iter().flat_map(|(folder, uses)| circles(uses).into_iter().map(move |found| (folder, found)));
    let list = |circle: BTreeSet<usize>| circle.into_iter().map(|at| names[at].as_str()).collect::<BTreeSet<_>>();
    circles.map(|(folder, circle)| format!("{folder}: {:?}", list(circle))).collect()
}

#[test]
fn no_folder_uses_itself_through_others() {
    let found = found_folders(&Source::read(&folder()));
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

#[test]
fn a_circle_of_folders_is_found_where_no_file_closes_one() {
    let root = ("lib.rs", "mod a; mod b;");
    let folders = [("a/mod.rs", "mod x; mod y;"), ("b/mod.rs", "pub mod z; pub mod w;")];
    let there = ("a/x.rs", "use crate::b::z::Z; pub struct X(Z);");
    let files =
        |back| [root, folders[0], folders[1], there, ("a/y.rs", "pub struct Y;"), ("b/z.rs", "pub struct Z;"), back];
    let none = files(("b/w.rs", "pub struct W;"));
    let both = files(("b/w.rs", "use crate::a::y::Y; pub struct W(Y);"));
    assert_eq!(circles_of(&both), Vec::<String>::new(), "no file does");
    assert_eq!(found_folders(&example(&none).1), Vec::<String>::new());
    assert_eq!(found_folders(&example(&both).1), [": {\"a\", \"b\"}"]);
}
