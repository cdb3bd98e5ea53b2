//! An index that came with an archive from somebody else.

use std::path::Path;

use rusqlite::Connection;

use super::{found, three_posts};
use crate::sandbox::Sandbox;

fn indexed() -> Sandbox {
    let sandbox = three_posts();
    sandbox.run(&["run"]).expect(3);
    sandbox
}

fn changed(index: &Path, sql: &str) {
    let index = Connection::open(index).unwrap();
    index.execute_batch("PRAGMA writable_schema = ON").unwrap();
    index.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[test]
fn an_index_with_other_parts_is_not_read_and_is_made_anew() {
    for sql in [
        "CREATE TRIGGER t AFTER DELETE ON finished BEGIN DELETE FROM indexed; END",
        "CREATE VIEW v AS SELECT * FROM indexed",
        "CREATE TABLE more (x)",
        "CREATE INDEX i ON indexed (source)",
        "DROP INDEX indexed_date",
        "DROP TABLE finished; CREATE VIEW finished AS SELECT zeroblob(32) AS mark",
        "DROP TABLE entry; CREATE TABLE entry (title, text, alt)",
        "DROP TABLE entry; CREATE VIRTUAL TABLE entry USING fts5(title, text, alt, tokenize='trigram')",
        "DROP TABLE indexed; CREATE TABLE indexed (article_id INTEGER PRIMARY KEY, original, cutter, date, source)",
        "CREATE TABLE \"a\u{1b}[31m\" (x)",
        "DROP TABLE indexed",
    ] {
        let sandbox = indexed();
        changed(&sandbox.path("store/search.db"), sql);
        let refused = sandbox.run(&["search", "market"]).expect(1).stderr;
        assert!(refused.contains("is not as offprint makes it") && !refused.contains('\u{1b}'), "{sql}: {refused}");
        let made = sandbox.run(&["run"]).expect(0).stderr;
        assert!(made.contains("is made anew") && made.lines().count() == 1, "{sql}: {made}");
        assert_eq!(found(&sandbox, &["market"]).len(), 2, "{sql}");
    }
}

#[test]
fn rows_that_no_run_writes_harm_nothing() {
    for sql in [
        "UPDATE indexed SET original = x'00'",
        "UPDATE indexed SET source = '../../etc'",
        "UPDATE indexed SET date = 9223372036854775807",
        "UPDATE indexed SET cutter = -1",
        "INSERT INTO indexed VALUES (-5, zeroblob(32), 1, 0, 'posts')",
        "INSERT INTO indexed VALUES (9223372036854775807, zeroblob(32), 1, 0, 'posts')",
        "INSERT INTO finished VALUES (zeroblob(99000000))",
        "DELETE FROM entry_data WHERE id > 1",
        "UPDATE entry_data SET block = randomblob(length(block))",
        "UPDATE entry_data SET block = zeroblob(90000000) WHERE id = 10",
        "UPDATE entry_config SET v = 99",
        "INSERT INTO entry_config VALUES ('rank', 'no_function()')",
        "DELETE FROM entry_docsize",
    ] {
        let sandbox = indexed();
        changed(&sandbox.path("store/search.db"), &format!("{sql}; DELETE FROM finished WHERE length(mark) = 32;"));
        for sort in ["newest", "best"] {
            let ran = sandbox.run(&["search", "market", "--sort", sort]);
            assert!(ran.status == 0 || ran.status == 1, "{sql}: {ran:?}");
        }
        sandbox.run(&["run"]).expect(0);
        sandbox.run(&["forget", "posts/harbour.md"]).expect(0);
        sandbox.run(&["run"]).expect(0);
        let found = sandbox.run(&["search", "rain"]);
        assert!(!found.stdout.contains("harbour.md"), "{sql}: {}", found.stdout);
    }
}

#[cfg(unix)]
#[test]
fn no_link_in_its_place_is_followed() {
    use std::os::unix::fs::symlink;

    for name in ["search.db", "search.db-wal", "search.db-shm", "search.db-journal"] {
        for is_hard in [false, true] {
            let sandbox = indexed();
            sandbox.write("outside", "somebody else's");
            let place = sandbox.path("store").join(name);
            let _ = std::fs::remove_file(&place);
            let outside = sandbox.path("outside");
            if is_hard { std::fs::hard_link(outside, &place) } else { symlink(outside, &place) }.unwrap();
            let refused = sandbox.run(&["search", "market"]).expect(1).stderr;
            assert!(refused.contains("cannot be used") || refused.contains("no search index"), "{name}: {refused}");
            sandbox.run(&["run"]).expect(0);
            assert_eq!(sandbox.text("outside"), "somebody else's", "{name}");
            assert_eq!(found(&sandbox, &["market"]).len(), 2, "{name}");
        }
    }
}

#[test]
fn a_folder_in_its_place_costs_the_search_alone() {
    let sandbox = indexed();
    std::fs::remove_file(sandbox.path("store/search.db")).unwrap();
    std::fs::create_dir(sandbox.path("store/search.db")).unwrap();
    let refused = sandbox.run(&["search", "market"]).expect(1).stderr;
    assert!(refused.contains("not a regular file"), "{refused}");
    let report = sandbox.json(&["run"]);
    assert_eq!(report["problems"][0]["reason"], "search_index", "{report}");
    let named = sandbox.run(&["verify", "--untrusted"]).expect(4).stdout;
    assert!(named.contains("search.db"), "{named}");
}

#[test]
fn an_index_and_what_belongs_to_it_may_lie_in_an_archive() {
    let sandbox = indexed();
    sandbox.run(&["verify", "--untrusted"]).expect(0);
    sandbox.run(&["verify"]).expect(0);
    sandbox.run(&["gc"]).expect(0);
    assert_eq!(found(&sandbox, &["market"]).len(), 2);
}

/// What is no file in the place of the index keeps nobody from taking an article down, and no run from its work.
#[test]
fn a_folder_in_the_place_of_the_index_stops_neither_a_takedown_nor_a_run() {
    for name in ["search.db", "search.db-wal"] {
        let sandbox = indexed();
        let place = sandbox.path(&format!("store/{name}"));
        let _ = std::fs::remove_file(&place);
        std::fs::create_dir(&place).unwrap();
        let taken = sandbox.run(&["forget", "posts/harbour.md", "--reason", "asked for"]);
        assert!([0, 3].contains(&taken.status), "{name}: {taken:?}");
        let ran = sandbox.run(&["run"]);
        assert!([0, 3].contains(&ran.status) && ran.stderr.contains("search index"), "{name}: {ran:?}");
        assert!(place.is_dir(), "it is not ours");
        assert!(sandbox.run(&["verify"]).expect(4).stdout.contains("moves it away"), "{name}");
        sandbox.run(&["verify", "--repair"]);
        assert!(!place.is_dir(), "{name}");
        sandbox.run(&["run"]);
        assert_eq!(found(&sandbox, &["market"]).len(), 1, "{name}");
    }
}
