//! What nothing refers to goes, after a grace period, and nothing else.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use offprint::testing::archive::{Body, RenditionRow, StoreKey, ThumbnailRow};
use offprint::testing::demo::photo::Photo;
use offprint::testing::gc::{self, Garbage, GcPlan, GcRules};
use offprint::testing::model::{Digest, KeptBody, MediaType};

use crate::archive::verify::{Sample, image, image_url};
use crate::catalog::give_placeholder;
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

const DAY: Duration = Duration::from_secs(86_400);

/// Puts bytes that nothing refers to, and gives where they are.
async fn put(sample: &Sample, bytes: &[u8]) -> PathBuf {
    let staged = sample.archive.objects.staging().write(bytes).unwrap();
    sample.archive.keep(staged, MediaType::Png).await.unwrap();
    sample.blob_file(bytes, MediaType::Png)
}

/// The same, on record since some days.
async fn put_on_record(sample: &Sample, bytes: &[u8], days: u32) -> PathBuf {
    let path = put(sample, bytes).await;
    let since = Timestamp::now().checked_sub(DAY * days).unwrap();
    let catalog = &*sample.archive.catalog;
    let url = catalog.url(&image_url(0)).await.unwrap().unwrap().id;
    // A placeholder that was revoked is kept until another one is.
    let body = |bytes: &[u8]| KeptBody { digest: Digest::of(bytes), media_type: MediaType::Png, length: 3 };
    give_placeholder(catalog, url, &body(bytes), since).await;
    put(sample, b"newer").await;
    give_placeholder(catalog, url, &body(b"newer"), since).await;
    path
}

/// Makes a file look as old as some days.
fn age(path: &Path, days: u32) {
    let file = fs::File::open(path).unwrap();
    file.set_modified(SystemTime::now() - DAY * days).unwrap();
}

async fn thumbnail(sample: &Sample, original: Digest, days: u32) -> PathBuf {
    let key = StoreKey::Thumbnail { name: "small".parse().unwrap(), original, media_type: MediaType::Jpeg };
    sample.archive.objects.put(&key, Body::Bytes(b"small".to_vec())).await.unwrap();
    let path = sample.path(&key);
    age(&path, days);
    path
}

/// What gc plans, and notes, some days before now; thumbnails of one name are wanted.
async fn plan_on(sample: &Sample, days_ago: u32, grace: Duration) -> GcPlan {
    let now = Timestamp::now().checked_sub(DAY * days_ago).unwrap();
    let rules = GcRules { thumbnails: &["small".parse().unwrap()], grace, now };
    gc::plan_and_note(&sample.archive, rules).await.unwrap()
}

async fn plan(sample: &Sample) -> Vec<Garbage> {
    plan_on(sample, 0, DAY * 7).await.going
}

fn files(sample: &Sample) -> BTreeSet<PathBuf> {
    let entries = walkdir::WalkDir::new(sample.store()).into_iter().map(|entry| entry.unwrap().into_path());
    entries.filter(|path| path.is_file() && path.parent() != Some(&sample.store())).collect()
}

#[tokio::test]
async fn nothing_of_a_whole_archive_is_garbage_however_old() {
    let sample = Sample::new().await;
    for file in files(&sample) {
        age(&file, 1000);
    }
    assert_eq!(plan_on(&sample, 0, Duration::ZERO).await, GcPlan::default());
}

