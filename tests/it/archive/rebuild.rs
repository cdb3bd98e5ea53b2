//! A lost catalog is made anew: nothing that is kept is fetched again, and what cannot be known is said.

use std::collections::BTreeMap;
use std::path::PathBuf;

use offprint::testing::demo::photo::Photo;
use offprint::testing::model::Digest;

use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// Three images; others are missing.
fn origin() -> Origin {
    let photo = |seed, width| Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, width, 480).jpeg()));
    let site = Site::new().on("/1.jpg", photo(1, 640)).on("/2.jpg", photo(2, 641)).on("/3.jpg", photo(3, 642));
    Origin::start(site).expect("loopback can be served on")
}

const POSTS: [&str; 4] = ["a.md", "deep/b.html", "c.md", "d.md"];

/// Posts of several kinds, which are mirrored.
fn mirrored(origin: &Origin, settings: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings(settings);
    let url = |name: &str| origin.url(name);
    let front = format!("---\ntitle: Ferry\nheadimg: {}\n---\n", url("/1.jpg"));
    sandbox.write("posts/a.md", format!("{front}![deck]({}) and ![pier]({})\n", url("/1.jpg"), url("/2.jpg")));
    let lazy = format!("<img src=\"data:image/gif;base64,R0lGODlhAQABAAAAACw=\" data-src=\"{}\">", url("/3.jpg"));
    let sizes = format!("<img src=\"{0}\" srcset=\"{0} 1x, {1} 2x\">", url("/1.jpg"), url("/2.jpg"));
    sandbox.write("posts/deep/b.html", format!("<h1>Bridge</h1><p>{lazy} and {sizes}</p>\n"));
    sandbox.write("posts/c.md", format!("Gone: ![]({}) here: ![]({})\n", url("/gone.jpg"), url("/3.jpg")));
    sandbox.write("posts/d.md", "No image.\n");
    sandbox.run(&["run"]).expect(3);
    sandbox
}

const NO_COPY: &str = "[run]\ncatalog_copy_every = \"0\"\n";

fn lose_catalog(sandbox: &Sandbox) {
    for rest in ["", "-wal", "-shm", ".sha256"] {
        let _ = std::fs::remove_file(sandbox.path(&format!("store/catalog.db{rest}")));
    }
    sandbox.run(&["status"]).expect(4);
}

type Trees = [BTreeMap<PathBuf, (u64, std::time::SystemTime, u64)>; 2];

fn trees(sandbox: &Sandbox, mirrors: &str) -> Trees {
    [sandbox.tree("store/blobs"), sandbox.tree(mirrors)]
}

/// The archive is whole, gives its originals back, and the next run asks for nothing that is kept and writes no mirror.
fn is_as_before(
    sandbox: &Sandbox,
    origin: &Origin,
    before: &Trees,
    mirrors: &str,
    originals: &BTreeMap<&str, Vec<u8>>,
) {
    sandbox.run(&["verify"]).expect(0);
    for (post, original) in originals {
        let restored = sandbox.run(&["restore", &format!("posts/{post}")]).expect(0).stdout;
        assert_eq!(restored.as_bytes(), original, "{post}");
    }
    let asked = origin.log().requests().len();
    let report = sandbox.json(&["run"]);
    for request in &origin.log().requests()[asked..] {
        assert_eq!(request.request.path(), "/gone.jpg");
    }
    assert_eq!((&report["articles"]["new"], &report["articles"]["changed"]), (&0.into(), &0.into()), "{report}");
    assert_eq!(report["blobs"]["new"], 0, "{report}");
    assert_eq!(trees(sandbox, mirrors), *before);
    sandbox.run(&["verify"]).expect(0);
    assert_eq!(report["references"]["remote"], 1, "{report}");
}

