//! What every store of blobs promises, and what the local one promises besides. Another implementation joins with
//! one line: `suite!(name, how to open it)`.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

use std::fs;
use std::io::Write;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use offprint::testing::archive::{self, Archive, ArchiveError, BlobError, Blobs, Mode, Publication, Put};
use offprint::testing::model::{Digest, MediaType, Staged};
use tempfile::{NamedTempFile, TempDir};
use tokio::io::AsyncReadExt;

/// An empty store of blobs, a folder for staged files, and whatever must live as long.
struct Fresh {
    archive: Archive,
    folder: TempDir,
}

impl Deref for Fresh {
    type Target = Archive;

    fn deref(&self) -> &Archive {
        &self.archive
    }
}

fn local() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    Fresh { archive: archive::open(&folder.path().join("store"), Mode::Write).unwrap(), folder }
}

macro_rules! suite {
    ($name:ident, $open:expr, [$($test:ident)*]) => {
        mod $name {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let fresh = $open;
                    super::$test(&*fresh.archive.blobs, &fresh.archive.tmp()).await;
                }
            )*
        }
    };
}

suite!(files, super::local(), [
    a_blob_is_read_back_as_it_was_put
    putting_again_changes_nothing_and_takes_the_staged_file_away
    what_is_not_there_is_not_found
    no_bytes_at_all_are_a_blob
    the_same_bytes_put_by_many_at_once_are_one_blob
    the_same_bytes_of_two_kinds_are_kept_as_both
    a_shard_lists_its_blobs_in_order
    blobs_put_while_a_shard_is_listed_are_listed_whole_or_not_at_all
    a_deleted_blob_is_gone_and_can_be_put_again
    a_reader_keeps_its_blob_when_it_is_deleted_or_listed
    large_bytes_come_back_whole
]);

fn stage(tmp: &Path, bytes: &[u8]) -> Staged {
    let mut file = NamedTempFile::new_in(tmp).unwrap();
    file.write_all(bytes).unwrap();
    Staged { path: file.into_temp_path(), digest: Digest::of(bytes), length: bytes.len() as u64 }
}

async fn put(blobs: &dyn Blobs, tmp: &Path, bytes: &[u8]) -> Put {
    blobs.put(stage(tmp, bytes), MediaType::Jpeg).await.unwrap()
}

async fn read(blobs: &dyn Blobs, digest: Digest, media_type: MediaType) -> Option<Vec<u8>> {
    let mut reader = blobs.open(digest, media_type).await.unwrap()?;
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.unwrap();
    Some(bytes)
}

/// How many files lie in a folder and below.
fn count(folder: &Path) -> usize {
    walkdir::WalkDir::new(folder).into_iter().filter(|entry| entry.as_ref().unwrap().file_type().is_file()).count()
}

/// Some bytes whose digest starts with this byte; different ones for each number.
fn in_shard(shard: u8, number: usize) -> Vec<u8> {
    let candidates = (0..).map(|attempt: u32| format!("{number} {attempt}").into_bytes());
    candidates.into_iter().find(|bytes| Digest::of(bytes).as_bytes()[0] == shard).unwrap()
}

async fn a_blob_is_read_back_as_it_was_put(blobs: &dyn Blobs, tmp: &Path) {
    let bytes = b"\xff\xd8 and not much more\x00";
    let digest = Digest::of(bytes);
    assert_eq!(put(blobs, tmp, bytes).await, Put::Created);
    assert_eq!(read(blobs, digest, MediaType::Jpeg).await.unwrap(), bytes);
    let meta = blobs.stat(digest, MediaType::Jpeg).await.unwrap().unwrap();
    assert_eq!((meta.digest, meta.media_type, meta.size), (digest, MediaType::Jpeg, bytes.len() as u64));
}

async fn putting_again_changes_nothing_and_takes_the_staged_file_away(blobs: &dyn Blobs, tmp: &Path) {
    put(blobs, tmp, b"twice").await;
    assert_eq!(put(blobs, tmp, b"twice").await, Put::Existed);
    assert_eq!(read(blobs, Digest::of(b"twice"), MediaType::Jpeg).await.unwrap(), b"twice");
    assert_eq!(count(tmp), 0);
}

