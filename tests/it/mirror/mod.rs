//! The main job, end to end: the program mirrors posts whose images an origin serves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

/// Tests of the whole pipeline: `fn(&Sandbox)` or `async fn(&Sandbox)`, once with the archive on disk, by the program, and once with one in
/// memory.
macro_rules! over_both_archives {
    (async $($(#[$attribute:meta])* $test:ident)*) => {
        mod on_disk {
            $(
                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    super::$test(&$crate::sandbox::Sandbox::new()).await;
                }
            )*
        }
        mod in_memory {
            $(
                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    super::$test(&$crate::sandbox::Sandbox::in_memory()).await;
                }
            )*
        }
    };
    ($($(#[$attribute:meta])* $test:ident)*) => {
        mod on_disk {
            $(
                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    super::$test(&$crate::sandbox::Sandbox::new());
                }
            )*
        }
        mod in_memory {
            $(
                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    super::$test(&$crate::sandbox::Sandbox::in_memory());
                }
            )*
        }
    };
}

pub(crate) use over_both_archives;

mod active_drawings;
mod drawings_chromium;
mod evidence;
mod fallback;
mod hostile;
mod in_place;
mod inline;
mod linked;
mod local_files;
mod origins;
mod outputs;
mod placeholders;
mod problems;
mod real_articles;

use offprint::testing::demo::photo::Photo;
use offprint::testing::model::Digest;
use offprint::testing::rewrite;
use serde_json::Value;

use crate::origin::tls::{Authority, Flaw};
use crate::sandbox::{Ran, Sandbox, follow};
use crate::testserver::bulk::tiny;
use crate::testserver::{Behaviour, Content, End, Gate, Origin, Portion, Site};

over_both_archives! {
    a_second_run_asks_for_nothing_and_writes_nothing
    the_same_bytes_under_many_urls_are_one_blob
    one_url_is_fetched_once_however_many_articles_show_it
    a_changed_article_is_mirrored_again_and_an_older_version_stays
    a_reference_that_must_stay_remote_is_reported_as_remote
    no_bad_answer_changes_a_good_mirror
    new_bytes_under_a_url_are_a_new_version_and_are_reported
    an_article_shows_the_version_it_showed_first_unless_the_settings_say_otherwise
    images_beside_an_article_are_adopted_and_nothing_outside_is_followed
}

fn jpeg(seed: u64) -> Behaviour {
    Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, 640, 427).jpeg()))
}

/// The port of an origin on loopback is not among those that articles may reach but for `allow_net`.
fn post(origin: &Origin, images: &[&str]) -> String {
    let lead = origin.url(images[0]);
    let image = |image: &&str| format!("<img src=\"{}\" referrerpolicy=\"no-referrer\">\n", origin.url(image));
    let body = images.iter().map(image).collect::<Vec<_>>().concat();
    format!("\n---\ntitle: 'A post'\nheadimg: '{lead}'\nthumbnail: '{lead}'\n---\n\n<div>\n{body}</div>\n            ")
}

/// The local links of a mirrored article, in order.
fn links(text: &str) -> Vec<&str> {
    text.split(['"', '\'']).filter(|part| part.starts_with("../")).collect()
}

/// Turning the recorded splices of every mirrored article round gives its original: nothing outside of them changed,
/// and nothing of it is lost. Gives the number of articles.
async fn splices_turn_back(sandbox: &Sandbox) -> usize {
    let archive = sandbox.archive();
    let rows = archive.catalog.articles(None, None, 100_000).await.unwrap();
    for row in &rows {
        let key = &row.version.key;
        let mirror = sandbox.read(&format!("store/articles/{key}"));
        let edits = archive.catalog.edits(row.id).await.unwrap();
        let original = rewrite::unsplice(&mirror, &edits).unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(Digest::of(&original), row.version.original, "{key}");
    }
    rows.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_comes_back_with_every_image_local_and_nothing_else_changed() {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1)).on("/b.jpg", jpeg(2))).unwrap();
    let sandbox = Sandbox::new();
    let original = post(&origin, &["/a.jpg", "/b.jpg"]);
    sandbox.write("posts/2021/a post.md", &original);
    let ran = sandbox.run(&["run"]).expect(0);
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    assert_eq!(ran.stderr, "");

    let mirror = "store/articles/posts/2021/a post.md";
    let text = sandbox.text(mirror);
    let links = links(&text);
    assert_eq!(links.len(), 4);
    for link in &links {
        assert!(follow(&sandbox.path(mirror), link).is_file(), "{link}");
    }
    assert!(links[0].contains("/blobs/") && links[1].contains("/thumbnails/small/"), "{links:?}");
    let restored = text
        .replace(links[1], &origin.url("/a.jpg"))
        .replace(links[0], &origin.url("/a.jpg"))
        .replace(links[3], &origin.url("/b.jpg"));
    assert_eq!(restored, original);
    for (name, digest) in sandbox.digests("store/blobs/sha256") {
        assert_eq!(name.file_stem().unwrap().to_str().unwrap(), digest.to_string());
    }
    assert_eq!(sandbox.run(&["restore", "posts/2021/a post.md"]).expect(0).stdout, original);
    assert_eq!(splices_turn_back(&sandbox).await, 1);
    assert_eq!(sandbox.json(&["check"])["remote"], Value::Array(Vec::new()));
    for visit in origin.log().requests() {
        assert_eq!((visit.request.header("referer"), visit.request.header("cookie")), (None, None));
    }
    assert_eq!(origin.log().count(), 2);
}

