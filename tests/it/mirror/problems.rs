//! Each reason for which a report lists a problem, by what leads to it: whether the article fails, and what is done all
//! the same.

use serde_json::{Value, json};

use super::{jpeg, post};
use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Gate, Origin, Site};

over_both_archives! {
    an_article_that_is_too_large_or_has_too_much_markup_fails
    an_article_with_links_of_an_unknown_archive_fails
    an_image_that_must_stay_remote_fails_no_article
    a_source_that_is_half_gone_deserves_a_look
    a_mirror_that_cannot_be_written_fails_and_comes_when_it_can
}

/// What a report says is wrong, by article and reason, and how many articles failed.
fn problems(report: &Value) -> (Vec<(String, String)>, u64) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let listed = report["problems"].as_array().into_iter().flatten();
    let named = listed.map(|problem| {
        assert!(!text(&problem["message"]).is_empty(), "{problem}");
        let article = text(&problem["article"]);
        (article.rsplit('/').next().unwrap_or_default().to_owned(), text(&problem["reason"]))
    });
    (named.collect(), report["articles"]["failed"].as_u64().unwrap_or_default())
}

fn one(article: &str, reason: &str, failed: u64) -> (Vec<(String, String)>, u64) {
    (vec![(article.to_owned(), reason.to_owned())], failed)
}

fn an_article_that_is_too_large_or_has_too_much_markup_fails(sandbox: &Sandbox) {
    sandbox.settings("[rewrite]\nmax_article = \"4 MiB\"\n");
    sandbox.write("posts/large.md", vec![b'x'; 5 << 20]);
    sandbox.write("posts/markup.md", "[".repeat(2 << 20));
    sandbox.write("posts/other.md", "text");
    let report = sandbox.json(&["run"]);
    let (mut listed, failed) = problems(&report);
    listed.sort();
    let expected = [("large.md", "too_large"), ("markup.md", "too_much_markup")];
    assert_eq!(listed, expected.map(|(article, reason)| (article.to_owned(), reason.to_owned())));
    assert_eq!((failed, &report["articles"]["new"]), (2, &json!(1)), "the others go on: {report:#}");
    assert_eq!(sandbox.run(&["run"]).status, 3, "every night, until somebody looks");
    sandbox.write("posts/large.md", "small");
    std::fs::remove_file(sandbox.path("posts/markup.md")).expect("it is there");
    assert_eq!(problems(&sandbox.json(&["run"])), (Vec::new(), 0));
}

fn an_article_with_links_of_an_unknown_archive_fails(sandbox: &Sandbox) {
    let link = format!("![](../store/blobs/sha256/ab/{}.png)\n", "ab".repeat(32));
    sandbox.write("posts/a.md", &link);
    let report = sandbox.json(&["run"]);
    assert_eq!(problems(&report), one("a.md", "untraced_links", 1), "{report:#}");
    assert_eq!(sandbox.text("posts/a.md"), link, "nothing is recorded or written");
    assert_eq!(sandbox.json(&["status"])["articles"], 0);
}

fn an_image_that_must_stay_remote_fails_no_article(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a%60%60%60", jpeg(1))).expect("loopback can be served on");
    let fenced = origin.url("/a```");
    sandbox.write("posts/a.md", format!("{{% img {fenced} %}} then {{% img {fenced} %}}\n"));
    let report = sandbox.json(&["run"]);
    assert_eq!(problems(&report), one("a.md", "stays_remote", 0), "{report:#}");
    assert_eq!(report["articles"]["new"], 1);
    assert_eq!(problems(&sandbox.json(&["run"])), (Vec::new(), 0), "its mirror is written, and that was reported");
}

fn a_source_that_is_half_gone_deserves_a_look(sandbox: &Sandbox) {
    for number in 0..5 {
        sandbox.write(&format!("posts/{number}.md"), format!("text {number}"));
    }
    sandbox.run(&["run"]).expect(0);
    for number in 0..3 {
        std::fs::remove_file(sandbox.path(&format!("posts/{number}.md"))).expect("it is there");
    }
    let report = sandbox.json(&["run"]);
    assert_eq!(problems(&report), one("posts", "gone_in_bulk", 0), "{report:#}");
    assert_eq!(report["articles"]["vanished"], 3);
    assert_eq!(sandbox.text("store/articles/posts/0.md"), "text 0", "their mirrors stay");
}

