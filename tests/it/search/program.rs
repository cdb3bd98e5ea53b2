//! `offprint search`, as a user types it.

use super::{found, post, three_posts};
use crate::sandbox::Sandbox;

#[test]
fn articles_are_found_in_two_languages_by_title_text_and_caption() {
    let sandbox = three_posts();
    sandbox.run(&["run"]).expect(3);
    for (words, expected) in [
        (&["rain"][..], &["harbour.md"][..]),
        (&["RAIN", "Night"], &["harbour.md"]),
        (&["'rain' \"night market\""], &["harbour.md"]),
        (&["harbour"], &["harbour.md"]),
        (&["grey ferry"], &["harbour.md"]),
        (&["market hall"], &["page.html"]),
        (&["雨天"], &["雨.md"]),
        (&["操作系统"], &["雨.md"]),
        (&["树"], &["雨.md"]),
        (&["itgc 部署"], &["雨.md"]),
        (&["market -rain"], &["page.html"]),
        (&["market", "source:posts", "before:2024-11-21"], &["harbour.md"]),
        (&["market after:2024-11-21"], &["page.html"]),
        (&["rain missing:yes"], &["harbour.md"]),
        (&["snow missing:yes"], &[]),
        (&["market host:nowhere.example"], &[]),
        (&["market source:elsewhere"], &[]),
        (&["--sort", "best", "night market"], &["harbour.md", "page.html"]),
        (&["--limit", "1", "market"], &["page.html"]),
        (&["nothing"], &[]),
    ] {
        let mut found = found(&sandbox, words);
        if words[0] == "--sort" {
            found.sort();
        }
        assert_eq!(found, expected, "{words:?}");
    }
}

#[test]
fn what_is_found_is_printed_with_the_part_that_matches() {
    let sandbox = three_posts();
    sandbox.write("posts/evil.md", post("Bell \u{7} and \u{1b}[31m red", 19, "red \u{202e}market\u{1b}]0;x"));
    sandbox.run(&["run"]).expect(3);
    let printed = sandbox.run(&["search", "rain"]).expect(0).stdout;
    let expected = "2024-11-20  posts/harbour.md  The harbour\n    Rain over the night market.\n1 article\n";
    assert_eq!(printed, expected);
    let json = sandbox.json(&["search", "操作系统"]);
    assert_eq!(json["count"], 1);
    assert_eq!(json["articles"][0]["title"], "雨天的集市");
    let marked = json["articles"][0]["excerpt"].as_array().unwrap();
    assert!(marked.iter().any(|part| part["is_match"] == true && part["text"] == "操作系统"), "{json}");
    let printed = sandbox.run(&["search", "red"]).expect(0).stdout;
    assert!(!printed.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{printed:?}");
    let limited = sandbox.run(&["search", "market", "--limit", "2"]).expect(0).stdout;
    assert!(limited.ends_with("2 of 3 articles; --limit prints more\n"), "{limited}");
    assert_eq!(sandbox.run(&["search", "-q", "market"]).expect(0).stdout, "");
}

#[test]
fn wrong_syntax_ends_with_2_and_names_the_way_out() {
    let sandbox = three_posts();
    for (words, way_out) in [
        ("source:posts", "no word to search for"),
        ("rain \"night", "close it with a quotation mark"),
        ("rain before:soon", "name a year, a month or a day"),
        ("rain missing:no", "the one value is yes"),
        ("rain -source:posts", "cannot be left out"),
        ("。", "no letter and no digit"),
    ] {
        let refused = sandbox.run(&["search", words]).expect(2).stderr;
        assert!(refused.contains(way_out) && refused.lines().count() == 1, "{words}: {refused}");
    }
    sandbox.run(&["search"]).expect(2);
    sandbox.run(&["search", "rain"]).expect(1);
}

/// The syntax of the index is none of ours: whatever is typed is found as it stands, or nothing is.
#[test]
fn whatever_is_typed_is_a_search_or_a_refusal() {
    let sandbox = three_posts();
    sandbox.run(&["run"]).expect(3);
    let long = "market ".repeat(500);
    for (words, status) in [
        ("market OR rain", 0),
        ("title:market", 0),
        ("mark*", 0),
        ("NEAR(night market)", 0),
        ("^market", 0),
        ("\"market\" AND \"", 2),
        ("market\" OR \"1\"=\"1", 0),
        ("'; DROP TABLE entry; --", 2),
        ("x'; DROP TABLE entry", 0),
        ("{title text}: market", 0),
        ("market)", 0),
        ("%_%", 2),
        (&long, 2),
    ] {
        let ran = sandbox.run(&["search", words]).expect(status);
        assert!(!ran.stderr.contains("fts5") && !ran.stderr.contains("syntax error"), "{words:.40}: {}", ran.stderr);
    }
    assert_eq!(found(&sandbox, &["market)"]).len(), 2);
    assert_eq!(found(&sandbox, &["mark*"]), [""; 0]);
    assert_eq!(found(&sandbox, &["market"]).len(), 2, "the index is as it was");
}

#[test]
fn nothing_is_changed_by_a_search() {
    let sandbox = three_posts();
    sandbox.run(&["search", "rain"]).expect(1);
    assert!(!sandbox.path("store").exists());
    sandbox.run(&["run"]).expect(3);
    // A reader may leave the log of a database, without anything in it.
    let kept = || {
        let mut files = sandbox.digests("store");
        files.retain(|path, _| !path.to_string_lossy().ends_with("-wal") && !path.to_string_lossy().ends_with("-shm"));
        files
    };
    let before = kept();
    sandbox.run(&["search", "rain"]).expect(0);
    assert_eq!(kept(), before);
    assert!(Sandbox::new().run(&["search", "rain"]).expect(1).stderr.contains("there is no archive"));
}