fn a_second_run_asks_for_nothing_and_writes_nothing(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1))).unwrap();
    sandbox.write("posts/a.md", post(&origin, &["/a.jpg", "/gone.jpg"]));
    sandbox.run(&["run"]).expect(3);
    let asked = origin.log().count();
    let trees =
        |sandbox: &Sandbox| ["blobs", "thumbnails", "articles"].map(|part| sandbox.tree(&format!("store/{part}")));
    let before = trees(sandbox);
    let report = sandbox.json(&["run"]);
    assert_eq!(origin.log().count(), asked);
    assert_eq!(trees(sandbox), before);
    assert_eq!((&report["articles"]["unchanged"], &report["urls"]["fetched"]), (&1.into(), &0.into()));
    assert_eq!(report["newly_missing"], 0);
}

fn the_same_bytes_under_many_urls_are_one_blob(sandbox: &Sandbox) {
    let same = Content::new("image/png", tiny(7));
    let site = (0..10).fold(Site::new(), |site, at| site.on(&format!("/{at}.png"), Behaviour::serve(same.clone())));
    let origin = Origin::start(site).unwrap();
    let images: Vec<_> = (0..10).map(|at| format!("/{at}.png")).collect();
    sandbox.write("posts/a.md", post(&origin, &images.iter().map(String::as_str).collect::<Vec<_>>()));
    let report = sandbox.json(&["run"]);
    assert_eq!(origin.log().count(), 11, "one of them is asked for again, to know that they stand in for no others");
    assert_eq!((&report["blobs"]["new"], &report["blobs"]["duplicate"]), (&1.into(), &9.into()));
    sandbox.only("store/blobs/sha256", ".png");
}

fn one_url_is_fetched_once_however_many_articles_show_it(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1))).unwrap();
    for at in 0..25 {
        sandbox.write(&format!("posts/{at}.md"), post(&origin, &["/a.jpg"]));
    }
    sandbox.run(&["run"]).expect(0);
    assert_eq!(origin.log().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_stays_remote_is_reported_once_and_comes_in_when_it_is_due() {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1))).unwrap();
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\n[run]\nretry_schedule = [\"1ms\"]\n");
    sandbox.write("posts/a.md", post(&origin, &["/a.jpg", "/late.jpg"]));
    let ran = sandbox.run(&["run"]).expect(3);
    assert!(ran.stderr.contains("/late.jpg (http_status 404) in posts/a.md"), "{ran:?}");
    let remote = sandbox.json(&["check"]);
    assert_eq!(remote["remote"][0]["raw"], origin.url("/late.jpg"));
    assert!(sandbox.text("store/articles/posts/a.md").contains(&origin.url("/late.jpg")));
    let again = sandbox.run(&["run"]).expect(0);
    assert_eq!(again.stderr, "", "what is known to be missing is no news");
    origin.change(|site| site.set("/late.jpg", jpeg(3)));
    sandbox.run(&["run"]).expect(0);
    assert!(!sandbox.text("store/articles/posts/a.md").contains("127.0.0.1"));
    sandbox.run(&["check"]).expect(0);
}

fn a_changed_article_is_mirrored_again_and_an_older_version_stays(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1)).on("/b.jpg", jpeg(2))).unwrap();
    sandbox.write("posts/a.md", post(&origin, &["/a.jpg"]));
    sandbox.run(&["run"]).expect(0);
    let changed = post(&origin, &["/b.jpg", "/a.jpg"]);
    sandbox.write("posts/a.md", &changed);
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["articles"]["changed"], &report["urls"]["fetched"]), (&1.into(), &1.into()));
    assert_eq!(origin.log().count(), 2);
    assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout, changed);
    let originals = sandbox.tree("store/blobs/sha256").into_keys().filter(|name| name.extension().unwrap() == "md");
    assert_eq!(originals.count(), 2);
}

