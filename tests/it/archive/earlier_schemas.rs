//! Archives of every earlier schema, made by the program of its time (`tests/data/archives/README.md`), go on.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

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
