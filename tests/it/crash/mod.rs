//! Whatever stops a run, the archive is whole and the next run finishes the work. `OFFPRINT_THOROUGH=1` stops it at every
//! place, and not only at some.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

mod any_time;
mod as_root;
mod inject;
mod strace;
mod strace_copies;
mod strace_forget;
mod strace_order;
mod strace_rebuild;
mod strace_refusals;
mod strace_resume;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use offprint::testing::archive::{self, Archive, Mode};
use offprint::testing::demo::photo::Photo;
use offprint::testing::model::{ArticleKey, Digest};
use offprint::testing::verify::{self, MirrorFile, Subset, VerifyOptions, VerifyProgress};

use crate::sandbox::{Sandbox, is_thorough};
use crate::testserver::{Behaviour, Content, Origin, Site};

/// A small site: two images are the same, one is missing.
fn site() -> Origin {
    let photo = |seed| Behaviour::serve(Content::new("image/jpeg", Photo::new(seed, 64, 48).jpeg()));
    let site = Site::new().on("/1.jpg", photo(1)).on("/2.jpg", photo(2)).on("/copy.jpg", photo(1));
    Origin::start(site).unwrap()
}

fn sandbox(origin: &Origin) -> Sandbox {
    let sandbox = Sandbox::new();
    // The disks that lose their power are small.
    sandbox.settings("[run]\nmin_free = \"0\"\n");
    for (post, images) in [("a.md", ["/1.jpg", "/2.jpg"]), ("deep/b.md", ["/copy.jpg", "/gone.jpg"])] {
        let text = images.map(|image| format!("![]({})\n", origin.url(image))).concat();
        sandbox.write(&format!("posts/{post}"), text);
    }
    sandbox
}

/// Every file that a finished run leaves, but for the catalog and the reports.
fn tree(sandbox: &Sandbox) -> [BTreeMap<PathBuf, Digest>; 3] {
    ["blobs", "thumbnails", "articles"].map(|part| sandbox.digests(&format!("store/{part}")))
}

/// Nothing is damaged; blobs on no record are allowed.
async fn is_whole(sandbox: &Sandbox, when: &str) {
    let archive = Arc::new(archive::open(&sandbox.path("store"), Mode::Create).unwrap());
    let mirrored = Archive::clone(&archive);
    let find_mirror = move |key: &ArticleKey| MirrorFile {
        output: mirrored.output(&key.source),
        in_place: false,
        is_configured: true,
    };
    let options = VerifyOptions { subset: Subset::ALL, rate: None, find_mirror: Box::new(find_mirror) };
    let verified = verify::verify(archive, options, Arc::new(VerifyProgress::default())).await.unwrap();
    assert_eq!(verified.findings, [], "{when}");
}

/// What a fault left is whole, and the next run, ending with one of these statuses, makes of it what an undisturbed run
/// would have.
async fn recovers(sandbox: &Sandbox, expected: &[BTreeMap<PathBuf, Digest>; 3], ends: &[i32], when: &str) {
    is_whole(sandbox, when).await;
    let rest = sandbox.run(&["run"]);
    assert!(ends.contains(&rest.status), "{when}: {rest:?}");
    assert_eq!(tree(sandbox), *expected, "{when}");
    is_whole(sandbox, when).await;
}

/// How many articles each copy of the catalog knows, the oldest first. Every one of them is whole.
fn articles_in_copies(sandbox: &Sandbox) -> Vec<i64> {
    let folder = sandbox.path("store/catalog-copies");
    let articles = |name: PathBuf| {
        let copy = rusqlite::Connection::open(folder.join(name)).unwrap();
        let whole: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok");
        copy.query_row("SELECT count(*) FROM article", [], |row| row.get(0)).unwrap()
    };
    sandbox.tree("store/catalog-copies").into_keys().map(articles).collect()
}

/// More calls of one kind than a run over the small site makes.
const MOST: usize = 4096;

/// At which call of a kind a fault is injected: at every one, or each time at twice as many.
fn counts() -> Vec<usize> {
    if is_thorough() { (1..=MOST).collect() } else { (0..=MOST.ilog2()).map(|power| 1 << power).collect() }
}
