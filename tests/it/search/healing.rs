//! Runs keep the index: whatever became of it, and wherever the run before was cut off.

use std::collections::BTreeSet;

use offprint::testing::archive::{self, ArticleId, IndexEntry, IndexedRow, Mode};
use offprint::testing::model::Digest;

use super::{found, post, three_posts};
use crate::sandbox::Sandbox;

#[test]
fn a_run_indexes_what_is_new_and_what_changed() {
    let sandbox = three_posts();
    sandbox.run(&["run"]).expect(3);
    assert_eq!(found(&sandbox, &["night market"]), ["page.html", "harbour.md"]);
    sandbox.write("posts/harbour.md", post("The harbour", 20, "Snow over the market."));
    sandbox.write("posts/new.md", post("New", 22, "Night, and the market."));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(found(&sandbox, &["night market"]), ["page.html", "new.md"]);
    assert_eq!(found(&sandbox, &["snow market"]), ["page.html", "harbour.md"]);
    std::fs::remove_file(sandbox.path("posts/new.md")).unwrap();
    sandbox.run(&["run"]).expect(0);
    assert_eq!(found(&sandbox, &["new"]), ["new.md"], "it is kept although its source has it no more");
}

#[test]
fn an_index_that_is_lost_or_damaged_is_made_anew() {
    let sandbox = three_posts();
    sandbox.run(&["run"]).expect(3);
    let index = sandbox.path("store/search.db");
    std::fs::remove_file(&index).unwrap();
    let missing = sandbox.run(&["search", "market"]).expect(1).stderr;
    assert!(missing.contains("has no search index: the next `offprint run` makes it"), "{missing}");
    let quiet = sandbox.run(&["run"]).expect(0);
    assert_eq!(quiet.stderr, "", "a lost one is nothing to speak of");
    let whole = std::fs::read(&index).unwrap();
    let mut zeros = whole.clone();
    zeros[4096..].fill(0);
    for damaged in [b"no database at all, but a text".to_vec(), whole[..whole.len() / 2].to_vec(), zeros] {
        assert_eq!(found(&sandbox, &["market"]).len(), 2);
        std::fs::write(&index, &damaged).unwrap();
        let refused = sandbox.run(&["search", "market"]).expect(1).stderr;
        assert!(refused.contains("the next `offprint run` makes it anew"), "{refused}");
        let made = sandbox.run(&["run"]).expect(0);
        assert!(made.stderr.contains("is made anew") && made.stderr.lines().count() == 1, "{}", made.stderr);
    }
    assert_eq!(found(&sandbox, &["market"]).len(), 2);
    sandbox.run(&["verify"]).expect(0);
}

/// As a run leaves it that is killed between two transactions, or an index from another time.
#[tokio::test]
async fn what_differs_from_the_catalog_is_put_right() {
    let sandbox = three_posts();
    sandbox.run(&["run"]).expect(3);
    let archive = archive::open(&sandbox.path("store"), Mode::Write).unwrap();
    let rows = archive.search.indexed(None, 9).await.unwrap();
    archive.search.remove(vec![rows[0].id]).await.unwrap();
    let entry = |id, original| IndexEntry {
        row: IndexedRow { id, original, ..rows[1].clone() },
        title: String::new(),
        text: "zebra".to_owned(),
        alt: String::new(),
    };
    let of_another_time = entry(rows[1].id, Digest::of(b"an earlier version"));
    let of_nothing = entry(ArticleId(999), rows[1].original);
    archive.search.put(vec![of_another_time, of_nothing]).await.unwrap();
    drop(archive);
    assert_eq!(found(&sandbox, &["zebra"]), [""; 0], "what the catalog does not confirm is not found");
    sandbox.run(&["run"]).expect(0);
    let archive = sandbox.archive();
    assert_eq!(archive.search.indexed(None, 9).await.unwrap(), rows);
    assert!(archive.search.mark().await.unwrap().is_some());
    assert_eq!(found(&sandbox, &["market"]).len() + found(&sandbox, &["部署"]).len(), 3);
}

