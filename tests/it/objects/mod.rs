//! What every store of objects promises. Another implementation joins with one line: `suite!(name, how to open it)`.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test, and says where")]

mod identity;
mod local;
mod output;

use std::ops::Range;

use offprint::testing::archive::{Body, MemoryObjects, ObjectError, Objects, Prefix, Put, StoreKey};
use offprint::testing::model::{ArticleKey, Digest, MediaType};
use tokio::io::AsyncReadExt;

use self::local::Local;

macro_rules! conformance {
    ($d:tt $($test:ident)*) => {
        macro_rules! suite {
            ($d name:ident, $d open:expr) => {
                mod $d name {
                    $(
                        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                        async fn $test() {
                            let fresh = $d open;
                            super::$test(fresh.objects()).await;
                        }
                    )*
                }
            };
        }
    };
}

conformance! { $
    a_blob_is_read_back_as_it_was_put
    putting_again_changes_nothing_and_takes_the_staged_file_away
    what_is_not_there_is_not_found
    no_bytes_at_all_are_a_blob
    the_same_bytes_put_by_many_at_once_are_one_blob
    the_same_bytes_of_two_kinds_are_kept_as_both
    a_shard_lists_its_blobs_in_order
    keys_are_those_of_the_list_of_every_prefix
    what_is_known_of_many_is_what_is_known_of_each
    names_have_another_state_once_one_comes_or_goes_or_none_that_is_known
    blobs_put_while_a_shard_is_listed_are_listed_whole_or_not_at_all
    a_deleted_blob_is_gone_and_can_be_put_again
    a_reader_keeps_its_blob_when_it_is_deleted_or_listed
    large_bytes_come_back_whole
    a_range_is_read_and_ends_where_the_object_does
    bytes_that_the_key_does_not_name_are_no_blob
    a_staged_file_that_lost_its_end_is_refused
    whatever_is_no_blob_is_replaced_as_a_whole
    static_pages_are_listed_by_their_kinds
    a_prefix_lists_what_it_covers_and_nothing_else
}

suite!(files, super::Local::new());
suite!(memory, super::Memory::new());

/// Objects in memory.
struct Memory(MemoryObjects);

impl Memory {
    fn new() -> Self {
        Self(MemoryObjects::new().unwrap())
    }

    fn objects(&self) -> &dyn Objects {
        &self.0
    }
}

fn blob(bytes: &[u8]) -> StoreKey {
    StoreKey::Blob { digest: Digest::of(bytes), media_type: MediaType::Jpeg }
}

fn article(path: &str) -> StoreKey {
    StoreKey::Article(ArticleKey { source: "posts".parse().unwrap(), path: path.parse().unwrap() })
}

fn stage(objects: &dyn Objects, bytes: &[u8]) -> Body {
    Body::Staged(objects.staging().write(bytes).unwrap())
}

async fn put(objects: &dyn Objects, bytes: &[u8]) -> Put {
    objects.put(&blob(bytes), stage(objects, bytes)).await.unwrap().put
}

async fn read_part(objects: &dyn Objects, key: &StoreKey, range: Option<Range<u64>>) -> Option<Vec<u8>> {
    let mut reader = objects.open(key, range).await.unwrap()?;
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.unwrap();
    Some(bytes)
}

async fn read(objects: &dyn Objects, key: &StoreKey) -> Option<Vec<u8>> {
    let whole = objects.read(key).await.unwrap();
    assert_eq!(read_part(objects, key, None).await, whole, "in pieces and at once");
    whole
}

/// How many files are staged.
fn staged(objects: &dyn Objects) -> usize {
    objects.staging().leftovers().unwrap().len()
}

/// Some bytes whose digest starts with this byte; different ones for each number.
fn in_shard(shard: u8, number: usize) -> Vec<u8> {
    let candidates = (0..).map(|attempt: u32| format!("{number} {attempt}").into_bytes());
    candidates.into_iter().find(|bytes| Digest::of(bytes).as_bytes()[0] == shard).unwrap()
}

async fn names_have_another_state_once_one_comes_or_goes_or_none_that_is_known(objects: &dyn Objects) {
    let state = async || objects.names_state(vec![Prefix::Blobs(7), Prefix::Thumbnails(7)]).await;
    let before = state().await;
    let bytes = in_shard(7, 1);
    put(objects, &bytes).await;
    let after = state().await;
    assert!(after.is_none() || after != before, "{after:?}");
    objects.delete(&blob(&bytes)).await.unwrap();
    let gone = state().await;
    assert!(gone.is_none() || gone != after, "{gone:?}");
}

