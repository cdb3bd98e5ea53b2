//! Something else lies where one object belongs: it costs that one alone, it is named with the way out, and once it is moved
//! away the next run keeps what belongs there.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use offprint::testing::demo::photo::Photo;
use offprint::testing::model::Digest;

use crate::sandbox::{Sandbox, is_thorough};
use crate::testserver::{Behaviour, Content, Origin, Site};

fn image(seed: u64) -> Vec<u8> {
    Photo::new(seed, 640, 480).jpeg()
}

fn origin() -> Origin {
    let photo = |seed| Behaviour::serve(Content::new("image/jpeg", image(seed)));
    Origin::start(Site::new().on("/1.jpg", photo(1)).on("/2.jpg", photo(2))).unwrap()
}

/// Two posts, each with an image of its own, and the settings of an archive that was just made.
fn begun(origin: &Origin) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("[[thumbnail]]\nname = \"small\"\nwidth = 64\nheight = 64\n");
    for number in 1..=2 {
        sandbox.write(&format!("posts/{number}.md"), post(origin, number));
    }
    sandbox.run(&["init"]).expect(0);
    sandbox
}

fn post(origin: &Origin, number: u32) -> String {
    format!("Post {number}\n\n![]({})\n", origin.url(&format!("/{number}.jpg")))
}

/// What may lie where a file belongs.
const THINGS: [fn(&Path); 5] = [
    |place| fs::create_dir_all(place.join("something")).unwrap(),
    |place| assert!(Command::new("mkfifo").arg(place).status().unwrap().success()),
    |place| drop(UnixListener::bind(place).unwrap()),
    |place| symlink("/etc/hostname", place).unwrap(),
    |place| symlink("nowhere", place).unwrap(),
];

/// Puts a thing at a place of the archive. A socket's path may not be long, so it is bound elsewhere and moved.
fn put(thing: fn(&Path), sandbox: &Sandbox, place: &str) {
    let (made, place) = (sandbox.path("thing"), sandbox.path("store").join(place));
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    let _ = fs::remove_file(&place);
    thing(&made);
    fs::rename(made, place).unwrap();
}

/// The place of the image, of the thumbnail, of the original, or of the mirror of the first post.
fn place(origin: &Origin, of: &str) -> String {
    let in_shard = |bytes: &[u8], ending: &str| {
        let digest = Digest::of(bytes).to_string();
        format!("{}/{digest}.{ending}", &digest[..2])
    };
    match of {
        "image" => format!("blobs/sha256/{}", in_shard(&image(1), "jpg")),
        "thumbnail" => format!("thumbnails/small/{}", in_shard(&image(1), "jpg")),
        "original" => format!("blobs/sha256/{}", in_shard(post(origin, 1).as_bytes(), "md")),
        _ => "articles/posts/1.md".to_owned(),
    }
}

