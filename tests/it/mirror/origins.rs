//! Articles that hold local links where a source reads them: mirrored in place, and renamed, moved, copied, edited or
//! read with other settings since. Their originals are found by what they show, and what cannot be found is reported.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use offprint::Digest;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, Origin, Site};

over_both_archives! {
    a_post_that_was_renamed_moved_or_copied_keeps_its_original_and_its_links
    an_edit_in_the_same_night_as_a_move_is_kept
    an_earlier_mirror_that_comes_back_is_known
    another_name_output_or_prefix_of_the_source_leads_to_the_same_originals
    a_source_beside_one_in_place_is_made_from_the_originals
    what_stands_around_links_comes_back_after_an_edit
    #[cfg(unix)] the_mode_and_the_time_of_a_file_in_place_are_kept
}

const IN_PLACE: &str = "[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \".\"\n";

fn png(seed: u64) -> Behaviour {
    Behaviour::serve(Content::new("image/png", tiny(seed)))
}

fn origin() -> Origin {
    Origin::start(Site::new().on("/a.png", png(1)).on("/b.png", png(2)).on("/c.png", png(3))).unwrap()
}

/// A post in every notation that matters here: front matter, Markdown, a lazy image.
fn post(origin: &Origin, image: &str) -> String {
    let url = origin.url(image);
    format!("---\ntitle: A post\nanything: {url}\n---\n\n![x]({url} \"t\")\r\n<img data-src='{url}'>\n")
}

/// A sandbox whose posts were mirrored in place, with their originals.
fn mirrored(sandbox: &Sandbox, origin: &Origin) -> (String, String) {
    sandbox.settings(IN_PLACE);
    let (a, b) = (post(origin, "/a.png"), post(origin, "/b.png").replace("A post", "Another"));
    sandbox.write("posts/a.md", &a);
    sandbox.write("posts/b.md", &b);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(links(sandbox, "posts/a.md").len(), 4);
    (a, b)
}

/// The local links of an article; each leads to a file.
fn links(sandbox: &Sandbox, article: &str) -> Vec<String> {
    let text = sandbox.text(article);
    assert!(!text.contains("127.0.0.1"), "{text}");
    let ends = |c: char| c.is_whitespace() || "\"'()".contains(c);
    let links: Vec<_> = text.split(ends).filter(|word| word.contains("blobs/")).map(str::to_owned).collect();
    for link in &links {
        assert!(!sandbox.linked(article, link).is_empty(), "{link} in {article}");
    }
    links
}

fn restored(sandbox: &Sandbox, article: &str) -> String {
    sandbox.run(&["restore", article]).expect(0).stdout
}

/// The run is silent from now on, and nothing is damaged.
fn settled(sandbox: &Sandbox, origin: &Origin) {
    let (before, asked) = (sandbox.tree("posts"), origin.log().count());
    let report = sandbox.json(&["run"]);
    let articles = &report["articles"];
    assert_eq!((&articles["new"], &articles["changed"], &articles["failed"]), (&json!(0), &json!(0), &json!(0)));
    assert_eq!((sandbox.tree("posts"), origin.log().count()), (before, asked), "{report:#}");
    sandbox.run(&["check"]).expect(0);
}

fn a_post_that_was_renamed_moved_or_copied_keeps_its_original_and_its_links(sandbox: &Sandbox) {
    for to in ["c.md", "sub/deep/a.md", "c.html.md", "ü b.md"] {
        let origin = origin();
        let sandbox = sandbox.another();
        let (a, _) = mirrored(&sandbox, &origin);
        let to_file = sandbox.path(&format!("posts/{to}"));
        std::fs::create_dir_all(to_file.parent().unwrap()).unwrap();
        std::fs::copy(sandbox.path("posts/b.md"), sandbox.path("posts/copy.md")).unwrap();
        std::fs::rename(sandbox.path("posts/a.md"), &to_file).unwrap();
        sandbox.run(&["check"]).expect(0);
        let report = sandbox.json(&["run"]);
        assert_eq!((&report["articles"]["new"], &report["urls"]["fetched"]), (&json!(2), &json!(0)), "{report:#}");
        assert_eq!(restored(&sandbox, &format!("posts/{to}")), a);
        assert_eq!(restored(&sandbox, "posts/a.md"), a, "the old name");
        assert_eq!(restored(&sandbox, "posts/copy.md"), restored(&sandbox, "posts/b.md"));
        assert_eq!(links(&sandbox, &format!("posts/{to}")).len(), 4);
        settled(&sandbox, &origin);
        std::fs::remove_file(sandbox.path("posts/copy.md")).unwrap();
        sandbox.run(&["run"]).expect(0);
        sandbox.run(&["check"]).expect(0);
    }
}

