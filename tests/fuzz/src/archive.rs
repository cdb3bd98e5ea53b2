//! Archives that somebody made to do harm.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use offprint::testing::archive::{self, Archive, Body, Mode, Prefix, StoreKey, survey};
use offprint::testing::model::{Digest, MediaType};
use offprint::testing::verify::{VerifyProgress, verify_untrusted};
use offprint::testing::{gc, status};
use tokio::io::AsyncReadExt;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime can be made"));

/// Reads all there is in a catalog of these bytes.
pub fn read_catalog(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("catalog.db"), bytes).expect("it can be written");
    let Ok(archive) = archive::open(folder.path(), Mode::Read) else { return };
    RUNTIME.block_on(read_everything(Arc::new(archive), folder.path()));
}

async fn read_everything(archive: Arc<Archive>, store: &Path) {
    let _ = status::status(&archive).await;
    let _ = gc::plan(&archive, gc::GcRules { thumbnails: &[], grace: std::time::Duration::ZERO, now: jiff::Timestamp::MAX }).await;
    let _ = verify_untrusted(store, None, Arc::new(VerifyProgress::default())).await;
    let catalog = &archive.catalog;
    let _ = (catalog.hosts().await, catalog.sources().await, catalog.takedowns().await, catalog.garbage_seen().await);
    let _ = catalog.captures_after(None, 10_000).await;
    let Ok(rows) = catalog.articles(None, None, 10_000).await else { return };
    for row in rows {
        let _ = (catalog.versions(row.id).await, catalog.references(row.id).await, catalog.edits(row.id).await);
    }
}

/// Where things lie and are asked for.
const PLACES: [&str; 14] = [
    "tmp",
    "tmp/stage-a",
    "runs",
    "runs/a.json",
    "lock",
    "archive.json",
    "articles",
    "articles/posts",
    "articles/posts/a.md",
    "thumbnails/small",
    "blobs",
    "blobs/sha256",
    "blobs/sha256/2c",
    "catalog-copies",
];

fn blob() -> StoreKey {
    StoreKey::Blob { digest: Digest::of(b"foo"), media_type: MediaType::Jpeg }
}

fn keys() -> Vec<StoreKey> {
    let path = |path: &str| StoreKey::parse(path).expect("it is a place of an archive");
    vec![blob(), path("articles/posts/a.md"), path("runs/a.json"), path("index/a.html")]
}

/// Lays things about as the bytes say, and uses the archive.
pub fn use_store(bytes: &[u8]) {
    let (folder, outside) = (tempfile::tempdir().expect("a temporary folder"), tempfile::tempdir().expect("another"));
    for name in ["precious", "stage-a", "a.md", "a.json"] {
        fs::write(outside.path().join(name), "precious").expect("it can be written");
    }
    drop(archive::open(folder.path(), Mode::Create));
    let (lies, uses) = bytes.split_at(bytes.len() / 2);
    for pair in lies.chunks_exact(2) {
        lay(folder.path(), PLACES[usize::from(pair[0]) % PLACES.len()], pair[1], outside.path());
    }
    RUNTIME.block_on(ask(folder.path(), uses));
    for name in ["precious", "stage-a", "a.md", "a.json"] {
        assert_eq!(fs::read(outside.path().join(name)).expect("it is there"), b"precious", "{name}");
    }
    assert_eq!(fs::read_dir(outside.path()).expect("it is there").count(), 4);
}

/// Puts something in a place of the archive, unless a link that was put above it leads out: what is there is not to change.
fn lay(store: &Path, name: &str, what: u8, outside: &Path) {
    let place = &store.join(name);
    let store = store.canonicalize().expect("it is there");
    let above = place.parent().and_then(|above| above.canonicalize().ok());
    if !above.is_some_and(|above| above.starts_with(store)) {
        return;
    }
    let _ = fs::remove_dir_all(place).or_else(|_| fs::remove_file(place));
    let _ = match what % 6 {
        0 => symlink(outside, place),
        1 => symlink(outside.join("precious"), place),
        2 => fs::create_dir_all(place),
        3 => fs::write(place, [what]),
        4 => symlink("../..", place),
        _ => symlink(place, place),
    };
}

async fn ask(store: &Path, uses: &[u8]) {
    let Ok(archive) = archive::open(store, Mode::Write) else {
        let _ = survey(store);
        return;
    };
    for use_of in uses {
        let key = &keys()[usize::from(use_of >> 4) % keys().len()];
        match use_of % 6 {
            0 => drop(archive.objects.put(key, Body::Bytes(b"foo".to_vec())).await),
            1 => drop(archive.objects.delete(key).await),
            2 => drop(archive.objects.stat(key).await),
            3 => drop(archive.objects.list(Prefix::Reports).await),
            4 => drop(archive.objects.list(Prefix::Blobs(0x2c)).await),
            _ => read(&archive, key).await,
        }
    }
}

async fn read(archive: &Archive, key: &StoreKey) {
    let mut bytes = Vec::new();
    if let Ok(Some(mut reader)) = archive.objects.open(key, None).await {
        let _ = reader.read_to_end(&mut bytes).await;
    }
    assert_ne!(bytes, b"precious");
}
