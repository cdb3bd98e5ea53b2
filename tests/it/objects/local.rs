//! What the archive in a folder promises besides.

use std::fs;
use std::path::{Path, PathBuf};

use offprint::testing::archive::{self, Archive, ArchiveError, ObjectError, Objects, Put, StoreKey};
use offprint::testing::archive::{Mode, Prefix};
use offprint::testing::model::{Digest, MediaType};
use tempfile::TempDir;

use super::{article, blob, in_shard, put, read, stage};

/// An empty archive in a folder of one test's own.
pub(super) struct Local {
    archive: Archive,
    folder: TempDir,
}

impl Local {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { archive: archive::open(&folder.path().join("store"), Mode::Create).unwrap(), folder }
    }

    pub(super) fn objects(&self) -> &dyn Objects {
        &*self.archive.objects
    }

    pub(super) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn path(&self, key: &StoreKey) -> PathBuf {
        self.store().join(key.path())
    }

    fn open(&self, mode: Mode) -> Result<Archive, ArchiveError> {
        archive::open(&self.store(), mode)
    }

    /// The folder alone, as it is when nobody holds the archive.
    fn closed(self) -> TempDir {
        self.folder
    }
}

/// How many files lie in a folder and below.
fn count(folder: &Path) -> usize {
    walkdir::WalkDir::new(folder).into_iter().filter(|entry| entry.as_ref().unwrap().file_type().is_file()).count()
}

#[tokio::test]
async fn a_new_archive_has_the_folders_of_the_design() {
    let fresh = Local::new();
    let mut found: Vec<_> =
        fs::read_dir(fresh.store()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.retain(|name| !name.starts_with("catalog.db-"));
    found.sort();
    assert_eq!(found, ["archive.json", "articles", "blobs", "catalog.db", "lock", "runs", "thumbnails", "tmp"]);
}

#[tokio::test]
async fn a_blob_is_a_read_only_file_named_by_its_digest() {
    let fresh = Local::new();
    put(fresh.objects(), b"offprint").await;
    let digest = Digest::of(b"offprint");
    let path = fresh.store().join(format!("blobs/sha256/{}/{digest}.jpg", &digest.to_string()[..2]));
    assert_eq!(path, fresh.path(&blob(b"offprint")));
    assert_eq!(fs::read(&path).unwrap(), b"offprint");
    assert!(fs::metadata(&path).unwrap().permissions().readonly());
}

#[tokio::test]
async fn names_that_are_no_blobs_are_left_out_of_a_list() {
    let fresh = Local::new();
    let bytes = in_shard(0, 0);
    put(fresh.objects(), &bytes).await;
    let shard = fresh.store().join("blobs/sha256/00");
    let elsewhere = Digest::of(&in_shard(1, 0));
    for name in ["README", "short.jpg", &format!("{elsewhere}.jpg"), &format!("{}.exe", Digest::of(&bytes))] {
        fs::write(shard.join(name), "").unwrap();
    }
    fs::create_dir(shard.join(format!("{}.png", Digest::of(&bytes)))).unwrap();
    assert_eq!(fresh.objects().list(Prefix::Blobs(0)).await.unwrap().len(), 1);
    assert_eq!(fresh.objects().keys(Prefix::Blobs(0)).await.unwrap(), [blob(&bytes)]);
}

#[tokio::test]
async fn a_file_that_lost_its_end_is_repaired_by_the_next_put() {
    let fresh = Local::new();
    put(fresh.objects(), b"all of it").await;
    let path = fresh.path(&blob(b"all of it"));
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"all o").unwrap();
    assert_eq!(put(fresh.objects(), b"all of it").await, Put::Replaced);
    assert_eq!(fs::read(&path).unwrap(), b"all of it");
}