async fn a_blob_is_read_back_as_it_was_put(objects: &dyn Objects) {
    let bytes = b"\xff\xd8 and not much more\x00";
    let stored = objects.put(&blob(bytes), stage(objects, bytes)).await.unwrap();
    assert_eq!((stored.put, stored.fingerprint.size), (Put::Created, bytes.len() as u64));
    assert_eq!(read(objects, &blob(bytes)).await.unwrap(), bytes);
    assert_eq!(objects.stat(&blob(bytes)).await.unwrap(), Some(stored.fingerprint));
}

async fn putting_again_changes_nothing_and_takes_the_staged_file_away(objects: &dyn Objects) {
    put(objects, b"twice").await;
    let before = objects.stat(&blob(b"twice")).await.unwrap();
    assert_eq!(put(objects, b"twice").await, Put::Existed);
    assert_eq!(objects.stat(&blob(b"twice")).await.unwrap(), before);
    assert_eq!(read(objects, &blob(b"twice")).await.unwrap(), b"twice");
    assert_eq!(staged(objects), 0);
}

async fn what_is_not_there_is_not_found(objects: &dyn Objects) {
    let digest = Digest::of(b"nothing");
    let key = StoreKey::Blob { digest, media_type: MediaType::Png };
    for key in [key, article("a/b.md")] {
        assert!(read(objects, &key).await.is_none());
        assert_eq!(objects.stat(&key).await.unwrap(), None);
        assert!(!objects.delete(&key).await.unwrap());
    }
    assert_eq!(objects.list(Prefix::Blobs(digest.as_bytes()[0])).await.unwrap(), []);
    assert_eq!(objects.list(Prefix::Thumbnails(0)).await.unwrap(), []);
    assert_eq!(objects.list(Prefix::Reports).await.unwrap(), []);
}

async fn no_bytes_at_all_are_a_blob(objects: &dyn Objects) {
    assert_eq!(put(objects, b"").await, Put::Created);
    assert_eq!(read(objects, &blob(b"")).await.unwrap(), b"");
}

async fn the_same_bytes_put_by_many_at_once_are_one_blob(objects: &dyn Objects) {
    let puts = futures_util::future::join_all((0..32).map(|_| put(objects, b"wanted by many"))).await;
    assert_eq!(puts.iter().filter(|put| **put == Put::Created).count(), 1);
    assert_eq!(puts.iter().filter(|put| **put == Put::Existed).count(), 31);
    let shard = Digest::of(b"wanted by many").as_bytes()[0];
    assert_eq!(objects.list(Prefix::Blobs(shard)).await.unwrap().len(), 1);
    assert_eq!(staged(objects), 0);
}

async fn the_same_bytes_of_two_kinds_are_kept_as_both(objects: &dyn Objects) {
    let key = |media_type| StoreKey::Blob { digest: Digest::of(b"<svg/>"), media_type };
    for media_type in [MediaType::Svg, MediaType::Html] {
        let stored = objects.put(&key(media_type), stage(objects, b"<svg/>")).await.unwrap();
        assert_eq!(stored.put, Put::Created);
    }
    assert!(objects.delete(&key(MediaType::Html)).await.unwrap());
    assert_eq!(read(objects, &key(MediaType::Svg)).await.unwrap(), b"<svg/>");
}

async fn a_shard_lists_its_blobs_in_order(objects: &dyn Objects) {
    let mut expected = Vec::new();
    for number in 0..5 {
        let bytes = in_shard(0x2a, number);
        put(objects, &bytes).await;
        expected.push((blob(&bytes), bytes.len() as u64));
    }
    put(objects, &in_shard(0x2b, 0)).await;
    expected.sort_unstable();
    let listed = objects.list(Prefix::Blobs(0x2a)).await.unwrap().into_iter();
    assert_eq!(listed.map(|(key, found)| (key, found.size)).collect::<Vec<_>>(), expected);
}