async fn what_is_not_there_is_not_found(blobs: &dyn Blobs, _tmp: &Path) {
    let digest = Digest::of(b"nothing");
    assert!(read(blobs, digest, MediaType::Png).await.is_none());
    assert_eq!(blobs.stat(digest, MediaType::Png).await.unwrap(), None);
    assert!(!blobs.delete(digest, MediaType::Png).await.unwrap());
    assert_eq!(blobs.list(digest.as_bytes()[0]).await.unwrap(), []);
}

async fn no_bytes_at_all_are_a_blob(blobs: &dyn Blobs, tmp: &Path) {
    assert_eq!(put(blobs, tmp, b"").await, Put::Created);
    assert_eq!(read(blobs, Digest::of(b""), MediaType::Jpeg).await.unwrap(), b"");
}

async fn the_same_bytes_put_by_many_at_once_are_one_blob(blobs: &dyn Blobs, tmp: &Path) {
    let puts = futures_util::future::join_all((0..32).map(|_| put(blobs, tmp, b"wanted by many"))).await;
    assert_eq!(puts.iter().filter(|put| **put == Put::Created).count(), 1);
    assert_eq!(blobs.list(Digest::of(b"wanted by many").as_bytes()[0]).await.unwrap().len(), 1);
    assert_eq!(count(tmp), 0);
}

async fn the_same_bytes_of_two_kinds_are_kept_as_both(blobs: &dyn Blobs, tmp: &Path) {
    let digest = Digest::of(b"<svg/>");
    for media_type in [MediaType::Svg, MediaType::Html] {
        assert_eq!(blobs.put(stage(tmp, b"<svg/>"), media_type).await.unwrap(), Put::Created);
    }
    assert!(blobs.delete(digest, MediaType::Html).await.unwrap());
    assert_eq!(read(blobs, digest, MediaType::Svg).await.unwrap(), b"<svg/>");
}

async fn a_shard_lists_its_blobs_in_order(blobs: &dyn Blobs, tmp: &Path) {
    let mut expected = Vec::new();
    for number in 0..5 {
        let bytes = in_shard(0x2a, number);
        put(blobs, tmp, &bytes).await;
        expected.push((Digest::of(&bytes), bytes.len() as u64));
    }
    put(blobs, tmp, &in_shard(0x2b, 0)).await;
    expected.sort_unstable();
    let listed = blobs.list(0x2a).await.unwrap();
    assert_eq!(listed.iter().map(|blob| (blob.digest, blob.size)).collect::<Vec<_>>(), expected);
}

async fn blobs_put_while_a_shard_is_listed_are_listed_whole_or_not_at_all(blobs: &dyn Blobs, tmp: &Path) {
    let contents: Vec<_> = (0..20).map(|number| in_shard(7, number)).collect();
    let putting = futures_util::future::join_all(contents.iter().map(|bytes| put(blobs, tmp, bytes)));
    let listing = async {
        for _ in 0..20 {
            for blob in blobs.list(7).await.unwrap() {
                let bytes = read(blobs, blob.digest, blob.media_type).await.unwrap();
                assert_eq!((Digest::of(&bytes), bytes.len() as u64), (blob.digest, blob.size));
            }
        }
    };
    tokio::join!(putting, listing);
    assert_eq!(blobs.list(7).await.unwrap().len(), 20);
}

async fn a_deleted_blob_is_gone_and_can_be_put_again(blobs: &dyn Blobs, tmp: &Path) {
    let digest = Digest::of(b"there and gone");
    put(blobs, tmp, b"there and gone").await;
    assert!(blobs.delete(digest, MediaType::Jpeg).await.unwrap());
    assert!(read(blobs, digest, MediaType::Jpeg).await.is_none());
    assert_eq!(put(blobs, tmp, b"there and gone").await, Put::Created);
}

async fn a_reader_keeps_its_blob_when_it_is_deleted_or_listed(blobs: &dyn Blobs, tmp: &Path) {
    let digest = Digest::of(b"being read");
    put(blobs, tmp, b"being read").await;
    let mut reader = blobs.open(digest, MediaType::Jpeg).await.unwrap().unwrap();
    blobs.delete(digest, MediaType::Jpeg).await.unwrap();
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, b"being read");
}

