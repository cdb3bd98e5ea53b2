//! In place: the folder of originals becomes its own mirror.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{jpeg, post};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Gate, Origin, Site};

over_both_archives! {
    in_place_originals_are_kept_edits_are_followed_and_restore_undoes_it
    in_place_an_address_under_any_key_outlives_an_edit
    in_place_an_article_that_is_gone_is_no_problem
    in_place_what_is_not_looked_at_yet_was_not_changed_during_the_run
    in_place_nothing_is_said_of_a_post_that_was_not_named
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

/// An image is replaced while a slow feed is read, before the run comes to the posts that show it. Since the last run one
/// of these was edited, and one copied back: only their record is old. The feed comes once the run has written the mirrors
/// that it can: of a post that shows the same image, and of one whose image comes after that.
fn in_place_what_is_not_looked_at_yet_was_not_changed_during_the_run(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1)).on("/c.jpg", jpeg(3))).unwrap();
    let item = "<item><title>One</title><guid>one</guid><description>text</description></item>";
    let rss =
        format!("<?xml version=\"1.0\"?>\n<rss version=\"2.0\"><channel><title>News</title>{item}</channel></rss>");
    let feed = || Behaviour::serve(Content::new("application/xml", rss.clone().into_bytes()));
    let host = Origin::start(Site::new().on("/feed.xml", feed())).unwrap();
    let news = format!("[[source]]\nname = \"news\"\nkind = \"feed\"\nurl = \"{}\"\n", host.url("/feed.xml"));
    let posts = "[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \".\"\n";
    sandbox.settings(&format!("recheck = \"1ms\"\n[rewrite]\nchanged_images = \"newest\"\n{news}{posts}"));
    let names = ["posts/copied.md", "posts/edited.md", "posts/same.md", "posts/last.md"];
    for name in names {
        let image = if name == "posts/last.md" { "/c.jpg" } else { "/a.jpg" };
        sandbox.write(name, post(&origin, &[image]));
    }
    sandbox.run(&["run"]).expect(0);
    let before = names.map(|name| sandbox.text(name));
    sandbox.write(names[0], &before[0]);
    sandbox.write(names[1], before[1].replace("A post", "An edited post"));
    let (image, rest) = (Gate::new(), Gate::new());
    origin.set("/a.jpg", jpeg(2));
    origin.set("/c.jpg", jpeg(4).held(&image));
    host.set("/feed.xml", feed().held(&rest));
    let [same, last] = [2, 3].map(|at| (sandbox.path(names[at]), before[at].clone()));
    let written = std::thread::spawn(move || {
        for ((file, before), gate) in [(same, image), (last, rest)] {
            wait_for_change(&file, &before);
            gate.open();
        }
    });
    let report = sandbox.json(&["run"]);
    written.join().unwrap();
    assert_eq!(report["problems"], serde_json::json!([]), "{report:#}");
    for (name, before) in names.iter().zip(before) {
        let now = sandbox.text(name);
        assert!(!now.contains("127.0.0.1") && now != before, "{name} shows the new image: {now}");
    }
    assert!(sandbox.text(names[1]).contains("An edited post"));
}

/// Waits until a file has another text, or for as long as no run takes.
fn wait_for_change(file: &Path, before: &str) {
    let began = Instant::now();
    while std::fs::read_to_string(file).is_ok_and(|text| text == before) && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// `offprint mirror a.md` looks at no other post: what is to be said of one that was edited is for the run that reads it.
fn in_place_nothing_is_said_of_a_post_that_was_not_named(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/b.jpg", jpeg(3))).unwrap();
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \".\"\n");
    sandbox.write("posts/a.md", post(&origin, &["/a.jpg"]));
    sandbox.write("posts/b.md", post(&origin, &["/a.jpg", "/b.jpg"]));
    sandbox.run(&["run"]).expect(3);
    let edited = sandbox.text("posts/b.md").replace("A post", "An edited post");
    sandbox.write("posts/b.md", &edited);
    // Both posts are stale once their image is there.
    origin.set("/a.jpg", jpeg(1));
    let report = sandbox.json(&["mirror", "posts/a.md"]);
    assert_eq!((&report["problems"], &report["urls"]["fetched"]), (&serde_json::json!([]), &1.into()), "{report:#}");
    assert_eq!(sandbox.text("posts/b.md"), edited, "it is left as it is");
    sandbox.run(&["run"]).expect(0);
    let now = sandbox.text("posts/b.md");
    assert!(now.contains("An edited post") && !now.contains("127.0.0.1"), "{now}");
}
