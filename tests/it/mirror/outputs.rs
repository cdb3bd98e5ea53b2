//! Outputs outside the archive, where users have files of their own.

use serde_json::Value;

use super::{jpeg, post};
use crate::sandbox::Sandbox;
use crate::testserver::{Origin, Site};

over_both_archives! {
    a_file_that_offprint_did_not_write_stays_where_a_mirror_belongs
    a_mirror_that_a_user_changed_stays_and_comes_anew_when_it_is_moved_away
    a_dry_run_says_which_mirrors_have_no_place
    two_sources_with_one_output_never_replace_each_others_mirrors
}

const OWN: &str = "my own text, the only copy";

fn source(name: &str, output: &str) -> String {
    format!("[[source]]\nname = \"{name}\"\npath = \"{name}\"\noutput = \"{output}\"\n")
}

/// The reason and message of the only problem of a run, which failed one article and ended with 3.
fn problem(sandbox: &Sandbox) -> (String, String) {
    let report = sandbox.json(&["run"]);
    let problems = report["problems"].as_array().unwrap();
    assert_eq!((problems.len(), &report["articles"]["failed"]), (1, &1.into()), "{report:#}");
    let text = |name: &str| problems[0][name].as_str().unwrap().to_owned();
    sandbox.run(&["run"]).expect(3);
    (text("reason"), text("message"))
}

fn is_taken(sandbox: &Sandbox, place: &str) {
    let (reason, message) = problem(sandbox);
    assert_eq!(reason, "place_taken");
    assert!(message.contains(place) && message.contains("move") && message.contains("`output`"), "{message}");
}

fn a_file_that_offprint_did_not_write_stays_where_a_mirror_belongs(sandbox: &Sandbox) {
    sandbox.write("posts/a.md", "text");
    sandbox.write("posts/deep/b.md", "other");
    sandbox.write("public/a.md", OWN);
    sandbox.settings(&source("posts", "public"));
    is_taken(sandbox, "public/a.md");
    assert_eq!(sandbox.text("public/a.md"), OWN);
    assert_eq!(sandbox.text("public/deep/b.md"), "other", "the others are mirrored");
    std::fs::rename(sandbox.path("public/a.md"), sandbox.path("mine")).unwrap();
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.text("public/a.md"), "text");
    // An output that is changed to a folder with files.
    sandbox.write("site/deep/b.md", OWN);
    sandbox.settings(&source("posts", "site"));
    is_taken(sandbox, "site/deep/b.md");
    assert_eq!((sandbox.text("site/deep/b.md"), sandbox.text("site/a.md")), (OWN.to_owned(), "text".to_owned()));
    // A file that was there before its post.
    sandbox.settings(&source("posts", "public"));
    sandbox.write("public/c.md", OWN);
    sandbox.run(&["run"]).expect(0);
    sandbox.write("posts/c.md", "a new post");
    is_taken(sandbox, "public/c.md");
    assert_eq!(sandbox.text("public/c.md"), OWN);
}

fn a_mirror_that_a_user_changed_stays_and_comes_anew_when_it_is_moved_away(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1))).unwrap();
    sandbox.settings(&source("posts", "public"));
    sandbox.write("posts/a.md", post(&origin, &["/a.jpg"]));
    sandbox.run(&["run"]).expect(0);
    let mirror = sandbox.text("public/a.md");
    // The same bytes in another file are its mirror all the same.
    std::fs::remove_file(sandbox.path("public/a.md")).unwrap();
    sandbox.write("public/a.md", &mirror);
    sandbox.run(&["run"]).expect(0);
    let edited = format!("{mirror}\n{OWN}\n");
    sandbox.write("public/a.md", &edited);
    is_taken(sandbox, "public/a.md");
    assert_eq!(sandbox.text("public/a.md"), edited);
    std::fs::rename(sandbox.path("public/a.md"), sandbox.path("mine")).unwrap();
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.text("public/a.md"), mirror);
}

