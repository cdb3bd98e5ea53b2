//! What is taken down goes with all that only it needs, is on record, and does not come back.

use offprint::testing::demo::photo::Photo;
use offprint::testing::model::Digest;

use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

fn image(seed: u64) -> Vec<u8> {
    Photo::new(seed, 640, 480).jpeg()
}

fn origin() -> Origin {
    let photo = |seed| Behaviour::serve(Content::new("image/jpeg", image(seed)));
    Origin::start(Site::new().on("/own.jpg", photo(1)).on("/shared.jpg", photo(2))).expect("loopback can be served on")
}

/// Two posts that share an image; the first has one of its own.
fn mirrored(origin: &Origin) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("[[thumbnail]]\nname = \"small\"\nwidth = 64\nheight = 64\n");
    sandbox.write("posts/a.md", format!("![]({}) ![]({})\n", origin.url("/own.jpg"), origin.url("/shared.jpg")));
    sandbox.write("posts/b.md", format!("![]({})\n", origin.url("/shared.jpg")));
    sandbox.run(&["run"]).expect(0);
    sandbox
}

fn is_kept(sandbox: &Sandbox, bytes: &[u8]) -> bool {
    let digest = Digest::of(bytes).to_string();
    let part = |folder: &str| sandbox.tree(folder).into_keys().any(|name| name.to_string_lossy().contains(&digest));
    part("store/blobs") || part("store/thumbnails")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_goes_with_what_only_it_shows_and_stays_away() {
    let origin = origin();
    let sandbox = mirrored(&origin);
    let before = sandbox.digests("store/blobs");
    let planned = sandbox.json(&["forget", "--dry-run", "posts/a.md"]);
    let planned = &planned["taken_down"][0];
    assert_eq!(planned["articles"], serde_json::json!(["posts/a.md"]), "{planned}");
    assert_eq!(planned["urls"], serde_json::json!([origin.url("/own.jpg")]), "{planned}");
    assert_eq!(planned["blobs"].as_array().map(Vec::len), Some(2), "its original and its image: {planned}");
    assert_eq!(sandbox.digests("store/blobs"), before, "a dry run changes nothing");
    let original = sandbox.read("posts/a.md");
    let printed = sandbox.run(&["forget", "posts/a.md", "--reason", "a court said so"]).expect(0).stdout;
    assert!(printed.starts_with("the article posts/a.md was taken down: 1 article, 1 URL, 2 blobs"), "{printed}");
    assert!(!is_kept(&sandbox, &original) && !is_kept(&sandbox, &image(1)) && is_kept(&sandbox, &image(2)));
    assert!(!sandbox.path("store/articles/posts/a.md").exists());
    for command in [&["verify"][..], &["check"], &["gc"]] {
        sandbox.run(command).expect(0);
    }
    let asked = origin.log().requests().len();
    let report = sandbox.json(&["run"]);
    assert_eq!(report["skipped"][0]["article"], "posts/a.md", "{report}");
    assert_eq!((&report["articles"]["new"], origin.log().requests().len()), (&0.into(), asked), "{report}");
    assert!(!is_kept(&sandbox, &original));
    sandbox.run(&["restore", "posts/a.md"]).expect(1);
    // No copy of the catalog knows it any more, either.
    let copy = sandbox.only("store/catalog-copies", ".db");
    let copy = rusqlite::Connection::open(copy).expect("it is a database");
    let known: i64 = copy.query_row("SELECT count(*) FROM article", [], |row| row.get(0)).expect("it has articles");
    let why: String = copy.query_row("SELECT reason FROM takedown", [], |row| row.get(0)).expect("it is on record");
    assert_eq!((known, why.as_str()), (1, "a court said so"));
}

/// The newest copy was made before the article came: without the article the catalog is nearly what it was then.
#[test]
fn a_takedown_is_in_the_copies_although_they_never_named_the_article() {
    let sandbox = Sandbox::new();
    sandbox.settings("");
    sandbox.write("posts/a.md", "text\n");
    sandbox.run(&["run"]).expect(0);
    sandbox.write("posts/b.md", "a secret\n");
    sandbox.run(&["run"]).expect(0);
    sandbox.run(&["forget", "posts/b.md"]).expect(0);
    std::fs::remove_file(sandbox.path("store/catalog.db")).expect("it is there");
    sandbox.run(&["verify", "--rebuild"]).expect(0);
    let report = sandbox.json(&["run"]);
    assert_eq!(report["skipped"][0]["article"], "posts/b.md", "{report}");
    assert!(!is_kept(&sandbox, b"a secret\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_and_a_host_are_never_asked_again_and_articles_show_their_addresses() {
    let origin = origin();
    for name in [origin.url("/shared.jpg"), origin.address().to_string()] {
        let sandbox = mirrored(&origin);
        sandbox.run(&["forget", &name]).expect(0);
        assert!(!is_kept(&sandbox, &image(2)), "{name}");
        let asked = origin.log().requests().len();
        sandbox.write("posts/new.md", format!("![]({})\n", origin.url("/shared.jpg")));
        let report = sandbox.json(&["run", "--retry=all"]);
        assert_eq!(origin.log().requests().len(), asked, "{name}: {report}");
        for post in ["a.md", "b.md", "new.md"] {
            assert!(sandbox.text(&format!("store/articles/posts/{post}")).contains("/shared.jpg"), "{name} {post}");
        }
        sandbox.run(&["verify"]).expect(0);
        let status = sandbox.json(&["status"]);
        assert!(status["missing_by_reason"]["taken_down"].as_u64() >= Some(1), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_in_place_gets_its_originals_back() {
    let origin = origin();
    let sandbox = Sandbox::new();
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"posts\"\n");
    let original = format!("![]({})\n", origin.url("/own.jpg"));
    sandbox.write("posts/a.md", &original);
    sandbox.write("posts/b.md", "text\n");
    sandbox.run(&["run"]).expect(0);
    assert_ne!(sandbox.text("posts/a.md"), original);
    sandbox.run(&["forget", "posts"]).expect(0);
    assert_eq!(sandbox.text("posts/a.md"), original);
    assert_eq!(sandbox.tree("store/blobs").len(), 0);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.text("posts/a.md"), original);
    assert_eq!(sandbox.json(&["status"])["articles"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_in_place_whose_original_is_damaged_is_named() {
    let origin = origin();
    let sandbox = Sandbox::new();
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"posts\"\n");
    let original = format!("![]({})\n", origin.url("/own.jpg"));
    sandbox.write("posts/a.md", &original);
    sandbox.run(&["run"]).expect(0);
    let mirror = sandbox.text("posts/a.md");
    let mut files = sandbox.tree("store/blobs").into_keys();
    let text = files.find(|name| name.extension().is_some_and(|end| end == "md")).unwrap();
    let text = sandbox.path("store/blobs").join(text);
    std::fs::remove_file(&text).unwrap();
    std::fs::write(&text, "rotten").unwrap();
    let ran = sandbox.run(&["forget", "posts/a.md"]).expect(4);
    assert!(
        ran.stdout.contains("posts/a.md stays in place as its mirror") && ran.stdout.contains("damaged"),
        "{ran:?}"
    );
    assert_eq!(sandbox.text("posts/a.md"), mirror);
    assert_eq!(sandbox.tree("store/blobs").len(), 0, "it is taken down all the same");
}

#[test]
fn what_is_not_known_cannot_be_taken_down() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "text\n");
    sandbox.run(&["run"]).expect(0);
    for name in ["posts/none.md", "https://a.example/none.jpg", "nobody.example"] {
        let printed = sandbox.run(&["forget", name]).expect(1).stderr;
        assert!(printed.contains("the archive has no"), "{name}: {printed}");
    }
    assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout, "text\n");
}

/// A mirror that lies where an earlier setting wanted it goes, too.
#[tokio::test(flavor = "multi_thread")]
async fn the_mirror_in_the_archive_goes_although_the_source_has_an_output_of_its_own() {
    let origin = origin();
    let sandbox = mirrored(&origin);
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"out\"\n");
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.path("out/a.md").exists() && sandbox.path("store/articles/posts/a.md").exists());
    sandbox.run(&["forget", "posts/a.md"]).expect(0);
    assert!(!sandbox.path("out/a.md").exists() && !sandbox.path("store/articles/posts/a.md").exists());
}

/// Only what offprint wrote is deleted: what somebody else put, or changed, where a mirror belongs stays and is named.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_offprint_did_not_write_stays_and_is_named() {
    const OWN: &str = "my own text, the only copy";
    let origin = origin();
    let settings = |output: &str| format!("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"{output}\"\n");
    for (output, place) in [("out", "out/a.md"), ("", "store/articles/posts/a.md")] {
        for is_edited in [false, true] {
            let sandbox = Sandbox::new();
            sandbox.settings(&settings(output));
            sandbox.write("posts/a.md", format!("![]({})\n", origin.url("/own.jpg")));
            sandbox.write("posts/b.md", "text\n");
            sandbox.run(&["run"]).expect(0);
            let there = if is_edited { sandbox.text(place) + OWN } else { OWN.to_owned() };
            sandbox.write(place, &there);
            // An edited mirror in the archive is no file of the user's.
            let stays = !is_edited || output == "out";
            let forgotten = sandbox.run(&["forget", "posts/a.md"]).expect(if stays { 3 } else { 0 }).stdout;
            assert_eq!(forgotten.contains(&format!("{place}: offprint did not write it")), stays, "{forgotten}");
            assert_eq!(sandbox.path(place).exists(), stays, "{place}");
            if stays {
                assert_eq!(sandbox.text(place), there);
            }
            assert!(!is_kept(&sandbox, &image(1)), "it is taken down all the same");
            sandbox.run(&["forget", "posts/b.md"]).expect(0);
        }
    }
}

