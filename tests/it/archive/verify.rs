//! Damage is found, named, and repaired with identical bytes or not at all.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use offprint::testing::archive::{
    self, Archive, ArticleState, Body, CompletedJob, JobResult, Mode, NewReference, RenditionRow, StoreKey,
    ThumbnailRow, UrlState, Worker,
};
use offprint::testing::config::ChangedImages;
use offprint::testing::demo::photo::Photo;
use offprint::testing::model::{
    ArticleKey, ArticleVersion, Asset, Digest, Edit, Exchange, Fingerprint, Format, HostState, MediaType,
    ReferenceKind, ReferencePlace, Span, Validators,
};
use offprint::testing::rewrite::splice;
use offprint::testing::staging::Staged;
use offprint::testing::verify::{
    self, Damage, Finding, MirrorFile, Repair, RepairSource, Subset, Verification, VerifyOptions, VerifyProgress,
};
use tempfile::TempDir;
use url::Url;

use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin as OriginServer, Site};

/// How many articles the archive of these tests has. Each shows one image of its own.
const ARTICLES: usize = 12;
/// The image whose URL redirects.
const REDIRECTED: usize = 5;

/// A whole archive, written as a run writes it.
pub(crate) struct Sample {
    pub(crate) archive: Arc<Archive>,
    pub(crate) folder: TempDir,
}

pub(crate) fn image(number: usize) -> Vec<u8> {
    format!("the bytes of image {number}").into_bytes()
}

pub(crate) fn image_url(number: usize) -> Url {
    Url::parse(&format!("https://images.example/{number}.jpg")).unwrap()
}

/// Where the URL of a redirected image led.
fn target_url(number: usize) -> Url {
    Url::parse(&format!("https://copies.example/{number}.jpg")).unwrap()
}

fn original(number: usize) -> Vec<u8> {
    format!("![an image]({})\n", image_url(number)).into_bytes()
}

pub(crate) fn key(number: usize) -> ArticleKey {
    ArticleKey { source: "posts".parse().unwrap(), path: format!("{number}.md").parse().unwrap() }
}