/// A link that would change how the rest of the article is read is not written, and that is reported everywhere.
fn a_reference_that_must_stay_remote_is_reported_as_remote(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a%60%60%60", jpeg(1)).on("/c.jpg", jpeg(2))).unwrap();
    let fenced = origin.url("/a```");
    let original = format!("{{% img {fenced} %}} then {{% img {fenced} %}} and ![]({})\n", origin.url("/c.jpg"));
    sandbox.write("posts/a.md", &original);
    let report = sandbox.json(&["run"]);
    assert_eq!(report["references"], serde_json::json!({"found": 2, "local": 1, "remote": 1}), "{report:#}");
    let printed = report["problems"][0]["message"].as_str().unwrap();
    assert!(printed.starts_with("1 of its images stay remote, from byte 7 on"), "{printed}");
    let mirror = sandbox.text("store/articles/posts/a.md");
    assert_eq!(mirror.split_once("![](").unwrap().0, original.split_once("![](").unwrap().0);
    assert!(mirror.contains("![](../../blobs/"), "{mirror}");
    let checked = sandbox.json(&["check"]);
    assert_eq!(checked["remote"][0]["raw"], fenced.as_str(), "{checked:#}");
    let status = sandbox.json(&["status"]);
    assert_eq!((&status["references"], &status["local"]), (&2.into(), &1.into()));
    assert_eq!(sandbox.run(&["restore", "posts/a.md"]).expect(0).stdout, original);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_in_a_folder_of_any_name_can_be_pointed_at() {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1))).unwrap();
    let sandbox = Sandbox::new();
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"out\"\n");
    sandbox.write("posts/a.md", format!("<img src={}> ![]({})", origin.url("/a.jpg"), origin.url("/a.jpg")));
    sandbox.run(&["run", "--store", "my store, (new)"]).expect(0);
    let mirror = sandbox.text("out/a.md");
    assert!(mirror.starts_with("<img src=../my%20store%2C%20%28new%29/blobs/sha256/"), "{mirror}");
    assert_eq!(mirror.matches("/blobs/sha256/").count(), 2, "{mirror}");
    assert_eq!(sandbox.json(&["check", "--store", "my store, (new)"])["local"], 2);
}

fn images_beside_an_article_are_adopted_and_nothing_outside_is_followed(sandbox: &Sandbox) {
    sandbox.write("secret.png", tiny(1));
    sandbox.write("posts/img/b.png", tiny(2));
    #[cfg(unix)]
    std::os::unix::fs::symlink(sandbox.path("secret.png"), sandbox.path("posts/img/link.png")).unwrap();
    let secret = sandbox.path("secret.png");
    let text = format!(
        "![b](img/b.png) ![s](../secret.png) ![l](img/link.png) ![a]({}) <img src=\"file://{}\">\n",
        secret.display(),
        secret.display()
    );
    sandbox.write("posts/a.md", &text);
    sandbox.run(&["run"]).expect(3);
    let mirror = sandbox.text("store/articles/posts/a.md");
    assert!(mirror.starts_with("![b](../../blobs/"), "{mirror}");
    assert_eq!(mirror.split_once(')').unwrap().1, text.split_once(')').unwrap().1);
    sandbox.only("store/blobs/sha256", ".png");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_broken_article_or_image_never_stops_the_rest() {
    let broken = Content::new("image/jpeg", Photo::new(5, 640, 427).jpeg()[..9000].to_vec());
    let page = Behaviour::html_as("image/jpeg");
    let site = Site::new().on("/a.jpg", jpeg(1)).on("/cut.jpg", Behaviour::serve(broken)).on("/page.jpg", page);
    let origin = Origin::start(site).unwrap();
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\n[rewrite]\nmax_article = \"1 MiB\"\n");
    sandbox.write("posts/a.md", post(&origin, &["/a.jpg", "/cut.jpg", "/page.jpg"]));
    sandbox.write("posts/empty.md", "");
    sandbox.write("posts/endless.md", "---\ntitle: x\nno end");
    sandbox.write("posts/nul.md", [b"a\0b <img src=".as_slice(), origin.url("/a.jpg").as_bytes(), b">\0"].concat());
    sandbox.write("posts/large.md", vec![b'x'; 2 << 20]);
    let ran = sandbox.run(&["run"]).expect(3);
    assert!(ran.stderr.contains("large.md: it has 2.0 MiB, more than rewrite.max_article allows"), "{ran:?}");
    assert!(ran.stderr.contains("/cut.jpg (truncated"), "{ran:?}");
    assert!(ran.stderr.contains("/page.jpg (not_an_image"), "{ran:?}");
    assert_eq!(sandbox.text("store/articles/posts/empty.md"), "");
    assert_eq!(sandbox.text("store/articles/posts/endless.md"), "---\ntitle: x\nno end");
    let nul = sandbox.read("store/articles/posts/nul.md");
    assert!(nul.starts_with(b"a\0b <img src=../") && nul.ends_with(b">\0"));
    assert!(!sandbox.path("store/articles/posts/large.md").exists());
}

