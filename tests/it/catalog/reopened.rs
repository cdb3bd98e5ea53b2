//! What outlives the process, of a catalog in a file.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use offprint::testing::archive::{self, ArchiveRow, CatalogError, Mode};

use super::fixtures::{A, at, lease_all, record};

async fn identity(folder: &Path, mode: Mode) -> ArchiveRow {
    archive::open(folder, mode).unwrap().catalog.archive().await.unwrap()
}

#[tokio::test]
async fn an_archive_keeps_its_id_and_gives_it_to_its_copies_alone() {
    let [one, other, copy] = [0; 3].map(|_| tempfile::tempdir().unwrap());
    let made = identity(one.path(), Mode::Create).await;
    assert_eq!(identity(one.path(), Mode::Write).await, made);
    assert_eq!(identity(one.path(), Mode::Read).await, made);
    assert!(Timestamp::now().duration_since(made.made_at).as_secs().abs() < 600, "{}", made.made_at);
    assert_ne!(identity(other.path(), Mode::Create).await.id, made.id);
    fs::copy(one.path().join("catalog.db"), copy.path().join("catalog.db")).unwrap();
    assert_eq!(identity(copy.path(), Mode::Write).await, made);
}

#[tokio::test]
async fn leases_of_a_process_that_died_end_when_the_archive_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive::open(folder.path(), Mode::Create).unwrap();
    record(&*archive.catalog, "a", &[A]).await;
    assert_eq!(lease_all(&*archive.catalog, at(0)).await.len(), 1);
    assert_eq!(lease_all(&*archive.catalog, at(1)).await.len(), 0);
    drop(archive);
    let archive = archive::open(folder.path(), Mode::Write).unwrap();
    assert_eq!(lease_all(&*archive.catalog, at(1)).await.len(), 1);
}

#[tokio::test]
async fn a_catalog_that_is_read_refuses_to_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    drop(archive::open(folder.path(), Mode::Create).unwrap());
    let archive = archive::open(folder.path(), Mode::Read).unwrap();
    let refused = archive.catalog.begin_run(at(0)).await;
    assert!(matches!(refused, Err(CatalogError::Database { .. })), "{refused:?}");
}