/// The run does everything else, and says the same each night until somebody mends it; then the next one does the rest.
fn costs_one_alone(of: &str, reason: &str, thing: fn(&Path)) {
    let origin = origin();
    let sandbox = begun(&origin);
    let place = place(&origin, of);
    put(thing, &sandbox, &place);
    for night in ["first", "second"] {
        let ran = sandbox.run(&["--json", "run"]).expect(3);
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let problems = report["problems"].as_array().unwrap();
        assert_eq!(problems.len(), 1, "{of}, {night} night: {report:#}");
        assert_eq!(problems[0]["reason"], reason, "{of}, {night} night");
        let message = problems[0]["message"].as_str().unwrap();
        assert!(message.contains(&place) && message.contains("`offprint verify --repair`"), "{of}: {message}");
    }
    assert!(!sandbox.text("store/articles/posts/2.md").contains("127.0.0.1"), "{of}: the other is mirrored");
    let found = sandbox.run(&["verify"]).expect(4).stdout;
    assert!(found.contains(&place), "{of}: {found}");
    if of == "mirror" {
        sandbox.run(&["check"]).expect(4);
    }
    sandbox.run(&["verify", "--repair"]).expect(0);
    assert_eq!(fs::read_dir(sandbox.path("store/quarantine")).unwrap().count(), 1, "{of}: it is put aside");
    for command in ["run", "verify", "check"] {
        sandbox.run(&[command]).expect(0);
    }
    let kept = fs::symlink_metadata(sandbox.path("store").join(&place)).unwrap();
    assert!(kept.is_file(), "{of}: what belongs there is kept");
    assert_eq!(sandbox.json(&["run"])["urls"]["fetched"], 0, "{of}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_lies_in_the_place_of_an_image_costs_that_image() {
    for thing in THINGS {
        costs_one_alone("image", "misplaced", thing);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_in_the_place_of_a_thumbnail_an_original_or_a_mirror_costs_that_one() {
    for (at, (of, reason)) in
        [("thumbnail", "misplaced"), ("original", "not_written"), ("mirror", "not_written")].into_iter().enumerate()
    {
        costs_one_alone(of, reason, THINGS[at]);
        costs_one_alone(of, reason, THINGS[at + 2]);
    }
}

/// In an archive that is there already, too: a mirror or a thumbnail that somebody replaced.
#[tokio::test(flavor = "multi_thread")]
async fn what_replaced_a_kept_file_is_put_aside_and_the_file_comes_back() {
    let (ran, at_once) = (true, false);
    let all = [("image", ran), ("thumbnail", ran), ("original", ran), ("mirror", ran), ("mirror", at_once)];
    for (of, runs) in all {
        let origin = origin();
        let sandbox = begun(&origin);
        sandbox.run(&["run"]).expect(0);
        let kept =
            (sandbox.digests("store/blobs"), sandbox.digests("store/thumbnails"), sandbox.digests("store/articles"));
        put(THINGS[0], &sandbox, &place(&origin, of));
        if runs {
            assert!([0, 3].contains(&sandbox.run(&["run"]).status), "{of}: it goes on");
        }
        sandbox.run(&["verify"]).expect(4);
        sandbox.run(&["verify", "--repair"]).expect(0);
        sandbox.run(&["run"]).expect(0);
        sandbox.run(&["verify"]).expect(0);
        let now =
            (sandbox.digests("store/blobs"), sandbox.digests("store/thumbnails"), sandbox.digests("store/articles"));
        assert_eq!(now, kept, "{of}");
        assert!(
            sandbox
                .path("store/quarantine")
                .read_dir()
                .unwrap()
                .flatten()
                .any(|put| put.path().join("something").is_dir())
        );
    }
}

/// Where a body that was refused would be kept as evidence: it is left out, and nothing else is.
#[tokio::test(flavor = "multi_thread")]
async fn evidence_whose_place_is_taken_is_left_out_and_named() {
    let page = b"<!doctype html><p>no image".to_vec();
    let refused = Behaviour::serve(Content::new("text/html", page.clone()));
    let origin = Origin::start(Site::new().on("/1.jpg", refused)).unwrap();
    let sandbox = Sandbox::new();
    sandbox.write("posts/1.md", post(&origin, 1));
    sandbox.run(&["init"]).expect(0);
    let digest = Digest::of(&page).to_string();
    put(THINGS[0], &sandbox, &format!("blobs/sha256/{}/{digest}.html", &digest[..2]));
    let report = sandbox.json(&["run"]);
    assert_eq!(report["failures"][0]["reason"], "not_an_image", "{report:#}");
    assert_eq!((&report["problems"][0]["reason"], &report["outcome"]), (&"misplaced".into(), &"complete".into()));
}

/// A link or a folder of the user's where a mirror belongs outside the archive stays what it is.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_in_an_output_is_never_replaced() {
    for thing in THINGS {
        let sandbox = Sandbox::new();
        sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"out\"\n");
        sandbox.write("posts/a.md", "text\n");
        sandbox.write("posts/b.md", "other\n");
        fs::create_dir(sandbox.path("out")).unwrap();
        put(thing, &sandbox, "../out/a.md");
        let before = fs::symlink_metadata(sandbox.path("out/a.md")).unwrap().file_type();
        let report = sandbox.json(&["run"]);
        assert_eq!(report["problems"][0]["reason"], "place_taken", "{report:#}");
        assert_eq!(fs::symlink_metadata(sandbox.path("out/a.md")).unwrap().file_type(), before);
        assert_eq!(sandbox.text("out/b.md"), "other\n");
        // Links in an output are followed, as the user set them up: what one leads to is a file of his.
        let is_file = sandbox.path("out/a.md").is_file();
        sandbox.run(&["check"]).expect(if is_file { 0 } else { 4 });
        let ran = sandbox.run(&["forget", "posts/a.md"]).expect(3);
        assert!(ran.stdout.contains("out/a.md"), "{ran:?}");
        assert_eq!(fs::symlink_metadata(sandbox.path("out/a.md")).unwrap().file_type(), before);
    }
}

/// As `a_folder_of_blobs_that_cannot_be_read_ends_nothing_else`, for what is put there: others can be kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_the_place_of_a_folder_of_blobs_costs_what_belongs_in_it() {
    let origin = origin();
    let sandbox = begun(&origin);
    let place = place(&origin, "image");
    let shard = place.rsplit_once('/').unwrap().0;
    sandbox.write(&format!("store/{shard}"), "no folder");
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["failures"][0]["reason"], &report["urls"]["fetched"]), (&"not_kept".into(), &1.into()));
    assert!(report["problems"][0]["message"].as_str().unwrap().contains(shard), "{report:#}");
    fs::remove_file(sandbox.path("store").join(shard)).unwrap();
    for command in ["run", "verify", "check"] {
        sandbox.run(&[command]).expect(0);
    }
}

