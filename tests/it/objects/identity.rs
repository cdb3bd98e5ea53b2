//! An archive and its catalog belong together: what lacks its own catalog is refused before anything is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use offprint::testing::archive::{self, ArchiveError, Mode};
use offprint::testing::demo::photo::Photo;
use offprint::testing::model::Digest;

use super::put;
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin, Site};

/// Every file below a folder, with its content.
fn content(folder: &Path) -> BTreeMap<PathBuf, Digest> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().into_path());
    files.filter(|path| path.is_file()).map(|path| (path.clone(), Digest::of(&fs::read(path).unwrap()))).collect()
}

/// An archive with a blob, which is closed.
async fn archive_with_a_blob() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive::open(folder.path(), Mode::Create).unwrap();
    put(&*archive.objects, b"precious").await;
    folder
}

/// What opening says, in every mode, of an archive that it must not change.
fn refusals(store: &Path) -> Vec<ArchiveError> {
    let before = content(store);
    let modes = [Mode::Read, Mode::Write, Mode::Create];
    let errors = modes.into_iter().map(|mode| archive::open(store, mode).err().unwrap()).collect();
    let mut after = content(store);
    after.retain(|path, _| !path.ends_with("catalog.db-shm") && !path.ends_with("catalog.db-wal"));
    assert_eq!(after, before);
    errors
}

#[tokio::test]
async fn the_file_and_the_catalog_have_the_same_id_and_keep_it() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive::open(folder.path(), Mode::Create).unwrap();
    let row = archive.catalog.archive().await.unwrap();
    drop(archive);
    let written = fs::read(folder.path().join("archive.json")).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&written).unwrap();
    assert_eq!((&file["id"], &file["format"]), (&row.id.to_string().into(), &1.into()));
    for mode in [Mode::Create, Mode::Write, Mode::Read] {
        let archive = archive::open(folder.path(), mode).unwrap();
        assert_eq!(archive.catalog.archive().await.unwrap(), row);
    }
    assert_eq!(fs::read(folder.path().join("archive.json")).unwrap(), written);
}