/// The text of an article that was taken down stays out under any name, in any source, whatever becomes of the catalog.
#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_was_taken_down_stays_out_under_any_name() {
    let origin = origin();
    for in_place in [false, true] {
        let sandbox = Sandbox::new();
        let output = if in_place { "posts" } else { "" };
        let source = |name: &str| format!("[[source]]\nname = \"{name}\"\npath = \"posts\"\noutput = \"{output}\"\n");
        sandbox.settings(&source("posts"));
        let original = format!("A secret ![]({})\n", origin.url("/own.jpg"));
        sandbox.write("posts/a.md", &original);
        sandbox.write("posts/b.md", "text\n");
        sandbox.run(&["run"]).expect(0);
        let printed = sandbox.run(&["forget", "posts/a.md"]).expect(0).stdout;
        assert!(printed.contains("under any name"), "{printed}");
        let asked = origin.log().requests().len();
        let stays_out = |name: &str| {
            let report = sandbox.json(&["run"]);
            assert_eq!(report["skipped"][0]["reason"], "taken_down", "{name}: {report:#}");
            assert_eq!(sandbox.text(name), original);
            assert_eq!(origin.log().requests().len(), asked, "{name}");
            assert!(!is_kept(&sandbox, original.as_bytes()) && !is_kept(&sandbox, &image(1)), "{name}");
        };
        std::fs::rename(sandbox.path("posts/a.md"), sandbox.path("posts/c.md")).expect("it is there");
        stays_out("posts/c.md");
        std::fs::create_dir(sandbox.path("posts/deep")).expect("it can be made");
        std::fs::rename(sandbox.path("posts/c.md"), sandbox.path("posts/deep/d.md")).expect("it is there");
        stays_out("posts/deep/d.md");
        sandbox.settings(&source("renamed"));
        stays_out("posts/deep/d.md");
        let plan = sandbox.json(&["run", "--dry-run"]);
        assert_eq!((&plan["write"], &plan["fetch"]), (&serde_json::json!([]), &serde_json::json!([])), "{plan:#}");
        // Without any catalog: its files of takedowns are left.
        for part in ["store/catalog-copies", "store/runs"] {
            let _ = std::fs::remove_dir_all(sandbox.path(part));
        }
        std::fs::remove_file(sandbox.path("store/catalog.db")).expect("it is there");
        let rebuilt = sandbox.run(&["verify", "--rebuild"]);
        assert!([0, 3].contains(&rebuilt.status), "{rebuilt:?}");
        stays_out("posts/deep/d.md");
        std::fs::rename(sandbox.path("posts/deep/d.md"), sandbox.path("posts/a.md")).expect("it is there");
        stays_out("posts/a.md");
    }
}

