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

use crate::sandbox::Sandbox;
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