async fn large_bytes_come_back_whole(blobs: &dyn Blobs, tmp: &Path) {
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    put(blobs, tmp, &bytes).await;
    assert!(read(blobs, Digest::of(&bytes), MediaType::Jpeg).await.unwrap() == bytes);
}

// The local archive.

#[tokio::test]
async fn a_new_archive_has_the_folders_of_the_design() {
    let fresh = local();
    let mut found: Vec<_> =
        fs::read_dir(fresh.root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.retain(|name| !name.starts_with("catalog.db-"));
    found.sort();
    assert_eq!(found, ["articles", "blobs", "catalog.db", "lock", "runs", "thumbnails", "tmp"]);
}

#[tokio::test]
async fn a_blob_is_a_read_only_file_named_by_its_digest() {
    let fresh = local();
    put(&*fresh.blobs, &fresh.tmp(), b"offprint").await;
    let digest = Digest::of(b"offprint");
    let path = fresh.root().join(format!("blobs/sha256/{}/{digest}.jpg", &digest.to_string()[..2]));
    assert_eq!(path, fresh.blob_path(digest, MediaType::Jpeg));
    assert_eq!(fs::read(&path).unwrap(), b"offprint");
    assert!(fs::metadata(&path).unwrap().permissions().readonly());
}

#[tokio::test]
async fn names_that_are_no_blobs_are_left_out_of_a_list() {
    let fresh = local();
    let bytes = in_shard(0, 0);
    put(&*fresh.blobs, &fresh.tmp(), &bytes).await;
    let shard = fresh.root().join("blobs/sha256/00");
    let elsewhere = Digest::of(&in_shard(1, 0));
    for name in ["README", "short.jpg", &format!("{elsewhere}.jpg"), &format!("{}.exe", Digest::of(&bytes))] {
        fs::write(shard.join(name), "").unwrap();
    }
    fs::create_dir(shard.join(format!("{}.png", Digest::of(&bytes)))).unwrap();
    assert_eq!(fresh.blobs.list(0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_that_lost_its_end_is_healed_by_the_next_put() {
    let fresh = local();
    put(&*fresh.blobs, &fresh.tmp(), b"all of it").await;
    let path = fresh.blob_path(Digest::of(b"all of it"), MediaType::Jpeg);
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"all o").unwrap();
    assert_eq!(put(&*fresh.blobs, &fresh.tmp(), b"all of it").await, Put::Created);
    assert_eq!(fs::read(&path).unwrap(), b"all of it");
}

#[tokio::test]
async fn a_staged_file_that_lost_its_end_is_refused() {
    let fresh = local();
    let staged = Staged { length: 100, ..stage(&fresh.tmp(), b"less") };
    let error = fresh.blobs.put(staged, MediaType::Jpeg).await.unwrap_err().to_string();
    assert!(error.contains("4 bytes instead of 100"), "{error}");
    assert_eq!(count(&fresh.root().join("blobs")), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn links_in_the_way_are_refused_and_what_they_lead_to_is_not_touched() {
    use std::os::unix::fs::symlink;
    let fresh = local();
    let outside = fresh.folder.path().join("outside");
    fs::write(&outside, "precious").unwrap();
    let digest = Digest::of(b"new bytes");
    let path = fresh.blob_path(digest, MediaType::Jpeg);
    fs::create_dir(path.parent().unwrap()).unwrap();
    symlink(&outside, &path).unwrap();
    let refused = |error: BlobError| assert!(error.to_string().contains("not a regular file"), "{error}");
    refused(fresh.blobs.put(stage(&fresh.tmp(), b"new bytes"), MediaType::Jpeg).await.unwrap_err());
    refused(fresh.blobs.open(digest, MediaType::Jpeg).await.err().unwrap());
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    symlink(fresh.folder.path(), path.parent().unwrap()).unwrap();
    let error = fresh.blobs.put(stage(&fresh.tmp(), b"new bytes"), MediaType::Jpeg).await.unwrap_err();
    assert!(error.to_string().contains("it is a link"), "{error}");
    assert_eq!(fs::read(&outside).unwrap(), b"precious");
}

#[tokio::test]
async fn what_was_put_is_there_when_the_archive_is_opened_again() {
    let Fresh { archive, folder } = local();
    put(&*archive.blobs, &archive.tmp(), b"kept").await;
    drop(archive);
    let archive = archive::open(&folder.path().join("store"), Mode::Read).unwrap();
    assert_eq!(read(&*archive.blobs, Digest::of(b"kept"), MediaType::Jpeg).await.unwrap(), b"kept");
}

#[tokio::test]
async fn leftover_temporary_files_go_when_the_next_run_begins_and_not_when_someone_reads() {
    let Fresh { archive, folder } = local();
    let store = folder.path().join("store");
    fs::write(archive.tmp().join("half"), "").unwrap();
    fs::create_dir(archive.tmp().join("folder")).unwrap();
    archive::open(&store, Mode::Read).unwrap();
    assert!(archive.tmp().join("half").exists());
    drop(archive);
    let archive = archive::open(&store, Mode::Write).unwrap();
    assert_eq!(fs::read_dir(archive.tmp()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_second_run_is_refused_while_reading_goes_on() {
    let fresh = local();
    let error = archive::open(fresh.root(), Mode::Write).err().unwrap();
    let own = Some(std::process::id());
    assert!(matches!(&error, ArchiveError::Held { pid, .. } if *pid == own), "{error}");
    archive::open(fresh.root(), Mode::Read).unwrap();
}

#[tokio::test]
async fn an_archive_opened_to_read_changes_nothing() {
    let Fresh { archive, folder } = local();
    drop(archive);
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
    fs::write(not_a_catalog.join("catalog.db"), "this is not a database, and long enough to tell").unwrap();
    let check = |store: PathBuf, mode, expected: &str| {
        let error = archive::open(&store, mode).err().unwrap().to_string();
        assert!(error.contains(expected) && !error.contains('\n'), "{error}");
    };
    check(folder.path().join("none"), Mode::Read, "there is no archive at");
    check(file.clone(), Mode::Read, "there is no archive at");
    check(file.clone(), Mode::Write, "cannot use the archive");
    check(file.join("below"), Mode::Write, "cannot use the archive");
    check(not_a_catalog.clone(), Mode::Read, "file is not a database");
    check(not_a_catalog, Mode::Write, "file is not a database");
    assert!(!folder.path().join("none").exists(), "reading makes nothing");
}

#[tokio::test]
async fn published_files_appear_whole_with_folders_above_them() {
    let fresh = local();
    let path = fresh.articles().join("posts/2026/a.md");
    let first = fresh.publisher.publish(&path, b"first").unwrap();
    assert_eq!((first.size, fs::read(&path).unwrap()), (5, b"first".to_vec()));
    let second = fresh.publisher.publish(&path, b"second").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"second");
    assert_ne!(first.inode, second.inode, "it is another file, put in the place of the first");
    assert_eq!(count(&fresh.tmp()), 0);
}

#[tokio::test]
async fn a_published_file_keeps_the_rights_of_the_one_before() {
    let fresh = local();
    let path = fresh.articles().join("a.md");
    fresh.publisher.publish(&path, b"first").unwrap();
    assert!(!fs::metadata(&path).unwrap().permissions().readonly());
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    fresh.publisher.publish(&path, b"second").unwrap();
    assert!(fs::metadata(&path).unwrap().permissions().readonly());
}

#[tokio::test]
async fn of_many_files_one_that_cannot_be_written_leaves_the_others_alone() {
    let fresh = local();
    fs::write(fresh.articles().join("file"), "").unwrap();
    let names: Vec<_> =
        (0..40).map(|number| if number == 7 { "file/x".into() } else { format!("{}/{number}", number % 3) }).collect();
    let file = |name: &String| Publication { path: fresh.articles().join(name), bytes: name.clone().into_bytes() };
    let results = fresh.publisher.publish_all(names.iter().map(file).collect()).await;
    for (name, result) in names.iter().zip(results) {
        let written = fs::read(fresh.articles().join(name)).ok();
        assert_eq!(result.ok().map(|fingerprint| fingerprint.size), written.as_ref().map(|bytes| bytes.len() as u64));
        assert_eq!(written.is_none(), name == "file/x");
    }
    assert_eq!(count(&fresh.tmp()), 0);
}