#[cfg(unix)]
#[tokio::test]
async fn links_in_the_way_are_refused_and_what_they_lead_to_is_not_touched() {
    use std::os::unix::fs::symlink;
    let fresh = Local::new();
    let objects = fresh.objects();
    let outside = fresh.folder.path().join("outside");
    fs::write(&outside, "precious").unwrap();
    let key = blob(b"new bytes");
    let path = fresh.path(&key);
    fs::create_dir(path.parent().unwrap()).unwrap();
    symlink(&outside, &path).unwrap();
    let refused = |error: ObjectError| assert!(error.to_string().contains("not a regular file"), "{error}");
    refused(objects.put(&key, stage(objects, b"new bytes")).await.unwrap_err());
    refused(objects.open(&key, None).await.err().unwrap());
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    symlink(fresh.folder.path(), path.parent().unwrap()).unwrap();
    let error = objects.put(&key, stage(objects, b"new bytes")).await.unwrap_err();
    assert!(error.to_string().contains("it is a link"), "{error}");
    let error = objects.delete(&key).await.unwrap_err();
    assert!(error.to_string().contains("it is a link"), "{error}");
    assert_eq!(fs::read(&outside).unwrap(), b"precious");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_above_what_is_written_is_refused_whatever_is_written() {
    use std::os::unix::fs::symlink;
    let fresh = Local::new();
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), fresh.store().join("articles/posts")).unwrap();
    symlink(outside.path(), fresh.store().join("thumbnails/small")).unwrap();
    let original = Digest::of(b"original");
    let thumbnail = StoreKey::Thumbnail { name: "small".parse().unwrap(), original, media_type: MediaType::Jpeg };
    for key in [article("a.md"), article("deep/er/a.md"), thumbnail] {
        let error = fresh.objects().put(&key, stage(fresh.objects(), b"bytes")).await.unwrap_err();
        assert!(error.to_string().contains("it is a link"), "{key}: {error}");
    }
    assert_eq!(count(outside.path()), 0);
    assert_eq!(fresh.objects().list(Prefix::Thumbnails(original.as_bytes()[0])).await.unwrap(), []);
    assert_eq!(fresh.objects().keys(Prefix::Thumbnails(original.as_bytes()[0])).await.unwrap(), []);
    assert_eq!(fresh.objects().stat_all(vec![article("a.md")]).await, [None]);
}

#[tokio::test]
async fn what_was_put_is_there_when_the_archive_is_opened_again() {
    let fresh = Local::new();
    put(fresh.objects(), b"kept").await;
    let folder = fresh.closed();
    let archive = archive::open(&folder.path().join("store"), Mode::Read).unwrap();
    assert_eq!(read(&*archive.objects, &blob(b"kept")).await.unwrap(), b"kept");
}

#[tokio::test]
async fn leftover_temporary_files_go_when_the_next_run_begins_and_not_when_someone_reads() {
    let fresh = Local::new();
    let tmp = fresh.store().join("tmp");
    for name in ["stage-half", "fetch-half", ".offprint-half.tmp", "notes.txt"] {
        fs::write(tmp.join(name), "").unwrap();
    }
    fs::create_dir(tmp.join("stage-folder")).unwrap();
    fresh.open(Mode::Read).unwrap();
    assert!(tmp.join("stage-half").exists());
    let folder = fresh.closed();
    archive::open(&folder.path().join("store"), Mode::Write).unwrap();
    let mut left: Vec<_> = fs::read_dir(tmp).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["notes.txt", "stage-folder"], "what is not ours stays");
}

#[tokio::test]
async fn a_second_run_is_refused_while_reading_goes_on() {
    let fresh = Local::new();
    let error = fresh.open(Mode::Write).err().unwrap();
    let own = Some(std::process::id());
    assert!(matches!(&error, ArchiveError::Held { pid, .. } if *pid == own), "{error}");
    fresh.open(Mode::Read).unwrap();
}

#[tokio::test]
async fn an_archive_opened_to_read_changes_nothing() {
    let folder = Local::new().closed();
    let archive = archive::open(&folder.path().join("store"), Mode::Read).unwrap();
    let error = archive.catalog.begin_run(jiff::Timestamp::UNIX_EPOCH).await.unwrap_err().to_string();
    assert!(error.contains("opened for reading only"), "{error}");
}

#[test]
fn what_cannot_be_opened_says_why_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "text").unwrap();
    let not_a_catalog = folder.path().join("store");
    fs::create_dir(&not_a_catalog).unwrap();
    fs::write(not_a_catalog.join("catalog.db"), "this is not a database, and long enough to be recognised").unwrap();
    let check = |store: PathBuf, mode, expected: &str| {
        let error = archive::open(&store, mode).err().unwrap().to_string();
        assert!(error.contains(expected) && !error.contains('\n'), "{error}");
    };
    for mode in [Mode::Read, Mode::Write] {
        check(folder.path().join("none"), mode, "there is no archive at");
        check(file.clone(), mode, "there is no archive at");
    }
    check(file.clone(), Mode::Create, "cannot use the archive");
    check(file.join("below"), Mode::Create, "cannot use the archive");
    check(not_a_catalog.clone(), Mode::Read, "file is not a database");
    check(not_a_catalog, Mode::Write, "file is not a database");
    assert!(!folder.path().join("none").exists(), "only `Mode::Create` makes an archive");
}