fn stage(archive: &Archive, bytes: &[u8]) -> Staged {
    archive.objects.staging().write(bytes).unwrap()
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

impl Sample {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive::open(&folder.path().join("store"), Mode::Create).unwrap();
        let sample = Self { archive: Arc::new(archive), folder };
        for number in 0..ARTICLES {
            sample.read(number).await;
        }
        sample.fetch().await;
        for number in 0..ARTICLES {
            sample.mirror(number).await;
        }
        sample
    }

    async fn read(&self, number: usize) {
        let bytes = original(number);
        self.archive.keep(stage(&self.archive, &bytes), MediaType::Markdown).await.unwrap();
        let version = ArticleVersion {
            key: key(number),
            original: Digest::of(&bytes),
            fingerprint: Fingerprint { size: 1, modified: 1, inode: 1 },
            format: Format::Markdown,
            encoding: Some("UTF-8".into()),
            settings: Digest::of(b"settings"),
            title: None,
            published: None,
            url: None,
            read_at: now(),
        };
        let url = image_url(number);
        let reference = NewReference {
            place: ReferencePlace {
                span: Span::new(12, 12 + url.as_str().len()),
                kind: ReferenceKind::Markdown,
                name: "image".into(),
                image_group: 1,
                reveal: None,
                link_wrap: None,
            },
            url: Some(url),
            unfetched: None,
        };
        self.archive.catalog.record_article(&version, bytes.len() as u64, &[reference]).await.unwrap();
    }

    /// Completes every job with its image and a thumbnail of it.
    async fn fetch(&self) {
        let catalog = &self.archive.catalog;
        let run = catalog.begin_run(now()).await.unwrap();
        let worker = Worker("test".into());
        let lease = catalog.lease(&worker, 1, Duration::from_secs(60), now()).await.unwrap().remove(0);
        for (number, job) in catalog.jobs(&lease, None, 100).await.unwrap().into_iter().enumerate() {
            let bytes = image(number);
            self.keep(&bytes).await;
            let exchange = Exchange {
                url: job.url.url.clone(),
                at: now(),
                elapsed: Duration::ZERO,
                request_head: Vec::new(),
                response_head: None,
                status: Some(200),
                peer: None,
                protocol: None,
                coding: String::new(),
                digest: Some(Digest::of(&bytes)),
                length: bytes.len() as u64,
                body: None,
                reason: None,
            };
            let redirect = Exchange { status: Some(302), digest: None, length: 0, ..exchange.clone() };
            let target = Exchange { url: target_url(number), ..exchange.clone() };
            let exchanges = if number == REDIRECTED { vec![redirect, target] } else { vec![exchange] };
            let result = JobResult::Kept {
                digest: Digest::of(&bytes),
                size: bytes.len() as u64,
                asset: Asset::of_type(MediaType::Jpeg),
                validators: Validators::default(),
                next_attempt: None,
            };
            let outcome = CompletedJob { job: job.id, url: job.url.id, at: now(), exchanges, result };
            catalog.complete_jobs(&lease, run, vec![outcome], ChangedImages::First).await.unwrap();
        }
        catalog.release(&lease, &HostState::default()).await.unwrap();
    }

    async fn keep(&self, bytes: &[u8]) {
        let digest = Digest::of(bytes);
        self.archive.keep(stage(&self.archive, bytes), MediaType::Jpeg).await.unwrap();
        render(&self.archive, digest).await;
    }

    async fn mirror(&self, number: usize) {
        let row = self.archive.catalog.article(&key(number)).await.unwrap().unwrap();
        let url = image_url(number).to_string();
        let link = format!("../../{}", jpeg(&image(number)));
        let span = Span::new(12, 12 + url.len());
        let edits = [Edit { span, raw: url.into_bytes(), replacement: link.into_bytes() }];
        let mirror = splice(&original(number), &edits);
        self.archive.catalog.record_mirror(row.id, row.revision, Digest::of(&mirror), &edits).await.unwrap();
        let stored = self.archive.objects.put(&StoreKey::Article(key(number)), Body::Bytes(mirror)).await.unwrap();
        self.archive.catalog.finish_mirror(row.id, stored.fingerprint).await.unwrap();
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Where an object is.
    pub(crate) fn path(&self, key: &StoreKey) -> PathBuf {
        self.store().join(key.path())
    }

    pub(crate) fn blob_file(&self, bytes: &[u8], media_type: MediaType) -> PathBuf {
        self.path(&StoreKey::Blob { digest: Digest::of(bytes), media_type })
    }

    pub(crate) fn thumbnail_file(&self, number: usize) -> PathBuf {
        self.path(&small(Digest::of(&image(number))))
    }

    fn mirror_file(&self, number: usize) -> PathBuf {
        self.path(&StoreKey::Article(key(number)))
    }

    async fn verify_part(&self, subset: Subset, in_place: bool) -> Verification {
        let archive = Archive::clone(&self.archive);
        let find_mirror =
            move |key: &ArticleKey| MirrorFile { output: archive.output(&key.source), in_place, is_configured: true };
        let options = VerifyOptions { subset, rate: None, find_mirror: Box::new(find_mirror) };
        verify::verify(Arc::clone(&self.archive), options, Arc::new(VerifyProgress::default())).await.unwrap()
    }

    pub(crate) async fn verify(&self) -> Verification {
        self.verify_part(Subset::ALL, false).await
    }

    /// What is found, in words.
    async fn found(&self) -> Vec<String> {
        let mut found: Vec<_> = self.verify().await.findings.iter().map(ToString::to_string).collect();
        found.sort();
        found
    }
}

/// The path of a JPEG within the archive.
fn jpeg(bytes: &[u8]) -> String {
    StoreKey::Blob { digest: Digest::of(bytes), media_type: MediaType::Jpeg }.path()
}

fn small(original: Digest) -> StoreKey {
    StoreKey::Thumbnail { name: "small".parse().unwrap(), original, media_type: MediaType::Jpeg }
}

/// Makes a thumbnail of a blob and records it.
async fn render(archive: &Archive, original: Digest) {
    let bytes = format!("the thumbnail of {original}").into_bytes();
    let (size, digest) = (bytes.len() as u64, Digest::of(&bytes));
    archive.objects.put(&small(original), Body::Bytes(bytes)).await.unwrap();
    let made = Ok(RenditionRow { media_type: MediaType::Jpeg, width: 4, height: 3, size, digest });
    let row = ThumbnailRow { original, name: "small".parse().unwrap(), recipe: Digest::of(b"480"), made };
    archive.catalog.record_thumbnails(&[row], &[]).await.unwrap();
}

/// Flips one bit in the middle of a file.
pub(crate) fn flip(path: &Path) -> Digest {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::remove_file(path).unwrap();
    fs::write(path, &bytes).unwrap();
    Digest::of(&bytes)
}

/// Serves what it is reported to, and remembers what it was asked for.
struct Served {
    archive: Arc<Archive>,
    urls: BTreeMap<Url, Vec<u8>>,
    articles: BTreeMap<ArticleKey, Vec<u8>>,
    asked: Mutex<Vec<String>>,
}

impl Served {
    fn nothing(sample: &Sample) -> Self {
        let archive = Arc::clone(&sample.archive);
        Self { archive, urls: BTreeMap::new(), articles: BTreeMap::new(), asked: Mutex::default() }
    }

    fn stage(&self, what: &str, bytes: Option<&Vec<u8>>) -> Option<Staged> {
        self.asked.lock().unwrap().push(what.to_owned());
        bytes.map(|bytes| stage(&self.archive, bytes))
    }
}

#[async_trait]
impl RepairSource for Served {
    async fn fetch(&self, url: &Url, _wanted: Digest, _when: Timestamp) -> Option<Staged> {
        self.stage(url.as_str(), self.urls.get(url))
    }

    async fn read_article(&self, article: &ArticleKey) -> Option<Staged> {
        self.stage(&article.to_string(), self.articles.get(article))
    }

    async fn render(&self, original: Digest, _asset: &Asset) {
        render(&self.archive, original).await;
    }
}

async fn repair(sample: &Sample, origin: &Served) -> Vec<Repair> {
    let findings = sample.verify().await.findings;
    let archive = Archive::clone(&sample.archive);
    let find_mirror = move |key: &ArticleKey| MirrorFile {
        output: archive.output(&key.source),
        in_place: false,
        is_configured: true,
    };
    verify::repair(&sample.archive, &findings, origin, &find_mirror, now()).await.unwrap()
}

#[tokio::test]
async fn nothing_is_found_in_a_whole_archive_and_everything_is_looked_at() {
    let sample = Sample::new().await;
    let found = sample.verify().await;
    assert_eq!((found.findings.as_slice(), found.orphans), ([].as_slice(), 0));
    let counts = found.counts;
    let expected = (2 * ARTICLES as u64, ARTICLES as u64, ARTICLES as u64);
    assert_eq!((counts.blobs, counts.thumbnails, counts.articles), expected);
    assert!(counts.bytes > 0 && counts.findings == 0);
}

#[tokio::test]
async fn one_flipped_bit_anywhere_is_named_and_nothing_else() {
    let sample = Sample::new().await;
    let files = walkdir::WalkDir::new(sample.store()).into_iter().map(|entry| entry.unwrap().into_path());
    let outside = |path: &PathBuf| path.is_file() && path.parent() != Some(&sample.store());
    let files: Vec<_> = files.filter(outside).collect();
    assert_eq!(files.len(), 4 * ARTICLES, "blobs of both kinds, thumbnails, mirrors");
    for path in files {
        let whole = fs::read(&path).unwrap();
        let changed = flip(&path);
        let found = sample.found().await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(&changed.to_string()), "{} in {found:?}", path.display());
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(found[0].contains(name), "{name} in {found:?}");
        fs::write(&path, whole).unwrap();
    }
    assert_eq!(sample.found().await, [""; 0]);
}