/// A copy that somebody else's article is stays with it, and is named.
#[test]
fn a_text_that_another_article_has_stays_with_it() {
    let sandbox = Sandbox::new();
    for post in ["a.md", "b.md"] {
        sandbox.write(&format!("posts/{post}"), "the same text\n");
    }
    sandbox.run(&["run"]).expect(0);
    let printed = sandbox.run(&["forget", "posts/a.md"]).expect(0).stdout;
    assert!(printed.contains("posts/b.md has the same text and stays"), "{printed}");
    assert!(!printed.contains("under any name"), "{printed}");
    std::fs::rename(sandbox.path("posts/b.md"), sandbox.path("posts/c.md")).expect("it is there");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.text("store/articles/posts/c.md"), "the same text\n");
    // Both at once are taken down with their text.
    sandbox.run(&["forget", "posts"]).expect(0);
    std::fs::rename(sandbox.path("posts/c.md"), sandbox.path("posts/d.md")).expect("it is there");
    sandbox.settings("[[source]]\nname = \"other\"\npath = \"posts\"\n");
    let report = sandbox.json(&["run"]);
    assert_eq!(report["articles"]["new"], 0, "{report:#}");
}

/// A catalog from before the takedown, as from a backup: the next run takes down again, before it reads or fetches anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_from_a_backup_takes_down_again() {
    let origin = origin();
    let sandbox = mirrored(&origin);
    let old = sandbox.read("store/catalog.db");
    let (original, backup) = (sandbox.read("posts/a.md"), sandbox.read("store/articles/posts/a.md"));
    sandbox.run(&["forget", "posts/a.md", "--reason", "a court said so"]).expect(0);
    for rest in ["-wal", "-shm", ".sha256"] {
        let _ = std::fs::remove_file(sandbox.path(&format!("store/catalog.db{rest}")));
    }
    sandbox.write("store/catalog.db", &old);
    sandbox.write("store/articles/posts/a.md", &backup);
    let asked = origin.log().requests().len();
    let ran = sandbox.run(&["run"]);
    assert!(ran.stderr.contains("taken down again: the article posts/a.md"), "{ran:?}");
    assert!(!sandbox.path("store/articles/posts/a.md").exists(), "the mirror of the backup goes as well");
    assert!(!is_kept(&sandbox, &original) && !is_kept(&sandbox, &image(1)) && is_kept(&sandbox, &image(2)));
    assert_eq!(origin.log().requests().len(), asked);
    let rebuilt = sandbox.run(&["verify", "--rebuild"]);
    assert!([0, 1].contains(&rebuilt.status), "{rebuilt:?}");
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["skipped"][0]["article"], &report["problems"]), (&"posts/a.md".into(), &serde_json::json!([])));
    let catalog = rusqlite::Connection::open(sandbox.path("store/catalog.db")).expect("it is a database");
    let why: String = catalog
        .query_row("SELECT reason FROM takedown WHERE kind = 'article'", [], |row| row.get(0))
        .expect("it is on record");
    assert_eq!(why, "a court said so");
}

/// What of the archive's own files of takedowns cannot be read is damage: what it named is not known.
#[test]
fn a_file_of_a_takedown_that_cannot_be_read_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "text\n");
    sandbox.write("posts/b.md", "other\n");
    sandbox.run(&["run"]).expect(0);
    sandbox.run(&["forget", "posts/a.md"]).expect(0);
    let file = sandbox.only("store/takedowns", ".json");
    let name = file.file_name().expect("it has a name").to_string_lossy().into_owned();
    std::fs::write(&file, "{").expect("it can be written");
    assert!(sandbox.run(&["run"]).stderr.contains(&name));
    assert!(sandbox.run(&["verify"]).expect(4).stdout.contains(&name));
    std::fs::remove_file(&file).expect("it is there");
    // The catalog knows it, and it is written again.
    sandbox.run(&["run"]).expect(0);
    sandbox.run(&["verify"]).expect(0);
    sandbox.only("store/takedowns", ".json");
}
