//! Thumbnails that are gone are made again, and those that are there are not looked for every night.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use std::path::PathBuf;

use super::night::posts;
use crate::sandbox::{Ran, Sandbox};

/// In seconds.
const WEEK: i64 = 7 * 24 * 60 * 60;

/// Runs so many seconds from now.
fn run_at(sandbox: &Sandbox, seconds: i64) {
    let mut command = sandbox.command(&["run"]);
    let ran = Ran::of(&command.env("OFFPRINT_TEST_CLOCK", seconds.to_string()).output().unwrap());
    assert_eq!(ran.status, 0, "{ran:?}");
}

fn thumbnails(sandbox: &Sandbox) -> Vec<PathBuf> {
    let all = sandbox.tree("store/thumbnails").into_keys();
    all.filter(|path| path.extension().is_some()).map(|path| sandbox.path("store/thumbnails").join(path)).collect()
}

/// Puts a thumbnail on record that is not there, as no run does.
fn record_one_that_is_not_there(sandbox: &Sandbox) {
    let catalog = rusqlite::Connection::open(sandbox.path("store/catalog.db")).unwrap();
    catalog.execute("UPDATE thumbnail SET media_type = 'gif' WHERE media_type NOT NULL", []).unwrap();
}

fn are_on_record_as_they_are(sandbox: &Sandbox) -> bool {
    let catalog = rusqlite::Connection::open(sandbox.path("store/catalog.db")).unwrap();
    let gif = "SELECT count(*) FROM thumbnail WHERE media_type = 'gif'";
    catalog.query_row(gif, [], |row| row.get::<_, i64>(0)).unwrap() == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thumbnail_that_somebody_removed_is_made_again_whatever_the_night_before_saw() {
    let (origin, sandbox) = posts(3);
    run_at(&sandbox, 0);
    let all = thumbnails(&sandbox);
    assert_eq!(all.len(), 3);
    for night in 1..4 {
        run_at(&sandbox, night * 10);
        std::fs::remove_file(&all[0]).unwrap();
        run_at(&sandbox, night * 10 + 5);
        assert_eq!(thumbnails(&sandbox), all, "night {night}");
    }
    assert_eq!(origin.log().count(), 3);
}

/// Whether the night before noted what the names of thumbnails were like: not every file system says when they change.
fn is_noted(sandbox: &Sandbox) -> bool {
    let catalog = rusqlite::Connection::open(sandbox.path("store/catalog.db")).unwrap();
    catalog.query_row("SELECT count(*) FROM compared", [], |row| row.get::<_, i64>(0)).unwrap() > 0
}

/// When runs may begin, so that no week ends between two that are less than a minute apart.
fn begin() -> i64 {
    let now = jiff::Timestamp::now().as_second();
    if now / WEEK == (now + 60) / WEEK { 0 } else { 60 }
}

#[tokio::test(flavor = "multi_thread")]
async fn thumbnails_are_looked_for_where_names_changed_and_once_a_week() {
    let (_origin, sandbox) = posts(1);
    let begin = begin();
    run_at(&sandbox, begin);
    run_at(&sandbox, begin + 10);
    if !is_noted(&sandbox) {
        return;
    }
    record_one_that_is_not_there(&sandbox);
    run_at(&sandbox, begin + 20);
    assert!(!are_on_record_as_they_are(&sandbox), "nothing came or went, so nobody looks");
    run_at(&sandbox, begin + WEEK);
    assert!(are_on_record_as_they_are(&sandbox), "a week later");
    run_at(&sandbox, begin + WEEK + 10);
    record_one_that_is_not_there(&sandbox);
    let passing = thumbnails(&sandbox)[0].with_file_name("passing");
    std::fs::write(&passing, "").unwrap();
    std::fs::remove_file(&passing).unwrap();
    run_at(&sandbox, begin + WEEK + 20);
    assert!(are_on_record_as_they_are(&sandbox), "something came and went");
}

/// The static pages, with what they hold.
fn pages(sandbox: &Sandbox) -> Vec<(PathBuf, String)> {
    let html = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "html");
    let files = sandbox.tree("store/index").into_keys().filter(html);
    files.map(|path| (path.clone(), sandbox.text(&format!("store/index/{}", path.display())))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn static_pages_are_looked_at_where_something_changed_and_once_a_week() {
    let (_origin, sandbox) = posts(2);
    let begin = begin();
    run_at(&sandbox, begin);
    run_at(&sandbox, begin + 10);
    let whole = pages(&sandbox);
    let page = whole.iter().map(|(path, _)| format!("store/index/{}", path.display()));
    let page = page.into_iter().find(|path| path.contains("articles/")).unwrap();
    if !is_noted(&sandbox) {
        return;
    }
    std::fs::write(sandbox.path(&page), "edited").unwrap();
    run_at(&sandbox, begin + 20);
    assert_eq!(sandbox.text(&page), "edited", "nothing changed, so nobody looks");
    run_at(&sandbox, begin + WEEK);
    assert_eq!(pages(&sandbox), whole, "a week later");
    run_at(&sandbox, begin + WEEK + 10);
    for lost in [page.as_str(), "store/index/index.html", "store/index/style.css"] {
        std::fs::remove_file(sandbox.path(lost)).unwrap();
        run_at(&sandbox, begin + WEEK + 20);
        assert_eq!(pages(&sandbox), whole, "{lost} was lost");
        assert!(sandbox.path(lost).exists(), "{lost}");
    }
    std::fs::write(sandbox.path(&page), "edited").unwrap();
    sandbox.write("posts/more.md", "a new article\n");
    run_at(&sandbox, begin + WEEK + 30);
    assert!(pages(&sandbox).len() > whole.len());
    assert_ne!(sandbox.text(&page), "edited", "something changed, so all pages are looked at");
}