#[tokio::test]
async fn what_is_missing_is_named_with_the_articles_that_link_to_it() {
    let sample = Sample::new().await;
    fs::remove_file(sample.blob_file(&image(3), MediaType::Jpeg)).unwrap();
    fs::remove_file(sample.thumbnail_file(4)).unwrap();
    fs::remove_file(sample.mirror_file(5)).unwrap();
    let blob = jpeg(&image(3));
    let expected = [
        format!("the blob {}.jpg is missing", Digest::of(&image(3))),
        format!("the mirror of posts/3.md links to {blob}, which is missing"),
        "the mirror of posts/5.md is missing".to_owned(),
        format!("the thumbnail \"small\" of {} is missing", Digest::of(&image(4))),
    ];
    assert_eq!(sample.found().await, expected);
}

#[tokio::test]
async fn a_record_that_does_not_lead_to_the_mirror_is_named() {
    let sample = Sample::new().await;
    let row = sample.archive.catalog.article(&key(2)).await.unwrap().unwrap();
    let mut edits = sample.archive.catalog.edits(row.id).await.unwrap();
    edits[0].raw[5] ^= 1;
    let (digest, fingerprint) = row.mirror.unwrap();
    sample.archive.catalog.record_mirror(row.id, row.revision, digest, &edits).await.unwrap();
    sample.archive.catalog.finish_mirror(row.id, fingerprint).await.unwrap();
    let found = sample.verify().await.findings;
    assert_eq!(found, [Finding::Edits { id: row.id, article: key(2) }]);
}