/// What one article holds beyond the limit is not recorded, and the report says how much that is.
#[test]
fn references_beyond_the_limit_are_reported() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/many.md", "![](a.jpg)\n\n".repeat(20_003));
    let report: Value = serde_json::from_str(&sandbox.run(&["run", "--json"]).stdout).unwrap();
    let problem = report["problems"].as_array().unwrap().iter().find(|problem| problem["article"] == "posts/many.md");
    let message = problem.unwrap()["message"].as_str().unwrap();
    assert!(message.starts_with("3 of its references stay as they are: it has more than 20000"), "{message}");
}

fn no_bad_answer_changes_a_good_mirror(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1))).unwrap();
    sandbox.settings("retries = 0\nmax_bytes = \"1 MiB\"\nmax_refused = \"0\"\nbreaker_failures = 99\nrecheck = \"1ms\"\n[run]\nretry_schedule = [\"1ms\"]\n");
    sandbox.write("posts/a.md", post(&origin, &["/a.jpg"]));
    sandbox.run(&["run"]).expect(0);
    let good = (sandbox.tree("store/articles"), sandbox.tree("store/blobs"), sandbox.tree("store/thumbnails"));
    let whole = Photo::new(9, 640, 427).jpeg();
    let failures = [
        Behaviour::status(404),
        Behaviour::status(410),
        Behaviour::status(500),
        Behaviour::html_as("image/jpeg"),
        Behaviour::tracking_pixel(),
        Behaviour::redirect(302, "/a.jpg"),
        Behaviour::redirect(302, "file:///etc/passwd"),
        Behaviour::serve(Content::new("image/jpeg", whole[..whole.len() / 2].to_vec())),
        Behaviour::serve(Content::new("image/jpeg", Vec::new())),
        Behaviour::serve(Content::new("image/jpeg", whole.clone())).breaks_off(Portion::Percent(50), End::Reset),
        Behaviour::serve(Content::new("image/jpeg", whole.clone())).claims_percent(150),
        Behaviour::endless("image/jpeg", whole),
        Behaviour::gzip_bomb(64),
    ];
    for failure in failures {
        let shown = format!("{failure:?}");
        origin.change(|site| site.set("/a.jpg", failure));
        let report = sandbox.json(&["run"]);
        assert_eq!(report["urls"]["fetched"], 0, "{shown}");
        assert_eq!(report["newly_missing"], 0, "{shown}");
        let now = (sandbox.tree("store/articles"), sandbox.tree("store/blobs"), sandbox.tree("store/thumbnails"));
        assert_eq!(now, good, "{shown}");
    }
}

fn new_bytes_under_a_url_are_a_new_version_and_are_reported(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1))).unwrap();
    sandbox.settings("recheck = \"1ms\"\n");
    sandbox.write("posts/a.md", post(&origin, &["/a.jpg"]));
    sandbox.run(&["run"]).expect(0);
    origin.change(|site| site.set("/a.jpg", jpeg(2)));
    let report = sandbox.json(&["run"]);
    let changed = &report["changed_images"][0];
    assert_eq!(changed["url"], origin.url("/a.jpg"));
    assert_eq!(changed["old"], Digest::of(&Photo::new(1, 640, 427).jpeg()).to_string());
    assert_eq!(changed["new"], Digest::of(&Photo::new(2, 640, 427).jpeg()).to_string());
    assert_eq!(changed["articles"][0], "posts/a.md");
    assert_eq!(sandbox.tree("store/blobs/sha256").keys().filter(|name| name.extension().unwrap() == "jpg").count(), 2);
}