/// Where a whole folder, or a file that the archive needs, should be.
const PLACES: [&str; 17] = [
    "blobs/sha256/XX",
    "thumbnails/small",
    "articles/posts/sub",
    "tmp",
    "blobs/sha256",
    "blobs",
    "thumbnails/small/XX",
    "thumbnails",
    "articles/posts",
    "articles",
    "runs",
    "catalog-copies",
    "takedowns",
    "index",
    "quarantine",
    "lock",
    "archive.json",
];

/// It is damage, and every command that finds it names the way out. A repair moves it away, whatever it keeps from working, and
/// then the archive is as it was.
fn is_moved_away(origin: &Origin, place: &str, thing: fn(&Path)) {
    let sandbox = begun(origin);
    sandbox.write("posts/sub/3.md", post(origin, 1));
    sandbox.run(&["run"]).expect(0);
    let digest = Digest::of(&image(1)).to_string();
    let place = place.replace("XX", &digest[..2]);
    let kept = || ["blobs", "thumbnails", "articles"].map(|part| sandbox.digests(&format!("store/{part}")));
    let before = kept();
    if sandbox.path("store").join(&place).exists() {
        fs::rename(sandbox.path("store").join(&place), sandbox.path("away")).unwrap();
    }
    put(thing, &sandbox, &place);
    let ran = sandbox.run(&["run"]);
    // A run reads no blob that it keeps already.
    if !place.starts_with("blobs/sha256/") {
        assert!([3, 4].contains(&ran.status), "{place}: {ran:?}");
        let said = ran.stdout + &ran.stderr;
        assert!(said.contains(&place) && said.contains("`offprint verify --repair` moves it away"), "{place}: {said}");
    }
    let found = sandbox.run(&["verify"]).expect(4).stdout;
    assert!(found.contains(&place) && found.contains("`offprint verify --repair` moves it away"), "{place}: {found}");
    let repaired = sandbox.run(&["verify", "--repair"]).expect(0).stdout;
    assert!(repaired.contains(&place), "{place}: {repaired}");
    assert!(repaired.contains("it is in quarantine now") || place.starts_with("articles/"), "{place}: {repaired}");
    let put = fs::symlink_metadata(sandbox.path("store/quarantine").join(place.replace('/', "-")));
    assert!(put.is_ok_and(|put| !put.is_dir()), "{place}");
    for command in ["run", "verify", "check"] {
        sandbox.run(&[command]).expect(0);
    }
    let now = kept();
    assert_eq!(now[1..], before[1..], "{place}");
    // What a run read as damaged meanwhile may be kept, too.
    assert!(before[0].iter().all(|blob| now[0].get(blob.0) == Some(blob.1)), "{place}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_in_the_place_of_a_folder_is_damage_and_is_moved_away() {
    let a_file: fn(&Path) = |place| fs::write(place, "no folder").unwrap();
    let [_, a_pipe, _, a_link, a_dangling_link] = THINGS;
    let origin = origin();
    let things = [a_file, a_pipe, a_link, a_dangling_link];
    for (at, place) in PLACES.iter().enumerate() {
        let of_this_place =
            things.iter().enumerate().filter(|(thing, _)| *thing > 0 || !["lock", "archive.json"].contains(place));
        for (kind, thing) in of_this_place {
            // By default the first places, each with one thing.
            if is_thorough() || at < 4 && kind == at {
                is_moved_away(&origin, place, *thing);
            }
        }
    }
}

/// A folder that is no archive is left alone, whatever lies in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_repair_moves_nothing_in_a_folder_that_is_no_archive() {
    let sandbox = Sandbox::new();
    sandbox.write("store/tmp", "a file of the user's");
    symlink("elsewhere", sandbox.path("store/index")).unwrap();
    for command in [&["verify"][..], &["verify", "--repair"], &["run"]] {
        let ran = sandbox.run(command).expect(1);
        assert!(!ran.stderr.contains("--repair"), "{ran:?}");
    }
    let names: Vec<_> = fs::read_dir(sandbox.path("store")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}
