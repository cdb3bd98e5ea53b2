//! What runs and other commands write of the static pages.

use std::collections::BTreeSet;

use super::{NAMES, Written, reached, start};
use crate::sandbox::Sandbox;

/// The files of the static pages that differ from those that were there before, or are new.
fn written(before: &Tree, sandbox: &Sandbox) -> BTreeSet<String> {
    let after = sandbox.tree("store/index");
    let changed = after.into_iter().filter(|(name, file)| before.get(name) != Some(file));
    changed.map(|(name, _)| name.to_string_lossy().into_owned()).collect()
}

type Tree = std::collections::BTreeMap<std::path::PathBuf, (u64, std::time::SystemTime, u64)>;

/// Posts without images.
fn posts(count: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    for number in 0..count {
        post(&sandbox, number, "text");
    }
    sandbox.run(&["run"]).expect(0);
    sandbox
}

fn post(sandbox: &Sandbox, number: usize, text: &str) {
    let month = number % 6 + 1;
    let post = format!("---\ntitle: Post {number}\ndate: 2024-{month:02}-20 08:00:00\n---\n\n{text}\n");
    sandbox.write(&format!("posts/{number:03}.md"), post);
}

fn count(names: &BTreeSet<String>, start: &str) -> usize {
    names.iter().filter(|name| name.starts_with(start)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_with_nothing_new_writes_no_page() {
    let archive = Written::new();
    let before = archive.sandbox.tree("store/index");
    assert!(before.len() > 3 * NAMES.len());
    for _ in 0..2 {
        archive.sandbox.run(&["run"]).expect(0);
        assert_eq!(archive.sandbox.tree("store/index"), before);
    }
}

#[test]
fn a_night_with_ten_changes_writes_what_shows_them() {
    let sandbox = posts(120);
    let before = sandbox.tree("store/index");
    for number in 0..10 {
        post(&sandbox, number * 6, "another text");
    }
    sandbox.run(&["run"]).expect(0);
    let names = written(&before, &sandbox);
    assert_eq!(count(&names, "articles/"), 10, "their pages: {names:?}");
    assert_eq!(count(&names, "lists/"), 0, "the lists show nothing of a text: {names:?}");
    assert!(names.len() <= 10 + 10 + 1, "and what the pages are made from: {names:?}");
    let before = sandbox.tree("store/index");
    let titled = "---\ntitle: Another\ndate: 2024-01-20 08:00:00\n---\n\ntext\n";
    sandbox.write("posts/000.md", titled);
    sandbox.run(&["run"]).expect(0);
    let names = written(&before, &sandbox);
    assert_eq!((count(&names, "articles/"), count(&names, "lists/")), (1, 1), "a title is in the list: {names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_is_on_no_page() {
    let archive = Written::new();
    let sandbox = &archive.sandbox;
    let about = |word: &str| {
        let names = sandbox.tree("store/index").into_keys();
        names.filter(|name| sandbox.text(&format!("store/index/{}", name.display())).contains(word)).count()
    };
    archive.article("posts/secret.md", "A secret");
    sandbox.run(&["run"]).expect(0);
    assert!(about("A secret") >= 2, "its page and a list");
    sandbox.run(&["forget", "posts/secret.md"]).expect(0);
    assert_eq!(about("A secret"), 0);
    assert_eq!(about("secret.md"), 0);
    reached(sandbox);
    sandbox.run(&["forget", "outside"]).expect(0);
    assert_eq!(about("outside"), 0);
    reached(sandbox);
}

#[test]
fn an_article_that_its_source_lost_says_so() {
    let sandbox = posts(12);
    std::fs::remove_file(sandbox.path("posts/000.md")).unwrap();
    let before = sandbox.tree("store/index");
    sandbox.run(&["run"]).expect(0);
    let names = written(&before, &sandbox);
    assert_eq!((count(&names, "articles/"), count(&names, "lists/")), (1, 1), "{names:?}");
    let page = names.iter().find(|name| name.starts_with("articles/")).unwrap();
    assert!(sandbox.text(&format!("store/index/{page}")).contains("Its source no longer has it."));
}

#[test]
fn lost_and_edited_pages_come_back_and_files_of_others_stay() {
    let sandbox = posts(30);
    let whole = sandbox.digests("store/index");
    let pages: Vec<_> = whole.keys().filter(|name| name.starts_with("articles")).collect();
    std::fs::remove_file(sandbox.path("store/index").join(pages[0])).unwrap();
    sandbox.write(&format!("store/index/{}", pages[1].display()), "edited");
    sandbox.write("store/index/lists/posts.2024-01.1.html", "edited");
    sandbox.write("store/index/index.html", "edited");
    std::fs::remove_file(sandbox.path("store/index/missing/hosts.html")).unwrap();
    sandbox.write("store/index/marks/00.json", "damaged");
    sandbox.write("store/index/my notes.txt", "mine");
    sandbox.write("store/index/articles/old.html", "mine");
    sandbox.write("store/index/lists/notes.html", "mine");
    sandbox.run(&["run"]).expect(0);
    let mut restored = sandbox.digests("store/index");
    for own in ["my notes.txt", "articles/old.html", "lists/notes.html"] {
        assert!(restored.remove(std::path::Path::new(own)).is_some(), "{own} stays");
    }
    // What the pages are made from says when their files were written.
    let without_marks = |digests: &std::collections::BTreeMap<std::path::PathBuf, _>| {
        let pages = digests.iter().filter(|(name, _)| !name.starts_with("marks"));
        pages.map(|(name, digest)| (name.clone(), format!("{digest:?}"))).collect::<Vec<_>>()
    };
    assert_eq!(without_marks(&restored), without_marks(&whole));
}

#[test]
fn pages_that_a_killed_run_left_are_taken_up() {
    let sandbox = posts(30);
    let whole = sandbox.digests("store/index");
    // Killed before it noted what it wrote, and after it wrote a page that nothing is on record for.
    std::fs::remove_dir_all(sandbox.path("store/index/marks")).unwrap();
    let left = format!("store/index/articles/00/{:032x}.html", 7);
    sandbox.write(&left, "left");
    let before = sandbox.tree("store/index");
    sandbox.run(&["run"]).expect(0);
    let names = written(&before, &sandbox);
    assert_eq!(names.len(), count(&names, "marks/"), "no page is written again: {names:?}");
    assert!(!sandbox.path(&left).exists());
    let pages = |digests: std::collections::BTreeMap<std::path::PathBuf, _>| digests.into_keys().collect::<Vec<_>>();
    assert_eq!(pages(sandbox.digests("store/index")), pages(whole));
}

#[test]
fn the_settings_switch_the_pages_off_and_on_again() {
    let sandbox = posts(6);
    let pages: Vec<_> = sandbox.tree("store/index").into_keys().collect();
    sandbox.write("store/index/my notes.txt", "mine");
    sandbox.settings("[index]\nenabled = false\n");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.tree("store/index").into_keys().collect::<Vec<_>>(), [std::path::PathBuf::from("my notes.txt")]);
    sandbox.run(&["run"]).expect(0);
    sandbox.settings("");
    sandbox.run(&["run"]).expect(0);
    std::fs::remove_file(sandbox.path("store/index/my notes.txt")).unwrap();
    assert_eq!(sandbox.tree("store/index").into_keys().collect::<Vec<_>>(), pages);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_derived_for_every_other_command() {
    let archive = Written::new();
    let sandbox = &archive.sandbox;
    sandbox.write("store/index/my notes.txt", "mine");
    let before = sandbox.tree("store/index");
    sandbox.run(&["verify"]).expect(0);
    sandbox.run(&["gc"]).expect(0);
    sandbox.run(&["check"]);
    assert_eq!(sandbox.tree("store/index"), before);
    std::fs::remove_dir_all(sandbox.path("store/index")).unwrap();
    sandbox.run(&["verify"]).expect(0);
    sandbox.run(&["run"]).expect(0);
    assert!(start(sandbox).is_file());
    reached(sandbox);
}

#[test]
fn something_in_the_place_of_the_pages_is_said_and_stays() {
    let sandbox = posts(2);
    std::fs::remove_dir_all(sandbox.path("store/index/missing")).unwrap();
    sandbox.write("store/index/missing", "mine");
    let ran = sandbox.run(&["run"]).expect(0);
    assert!(ran.stderr.contains("static pages not written"), "{ran:?}");
    assert_eq!(sandbox.text("store/index/missing"), "mine");
}