#[tokio::test]
async fn a_blob_on_no_record_is_counted_and_no_damage() {
    let sample = Sample::new().await;
    sample.archive.keep(stage(&sample.archive, b"left by a crash"), MediaType::Png).await.unwrap();
    let found = sample.verify().await;
    assert_eq!((found.orphans, found.findings.len()), (1, 0));
}

#[tokio::test]
async fn articles_about_to_be_mirrored_again_are_left_alone() {
    let sample = Sample::new().await;
    let row = sample.archive.catalog.article(&key(1)).await.unwrap().unwrap();
    sample.archive.catalog.make_stale(&[row.id]).await.unwrap();
    fs::remove_file(sample.mirror_file(1)).unwrap();
    assert_eq!(sample.found().await, [""; 0]);
}

#[tokio::test]
async fn a_mirror_that_people_edit_is_damaged_only_where_nobody_touched_it() {
    let sample = Sample::new().await;
    fs::write(sample.mirror_file(1), "edited by its author").unwrap();
    assert_eq!(sample.verify_part(Subset::ALL, true).await.findings, []);
    let file = sample.mirror_file(2);
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    let mut bytes = fs::read(&file).unwrap();
    bytes[3] ^= 1;
    fs::write(&file, bytes).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    let found = sample.verify_part(Subset::ALL, true).await.findings;
    assert!(matches!(found.as_slice(), [Finding::Mirror { article, .. }] if *article == key(2)), "{found:?}");
}

#[tokio::test]
async fn some_nights_together_find_all_damage_once() {
    let sample = Sample::new().await;
    for number in 0..ARTICLES {
        flip(&sample.blob_file(&image(number), MediaType::Jpeg));
        flip(&sample.mirror_file(number));
    }
    for nights in [3, 300] {
        let mut found = Vec::new();
        for night in 1..=nights {
            let subset = format!("{night}/{nights}").parse().unwrap();
            found.extend(sample.verify_part(subset, false).await.findings);
        }
        let all = sample.verify().await.findings;
        assert_eq!((found.len(), all.len()), (2 * ARTICLES, 2 * ARTICLES));
        assert!(all.iter().all(|finding| found.contains(finding)));
    }
}

#[tokio::test]
async fn the_same_bytes_from_the_origin_restore_a_blob() {
    let sample = Sample::new().await;
    flip(&sample.blob_file(&image(3), MediaType::Jpeg));
    fs::remove_file(sample.blob_file(&image(4), MediaType::Jpeg)).unwrap();
    let mut origin = Served::nothing(&sample);
    origin.urls = [3, 4].map(|number| (image_url(number), image(number))).into();
    let repairs = repair(&sample, &origin).await;
    assert_eq!(repairs.iter().filter(|repair| **repair == Repair::Restored).count(), 2);
    for number in [3, 4] {
        assert_eq!(fs::read(sample.blob_file(&image(number), MediaType::Jpeg)).unwrap(), image(number));
    }
    // An article whose link was broken is written again; with its link whole, it stays as it is.
    sample.mirror(4).await;
    assert_eq!(sample.found().await, [""; 0]);
}