/// A file lies where a folder of mirrors belongs, and a folder where a mirror does.
fn a_mirror_that_cannot_be_written_fails_and_comes_when_it_can(sandbox: &Sandbox) {
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"public\"\n");
    sandbox.write("posts/a.md", "text");
    sandbox.write("posts/b.md", "other");
    sandbox.write("posts/c/d.md", "deep");
    sandbox.write("public/a.md/in the way", "");
    sandbox.write("public/c", "in the way, too");
    let expected = [("a.md", "place_taken"), ("d.md", "not_written")];
    for _ in 0..2 {
        let report = sandbox.json(&["run"]);
        let (mut found, failed) = problems(&report);
        found.sort();
        assert_eq!(found, expected.map(|(article, reason)| (article.to_owned(), reason.to_owned())));
        assert_eq!(failed, 2, "once each, however often it was tried, and again in the next run: {report:#}");
        assert_eq!(sandbox.text("public/b.md"), "other");
    }
    std::fs::remove_dir_all(sandbox.path("public/a.md")).expect("it is there");
    std::fs::remove_file(sandbox.path("public/c")).expect("it is there");
    assert_eq!(problems(&sandbox.json(&["run"])), (Vec::new(), 0));
    assert_eq!((sandbox.text("public/a.md").as_str(), sandbox.text("public/c/d.md").as_str()), ("text", "deep"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_that_is_damaged_fails_and_is_named_once_a_run() {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1))).expect("loopback can be served on");
    let sandbox = Sandbox::new();
    sandbox.settings("recheck = \"1ms\"\n[rewrite]\nchanged_images = \"newest\"\n");
    sandbox.write("posts/a.md", post(&origin, &["/a.jpg"]));
    sandbox.run(&["run"]).expect(0);
    let original = sandbox.only("store/blobs/sha256", ".md");
    std::fs::remove_file(&original).expect("it is there");
    std::fs::write(&original, "rotten").expect("a file can be written");
    // The image changes, so that the article is to be mirrored again from what is kept of it.
    origin.set("/a.jpg", Behaviour::serve(Content::new("image/png", tiny(9))));
    let mirror = sandbox.read("store/articles/posts/a.md");
    for _ in 0..2 {
        let report = sandbox.json(&["run"]);
        assert_eq!(problems(&report), one("a.md", "damaged_original", 1), "{report:#}");
    }
    assert_eq!(sandbox.read("store/articles/posts/a.md"), mirror, "what is there stays");
    sandbox.run(&["verify"]).expect(4);
}

/// In place, what is edited while its images are fetched is left to the next run, and not lost.
#[tokio::test(flavor = "multi_thread")]
async fn an_article_that_is_edited_during_the_run_is_left_for_the_next_one() {
    let gate = Gate::new();
    let held = jpeg(1).held(&gate);
    let origin = Origin::start(Site::new().on("/a.jpg", held)).expect("loopback can be served on");
    let sandbox = Sandbox::new();
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \".\"\n");
    sandbox.write("posts/a.md", post(&origin, &["/a.jpg"]));
    let child = sandbox.command(&["run", "--json"]).stdout(std::process::Stdio::piped()).spawn();
    let child = child.expect("the program can be started");
    origin.log().wait_for_those(1, |visit| visit.request.path() == "/a.jpg").await.expect("it is asked for");
    let edited = post(&origin, &["/a.jpg"]).replace("A post", "An edited post");
    sandbox.write("posts/a.md", &edited);
    gate.open();
    let output = child.wait_with_output().expect("it ends");
    let report: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    assert_eq!(problems(&report), one("a.md", "changed_during_run", 1), "{report:#}");
    assert_eq!(sandbox.text("posts/a.md"), edited);
    assert_eq!(problems(&sandbox.json(&["run"])), (Vec::new(), 0));
    assert!(sandbox.text("posts/a.md").contains("An edited post") && !sandbox.text("posts/a.md").contains("127.0.0.1"));
}