#[tokio::test]
async fn what_nothing_refers_to_goes_once_it_was_seen_for_long_enough() {
    let sample = Sample::new().await;
    // The placeholder that is kept in place of those that nothing keeps any more.
    put(&sample, b"newer").await;
    let whole = files(&sample);
    let orphan = put(&sample, b"an orphan").await;
    age(&orphan, 8);
    let on_record = put_on_record(&sample, b"on record", 8).await;
    let temporary = sample.store().join("tmp/stage-half");
    fs::write(&temporary, "half").unwrap();
    age(&temporary, 8);
    let small = thumbnail(&sample, Digest::of(b"on no record"), 8).await;
    // However old the files are: the grace period begins when they are first seen.
    assert_eq!(plan_on(&sample, 7, DAY * 7).await.going, []);
    let young = [
        put(&sample, b"a young orphan").await,
        put_on_record(&sample, b"young on record", 90).await,
        thumbnail(&sample, Digest::of(b"young"), 90).await,
    ];
    for file in &young {
        age(file, 90);
    }
    assert_eq!(plan_on(&sample, 6, DAY * 7).await.going, []);
    let planned = plan(&sample).await;
    let mut kinds: Vec<_> = planned.iter().map(|garbage| (garbage.kind(), garbage.size())).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [("blob", 3), ("orphan", 9), ("temporary", 4), ("thumbnail", 5)]);
    let garbage = BTreeSet::from([orphan, on_record, temporary, small]);
    assert!(garbage.is_subset(&files(&sample)), "a plan removes nothing");
    let mut removed = gc::sweep(&sample.archive, planned.clone()).await.unwrap();
    removed.sort_by_key(|garbage| planned.iter().position(|planned| planned == garbage));
    assert_eq!(removed, planned);
    let left: BTreeSet<_> = whole.into_iter().chain(young).collect();
    assert_eq!(files(&sample), left);
    assert_eq!(plan(&sample).await, []);
    let verified = sample.verify().await;
    assert_eq!((verified.findings, verified.orphans), (Vec::new(), 1));
}