#[tokio::test]
async fn a_blob_comes_back_from_where_its_url_once_redirected_to() {
    let sample = Sample::new().await;
    flip(&sample.blob_file(&image(REDIRECTED), MediaType::Jpeg));
    let mut origin = Served::nothing(&sample);
    origin.urls = [(target_url(REDIRECTED), image(REDIRECTED))].into();
    assert_eq!(repair(&sample, &origin).await, [Repair::Restored]);
    let asked = [image_url(REDIRECTED), target_url(REDIRECTED)].map(String::from);
    assert_eq!(*origin.asked.lock().unwrap(), asked);
    assert_eq!(fs::read(sample.blob_file(&image(REDIRECTED), MediaType::Jpeg)).unwrap(), image(REDIRECTED));
}

#[tokio::test]
async fn other_bytes_from_the_origin_are_not_taken_and_the_damaged_ones_are_put_aside() {
    let sample = Sample::new().await;
    let digest = Digest::of(&image(3));
    flip(&sample.blob_file(&image(3), MediaType::Jpeg));
    let damaged = fs::read(sample.blob_file(&image(3), MediaType::Jpeg)).unwrap();
    let mut origin = Served::nothing(&sample);
    origin.urls = [(image_url(3), b"a newer image".to_vec())].into();
    assert_eq!(repair(&sample, &origin).await, [Repair::Quarantined]);
    assert!(!sample.blob_file(&image(3), MediaType::Jpeg).exists());
    assert!(!sample.blob_file(b"a newer image", MediaType::Jpeg).exists());
    let quarantined = sample.store().join(format!("quarantine/{digest}.jpg"));
    assert_eq!(fs::read(quarantined).unwrap(), damaged);
    let url = sample.archive.catalog.url(&image_url(3)).await.unwrap().unwrap();
    assert_eq!((url.facts.state, url.asset, url.facts.next_attempt), (UrlState::Deferred, None, Some(now())));
    let article = sample.archive.catalog.article(&key(3)).await.unwrap().unwrap();
    assert_eq!(article.state, ArticleState::Stale);
    assert_eq!(sample.found().await, [""; 0]);
}

#[tokio::test]
async fn an_original_is_restored_from_its_mirror_or_its_source_and_never_forgotten() {
    let sample = Sample::new().await;
    for number in [3, 4, 5] {
        flip(&sample.blob_file(&original(number), MediaType::Markdown));
    }
    for number in [3, 4] {
        fs::remove_file(sample.mirror_file(number)).unwrap();
    }
    let mut origin = Served::nothing(&sample);
    origin.articles = [(key(3), original(3)), (key(4), b"changed since".to_vec())].into();
    let mut repairs = repair(&sample, &origin).await;
    repairs.sort_by_key(|repair| repair.as_str());
    assert_eq!(
        repairs,
        [Repair::Regenerated, Repair::Regenerated, Repair::Restored, Repair::Restored, Repair::Unrepairable]
    );
    assert_eq!(fs::read(sample.blob_file(&original(5), MediaType::Markdown)).unwrap(), original(5));
    let row = sample.archive.catalog.article(&key(4)).await.unwrap().unwrap();
    assert_eq!(row.version.original, Digest::of(&original(4)));
    let found = sample.verify().await.findings;
    let digest = Digest::of(&original(4));
    assert_eq!(found, [Finding::Blob { digest, media_type: MediaType::Markdown, damage: Damage::Missing }]);
}

