//! What a source is: what of it is read, what never is, and what becomes of one that cannot be read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use offprint::Digest;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

fn png(seed: u64) -> Behaviour {
    Behaviour::serve(Content::new("image/png", tiny(seed)))
}

fn origin() -> Origin {
    Origin::start(Site::new().on("/a.png", png(1)).on("/b.png", png(2))).unwrap()
}

/// Settings with one source of this folder and output.
fn source(path: &str, output: &str) -> String {
    format!("[[source]]\nname = \"posts\"\npath = \"{path}\"\noutput = \"{output}\"\n")
}

fn outcomes(report: &Value) -> Vec<(&str, &str)> {
    let sources = report["sources"].as_array().unwrap();
    sources.iter().map(|source| (source["name"].as_str().unwrap(), source["outcome"].as_str().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_and_the_mirror_are_never_read_as_articles() {
    for output in ["", "out", "store/articles/other", "."] {
        let (origin, sandbox) = (origin(), Sandbox::new());
        sandbox.settings(&source(".", output));
        let original = format!("![x]({})\n", origin.url("/a.png"));
        sandbox.write("a.md", &original);
        for night in 1..=3 {
            let report = sandbox.json(&["run"]);
            assert_eq!(report["articles"]["seen"], 1, "{output}, night {night}: {report:#}");
        }
        assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout, original, "{output}");
        sandbox.run(&["verify"]).expect(0);
    }
    let (origin, sandbox) = (origin(), Sandbox::new());
    sandbox.write("a.md", format!("![x]({})\n", origin.url("/a.png")));
    for night in 1..=3 {
        let report = sandbox.json(&["mirror", "."]);
        assert_eq!(report["articles"]["seen"], 1, "night {night}: {report:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_is_where_it_says_beside_the_settings() {
    let (origin, sandbox) = (origin(), Sandbox::new());
    sandbox.settings(&source("posts", "public/news"));
    sandbox.write("posts/a.md", format!("![x]({})\n", origin.url("/a.png")));
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.text("public/news/a.md").starts_with("![x](../../store/blobs/"));
    assert!(!sandbox.path("posts/public").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_cannot_be_read_is_reported_and_the_others_are_mirrored() {
    let (origin, sandbox) = (origin(), Sandbox::new());
    let two = "[[source]]\nname = \"gone\"\npath = \"unmounted\"\n[[source]]\nname = \"posts\"\npath = \"posts\"\n";
    sandbox.settings(two);
    sandbox.write("posts/a.md", format!("![x]({})\n", origin.url("/a.png")));
    let ran = sandbox.run(&["-q", "run"]).expect(1);
    assert!(ran.stderr.contains("the source \"gone\" has no folder unmounted"), "{ran:?}");
    assert!(sandbox.text("store/articles/posts/a.md").contains("/blobs/"));
    let report = sandbox.json(&["run"]);
    assert_eq!(outcomes(&report), [("gone", "failed"), ("posts", "unchanged")]);
    assert_eq!(report["sources"][0]["reason"], "missing");
    assert!(report["sources"][0]["detail"].as_str().unwrap().contains("correct its `path`"), "{report:#}");
    assert_eq!(report["outcome"], "complete");
    let plan = sandbox.json(&["run", "--dry-run"]);
    assert_eq!(outcomes(&plan), [("gone", "failed"), ("posts", "unchanged")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_without_any_article_is_taken_for_one_that_is_not_mounted() {
    let (origin, sandbox) = (origin(), Sandbox::new());
    sandbox.write("posts/a.md", format!("![x]({})\n", origin.url("/a.png")));
    sandbox.run(&["run"]).expect(0);
    std::fs::rename(sandbox.path("posts"), sandbox.path("disk")).unwrap();
    std::fs::create_dir(sandbox.path("posts")).unwrap();
    for _ in 0..2 {
        let ran = sandbox.run(&["-q", "run"]).expect(1);
        assert!(ran.stderr.contains("and the archive has 1 of it: mount its disk"), "{ran:?}");
    }
    assert_eq!(sandbox.json(&["status"])["vanished"], 0);
    std::fs::remove_dir(sandbox.path("posts")).unwrap();
    std::fs::rename(sandbox.path("disk"), sandbox.path("posts")).unwrap();
    assert_eq!(outcomes(&sandbox.json(&["run"])), [("posts", "unchanged")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_articles_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.txt", "text");
    let ran = sandbox.run(&["run"]).expect(0);
    assert!(ran.stderr.contains("posts: no file in it is an article"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_and_not_read_is_a_mistake_of_the_caller() {
    let sandbox = Sandbox::new();
    sandbox.write("x.txt", "text");
    sandbox.write("posts/.hidden.md", "text");
    sandbox.write("empty/x.bin", "text");
    for (place, why) in [
        ("x.txt", "x.txt: it is no article: offprint reads "),
        ("posts/.hidden.md", "it is hidden"),
        ("empty", "empty holds no article"),
    ] {
        let ran = sandbox.run(&["mirror", place]).expect(2);
        assert!(ran.stderr.contains(why), "{ran:?}");
    }
    assert!(!sandbox.path("store").exists());
    sandbox.write("POST.MD", "text");
    assert_eq!(sandbox.json(&["mirror", "POST.MD"])["articles"]["new"], 1);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn links_within_a_source_are_read_and_others_are_reported() {
    let (origin, sandbox) = (origin(), Sandbox::new());
    sandbox.write("elsewhere/b.md", "text");
    sandbox.write("posts/.annex/a", format!("![x]({})\n", origin.url("/a.png")));
    std::os::unix::fs::symlink(".annex/a", sandbox.path("posts/a.md")).unwrap();
    std::os::unix::fs::symlink(sandbox.path("elsewhere/b.md"), sandbox.path("posts/b.md")).unwrap();
    let report = sandbox.json(&["run"]);
    assert_eq!(report["articles"]["seen"], 1);
    assert_eq!(report["skipped"][0]["article"], "posts/b.md");
    assert!(sandbox.text("store/articles/posts/a.md").contains("/blobs/"));
    let ran = sandbox.run(&["-v", "run"]).expect(0);
    assert!(ran.stderr.contains("posts/b.md: it is a link out of the source"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_two_sources_change_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.settings(&(source("posts", ".") + &source("posts", ".").replace("\"posts\"\npath", "\"other\"\npath")));
    sandbox.write("posts/a.md", "text");
    for arguments in [&["run"][..], &["run", "--dry-run"], &["verify"]] {
        let ran = sandbox.run(arguments).expect(2);
        assert!(ran.stderr.contains("the mirror of each replaces its articles"), "{ran:?}");
    }
    assert_eq!(sandbox.text("posts/a.md"), "text");
}

/// Flips a bit in the only blob with this ending.
fn rot(sandbox: &Sandbox, ending: &str) {
    let file = sandbox.only("store/blobs/sha256", ending);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[2] ^= 1;
    let mut permissions = std::fs::metadata(&file).unwrap().permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test alone")]
    permissions.set_readonly(false);
    std::fs::set_permissions(&file, permissions).unwrap();
    std::fs::write(&file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_original_never_gets_into_a_mirror() {
    for output in ["", "."] {
        let (origin, sandbox) = (origin(), Sandbox::new());
        let settings = format!("retries = 0\n[run]\nretry_schedule = [\"1ms\"]\n{}", source("posts", output));
        sandbox.settings(&settings);
        sandbox.write("posts/a.md", format!("![x]({}) ![y]({})\n", origin.url("/a.png"), origin.url("/late.png")));
        sandbox.run(&["run"]).expect(3);
        let mirror = if output == "." { "posts/a.md" } else { "store/articles/posts/a.md" };
        let before = sandbox.read(mirror);
        rot(&sandbox, ".md");
        origin.change(|site| site.set("/late.png", png(3)));
        let ran = sandbox.run(&["-q", "run"]);
        assert!(ran.stderr.contains("is damaged"), "{ran:?}");
        assert!(sandbox.read(mirror) == before, "{output}: made from damaged bytes");
        assert_eq!(ran.status, 3, "{ran:?}");
        sandbox.run(&["verify", "--repair"]).expect(0);
        sandbox.run(&["run"]).expect(0);
        assert!(!String::from_utf8(sandbox.read(mirror)).unwrap().contains("127.0.0.1"), "{output}");
    }
}

/// A catalog that cannot be read is not an empty one: mirrors in place are not taken for originals.
#[tokio::test(flavor = "multi_thread")]
async fn an_article_whose_row_cannot_be_read_is_never_taken_for_an_original() {
    let (origin, sandbox) = (origin(), Sandbox::new());
    sandbox.settings(&source("posts", "."));
    for name in ["a", "b", "c"] {
        sandbox.write(&format!("posts/{name}.md"), format!("{name} ![x]({})\n", origin.url("/a.png")));
    }
    sandbox.run(&["run"]).expect(0);
    let digest = |name: &str| Digest::of(&sandbox.read(&format!("posts/{name}.md")));
    let before = ["a", "b", "c"].map(digest);
    let catalog = rusqlite::Connection::open(sandbox.path("store/catalog.db")).unwrap();
    catalog.execute_batch("UPDATE article SET settings = x'00' WHERE path = 'b.md'").unwrap();
    drop(catalog);
    let ran = sandbox.run(&["run"]).expect(3);
    assert!(ran.stderr.contains("the catalog") && ran.stderr.contains("verify --rebuild"), "{ran:?}");
    assert_eq!(["a", "b", "c"].map(digest), before);
    let originals = sandbox.tree("store/blobs/sha256").into_keys().filter(|name| name.extension().unwrap() == "md");
    assert_eq!(originals.count(), 3, "no mirror was kept as an original");
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_settings_take_effect_in_place_on_articles_that_nobody_touched() {
    let (origin, sandbox) = (origin(), Sandbox::new());
    let original = format!("![x]({})\n", origin.url("/a.png"));
    sandbox.write("posts/a.md", &original);
    sandbox.settings(&source("posts", "."));
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.text("posts/a.md").starts_with("![x](../store/blobs/"));
    sandbox.settings(&(source("posts", ".") + "links = \"/media/\"\n"));
    let report = sandbox.json(&["run"]);
    assert!(sandbox.text("posts/a.md").starts_with("![x](/media/blobs/"), "{}", sandbox.text("posts/a.md"));
    let articles = &report["articles"];
    assert_eq!((&articles["changed"], &articles["unchanged"]), (&json!(0), &json!(1)), "its content did not change");
    assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout, original);
    assert_eq!(origin.log().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_put_right_when_the_archive_was_moved() {
    let (origin, sandbox) = (origin(), Sandbox::new());
    sandbox.settings(&source("posts", "public"));
    sandbox.write("posts/a.md", format!("![x]({})\n", origin.url("/a.png")));
    sandbox.run(&["run"]).expect(0);
    std::fs::create_dir(sandbox.path("disk")).unwrap();
    std::fs::rename(sandbox.path("store"), sandbox.path("disk/archive")).unwrap();
    sandbox.run(&["run", "--store", "disk/archive"]).expect(0);
    assert!(sandbox.text("public/a.md").starts_with("![x](../disk/archive/blobs/"), "{}", sandbox.text("public/a.md"));
    assert_eq!(origin.log().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn thumbnails_follow_their_settings_without_a_request() {
    let jpeg = Content::new("image/jpeg", offprint::testing::demo::photo::Photo::new(1, 640, 427).jpeg());
    let origin = Origin::start(Site::new().on("/a.jpg", Behaviour::serve(jpeg))).unwrap();
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", format!("---\nthumbnail: {}\n---\n", origin.url("/a.jpg")));
    let size =
        |name: &str, width: u32| format!("[[thumbnail]]\nname = \"{name}\"\nwidth = {width}\nheight = {width}\n");
    sandbox.settings(&size("small", 320));
    sandbox.run(&["run"]).expect(0);
    let width = |name: &str| {
        let file = sandbox.only(&format!("store/thumbnails/{name}"), ".jpg");
        offprint::testing::media::probe(&std::fs::read(file).unwrap(), &offprint::Config::default().media).width
    };
    assert_eq!(width("small"), 320);
    sandbox.settings(&size("small", 100));
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["thumbnails"]["made"], &report["articles"]["unchanged"]), (&json!(1), &json!(1)));
    assert_eq!(width("small"), 100);
    sandbox.settings(&size("card", 200));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(width("card"), 200);
    assert!(sandbox.text("store/articles/posts/a.md").contains("/thumbnails/card/"));
    assert_eq!(origin.log().count(), 1);
    assert_eq!(sandbox.json(&["run"])["thumbnails"]["made"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_detail_of_a_failure_reaches_the_user() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "![x](http://10.1.2.3/a.png)\n");
    let ran = sandbox.run(&["run"]).expect(3);
    assert!(ran.stderr.contains("fetch.allow_net"), "{ran:?}");
    let reports = sandbox.only("store/runs", ".json");
    let report: Value = serde_json::from_slice(&std::fs::read(reports).unwrap()).unwrap();
    assert!(report["failures"][0]["detail"].as_str().unwrap().contains("fetch.allow_net"), "{report:#}");
}

/// A disk that does not distinguish upper from lower case, played by a hard link: under both names there is one file.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn two_articles_that_are_one_file_on_the_archives_disk_are_reported() {
    let (origin, sandbox) = (origin(), Sandbox::new());
    sandbox.write("posts/note.md", format!("![x]({})\n", origin.url("/a.png")));
    sandbox.run(&["run"]).expect(0);
    let mirror = sandbox.read("store/articles/posts/note.md");
    std::fs::hard_link(sandbox.path("store/articles/posts/note.md"), sandbox.path("store/articles/posts/Note.md"))
        .unwrap();
    sandbox.write("posts/Note.md", format!("Another ![x]({})\n", origin.url("/b.png")));
    for _ in 0..2 {
        let ran = sandbox.run(&["run"]).expect(3);
        assert!(ran.stdout.contains("1 not read or written"), "{ran:?}");
        assert!(ran.stderr.contains("posts/Note.md: its mirror would be one file with that of note.md"), "{ran:?}");
        assert_eq!(sandbox.read("store/articles/posts/note.md"), mirror);
    }
    sandbox.run(&["verify"]).expect(0);
    std::fs::remove_file(sandbox.path("store/articles/posts/Note.md")).unwrap();
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.text("store/articles/posts/Note.md").starts_with("Another ![x](../../blobs/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_became_a_folder_makes_way_in_the_mirror() {
    let (origin, sandbox) = (origin(), Sandbox::new());
    let text = format!("![x]({})\n", origin.url("/a.png"));
    sandbox.write("posts/a.md", &text);
    sandbox.write("posts/z.md", &text);
    sandbox.run(&["run"]).expect(0);
    std::fs::remove_file(sandbox.path("posts/a.md")).unwrap();
    sandbox.write("posts/a.md/b/c.md", &text);
    let report = sandbox.json(&["run"]);
    assert_eq!(
        (&report["articles"]["new"], &report["articles"]["vanished"], &report["articles"]["failed"]),
        (&json!(1), &json!(1), &json!(0))
    );
    assert!(sandbox.text("store/articles/posts/a.md/b/c.md").contains("/blobs/"));
    assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout, text);
    sandbox.run(&["check"]).expect(0);
    sandbox.run(&["verify"]).expect(0);
    assert_eq!(sandbox.json(&["run"])["articles"]["unchanged"], 2);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_given_its_old_size_and_time_is_read_again() {
    for output in ["", "."] {
        let (origin, sandbox) = (origin(), Sandbox::new());
        sandbox.settings(&source("posts", output));
        sandbox.write("posts/a.md", format!("![x]({}) one\n", origin.url("/a.png")));
        sandbox.run(&["run"]).expect(0);
        let (file, text) = (sandbox.path("posts/a.md"), sandbox.text("posts/a.md"));
        let modified = file.metadata().unwrap().modified().unwrap();
        sandbox.write("posts/a.md", text.replace("one", "two"));
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
        assert_eq!(sandbox.json(&["run"])["articles"]["changed"], 1, "{output}");
        assert!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout.ends_with(" two\n"));
        assert_eq!(sandbox.json(&["run"])["articles"]["unchanged"], 1, "{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_runs_in_one_second_stand_side_by_side() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "text");
    let runs: std::collections::BTreeSet<_> =
        (0..4).map(|_| sandbox.json(&["run"])["run"].as_str().unwrap().to_owned()).collect();
    let kept: std::collections::BTreeSet<_> = sandbox
        .tree("store/runs")
        .into_keys()
        .map(|name| name.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!((runs.len(), &kept), (4, &runs));
}
