//! In place: the folder of originals becomes its own mirror.

use super::{jpeg, post};
use crate::sandbox::Sandbox;
use crate::testserver::{Origin, Site};

over_both_archives! {
    in_place_originals_are_kept_edits_are_followed_and_restore_undoes_it
    in_place_an_address_under_any_key_outlives_an_edit
    in_place_an_article_that_is_gone_is_no_problem
}

fn in_place_originals_are_kept_edits_are_followed_and_restore_undoes_it(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1)).on("/b.jpg", jpeg(2))).unwrap();
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \".\"\n");
    let lazy = format!("<img data-src=\"{}\">\n", origin.url("/b.jpg"));
    let original = post(&origin, &["/a.jpg", "/b.jpg"]) + &lazy;
    sandbox.write("posts/a.md", &original);
    sandbox.run(&["run"]).expect(0);
    let mirrored = sandbox.text("posts/a.md");
    assert!(!mirrored.contains("127.0.0.1") && mirrored.contains("../store/blobs/"), "{mirrored}");
    let before = sandbox.tree("posts");
    assert_eq!(sandbox.json(&["run"])["articles"]["unchanged"], 1);
    assert_eq!(sandbox.tree("posts"), before);

    sandbox.write("posts/a.md", mirrored.replace("A post", "An edited post"));
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["articles"]["changed"], &report["urls"]["fetched"]), (&1.into(), &0.into()));
    assert_eq!(sandbox.text("posts/a.md"), mirrored.replace("A post", "An edited post"));
    let edited = original.replace("A post", "An edited post");
    assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout, edited);
    sandbox.run(&["restore", "--in-place", "posts/a.md"]).expect(0);
    assert_eq!(sandbox.text("posts/a.md"), edited);
    assert_eq!(origin.log().count(), 2);
}

/// In front matter an address can count under any key for being an image's URL. Its local link is none, and must be
/// known again all the same when the file was edited.
fn in_place_an_address_under_any_key_outlives_an_edit(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1))).unwrap();
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \".\"\n");
    let original = format!("---\ntitle: A post\nanything: {}\n---\ntext\n", origin.url("/a.jpg"));
    sandbox.write("posts/a.md", &original);
    sandbox.run(&["run"]).expect(0);
    let mirrored = sandbox.text("posts/a.md");
    assert!(mirrored.contains("anything: ../store/blobs/"), "{mirrored}");
    sandbox.write("posts/a.md", mirrored.replace("text", "more text"));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.text("posts/a.md"), mirrored.replace("text", "more text"));
    let restored = sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout;
    assert_eq!(restored, original.replace("text", "more text"));
}

/// An image of an article that its author took away changes at its origin: there is nothing to write any more.
fn in_place_an_article_that_is_gone_is_no_problem(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1))).unwrap();
    let source = "[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \".\"\n";
    sandbox.settings(&format!("recheck = \"1ms\"\n[rewrite]\nchanged_images = \"newest\"\n{source}"));
    sandbox.write("posts/a.md", post(&origin, &["/a.jpg"]));
    sandbox.write("posts/b.md", "text");
    sandbox.run(&["run"]).expect(0);
    std::fs::remove_file(sandbox.path("posts/a.md")).unwrap();
    sandbox.run(&["run"]).expect(0);
    origin.set("/a.jpg", jpeg(2));
    for _ in 0..2 {
        let report = sandbox.json(&["run"]);
        assert_eq!(report["problems"], serde_json::json!([]), "{report:#}");
    }
    assert!(!sandbox.path("posts/a.md").exists());
}