/// Killed at moments that are spread over the time that an undisturbed run takes.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_time_the_next_run_finishes_the_index() {
    let sandbox = Sandbox::new();
    for number in 0..120 {
        let text = format!("market number{number} {}", "fog 雨天的集市 ".repeat(number));
        sandbox.write(&format!("posts/{number}.md"), post("A day", 1, &text));
    }
    let begin = std::time::Instant::now();
    sandbox.run(&["run"]).expect(0);
    let (takes, index) = (begin.elapsed(), sandbox.path("store/search.db"));
    let all: BTreeSet<_> = (0..120).map(|number| format!("{number}.md")).collect();
    for round in 1..=6_u32 {
        std::fs::remove_file(&index).unwrap();
        let mut running = sandbox.command(&["run"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        // Not waiting for something, but choosing the moment.
        tokio::time::sleep(takes.mul_f64((f64::from(round) * 0.618_034).fract())).await;
        running.kill().unwrap();
        running.wait().unwrap();
        sandbox.run(&["run"]).expect(0);
        let found: BTreeSet<_> = found(&sandbox, &["market 集市", "--limit", "500"]).into_iter().collect();
        assert!(found.is_subset(&all) && found.len() == 119, "round {round}: {} articles", found.len());
        let index = rusqlite::Connection::open(&index).unwrap();
        index.execute_batch("INSERT INTO entry (entry) VALUES ('integrity-check')").unwrap();
    }
}

#[test]
fn a_run_without_anything_new_leaves_the_index_alone() {
    let sandbox = three_posts();
    sandbox.run(&["run"]).expect(3);
    sandbox.run(&["run"]).expect(0);
    let index = sandbox.path("store/search.db");
    let rows = |sql: &str| rusqlite::Connection::open(&index).unwrap().execute(sql, []).unwrap();
    assert_eq!(rows("DELETE FROM indexed WHERE source = 'posts'"), 3);
    let before = std::fs::metadata(&index).unwrap().modified().unwrap();
    sandbox.run(&["run"]).expect(0);
    assert_eq!(std::fs::metadata(&index).unwrap().modified().unwrap(), before);
    assert_eq!(found(&sandbox, &["market"]), [""; 0], "it did not compare the lists");
    sandbox.write("posts/new.md", post("New", 22, "market"));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(found(&sandbox, &["market"]).len(), 3, "now it did");
}

#[test]
fn what_is_taken_down_leaves_the_index_at_once() {
    let sandbox = three_posts();
    sandbox.write("posts/secret.md", post("Zyxwquartz", 23, "The zyxwmarble of the night market."));
    sandbox.run(&["run"]).expect(3);
    let holds = |word: &str| {
        let bytes = sandbox.read("store/search.db");
        bytes.windows(word.len()).any(|part| part == word.as_bytes())
    };
    assert_eq!(found(&sandbox, &["zyxwquartz"]), ["secret.md"]);
    assert!(holds("zyxwmarble") || holds("zyxwquartz"), "the words stand in the file");
    sandbox.run(&["forget", "posts/secret.md"]).expect(0);
    for word in ["zyxwmarble", "zyxwquartz", "quartz", "marble"] {
        assert!(!holds(word), "{word} is left in the file");
    }
    assert!(!sandbox.path("store/search.db-wal").exists());
    assert_eq!(found(&sandbox, &["zyxwquartz"]), [""; 0]);
    assert_eq!(found(&sandbox, &["night market"]), ["page.html", "harbour.md"], "others stay");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(found(&sandbox, &["zyxwmarble"]), [""; 0]);
}

#[test]
fn an_index_that_cannot_be_used_goes_with_what_is_taken_down() {
    let sandbox = three_posts();
    sandbox.run(&["run"]).expect(3);
    std::fs::write(sandbox.path("store/search.db"), "the night market, as a text").unwrap();
    sandbox.run(&["forget", "posts/harbour.md"]).expect(0);
    assert!(!sandbox.path("store/search.db").exists());
    sandbox.run(&["run"]).expect(0);
    assert_eq!(found(&sandbox, &["night market"]), ["page.html"]);
}

#[test]
fn without_the_setting_there_is_no_index() {
    let sandbox = three_posts();
    sandbox.run(&["run"]).expect(3);
    sandbox.settings("[search]\nenabled = false\n");
    sandbox.run(&["run"]).expect(0);
    assert!(!sandbox.path("store/search.db").exists());
    let refused = sandbox.run(&["search", "market"]).expect(1).stderr;
    assert!(refused.contains("[search] enabled = false"), "{refused}");
    sandbox.settings("[search]\nenabled = true\n");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(found(&sandbox, &["market"]).len(), 2);
}

#[test]
fn an_original_that_is_damaged_is_reported_and_the_others_are_found() {
    let sandbox = three_posts();
    sandbox.run(&["run"]).expect(3);
    let original = sandbox.read("posts/harbour.md");
    let digest = Digest::of(&original).to_string();
    let blob = format!("store/blobs/sha256/{}/{digest}.md", &digest[..2]);
    std::fs::write(sandbox.path(&blob), "something else").unwrap();
    std::fs::remove_file(sandbox.path("store/search.db")).unwrap();
    for _ in 0..2 {
        let report = sandbox.json(&["run"]);
        let problem = &report["problems"][0];
        assert_eq!(
            (&problem["article"], &problem["reason"]),
            (&"posts/harbour.md".into(), &"search_index".into()),
            "{report}"
        );
        assert_eq!(found(&sandbox, &["market"]), ["page.html"]);
    }
    std::fs::write(sandbox.path(&blob), &original).unwrap();
    sandbox.run(&["run"]).expect(0);
    assert_eq!(found(&sandbox, &["market"]).len(), 2);
}

#[test]
fn a_catalog_that_was_made_anew_gets_its_articles_found() {
    let sandbox = three_posts();
    sandbox.run(&["run"]).expect(3);
    std::fs::remove_file(sandbox.path("store/catalog.db")).unwrap();
    sandbox.run(&["verify", "--rebuild"]).expect(0);
    sandbox.run(&["run"]);
    assert_eq!(found(&sandbox, &["night market"]), ["page.html", "harbour.md"]);
    assert_eq!(found(&sandbox, &["树"]), ["雨.md"]);
}
