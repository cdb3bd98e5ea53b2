//! A copy of the catalog is whole or not there, and no more copies stay than the settings keep, whenever a run is killed.

use super::articles_in_copies;
use super::inject::Killed;
use crate::sandbox::Sandbox;

/// An archive with a copy that looks as if it had been made long ago, and a post that no copy knows.
fn prepared() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("[run]\nmin_free = \"0\"\ncatalog_copies = 1\n");
    sandbox.write("posts/a.md", "text\n");
    sandbox.run(&["run"]).expect(0);
    let copy = sandbox.only("store/catalog-copies", ".db");
    let (_, mark) = copy.file_name().unwrap().to_str().unwrap().split_once('-').unwrap();
    std::fs::rename(&copy, copy.with_file_name(format!("20200101T000000Z-{mark}"))).unwrap();
    sandbox.write("posts/b.md", "text\n");
    sandbox
}

fn there_is_always_a_copy(sandbox: &Sandbox, when: &str) {
    let known = articles_in_copies(sandbox);
    assert!([&[1][..], &[2], &[1, 2]].contains(&&known[..]), "{when}: {known:?}");
}

fn only_the_newest_copy_is_left(sandbox: &Sandbox, when: &str) {
    assert_eq!(articles_in_copies(sandbox), [2], "{when}");
}

fn survives(calls: &str) {
    let killed = Killed {
        arguments: &["run"],
        ends: &[0],
        prepared: &prepared,
        always: &there_is_always_a_copy,
        finished: &only_the_newest_copy_is_left,
    };
    killed.at(calls);
}

#[test]
#[ignore = "needs strace"]
fn a_copy_is_killed_while_it_names_or_removes_a_file() {
    survives("rename,renameat,renameat2,unlink,unlinkat");
}

#[test]
#[ignore = "needs strace"]
fn a_copy_is_killed_while_it_writes_and_saves() {
    survives("pwrite64,fsync,fdatasync,syncfs");
}