fn an_article_shows_the_version_it_showed_first_unless_the_settings_say_otherwise(sandbox: &Sandbox) {
    let origin = Origin::start(Site::new().on("/a.jpg", jpeg(1))).unwrap();
    let shows = |article: &str, seed: u64| {
        let digest = Digest::of(&Photo::new(seed, 640, 427).jpeg()).to_string();
        let mirror = sandbox.read(&format!("store/articles/posts/{article}.md"));
        assert!(String::from_utf8_lossy(&mirror).contains(&digest), "{article} does not show {seed}");
    };
    sandbox.settings("recheck = \"1ms\"\n");
    sandbox.write("posts/old.md", post(&origin, &["/a.jpg"]));
    sandbox.run(&["run"]).expect(0);
    origin.change(|site| site.set("/a.jpg", jpeg(2)));
    sandbox.write("posts/new.md", post(&origin, &["/a.jpg"]));
    assert_eq!(sandbox.json(&["run"])["articles"]["unchanged"], 1);
    shows("old", 1);
    shows("new", 2);
    let history = sandbox.json(&["status", "--history", "posts/old.md"]);
    assert_eq!(history["older_images"][0]["url"], origin.url("/a.jpg"));
    assert_eq!(history["older_images"][0]["shown"], Digest::of(&Photo::new(1, 640, 427).jpeg()).to_string());

    let edited = [post(&origin, &["/a.jpg"]), "\nA correction.\n".to_owned()].concat();
    sandbox.write("posts/old.md", edited);
    sandbox.run(&["run"]).expect(0);
    shows("old", 1);
    shows("new", 2);

    sandbox.settings("recheck = \"1ms\"\n[rewrite]\nchanged_images = \"newest\"\n");
    sandbox.run(&["run"]).expect(0);
    shows("old", 2);
    shows("new", 2);
    origin.change(|site| site.set("/a.jpg", jpeg(3)));
    sandbox.run(&["run"]).expect(0);
    shows("old", 3);
    shows("new", 3);
    sandbox.run(&["verify"]).expect(0);
    sandbox.run(&["check"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_ends_consistently_and_the_next_one_finishes_it() {
    let gate = Gate::new();
    let site = (0..20).fold(Site::new(), |site, at| site.on(&format!("/{at}.jpg"), jpeg(at)));
    let site = site.on("/held.jpg", jpeg(99).held(&gate));
    let origin = Origin::start(site).unwrap();
    let images: Vec<_> = (0..20).map(|at| format!("/{at}.jpg")).chain(["/held.jpg".to_owned()]).collect();
    let write_posts = |sandbox: &Sandbox| {
        for (at, pair) in images.chunks(3).enumerate() {
            sandbox
                .write(&format!("posts/{at}.md"), post(&origin, &pair.iter().map(String::as_str).collect::<Vec<_>>()));
        }
    };
    let sandbox = Sandbox::new();
    write_posts(&sandbox);
    let child = sandbox.command(&["run"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    origin.log().wait_for_those(1, |visit| visit.request.path() == "/held.jpg").await.unwrap();
    interrupt(child.id());
    let ran = Ran::of(&child.wait_with_output().unwrap());
    assert_eq!(ran.status, 130, "{ran:?}");
    assert!(ran.stdout.starts_with("interrupted"), "{ran:?}");
    gate.open();
    sandbox.run(&["run"]).expect(0);

    let undisturbed = Sandbox::new();
    write_posts(&undisturbed);
    undisturbed.run(&["run"]).expect(0);
    for part in ["store/blobs", "store/thumbnails", "store/articles"] {
        assert_eq!(sandbox.digests(part), undisturbed.digests(part), "{part}");
    }
}

fn interrupt(process: u32) {
    let status = std::process::Command::new("kill").args(["-INT", &process.to_string()]).status();
    assert!(status.expect("kill is there").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_by_a_known_address_and_an_authority_of_ones_own() {
    let authority = Authority::new();
    let origin = authority.origin(&["i.example.org"], Flaw::None, Site::new().on("/a.jpg", jpeg(1)));
    let sandbox = Sandbox::new();
    sandbox.write("ca.pem", authority.pem());
    let known = format!("ca_file = \"ca.pem\"\n[fetch.resolve]\n\"i.example.org\" = \"{}\"\n", origin.address());
    sandbox.settings(&known);
    sandbox.write("posts/a.md", "![a](https://i.example.org/a.jpg)");
    sandbox.run(&["run"]).expect(0);
    assert_eq!(origin.log().count(), 1);
    sandbox.settings(known.strip_prefix("ca_file = \"ca.pem\"\n").unwrap());
    sandbox.write("posts/b.md", "![a](https://i.example.org/b.jpg)");
    let ran = sandbox.run(&["run"]).expect(3);
    assert!(ran.stderr.contains("b.jpg (tls)"), "{ran:?}");
}