#[tokio::test]
async fn what_is_derived_is_made_again() {
    let sample = Sample::new().await;
    flip(&sample.thumbnail_file(1));
    flip(&sample.mirror_file(2));
    let origin = Served::nothing(&sample);
    assert_eq!(repair(&sample, &origin).await, [Repair::Regenerated, Repair::Regenerated]);
    assert_eq!(origin.asked.lock().unwrap().as_slice(), [""; 0], "nothing needs the network");
    for number in [1, 2] {
        let row = sample.archive.catalog.article(&key(number)).await.unwrap().unwrap();
        assert_eq!(row.state, ArticleState::Stale);
        sample.mirror(number).await;
    }
    assert_eq!(sample.found().await, [""; 0]);
}

#[tokio::test]
async fn a_damaged_catalog_is_named() {
    let Sample { archive, folder } = Sample::new().await;
    drop(archive);
    let store = folder.path().join("store");
    let catalog = store.join("catalog.db");
    let mut bytes = fs::read(&catalog).unwrap();
    let url = image_url(7).to_string().into_bytes();
    let places: Vec<_> = (0..bytes.len() - url.len()).filter(|at| bytes[*at..].starts_with(&url)).collect();
    assert!(places.len() >= 3, "in a row, its index and a capture");
    let mut sample = Sample { archive: Arc::new(archive::open(&store, Mode::Read).unwrap()), folder };
    assert_eq!(sample.found().await, [""; 0]);
    for at in places {
        bytes[at + 10] ^= 1;
        fs::write(&catalog, &bytes).unwrap();
        sample.archive = Arc::new(archive::open(&store, Mode::Read).unwrap());
        let found = sample.verify().await.findings;
        assert!(found.iter().any(|finding| matches!(finding, Finding::Catalog { .. })), "{found:?}");
        bytes[at + 10] ^= 1;
    }
}

/// The program, with damage done to what it keeps of one post with two images.
fn mirrored(origin: &OriginServer) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", format!("![]({})\n![]({})\n", origin.url("/1.jpg"), origin.url("/2.jpg")));
    sandbox.run(&["run"]).expect(0);
    let verified = sandbox.run(&["verify"]).expect(0).stdout;
    assert!(verified.starts_with("3 blobs (") && verified.contains("2 thumbnails and 1 article "), "{verified}");
    sandbox
}

fn photo(seed: u64) -> Behaviour {
    Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, 64, 48).jpeg()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_names_damage_and_repairs_it_from_the_origin() {
    let origin = OriginServer::start(Site::new().on("/1.jpg", photo(1)).on("/2.jpg", photo(2))).unwrap();
    let sandbox = mirrored(&origin);
    let before = sandbox.digests("store/blobs");
    let changed: Vec<_> = ["store/blobs", "store/thumbnails", "store/articles"]
        .into_iter()
        .flat_map(|part| sandbox.tree(part).into_keys().map(move |name| sandbox_path(part, &name)))
        .map(|name| flip(&sandbox.path(&name)).to_string())
        .collect();
    let printed = sandbox.run(&["verify"]).expect(4).stdout;
    for digest in &changed {
        assert!(printed.contains(digest), "{digest} in {printed}");
    }
    sandbox.run(&["verify", "--repair"]).expect(0);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(sandbox.digests("store/blobs"), before);
    let report = sandbox.json(&["verify"]);
    assert_eq!(report["findings"], serde_json::json!([]), "{report}");
    sandbox.run(&["check"]).expect(0);
}