async fn keys_are_those_of_the_list_of_every_prefix(objects: &dyn Objects) {
    let original = Digest::of(b"original");
    let thumbnail = StoreKey::Thumbnail { name: "small".parse().unwrap(), original, media_type: MediaType::Jpeg };
    put(objects, &in_shard(0x3a, 0)).await;
    for key in [article("a.md"), article("b/c/d.md"), article("b/e.md"), thumbnail] {
        objects.put(&key, stage(objects, b"bytes")).await.unwrap();
    }
    let of_original = Prefix::Thumbnails(original.as_bytes()[0]);
    for (prefix, expected) in [(Prefix::Mirrors, 3), (of_original, 1), (Prefix::Blobs(0x3a), 1), (Prefix::Reports, 0)] {
        let listed: Vec<_> = objects.list(prefix).await.unwrap().into_iter().map(|(key, _)| key).collect();
        assert_eq!(listed.len(), expected);
        assert_eq!(objects.keys(prefix).await.unwrap(), listed);
    }
    let of_all = objects.keys_of_all(vec![of_original, Prefix::Blobs(0x3b), Prefix::Blobs(0x3a)]).await;
    let keys: Vec<_> = of_all.into_iter().map(|keys| keys.unwrap().len()).collect();
    assert_eq!(keys, [1, 0, 1]);
}

async fn what_is_known_of_many_is_what_is_known_of_each(objects: &dyn Objects) {
    for path in ["a.md", "b/c.md", "b/d.md"] {
        objects.put(&article(path), stage(objects, path.as_bytes())).await.unwrap();
    }
    let paths = ["b/c.md", "a.md", "none/x.md", "b/none.md", "b/d.md", "b/c.md"];
    let mut expected = Vec::new();
    for path in paths {
        expected.push(objects.stat(&article(path)).await.unwrap());
    }
    assert_eq!(expected.iter().flatten().count(), 4);
    assert_eq!(objects.stat_all(paths.map(article).to_vec()).await, expected);
    assert_eq!(objects.stat_all(Vec::new()).await, []);
}

async fn blobs_put_while_a_shard_is_listed_are_listed_whole_or_not_at_all(objects: &dyn Objects) {
    let contents: Vec<_> = (0..20).map(|number| in_shard(7, number)).collect();
    let putting = futures_util::future::join_all(contents.iter().map(|bytes| put(objects, bytes)));
    let listing = async {
        for _ in 0..20 {
            for (key, found) in objects.list(Prefix::Blobs(7)).await.unwrap() {
                let bytes = read(objects, &key).await.unwrap();
                assert_eq!((blob(&bytes), bytes.len() as u64), (key, found.size));
            }
        }
    };
    tokio::join!(putting, listing);
    assert_eq!(objects.list(Prefix::Blobs(7)).await.unwrap().len(), 20);
}

async fn a_deleted_blob_is_gone_and_can_be_put_again(objects: &dyn Objects) {
    put(objects, b"there and gone").await;
    assert!(objects.delete(&blob(b"there and gone")).await.unwrap());
    assert!(read(objects, &blob(b"there and gone")).await.is_none());
    assert_eq!(put(objects, b"there and gone").await, Put::Created);
}

async fn a_reader_keeps_its_blob_when_it_is_deleted_or_listed(objects: &dyn Objects) {
    put(objects, b"being read").await;
    let mut reader = objects.open(&blob(b"being read"), None).await.unwrap().unwrap();
    objects.delete(&blob(b"being read")).await.unwrap();
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, b"being read");
}

async fn large_bytes_come_back_whole(objects: &dyn Objects) {
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    put(objects, &bytes).await;
    assert!(read(objects, &blob(&bytes)).await.unwrap() == bytes);
}

async fn a_range_is_read_and_ends_where_the_object_does(objects: &dyn Objects) {
    put(objects, b"0123456789").await;
    for (range, expected) in
        [(2..5, "234"), (0..10, "0123456789"), (8..100, "89"), (10..20, ""), (50..60, ""), (4..4, "")]
    {
        let part = read_part(objects, &blob(b"0123456789"), Some(range.clone())).await.unwrap();
        assert_eq!(String::from_utf8(part).unwrap(), expected, "{range:?}");
    }
}

async fn bytes_that_the_key_does_not_name_are_no_blob(objects: &dyn Objects) {
    for body in [stage(objects, b"other"), Body::Bytes(b"other".to_vec())] {
        let error = objects.put(&blob(b"named"), body).await.unwrap_err();
        assert!(matches!(error, ObjectError::OtherBytes { found, .. } if found == Digest::of(b"other")), "{error}");
    }
    assert!(objects.stat(&blob(b"named")).await.unwrap().is_none());
    assert_eq!(staged(objects), 0);
}