#[tokio::test]
async fn an_archive_without_its_catalog_is_refused_by_every_mode() {
    for loss in [|file: &Path| fs::remove_file(file), |file: &Path| fs::write(file, "")] {
        for with_identity in [true, false] {
            let folder = archive_with_a_blob().await;
            loss(&folder.path().join("catalog.db")).unwrap();
            if !with_identity {
                fs::remove_file(folder.path().join("archive.json")).unwrap();
            }
            for error in refusals(folder.path()) {
                assert!(matches!(error, ArchiveError::WithoutCatalog { .. }), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn the_catalog_of_another_archive_is_refused() {
    let (folder, other) = (archive_with_a_blob().await, archive_with_a_blob().await);
    fs::copy(other.path().join("catalog.db"), folder.path().join("catalog.db")).unwrap();
    fs::remove_file(folder.path().join("catalog.db.sha256")).unwrap();
    for error in refusals(folder.path()) {
        assert!(matches!(error, ArchiveError::OtherCatalog { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_archive_from_before_there_were_identities_gets_its_file() {
    let folder = archive_with_a_blob().await;
    let identity = folder.path().join("archive.json");
    let before = fs::read(&identity).unwrap();
    fs::remove_file(&identity).unwrap();
    archive::open(folder.path(), Mode::Read).unwrap();
    assert!(!identity.exists(), "whoever reads writes nothing");
    archive::open(folder.path(), Mode::Write).unwrap();
    assert_eq!(fs::read(&identity).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named_with_the_way_out() {
    let folder = archive_with_a_blob().await;
    fs::write(folder.path().join("archive.json"), "{").unwrap();
    for error in refusals(folder.path()) {
        assert!(
            error.to_string().contains("archive.json: ") && error.to_string().contains("remove the file"),
            "{error}"
        );
    }
    let newer = r#"{"id":"00000000000000000000000000000000","format":2,"made":"2026-11-22T03:00:00Z"}"#;
    fs::write(folder.path().join("archive.json"), newer).unwrap();
    for error in refusals(folder.path()) {
        assert!(error.to_string().contains("use a newer offprint"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_catalog_is_damage_to_every_command_and_none_writes() {
    let sandbox = Sandbox::new();
    sandbox.write("posts/a.md", "no image\n");
    sandbox.run(&["run"]).expect(0);
    fs::write(sandbox.path("store/catalog.db"), "").unwrap();
    let before = content(&sandbox.path("store"));
    for command in
        [&["run"][..], &["run", "--dry-run"], &["gc"], &["gc", "--dry-run"], &["status"], &["check"], &["verify"]]
    {
        let printed = sandbox.run(command).expect(4).stderr;
        assert!(printed.contains("has lost its catalog: restore"), "{command:?}: {printed}");
    }
    assert_eq!(content(&sandbox.path("store")), before);
}

#[test]
fn only_a_run_makes_an_archive() {
    let sandbox = Sandbox::new();
    for command in [&["gc"][..], &["status"], &["verify", "--repair"], &["restore", "--in-place", "posts/a.md"]] {
        let printed = sandbox.run(command).expect(1).stderr;
        assert!(printed.contains("there is no archive at"), "{command:?}: {printed}");
    }
    assert!(!sandbox.path("store").exists());
}

#[test]
fn what_is_left_of_an_archive_is_no_place_for_a_new_one() {
    for left in ["runs/20261122T030000Z.json", "articles/posts/a.md", "catalog-copies/20261122T030000Z-0.db"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(left);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "{}").unwrap();
        for error in refusals(folder.path()) {
            assert!(matches!(error, ArchiveError::WithoutCatalog { .. }), "{left}: {error}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("catalog.db.v4"), "a copy from before an upgrade").unwrap();
    assert!(matches!(refusals(folder.path())[2], ArchiveError::WithoutCatalog { .. }));
}

#[test]
fn init_makes_an_archive_once() {
    let sandbox = Sandbox::new();
    let made = sandbox.json(&["init"]);
    assert_eq!(made["new"], true, "{made}");
    assert_eq!(sandbox.json(&["status"])["articles"], 0);
    let again = sandbox.json(&["init"]);
    assert_eq!((&again["new"], &again["id"]), (&false.into(), &made["id"]), "{again}");
    sandbox.write("posts/a.md", "text\n");
    sandbox.run(&["run"]).expect(0);
    let printed = sandbox.run(&["init"]).expect(0).stdout;
    assert!(printed.contains("is an archive already"), "{printed}");
    fs::remove_file(sandbox.path("store/catalog.db")).unwrap();
    sandbox.run(&["init"]).expect(4);
}

/// Mirrors beside an archive that is not there show that there was one.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_is_not_mounted_is_not_begun_anew() {
    let photo = Behaviour::serve(Content::new("image/jpeg", Photo::new(1, 64, 48).jpeg()));
    let origin = Origin::start(Site::new().on("/1.jpg", photo)).unwrap();
    for output in ["public", "."] {
        let sandbox = Sandbox::new();
        sandbox.settings(&format!("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"{output}\"\n"));
        if output == "." {
            sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"\noutput = \"posts\"\n");
        }
        sandbox.write("posts/a.md", format!("![]({})\n", origin.url("/1.jpg")));
        sandbox.run(&["run"]).expect(0);
        fs::rename(sandbox.path("store"), sandbox.path("elsewhere")).unwrap();
        let before = content(&sandbox.path(""));
        for command in [&["run"][..], &["run", "--dry-run"], &["mirror", "posts/a.md"]] {
            let printed = sandbox.run(command).expect(1).stderr;
            assert!(
                printed.contains("links into one") && printed.contains("offprint init"),
                "{output} {command:?}: {printed}"
            );
        }
        assert_eq!(content(&sandbox.path("")), before, "{output}");
        fs::rename(sandbox.path("elsewhere"), sandbox.path("store")).unwrap();
        sandbox.run(&["run"]).expect(0);
        sandbox.run(&["verify"]).expect(0);
    }
}