#[tokio::test]
async fn the_thumbnails_of_a_blob_go_with_it() {
    let sample = Sample::new().await;
    put_on_record(&sample, b"on record", 8).await;
    let original = Digest::of(b"on record");
    let path = thumbnail(&sample, original, 8).await;
    let made = RenditionRow { media_type: MediaType::Jpeg, width: 1, height: 1, size: 5, digest: Digest::of(b"small") };
    let row = ThumbnailRow { original, name: "small".parse().unwrap(), recipe: original, made: Ok(made) };
    sample.archive.catalog.record_thumbnails(&[row], &[]).await.unwrap();
    let planned = plan_on(&sample, 0, Duration::ZERO).await.going;
    assert_eq!(gc::sweep(&sample.archive, planned).await.unwrap().len(), 2);
    assert!(!path.exists());
    assert_eq!(sample.archive.catalog.thumbnails(&[original]).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_referred_to_by_the_time_of_the_sweep_stays() {
    let sample = Sample::new().await;
    let digest = Digest::of(&image(3));
    let path = sample.blob_file(&image(3), MediaType::Jpeg);
    // A plan made before some article began to show it.
    let stale = vec![Garbage::Blob { digest, media_type: MediaType::Jpeg, size: 1 }];
    assert_eq!(gc::sweep(&sample.archive, stale).await.unwrap(), []);
    assert!(path.exists());
    assert_eq!(sample.verify().await.findings, []);
}

#[tokio::test]
async fn garbage_that_is_gone_already_is_no_error() {
    let sample = Sample::new().await;
    let orphan = put(&sample, b"an orphan").await;
    let planned = plan_on(&sample, 0, Duration::ZERO).await.going;
    assert_eq!(planned.len(), 1);
    fs::remove_file(orphan).unwrap();
    assert_eq!(gc::sweep(&sample.archive, planned).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_lists_garbage_and_removes_it() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "no image\n");
    sandbox.run(&["run"]).expect(0);
    let name = format!("store/blobs/sha256/ff/{}.png", "ff".repeat(32));
    sandbox.write(&name, "left by a crash");
    age(&sandbox.path(&name), 90);
    let planned = sandbox.json(&["gc", "--dry-run"]);
    assert_eq!((&planned["removed"], planned["waiting"].as_array().unwrap().len()), (&0.into(), 1), "{planned}");
    let seen = sandbox.run(&["gc"]).expect(0).stdout;
    assert!(seen.starts_with("nothing to remove\n1 file without a reference, 15 B, left until run.grace"), "{seen}");
    // Eight days go by.
    let catalog = rusqlite::Connection::open(sandbox.path("store/catalog.db")).unwrap();
    assert_eq!(catalog.execute("UPDATE garbage SET first_seen = first_seen - 8 * 86400000", []).unwrap(), 1);
    drop(catalog);
    let planned = sandbox.json(&["gc", "--dry-run"]);
    assert_eq!((&planned["removed"], &planned["bytes"]), (&1.into(), &15.into()), "{planned}");
    assert!(sandbox.path(&name).exists());
    assert_eq!(sandbox.run(&["gc"]).expect(0).stdout, "1 file removed, 15 B\n");
    assert!(!sandbox.path(&name).exists());
    assert_eq!(sandbox.json(&["gc"])["removed"], 0);
}

#[tokio::test]
async fn a_thing_that_got_a_reference_meanwhile_begins_anew() {
    let sample = Sample::new().await;
    let orphan = put(&sample, b"an orphan").await;
    plan_on(&sample, 30, DAY * 7).await;
    fs::rename(&orphan, sample.store().join("aside")).unwrap();
    plan_on(&sample, 20, DAY * 7).await;
    fs::rename(sample.store().join("aside"), &orphan).unwrap();
    assert_eq!(plan(&sample).await, []);
    let waiting = plan_on(&sample, 0, DAY * 7).await.waiting;
    assert_eq!(waiting.len(), 1);
}

#[tokio::test]
async fn looking_alone_begins_no_grace_period() {
    let sample = Sample::new().await;
    put(&sample, b"an orphan").await;
    let now = Timestamp::now().checked_sub(DAY * 9).unwrap();
    let rules = GcRules { thumbnails: &["small".parse().unwrap()], grace: DAY, now };
    assert_eq!(gc::plan(&sample.archive, rules).await.unwrap().waiting.len(), 1);
    assert_eq!(sample.archive.catalog.garbage_seen().await.unwrap().len(), 0);
}

/// Thumbnails of a size that the settings no longer name go once no mirror shows them.
#[tokio::test(flavor = "multi_thread")]
async fn thumbnails_that_nobody_asks_for_go_once_no_mirror_links_to_them() {
    let photo = Behaviour::serve(Content::new("image/jpeg", Photo::new(1, 640, 480).jpeg()));
    let origin = Origin::start(Site::new().on("/1.jpg", photo)).unwrap();
    let sandbox = Sandbox::new();
    let size = |name: &str| {
        let linked = "[run]\ngrace = \"0\"\n[rewrite]\nimages = \"thumbnail-linked\"\n";
        sandbox.settings(&format!("{linked}[[thumbnail]]\nname = \"{name}\"\nwidth = 64\nheight = 64\n"));
    };
    size("old");
    sandbox.write("posts/a.md", format!("![]({})\n", origin.url("/1.jpg")));
    sandbox.run(&["run"]).expect(0);
    assert!(sandbox.text("store/articles/posts/a.md").contains("thumbnails/old/"));
    assert_eq!(sandbox.json(&["gc"])["removed"], 0);
    size("new");
    // The mirror still shows the old size.
    assert_eq!(sandbox.json(&["gc"])["removed"], 0);
    sandbox.run(&["check"]).expect(0);
    sandbox.run(&["run"]).expect(0);
    let removed = sandbox.json(&["gc"]);
    assert_eq!((&removed["removed"], &removed["garbage"][0]["kind"]), (&1.into(), &"thumbnail".into()), "{removed}");
    assert_eq!(sandbox.tree("store/thumbnails/old").len(), 0);
    assert_eq!(sandbox.tree("store/thumbnails/new").len(), 1);
    let mirrors = sandbox.tree("store/articles");
    sandbox.run(&["verify"]).expect(0);
    sandbox.run(&["check"]).expect(0);
    assert_eq!(sandbox.run(&["run"]).expect(0).stderr, "");
    assert_eq!(sandbox.tree("store/articles"), mirrors, "no mirror is written because of it");
    assert_eq!(sandbox.tree("store/thumbnails").len(), 1);
}