fn originals(sandbox: &Sandbox) -> BTreeMap<&'static str, Vec<u8>> {
    POSTS.into_iter().map(|post| (post, sandbox.read(&format!("posts/{post}")))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_catalog_is_made_anew_from_mirrors_blobs_and_reports() {
    let linked = "[rewrite]\nimages = \"thumbnail-linked\"\n[[thumbnail]]\nname = \"small\"\nwidth = 64\nheight = 64\n";
    for settings in [NO_COPY.to_owned(), format!("{NO_COPY}{linked}")] {
        let origin = origin();
        let sandbox = mirrored(&origin, &settings);
        let (before, originals) = (trees(&sandbox, "store/articles"), originals(&sandbox));
        lose_catalog(&sandbox);
        let rebuilt = sandbox.json(&["verify", "--rebuild"]);
        assert_eq!((&rebuilt["articles"], &rebuilt["images"], &rebuilt["reports"]), (&4.into(), &3.into(), &1.into()));
        assert_eq!((&rebuilt["copy"], &rebuilt["unplaced_images"]), (&serde_json::Value::Null, &0.into()), "{rebuilt}");
        assert_eq!(sandbox.json(&["status"])["images"], 3);
        is_as_before(&sandbox, &origin, &before, "store/articles", &originals);
        sandbox.run(&["check"]).expect(3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_begins_with_the_newest_copy_and_knows_what_came_since() {
    let origin = origin();
    let sandbox = mirrored(&origin, "");
    let copy = sandbox.tree("store/catalog-copies").into_keys().next().expect("the run made a copy");
    // What came after the copy: an edited post with another image, and a new one.
    sandbox.write("posts/d.md", format!("Now with ![]({}).\n", origin.url("/2.jpg")));
    sandbox.run(&["run"]).expect(0);
    let (before, originals) = (trees(&sandbox, "store/articles"), originals(&sandbox));
    lose_catalog(&sandbox);
    let rebuilt = sandbox.json(&["verify", "--rebuild"]);
    assert_eq!(rebuilt["copy"], format!("catalog-copies/{}", copy.display()), "{rebuilt}");
    assert_eq!(rebuilt["articles"], 1, "{rebuilt}");
    let history = sandbox.json(&["status", "--history", origin.url("/1.jpg").as_str()]);
    assert_eq!(history["captures"].as_array().map(Vec::len), Some(1), "the copy knows the captures: {history}");
    assert_eq!(sandbox.json(&["status", "--history", "posts/d.md"])["versions"].as_array().map(Vec::len), Some(2));
    is_as_before(&sandbox, &origin, &before, "store/articles", &originals);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_mirrored_in_place_is_not_taken_for_an_original() {
    let origin = origin();
    let in_place = format!("{NO_COPY}[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"posts\"\n");
    let sandbox = Sandbox::new();
    sandbox.settings(&in_place);
    let texts = [
        ("a.md", format!("One ![]({}) two ![]({})\n", origin.url("/1.jpg"), origin.url("/gone.jpg"))),
        ("b.html", format!("<p>Three <img src=\"{}\"></p>\n", origin.url("/2.jpg"))),
        ("c.md", "No image.\n".to_owned()),
    ];
    for (post, text) in &texts {
        sandbox.write(&format!("posts/{post}"), text);
    }
    sandbox.run(&["run"]).expect(3);
    let before = trees(&sandbox, "posts");
    lose_catalog(&sandbox);
    sandbox.run(&["verify", "--rebuild"]).expect(0);
    let originals = texts.iter().map(|(post, text)| (*post, text.clone().into_bytes())).collect();
    is_as_before(&sandbox, &origin, &before, "posts", &originals);
    sandbox.run(&["restore", "--in-place", "posts/a.md", "posts/b.html"]).expect(0);
    for (post, text) in &texts {
        assert_eq!(sandbox.text(&format!("posts/{post}")), *text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_that_are_gone_are_found_by_their_mirrors() {
    let origin = origin();
    let sandbox = mirrored(&origin, NO_COPY);
    let original = sandbox.read("posts/a.md");
    std::fs::remove_file(sandbox.path("posts/a.md")).expect("it was there");
    lose_catalog(&sandbox);
    let rebuilt = sandbox.json(&["verify", "--rebuild"]);
    assert_eq!(rebuilt["articles"], 4, "{rebuilt}");
    assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout.as_bytes(), original);
    let mirrors = sandbox.digests("store/articles");
    sandbox.run(&["run"]);
    let history = sandbox.json(&["status", "--history", "posts/a.md"]);
    assert_eq!(history["vanished"], true, "{history}");
    assert_eq!(sandbox.digests("store/articles"), mirrors);
    sandbox.run(&["verify"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_catalog_is_kept_beside_the_new_one() {
    let origin = origin();
    let sandbox = mirrored(&origin, NO_COPY);
    let (before, originals) = (trees(&sandbox, "store/articles"), originals(&sandbox));
    let mut catalog = sandbox.read("store/catalog.db");
    let half = catalog.len() / 2;
    catalog[4096..half].fill(0xa5);
    sandbox.write("store/catalog.db", &catalog);
    sandbox.run(&["verify", "--rebuild"]).expect(0);
    let names =
        std::fs::read_dir(sandbox.path("store")).expect("it is there").map(|entry| entry.expect("it can be read"));
    let aside: Vec<_> = names.filter(|entry| entry.file_name().to_string_lossy().contains(".damaged-")).collect();
    assert_eq!(aside.len(), 1);
    assert_eq!(Digest::of(&std::fs::read(aside[0].path()).expect("it is there")), Digest::of(&catalog));
    is_as_before(&sandbox, &origin, &before, "store/articles", &originals);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_catalog_is_left_alone() {
    let origin = origin();
    let sandbox = mirrored(&origin, NO_COPY);
    let before = sandbox.digests("store");
    let printed = sandbox.run(&["verify", "--rebuild"]).expect(1).stderr;
    assert!(printed.contains("nothing to rebuild"), "{printed}");
    let mut after = sandbox.digests("store");
    after.retain(|name, _| !["catalog.db-wal", "catalog.db-shm"].iter().any(|other| name.ends_with(other)));
    assert_eq!(after, before);
    Sandbox::new().run(&["verify", "--rebuild"]).expect(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_known_is_said() {
    let origin = origin();
    let sandbox = mirrored(&origin, NO_COPY);
    let original = Digest::of(&sandbox.read("posts/a.md")).to_string();
    let image = Digest::of(&Photo::new(3, 642, 480).jpeg()).to_string();
    // An earlier version of an article, and what nobody shows.
    sandbox.write("posts/d.md", "Another text.\n");
    sandbox.run(&["run"]).expect(0);
    let damaged = sandbox.path(&format!("store/blobs/sha256/{}/{image}.jpg", &image[..2]));
    std::fs::remove_file(&damaged).expect("it was there");
    std::fs::write(&damaged, "rotten").expect("it can be written");
    std::fs::remove_file(sandbox.path(&format!("store/blobs/sha256/{}/{original}.md", &original[..2])))
        .expect("it was");
    std::fs::remove_file(sandbox.path("posts/a.md")).expect("it was there");
    lose_catalog(&sandbox);
    let ran = sandbox.run(&["verify", "--rebuild"]).expect(4);
    for says in [
        &format!("damaged: blobs/sha256/{}/{image}.jpg", &image[..2]),
        "without its original: posts/a.md",
        "1 text and",
        "captures and failures so far",
    ] {
        assert!(ran.stdout.contains(says), "{says}: {ran:?}");
    }
    // The image that is damaged is asked for again.
    sandbox.run(&["run"]);
    assert_eq!(Digest::of(&std::fs::read(&damaged).expect("it is there")).to_string(), image);
}