fn sandbox_path(part: &str, name: &Path) -> String {
    format!("{part}/{}", name.display())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_changed_at_its_origin_is_no_repair() {
    let origin = OriginServer::start(Site::new().on("/1.jpg", photo(1)).on("/2.jpg", photo(2))).unwrap();
    let sandbox = mirrored(&origin);
    let old = Photo::new(1, 64, 48).jpeg();
    let name = jpeg(&old);
    flip(&sandbox.path(&format!("store/{name}")));
    origin.set("/1.jpg", photo(3));
    let printed = sandbox.run(&["verify", "--repair"]).expect(4).stdout;
    assert!(printed.contains("in quarantine"), "{printed}");
    assert!(!sandbox.path(&format!("store/{name}")).exists());
    // Asked for again as if it were new, it is the image that there is now.
    sandbox.run(&["run"]).expect(0);
    let new = jpeg(&Photo::new(3, 64, 48).jpeg());
    assert!(sandbox.path(&format!("store/{new}")).exists());
    sandbox.run(&["verify"]).expect(0);
    sandbox.run(&["check"]).expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_that_is_none_is_a_mistake_of_the_caller() {
    let sandbox = Sandbox::new();
    let printed = sandbox.run(&["verify", "--subset", "3/2"]).expect(2).stderr;
    assert!(printed.contains("`3/2` is not a subset"), "{printed}");
    let printed = sandbox.run(&["verify"]).expect(1).stderr;
    assert!(printed.contains("there is no archive at"), "{printed}");
}

#[test]
fn a_damaged_row_is_one_finding_and_hides_no_other() {
    let sandbox = Sandbox::new();
    for post in ["a.md", "b.md", "c.md"] {
        sandbox.write(&format!("posts/{post}"), format!("post {post}\n"));
    }
    sandbox.run(&["run"]).expect(0);
    let database = rusqlite::Connection::open(sandbox.path("store/catalog.db")).unwrap();
    database.execute_batch("UPDATE article SET format = 'word' WHERE path = 'a.md'").unwrap();
    drop(database);
    fs::remove_file(sandbox.path("store/catalog.db.sha256")).unwrap();
    sandbox.write("store/articles/posts/c.md", "somebody else's text\n");
    let found = sandbox.json(&["verify"]);
    let kinds: Vec<_> = found["findings"].as_array().unwrap().iter().map(|finding| &finding["kind"]).collect();
    assert_eq!(kinds, ["catalog", "mirror"], "{found}");
    assert_eq!(found["articles"], 2, "{found}");
}

#[test]
fn damaged_rows_of_a_shard_hide_no_damaged_blob_of_it() {
    let sandbox = Sandbox::new();
    // Posts whose originals lie in one shard.
    let posts: Vec<_> =
        (0..).map(|number| format!("post {number}\n")).filter(|text| first_byte(text) == 0).take(3).collect();
    for (number, text) in posts.iter().enumerate() {
        sandbox.write(&format!("posts/{number}.md"), text);
    }
    sandbox.run(&["run"]).expect(0);
    let mut digests: Vec<_> = posts.iter().map(|text| Digest::of(text.as_bytes())).collect();
    digests.sort_unstable();
    let database = rusqlite::Connection::open(sandbox.path("store/catalog.db")).unwrap();
    let damage = format!("UPDATE blob SET created = 9223372036854775807 WHERE digest = x'{}'", digests[0]);
    database.execute_batch(&damage).unwrap();
    drop(database);
    fs::remove_file(sandbox.path("store/catalog.db.sha256")).unwrap();
    let rotten = StoreKey::Blob { digest: digests[2], media_type: MediaType::Markdown };
    sandbox.write(&format!("store/{}", rotten.path()), "rotten\n");
    let found = sandbox.json(&["verify"]);
    let kinds: Vec<_> = found["findings"].as_array().unwrap().iter().map(|finding| &finding["kind"]).collect();
    assert_eq!(kinds, ["catalog", "blob"], "{found}");
    assert!(found.to_string().contains(&format!("blob {}/md", digests[0])), "it names the row: {found}");
    assert_eq!(found["blobs"], 2, "{found}");
}

fn first_byte(text: &str) -> u8 {
    Digest::of(text.as_bytes()).as_bytes()[0]
}

#[test]
fn the_mirror_of_a_post_that_is_gone_may_be_deleted() {
    let sandbox = Sandbox::new();
    for post in ["a.md", "b.md"] {
        sandbox.write(&format!("posts/{post}"), "text\n");
    }
    sandbox.run(&["run"]).expect(0);
    let mirror = sandbox.path("store/articles/posts/b.md");
    fs::remove_file(&mirror).unwrap();
    sandbox.run(&["verify"]).expect(4);
    sandbox.run(&["check"]).expect(4);
    sandbox.run(&["run"]).expect(0);
    fs::remove_file(sandbox.path("posts/b.md")).unwrap();
    sandbox.run(&["run"]).expect(0);
    fs::remove_file(mirror).unwrap();
    sandbox.run(&["verify"]).expect(0);
    sandbox.run(&["check"]).expect(0);
    assert_eq!(sandbox.run(&["restore", "posts/b.md"]).expect(0).stdout, "text\n");
}

#[test]
fn a_post_in_place_that_was_deleted_is_no_damage() {
    let sandbox = Sandbox::new();
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"in-place\"\n");
    for post in ["a.md", "b.md"] {
        sandbox.write(&format!("posts/{post}"), "text\n");
    }
    sandbox.run(&["run"]).expect(0);
    fs::remove_file(sandbox.path("posts/b.md")).unwrap();
    sandbox.run(&["run"]).expect(0);
    sandbox.run(&["verify"]).expect(0);
    sandbox.run(&["check"]).expect(0);
}

/// A source that was renamed, dropped, or is of the settings of another machine: nobody says where its mirrors are.
#[test]
fn mirrors_of_a_source_that_the_settings_do_not_name_are_no_damage() {
    for output in ["posts", "out"] {
        let sandbox = Sandbox::new();
        let named = |name: &str| format!("[[source]]\nname = \"{name}\"\npath = \"posts\"\noutput = \"{output}\"\n");
        sandbox.settings(&named("posts"));
        sandbox.write("posts/a.md", "text\n");
        sandbox.run(&["run"]).expect(0);
        sandbox.run(&["verify", "--untrusted"]).expect(0);
        sandbox.settings("[[source]]\nname = \"other\"\npath = \"elsewhere\"\n");
        let verified = sandbox.json(&["verify"]);
        assert_eq!((&verified["elsewhere"], &verified["findings"]), (&1.into(), &serde_json::json!([])), "{verified}");
        assert!(sandbox.run(&["verify"]).expect(0).stdout.contains("not looked at: 1 mirror"));
        sandbox.settings(&named("blog"));
        sandbox.run(&["run"]).expect(0);
        sandbox.run(&["verify"]).expect(0);
        // With its settings it is damage.
        sandbox.settings(&named("posts"));
        fs::remove_file(sandbox.path(&format!("{output}/a.md"))).unwrap();
        if output == "out" {
            sandbox.run(&["verify"]).expect(4);
        }
    }
}

/// A folder or a pipe takes the place of an object, of which the catalog knows nothing yet or something already.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_takes_the_place_of_an_object_is_damage_and_is_moved_away() {
    let photo =
        crate::testserver::Content::new("image/jpeg", offprint::testing::demo::photo::Photo::new(1, 640, 480).jpeg());
    let site = crate::testserver::Site::new().on("/a.jpg", crate::testserver::Behaviour::serve(photo));
    let origin = crate::testserver::Origin::start(site).unwrap();
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", format!("![]({})\n", origin.url("/a.jpg")));
    sandbox.run(&["run", "--store", "first"]).expect(0);
    let files: Vec<_> = ["blobs", "thumbnails"]
        .into_iter()
        .flat_map(|folder| {
            sandbox.tree(&format!("first/{folder}")).into_keys().map(move |name| format!("{folder}/{}", name.display()))
        })
        .collect();
    assert!(files.len() >= 3, "{files:?}");
    for (store, file) in files.iter().flat_map(|file| [("new", file), ("first", file)]) {
        let place = sandbox.path(store).join(file);
        let _ = fs::remove_file(&place);
        if store == "new" {
            let _ = fs::remove_dir_all(sandbox.path(store));
            sandbox.run(&["init", "--store", store]).expect(0);
        }
        fs::create_dir_all(place.join("something")).unwrap();
        let ran = sandbox.run(&["verify", "--store", store]).expect(4);
        assert!(ran.stdout.contains(file) || ran.stderr.contains(file), "{file}: {ran:?}");
        sandbox.run(&["verify", "--repair", "--store", store]).expect(0);
        sandbox.run(&["run", "--store", store]).expect(0);
        sandbox.run(&["verify", "--store", store]).expect(0);
        let quarantine = sandbox.path(store).join("quarantine");
        assert!(fs::read_dir(quarantine).unwrap().flatten().any(|entry| entry.path().join("something").is_dir()));
    }
}