/// Before the first run, after it, for a post that waits since, and for one that was edited.
fn a_dry_run_says_which_mirrors_have_no_place(sandbox: &Sandbox) {
    sandbox.settings(&source("posts", "public"));
    sandbox.write("posts/a.md", "text");
    sandbox.write("posts/same.md", "the same");
    sandbox.write("public/a.md", OWN);
    sandbox.write("public/same.md", "the same");
    let planned = || {
        let plan = sandbox.json(&["run", "--dry-run"]);
        let reasons = plan["problems"].as_array().unwrap().iter();
        let reasons: Vec<_> = reasons.map(|problem| problem["reason"].as_str().unwrap().to_owned()).collect();
        (reasons, plan["articles"]["failed"].clone(), plan["write"].clone())
    };
    let taken = || vec!["place_taken".to_owned()];
    assert_eq!(planned(), (taken(), 1.into(), serde_json::json!(["posts/same.md"])));
    sandbox.run(&["run"]).expect(3);
    assert_eq!(planned(), (taken(), 1.into(), serde_json::json!([])), "it waits");
    sandbox.write("posts/a.md", "text, edited");
    assert_eq!(planned(), (taken(), 1.into(), serde_json::json!([])));
    std::fs::remove_file(sandbox.path("public/a.md")).unwrap();
    assert_eq!(planned(), (Vec::new(), 0.into(), serde_json::json!(["posts/a.md"])));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(planned(), (Vec::new(), 0.into(), serde_json::json!([])));
}

fn two_sources_with_one_output_never_replace_each_others_mirrors(sandbox: &Sandbox) {
    sandbox.settings(&format!("{}{}", source("en", "public"), source("de", "public")));
    sandbox.write("en/index.md", "English");
    sandbox.write("de/index.md", "Deutsch");
    sandbox.write("de/only.md", "allein");
    let (reason, message) = problem(sandbox);
    let first = sandbox.text("public/index.md");
    let other = if first == "English" { "en/index.md" } else { "de/index.md" };
    assert_eq!(reason, "name_collision");
    assert!(message.contains(other) && message.contains("another `output`"), "{message}");
    assert_eq!(sandbox.text("public/only.md"), "allein");
    assert_eq!((problem(sandbox).0, sandbox.text("public/index.md")), (reason, first.clone()), "night after night");
    // The other one is gone, and its place is free.
    std::fs::remove_file(sandbox.path(other)).unwrap();
    sandbox.write("en/other.md", "another post");
    sandbox.write("de/other2.md", "noch einer");
    sandbox.run(&["run"]).expect(0);
    assert_ne!(sandbox.text("public/index.md"), first);
}

/// What the catalog no longer says of the files in an output, their texts do.
#[tokio::test(flavor = "multi_thread")]
async fn mirrors_are_known_by_their_text_after_the_catalog_was_lost() {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1)).on("/b.jpg", jpeg(2))).unwrap();
    let sandbox = Sandbox::new();
    let settings = format!("[run]\ncatalog_copy_every = \"0\"\n{}", source("posts", "public"));
    sandbox.settings(&settings);
    sandbox.write("posts/a.md", post(&origin, &["/a.jpg", "/b.jpg"]));
    sandbox.write("posts/b.md", "no image");
    sandbox.run(&["run"]).expect(0);
    let before = sandbox.digests("public");
    std::fs::remove_file(sandbox.path("store/catalog.db")).unwrap();
    sandbox.run(&["verify", "--rebuild"]).expect(0);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.digests("public"), before);
    // Another output and back, with a post that was edited meanwhile.
    sandbox.settings(&settings.replace("public", "site"));
    sandbox.write("posts/a.md", post(&origin, &["/b.jpg"]));
    sandbox.run(&["run"]).expect(0);
    sandbox.settings(&settings);
    sandbox.run(&["run"]).expect(0);
    let mirror = sandbox.text("public/a.md");
    assert_eq!(
        mirror.matches("/blobs/sha256/").count(),
        2,
        "its image, and the one that its front matter names: {mirror}"
    );
}

/// A repair puts the changed file aside, so that the next run can write the mirror.
#[tokio::test(flavor = "multi_thread")]
async fn a_repair_keeps_a_copy_of_a_mirror_that_was_changed() {
    let sandbox = Sandbox::new();
    sandbox.settings(&source("posts", "public"));
    sandbox.write("posts/a.md", "text");
    sandbox.run(&["run"]).expect(0);
    sandbox.write("public/a.md", OWN);
    sandbox.run(&["verify"]).expect(4);
    let repaired: Value = sandbox.json(&["verify", "--repair"]);
    assert_eq!(repaired["findings"][0]["repair"], "regenerated", "{repaired}");
    assert_eq!(std::fs::read_to_string(sandbox.only("store/quarantine", ".md")).unwrap(), OWN);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.text("public/a.md"), "text");
}