fn an_edit_in_the_same_night_as_a_move_is_kept(sandbox: &Sandbox) {
    let origin = origin();
    let (a, b) = mirrored(sandbox, &origin);
    let pasted = sandbox.text("posts/b.md").lines().find(|line| line.starts_with("![x]")).unwrap().to_owned();
    let edited = sandbox.text("posts/a.md").replace("title: A post", "title: Edited") + &pasted + "\n" + &pasted;
    std::fs::remove_file(sandbox.path("posts/a.md")).unwrap();
    sandbox.write("posts/sub/new.md", edited);
    let report = sandbox.json(&["run"]);
    assert_eq!(report["articles"]["failed"], 0, "{report:#}");
    let pasted = b.lines().find(|line| line.starts_with("![x]")).unwrap();
    let wanted = a.replace("title: A post", "title: Edited") + pasted + "\n" + pasted;
    assert_eq!(restored(sandbox, "posts/sub/new.md"), wanted);
    assert_eq!(links(sandbox, "posts/sub/new.md").len(), 6);
    settled(sandbox, &origin);
}

fn an_earlier_mirror_that_comes_back_is_known(sandbox: &Sandbox) {
    let origin = origin();
    let (a, b) = mirrored(sandbox, &origin);
    let earlier = sandbox.read("posts/a.md");
    let next = post(&origin, "/c.png").replace("A post", "Next");
    sandbox.write("posts/a.md", &next);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(restored(sandbox, "posts/a.md"), next);
    sandbox.write("posts/a.md", &earlier);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(restored(sandbox, "posts/a.md"), a);
    std::fs::copy(sandbox.path("posts/b.md"), sandbox.path("posts/a.md")).unwrap();
    sandbox.run(&["run"]).expect(0);
    assert_eq!(restored(sandbox, "posts/a.md"), b);
    settled(sandbox, &origin);
}

