//! Archives of every earlier schema, made by the program of its time (`tests/data/archives/README.md`), go on.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use offprint::testing::archive::{Archive, PlaceholderVerdict, ReferenceRow, SharedBlob};
use offprint::testing::model::{Digest, HostKey, Reason};
use url::Url;

use crate::corpus::files;
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

const POSTS: [&str; 3] = ["posts/2026/港口之夜.md", "posts/bridge.html", "posts/gone.md"];

/// Copies what lies below a folder; catalogs are kept compressed.
fn copy(sandbox: &Sandbox, folder: &Path) {
    for file in files(folder) {
        let name = file.strip_prefix(folder).expect("it lies below").to_str().expect("names are UTF-8");
        let bytes = std::fs::read(&file).expect("the fixture can be read");
        match name.strip_suffix(".gz") {
            None => sandbox.write(name, bytes),
            Some(name) => {
                let mut whole = Vec::new();
                GzDecoder::new(&bytes[..]).read_to_end(&mut whole).expect("the catalog is gzip");
                sandbox.write(name, whole);
            }
        }
    }
}

/// The archive that the program of one schema left, beside its posts. All requests go to `origin`.
fn old_archive(schema: u32, origin: &Origin) -> Sandbox {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/archives");
    let sandbox = Sandbox::new();
    copy(&sandbox, &fixtures.join("common"));
    copy(&sandbox, &fixtures.join(format!("v{schema}")));
    let size = "[[thumbnail]]\nname = \"small\"\nwidth = 16\nheight = 16\n";
    sandbox.settings(&format!("[fetch.resolve]\n\"images.example\" = \"{}\"\n{size}", origin.address()));
    sandbox
}

/// An origin that has changed every image and gives none of those that failed.
fn origin() -> Origin {
    let sign_in = Content::new("text/html", "<!doctype html><title>Sign in</title>");
    Origin::start(Site::new().on("/login.jpg", Behaviour::serve(sign_in))).expect("loopback can be served on")
}

/// Names and digests of what an archive shows and keeps.
fn kept(sandbox: &Sandbox) -> Vec<(PathBuf, String)> {
    let parts = ["articles", "blobs", "thumbnails"].into_iter();
    let all = parts.flat_map(|part| sandbox.digests(&format!("store/{part}")));
    all.map(|(name, digest)| (name, digest.to_string())).collect()
}

fn goes_on(schema: u32) {
    let origin = origin();
    let sandbox = old_archive(schema, &origin);
    let before = kept(&sandbox);
    let report = sandbox.json(&["run"]);
    assert_eq!(report["outcome"], "complete", "{report}");
    assert_eq!((&report["articles"]["seen"], &report["articles"]["failed"]), (&3.into(), &0.into()), "{report}");
    assert_eq!((&report["blobs"]["new"], &report["changed_images"]), (&0.into(), &serde_json::json!([])), "{report}");
    let articles = &report["articles"];
    assert_eq!((&articles["new"], &articles["changed"], &articles["unchanged"]), (&0.into(), &0.into(), &3.into()));
    assert_eq!(report["newly_missing"], 0, "what earlier versions reported is no news: {report}");
    // Only what failed may be due by now.
    for request in origin.log().requests() {
        assert!(["/gone.png", "/login.jpg"].contains(&request.request.path()), "{}", request.request.path());
    }
    let after = kept(&sandbox);
    assert!(before.iter().all(|file| after.contains(file)), "{before:#?}\n{after:#?}");
    let backups = files(&sandbox.path("store")).into_iter();
    let backups =
        backups.filter(|file| file.file_name().is_some_and(|name| is_backup(&name.to_string_lossy(), schema)));
    assert_eq!(backups.count(), 1, "a migrated catalog leaves the old one beside it");
    sandbox.run(&["verify"]).expect(0);
    is_silent(&sandbox);
    let status = sandbox.json(&["status"]);
    assert_eq!((&status["articles"], &status["images"]), (&3.into(), &5.into()), "{status}");
    for post in POSTS {
        assert_eq!(sandbox.run(&["restore", post]).expect(0).stdout.as_bytes(), sandbox.read(post), "{post}");
    }
}

fn is_backup(name: &str, schema: u32) -> bool {
    name == format!("catalog.db.v{schema}")
}