async fn a_staged_file_that_lost_its_end_is_refused(objects: &dyn Objects) {
    for mut staged in [objects.staging().write(b"less").unwrap(), objects.staging().hold(b"less".to_vec()).unwrap()] {
        staged.length = 100;
        let error = objects.put(&blob(b"less"), Body::Staged(staged)).await.unwrap_err().to_string();
        assert!(error.contains("4 bytes instead of 100"), "{error}");
        assert!(objects.stat(&blob(b"less")).await.unwrap().is_none());
    }
}

async fn whatever_is_no_blob_is_replaced_as_a_whole(objects: &dyn Objects) {
    let digest = Digest::of(b"original");
    let thumbnail =
        StoreKey::Thumbnail { name: "small".parse().unwrap(), original: digest, media_type: MediaType::WebP };
    let report = StoreKey::Report { run: "20261122T030000Z".parse().unwrap() };
    let quarantine = StoreKey::Quarantine { digest, media_type: MediaType::Png };
    for key in [thumbnail, article("2026/新闻.md"), report, quarantine] {
        let first = objects.put(&key, Body::Bytes(b"first".to_vec())).await.unwrap();
        let second = objects.put(&key, stage(objects, b"other")).await.unwrap();
        assert_eq!((first.put, second.put), (Put::Created, Put::Replaced), "{key}");
        assert_ne!(first.fingerprint, second.fingerprint, "{key}: the same size, and another fingerprint all the same");
        assert_eq!(read(objects, &key).await.unwrap(), b"other", "{key}");
        assert!(objects.delete(&key).await.unwrap(), "{key}");
        assert!(objects.stat(&key).await.unwrap().is_none(), "{key}");
    }
    assert_eq!(staged(objects), 0);
}

async fn static_pages_are_listed_by_their_kinds(objects: &dyn Objects) {
    let key = StoreKey::Index { path: "lists/posts.2026-11.1.html".parse().unwrap() };
    let first = objects.put(&key, Body::Bytes(b"first".to_vec())).await.unwrap();
    let second = objects.put(&key, Body::Bytes(b"other".to_vec())).await.unwrap();
    assert_eq!((first.put, second.put), (Put::Created, Put::Replaced));
    assert_eq!(read(objects, &key).await.unwrap(), b"other");
    assert_eq!(objects.list(Prefix::ListPages).await.unwrap(), [(key.clone(), second.fingerprint)]);
    for other in [Prefix::ArticlePages(0), Prefix::MissingPages, Prefix::Mirrors] {
        assert_eq!(objects.list(other).await.unwrap(), [], "{other:?}");
    }
    let page = StoreKey::article_page(&ArticleKey { source: "posts".parse().unwrap(), path: "a.md".parse().unwrap() });
    objects.put(&page, Body::Bytes(b"page".to_vec())).await.unwrap();
    let of_shards = (0..=u8::MAX).map(Prefix::ArticlePages).collect();
    let found: Vec<_> = objects.keys_of_all(of_shards).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(found, [page]);
    assert_eq!(staged(objects), 0);
}

async fn a_prefix_lists_what_it_covers_and_nothing_else(objects: &dyn Objects) {
    let thumbnail = |name: &str, shard: u8| StoreKey::Thumbnail {
        name: name.parse().unwrap(),
        original: Digest::of(&in_shard(shard, 0)),
        media_type: MediaType::Jpeg,
    };
    let report = |run: &str| StoreKey::Report { run: run.parse().unwrap() };
    let keys = [thumbnail("large", 3), thumbnail("small", 3), thumbnail("small", 4), report("1"), report("2")];
    for key in keys.iter().rev() {
        objects.put(key, Body::Bytes(b"bytes".to_vec())).await.unwrap();
    }
    put(objects, &in_shard(3, 0)).await;
    let listed = async |prefix| {
        let listed = objects.list(prefix).await.unwrap().into_iter();
        listed.map(|(key, _)| key).collect::<Vec<_>>()
    };
    assert_eq!(listed(Prefix::Thumbnails(3)).await, keys[..2]);
    assert_eq!(listed(Prefix::Thumbnails(5)).await, []);
    assert_eq!(listed(Prefix::Reports).await, keys[3..]);
    assert_eq!(listed(Prefix::Blobs(3)).await, [blob(&in_shard(3, 0))]);
}