fn another_name_output_or_prefix_of_the_source_leads_to_the_same_originals(sandbox: &Sandbox) {
    for settings in [
        IN_PLACE.replace("name = \"posts\"", "name = \"blog\""),
        IN_PLACE.replace("output = \".\"", "links = \"/media/\"\noutput = \".\""),
        IN_PLACE.replace("output = \".\"", "output = \"public\""),
        IN_PLACE.replace("output = \".\"\n", ""),
        "[[source]]\nname = \"all\"\npath = \".\"\ninclude = [\"posts/**\"]\n".to_owned(),
    ] {
        let origin = origin();
        let sandbox = sandbox.another();
        let (a, _) = mirrored(&sandbox, &origin);
        sandbox.settings(&settings);
        let report = sandbox.json(&["run"]);
        assert_eq!((&report["articles"]["failed"], &report["urls"]["fetched"]), (&json!(0), &json!(0)), "{report:#}");
        let name = if settings.contains("blog") { "blog/a.md" } else { "posts/a.md" };
        let name = if settings.contains("\"all\"") { "all/posts/a.md" } else { name };
        assert_eq!(restored(&sandbox, name), a, "{settings}");
        let report = sandbox.json(&["run"]);
        assert_eq!((&report["articles"]["new"], &report["articles"]["changed"]), (&json!(0), &json!(0)), "{settings}");
        sandbox.run(&["check"]).expect(0);
        // And back again.
        sandbox.settings(IN_PLACE);
        sandbox.run(&["run"]).expect(0);
        assert_eq!(restored(&sandbox, "posts/a.md"), a, "{settings}");
        assert_eq!(links(&sandbox, "posts/a.md").len(), 4, "{settings}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_from_before_a_post_finds_its_original_among_the_blobs() {
    let origin = origin();
    let sandbox = Sandbox::new();
    let (a, _) = mirrored(&sandbox, &origin);
    let earlier = sandbox.read("store/catalog.db");
    let c = post(&origin, "/c.png").replace("A post", "Newer");
    sandbox.write("posts/c.md", &c);
    sandbox.write("posts/a.md", sandbox.text("posts/a.md").replace("A post", "Edited"));
    sandbox.run(&["run"]).expect(0);
    for name in ["store/catalog.db-wal", "store/catalog.db-shm", "store/catalog.db.sha256"] {
        let _ = std::fs::remove_file(sandbox.path(name));
    }
    sandbox.write("store/catalog.db", earlier);
    std::fs::rename(sandbox.path("posts/c.md"), sandbox.path("posts/d.md")).unwrap();
    let report = sandbox.json(&["run"]);
    assert_eq!(report["articles"]["failed"], 0, "{report:#}");
    assert_eq!(restored(&sandbox, "posts/d.md"), c);
    assert_eq!(restored(&sandbox, "posts/a.md"), a.replace("A post", "Edited"));
    settled(&sandbox, &origin);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_traced_is_reported_and_never_recorded() {
    let origin = origin();
    let sandbox = Sandbox::new();
    mirrored(&sandbox, &origin);
    let before = sandbox.read("posts/a.md");
    sandbox.run(&["init", "--store", "typo"]).expect(0);
    let ran = sandbox.run(&["run", "--store", "typo"]).expect(3);
    assert!(ran.stderr.contains("posts/a.md: it holds a link into an archive, ../store/"), "{ran:?}");
    assert_eq!(sandbox.read("posts/a.md"), before);
    let report = sandbox.json(&["run", "--store", "typo"]);
    assert_eq!(report["articles"]["failed"], 2, "{report:#}");
    assert_eq!(sandbox.run(&["restore", "--store", "typo", "posts/a.md"]).status, 1);
    let plan = sandbox.json(&["run", "--dry-run", "--store", "typo"]);
    assert_eq!(plan["problems"].as_array().unwrap().len(), 2, "{plan:#}");
    // Another site that offprint mirrored is an address as any other, and code is no link.
    let name = format!("blobs/sha256/ab/{}.png", "ab".repeat(32));
    sandbox.write("posts/d.md", format!("![x](http://127.0.0.1:1/m/{name})\n\n```\n![x](../store/{name})\n```\n"));
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["articles"]["failed"], &report["articles"]["new"]), (&json!(0), &json!(1)), "{report:#}");
}

#[cfg(unix)]
fn the_mode_and_the_time_of_a_file_in_place_are_kept(sandbox: &Sandbox) {
    use std::os::unix::fs::PermissionsExt;
    let origin = origin();
    sandbox.settings(IN_PLACE);
    sandbox.write("posts/a.md", post(&origin, "/a.png"));
    let file = sandbox.path("posts/a.md");
    let written = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_400_000_000);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(written).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    sandbox.run(&["run"]).expect(0);
    assert_eq!(links(sandbox, "posts/a.md").len(), 4);
    let facts = file.metadata().unwrap();
    assert_eq!((facts.modified().unwrap(), facts.permissions().mode() & 0o777), (written, 0o640));
    settled(sandbox, &origin);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_to_an_archive_that_moved_are_reported_and_written_anew() {
    for settings in [IN_PLACE.to_owned(), IN_PLACE.replace("\".\"", "\"public\"")] {
        let (origin, sandbox) = (origin(), Sandbox::new());
        sandbox.settings(&settings);
        sandbox.write("posts/a.md", post(&origin, "/a.png"));
        sandbox.run(&["run"]).expect(0);
        std::fs::create_dir(sandbox.path("disk")).unwrap();
        std::fs::rename(sandbox.path("store"), sandbox.path("disk/kept")).unwrap();
        let checked = sandbox.run(&["check", "--store", "disk/kept"]).expect(4);
        assert!(checked.stdout.contains("4 leading nowhere"), "{checked:?}");
        assert!(checked.stdout.contains("leads nowhere: ../store/blobs/"), "{checked:?}");
        let store = ["--store", "disk/kept"];
        sandbox.run(&[&store[..], &["run"]].concat()).expect(0);
        let article = if settings.contains("public") { "public/a.md" } else { "posts/a.md" };
        assert_eq!(links(&sandbox, article).len(), 4, "{settings}");
        sandbox.run(&[&store[..], &["check"]].concat()).expect(0);
        assert_eq!(origin.log().count(), 1);
    }
}

fn a_source_beside_one_in_place_is_made_from_the_originals(sandbox: &Sandbox) {
    for order in [["beside", "posts"], ["posts", "beside"]] {
        let (origin, sandbox) = (origin(), sandbox.another());
        let settings = |name: &str| match name {
            "posts" => IN_PLACE.to_owned(),
            name => format!("[[source]]\nname = \"{name}\"\npath = \"posts\"\n"),
        };
        sandbox.settings(&order.map(settings).concat());
        let a = post(&origin, "/a.png");
        sandbox.write("posts/a.md", &a);
        for night in 1..=3 {
            let report = sandbox.json(&["run"]);
            assert_eq!(report["articles"]["failed"], 0, "night {night}: {report:#}");
            sandbox.run(&["check"]).expect(0);
        }
        assert_eq!((restored(&sandbox, "posts/a.md"), restored(&sandbox, "beside/a.md")), (a.clone(), a));
        assert_eq!(links(&sandbox, "store/articles/beside/a.md").len(), 4);
        settled(&sandbox, &origin);
    }
}

/// What an archive checks of references that no mirror made local.
#[tokio::test(flavor = "multi_thread")]
async fn check_counts_what_is_left_as_what_it_is() {
    let sandbox = Sandbox::new();
    let of = |checked: &Value, list: &str| -> Vec<String> {
        let places = checked[list].as_array().unwrap().iter();
        places.map(|place| place["raw"].as_str().unwrap().to_owned()).collect()
    };
    sandbox.settings("[rewrite]\nadopt_local = \"never\"\n");
    sandbox.write("posts/a.md", "![a](/images/x.png) ![b](gone.png) ![c](http://127.0.0.1:1/d.png)\n");
    sandbox.run(&["run"]);
    let ran = sandbox.run(&["check"]).expect(3);
    assert!(ran.stdout.contains("2 remote, 1 leading nowhere"), "{ran:?}");
    let checked = sandbox.json(&["check"]);
    assert_eq!(of(&checked, "remote"), ["/images/x.png", "http://127.0.0.1:1/d.png"], "{checked:#}");
    assert_eq!((of(&checked, "missing"), of(&checked, "dangling")), (vec!["gone.png".to_owned()], Vec::new()));
    sandbox.write("store/articles/posts/gone.png", tiny(9));
    assert_eq!(sandbox.json(&["check"])["local"], 1);
}

/// What is changed around local links, so that a browser shows them, is undone with them.
fn what_stands_around_links_comes_back_after_an_edit(sandbox: &Sandbox) {
    let origin = origin();
    sandbox.settings(IN_PLACE);
    let (host, url) = (origin.url("/dir/"), origin.url("/a.png"));
    let page = format!(
        "<!doctype html><base href=\"{host}\"><meta http-equiv=\"Content-Security-Policy\" content=\"img-src {host}\">\n\
         <a href=\"next.html\">n</a> <img crossorigin=\"anonymous\" src=\"{url}\"> <p>text</p>\n"
    );
    sandbox.write("posts/p.html", &page);
    sandbox.run(&["run"]).expect(0);
    let mirrored = sandbox.text("posts/p.html");
    assert!(mirrored.contains("/blobs/"), "{mirrored}");
    sandbox.write("posts/p.html", mirrored.replace("text", "more text"));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.text("posts/p.html"), mirrored.replace("text", "more text"));
    assert_eq!(restored(sandbox, "posts/p.html"), page.replace("text", "more text"));
    std::fs::rename(sandbox.path("posts/p.html"), sandbox.path("posts/q.html")).unwrap();
    sandbox.write("posts/q.html", sandbox.text("posts/q.html").replace("more text", "moved"));
    sandbox.run(&["run"]).expect(0);
    assert_eq!(restored(sandbox, "posts/q.html"), page.replace("text", "moved"));
}

/// Nobody reads such a post any more, so its mirror is as it was; what it links to is kept.
#[tokio::test(flavor = "multi_thread")]
async fn the_mirror_of_a_post_that_is_gone_may_have_links_of_other_settings() {
    let (origin, sandbox) = (origin(), Sandbox::new());
    let settings = |links: &str| format!("[[source]]\nname = \"posts\"\npath = \"posts\"\nlinks = \"{links}\"\n");
    sandbox.settings(&settings("/offprint/"));
    sandbox.write("posts/a.md", post(&origin, "/a.png"));
    sandbox.write("posts/b.md", post(&origin, "/b.png"));
    sandbox.run(&["run"]).expect(0);
    std::fs::remove_file(sandbox.path("posts/b.md")).unwrap();
    sandbox.settings(&settings(""));
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.text("store/articles/posts/b.md").contains("(/offprint/blobs/"));
    sandbox.run(&["check"]).expect(0);
    // But where it is not kept, that is damage.
    let image = Digest::of(&tiny(2)).to_string();
    std::fs::remove_file(sandbox.path(&format!("store/blobs/sha256/{}/{image}.png", &image[..2]))).unwrap();
    sandbox.run(&["check"]).expect(4);
}