/// Another run over the same input touches nothing that is kept.
fn is_silent(sandbox: &Sandbox) {
    let trees = || ["articles", "blobs", "thumbnails"].map(|part| sandbox.tree(&format!("store/{part}")));
    let before = trees();
    sandbox.run(&["run"]).expect(0);
    assert_eq!(trees(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_schema_1_goes_on() {
    goes_on(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_schema_2_goes_on() {
    goes_on(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_schema_3_goes_on() {
    goes_on(3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_schema_4_goes_on() {
    goes_on(4);
}

const LAMP: &str = "http://images.example/lamp.jpg?w=640";
const GONE: &str = "http://images.example/gone.png";

/// Adds rows of `tests/data/archives/rows` to a catalog as it was left.
fn add_rows(sandbox: &Sandbox, files: &[&str]) {
    let catalog = rusqlite::Connection::open(sandbox.path("store/catalog.db")).expect("the catalog can be opened");
    for file in files {
        let rows = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/archives/rows").join(file);
        let sql = std::fs::read_to_string(rows).expect("the rows can be read");
        catalog.execute_batch(&sql).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
    drop(catalog);
    std::fs::remove_file(sandbox.path("store/catalog.db.sha256")).expect("the checksum is that of the file before");
}

fn digest_of(sandbox: &Sandbox, folder: &str, beginning: &str) -> Digest {
    let blobs = files(&sandbox.path(folder)).into_iter();
    let mut names = blobs.filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()));
    let name = names.find(|name| name.starts_with(beginning)).expect("the fixture has it");
    name.parse().expect("it is a digest")
}

/// The reference of the article that shows the lamp.
async fn lamp(archive: &Archive) -> ReferenceRow {
    let key = offprint::testing::model::ArticleKey {
        source: "posts".parse().expect("it is a name"),
        path: "2026/港口之夜.md".parse().expect("it is a path"),
    };
    let article = archive.catalog.article(&key).await.expect("it can be read").expect("it is on record");
    let references = archive.catalog.references(article.id).await.expect("they can be read");
    let is_lamp = |row: &ReferenceRow| row.url.as_ref().is_some_and(|url| url.url.as_str() == LAMP);
    references.into_iter().find(is_lamp).expect("the article shows the lamp")
}

async fn versions_go_on(schema: u32) {
    let origin = origin();
    let sandbox = old_archive(schema, &origin);
    add_rows(&sandbox, &["versions.sql", if schema == 1 { "stale.sql" } else { "shown_version.sql" }]);
    let (old, new) = (digest_of(&sandbox, "store/blobs", "7fd5"), digest_of(&sandbox, "store/blobs", "c2b1"));
    let before = kept(&sandbox);
    let report = sandbox.json(&["run"]);
    assert_eq!((&report["outcome"], &report["articles"]["changed"]), (&"complete".into(), &0.into()), "{report}");
    let archive = sandbox.archive();
    let row = lamp(&archive).await;
    let url = row.url.expect("it is the lamp's");
    assert_eq!(url.asset.map(|kept| kept.digest), Some(new));
    let first = row.shown_first.map(|kept| kept.digest);
    assert_eq!(first, (schema > 1).then_some(old), "a program of schema 1 did not record what an article showed first");
    let captures = archive.catalog.captures(url.id).await.expect("they can be read");
    assert_eq!(captures.iter().map(|capture| capture.digest).collect::<Vec<_>>(), [Some(old), Some(new)]);
    drop(archive);
    let mirror = sandbox.text("store/articles/posts/2026/港口之夜.md");
    let (shown, other) = if schema == 1 { (new, old) } else { (old, new) };
    assert!(mirror.contains(&shown.to_string()) && !mirror.contains(&other.to_string()), "{mirror}");
    let is_kept = |file: &(PathBuf, String)| kept(&sandbox).contains(file) || file.0.ends_with("港口之夜.md");
    assert!(before.iter().all(is_kept), "both versions are kept");
    sandbox.run(&["verify"]).expect(0);
    is_silent(&sandbox);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_an_image_in_schema_1_go_on() {
    versions_go_on(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_an_image_in_schema_2_go_on() {
    versions_go_on(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_an_image_in_schema_3_go_on() {
    versions_go_on(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_an_image_in_schema_4_go_on() {
    versions_go_on(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placeholder_of_schema_4_stays_one() {
    let origin = origin();
    let sandbox = old_archive(4, &origin);
    add_rows(&sandbox, &["placeholder.sql"]);
    let placeholder = digest_of(&sandbox, "store/blobs", "924d");
    sandbox.run(&["verify"]).expect(1);
    sandbox.json(&["run"]);
    let archive = sandbox.archive();
    let host = HostKey::of(&GONE.parse().expect("it is a URL")).expect("it names a host");
    let known = archive.catalog.shared_blobs(&host).await.expect("they can be read");
    let verdict = SharedBlob { verdict: Some(PlaceholderVerdict::Placeholder), replaces_others: false };
    assert_eq!(known, [(placeholder, verdict)]);
    let url: Url = GONE.parse().expect("it is a URL");
    let row = archive.catalog.url(&url).await.expect("it can be read").expect("it is on record");
    assert_eq!((row.facts.reason, row.asset), (Some(Reason::Placeholder), None));
    let captures = archive.catalog.captures(row.id).await.expect("they can be read");
    assert_eq!(captures.last().and_then(|capture| capture.digest), Some(placeholder), "it is evidence");
    drop(archive);
    sandbox.run(&["verify"]).expect(0);
    is_silent(&sandbox);
    let status = sandbox.run(&["status"]).expect(0).stdout;
    assert!(status.contains(GONE) && status.contains("placeholder"), "{status}");
}
