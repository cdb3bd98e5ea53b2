//! What `verify` and `gc` ask and do.

use offprint::testing::archive::{ArchiveId, ArticleState, Catalog, Derived, ReadRows, ThumbnailRow};
use offprint::testing::model::{ArticleVersion, Digest, KeptBody, MediaType, Validators};

use super::fixtures::{
    A, B, HORIZON, all_shards, at, complete_all, give_placeholder, kept, key, link, mirror, record, record_version,
    replace_bytes, state, thumbnail_of, version,
};

suite! {
    a_whole_catalog_finds_nothing_wrong_with_itself
    assets_are_on_record_shard_by_shard
    blobs_and_thumbnails_are_on_record_shard_by_shard
    the_state_in_which_something_was_compared_is_the_last_one_recorded
    a_blob_knows_its_urls_also_after_newer_bytes_came
    an_original_knows_its_articles_also_in_older_versions
    forgotten_thumbnails_make_the_articles_stale_that_show_the_blob
    a_lost_asset_is_due_again_and_its_articles_are_stale
    an_archive_has_an_id_that_stays
    articles_come_by_row_and_know_what_they_may_show
    what_nothing_refers_to_is_noted_with_its_first_sight
    discarded_thumbnails_make_no_article_stale
}

async fn a_whole_catalog_finds_nothing_wrong_with_itself(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    complete_all(catalog, 5, kept("a")).await;
    assert_eq!(catalog.integrity().await.unwrap(), [""; 0]);
}

/// Rows of which none is damaged.
fn read<T>(rows: ReadRows<T>) -> Vec<T> {
    rows.into_iter().collect::<Result<_, _>>().unwrap()
}

async fn assets_are_on_record_shard_by_shard(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    complete_all(catalog, 5, kept("bytes")).await;
    let assets = read(all_shards(|shard| catalog.assets_on_record(shard)).await);
    let kept = catalog.url(&link(A)).await.unwrap().unwrap().asset.unwrap();
    let digest = kept.digest;
    assert_eq!(assets, [kept]);
    let first = digest.to_string()[..2].to_owned();
    let shard = u8::from_str_radix(&first, 16).unwrap();
    assert_eq!(catalog.assets_on_record(shard).await.unwrap().len(), 1);
    assert!(catalog.assets_on_record(!shard).await.unwrap().is_empty());
}

async fn blobs_and_thumbnails_are_on_record_shard_by_shard(catalog: &dyn Catalog) {
    let edges = [Digest::from_bytes([0; 32]), Digest::from_bytes([0x7f; 32]), Digest::from_bytes([0xff; 32])];
    for digest in edges {
        record(catalog, "a", &[A]).await;
        let url = catalog.url(&link(A)).await.unwrap().unwrap().id;
        let body = KeptBody { digest, media_type: MediaType::Png, length: 3 };
        give_placeholder(catalog, url, &body, at(9)).await;
        let made = Err("too many pixels".to_owned());
        let row = ThumbnailRow { original: digest, name: "small".parse().unwrap(), recipe: digest, made };
        catalog.record_thumbnails(&[row], &[]).await.unwrap();
    }
    let blobs = read(all_shards(|shard| catalog.blobs_on_record(shard)).await).into_iter();
    let blobs: Vec<_> = blobs.filter(|row| row.media_type == MediaType::Png).collect();
    let listed: Vec<_> = blobs.iter().map(|row| (row.digest, row.media_type, row.size, row.created)).collect();
    assert_eq!(listed, edges.map(|digest| (digest, MediaType::Png, 3, at(9))));
    assert_eq!(read(catalog.blobs_on_record(0x7f).await.unwrap()), &blobs[1..2]);
    let thumbnails = read(all_shards(|shard| catalog.thumbnails_on_record(shard..=shard)).await);
    assert_eq!(thumbnails.iter().map(|row| row.original).collect::<Vec<_>>(), edges);
    assert_eq!(read(catalog.thumbnails_on_record(0xff..=0xff).await.unwrap()), &thumbnails[2..]);
}

async fn the_state_in_which_something_was_compared_is_the_last_one_recorded(catalog: &dyn Catalog) {
    assert_eq!(catalog.compared(Derived::Thumbnails).await.unwrap(), None);
    for state in [b"first", b"again"].map(|state| Digest::of(state)) {
        catalog.record_compared(Derived::Thumbnails, state).await.unwrap();
        assert_eq!(catalog.compared(Derived::Thumbnails).await.unwrap(), Some(state));
    }
    assert_eq!(catalog.compared(Derived::StaticPages).await.unwrap(), None);
}

async fn a_blob_knows_its_urls_also_after_newer_bytes_came(catalog: &dyn Catalog) {
    replace_bytes(catalog).await;
    record(catalog, "b", &[B]).await;
    complete_all(catalog, 102, kept("old")).await;
    assert_eq!(catalog.urls_of(Digest::of(b"old")).await.unwrap(), [link(A), link(B)]);
    assert_eq!(catalog.urls_of(Digest::of(b"new")).await.unwrap(), [link(A)]);
    assert_eq!(catalog.urls_of(Digest::of(b"none")).await.unwrap(), []);
}

async fn an_original_knows_its_articles_also_in_older_versions(catalog: &dyn Catalog) {
    record(catalog, "a", &[]).await;
    let newer = ArticleVersion { original: Digest::of(b"newer"), ..version("a") };
    record_version(catalog, &newer, &[]).await;
    for digest in [version("a").original, newer.original] {
        assert_eq!(catalog.articles_of_original(digest).await.unwrap(), [key("a")]);
    }
    assert_eq!(catalog.articles_of_original(Digest::of(b"none")).await.unwrap(), []);
}

async fn forgotten_thumbnails_make_the_articles_stale_that_show_the_blob(catalog: &dyn Catalog) {
    let id = replace_bytes(catalog).await;
    let shown = Digest::of(b"new");
    catalog.record_thumbnails(&[thumbnail_of(shown, "large"), thumbnail_of(shown, "small")], &[]).await.unwrap();
    catalog.forget_thumbnails(&[(shown, "small".parse().unwrap())]).await.unwrap();
    assert_eq!(catalog.thumbnails(&[shown]).await.unwrap(), [thumbnail_of(shown, "large")]);
    assert_eq!(state(catalog, id).await, ArticleState::Stale);
}

async fn a_lost_asset_is_due_again_and_its_articles_are_stale(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A, B]).await;
    complete_all(catalog, 5, kept("shared")).await;
    mirror(catalog, id).await;
    let digest = Digest::of(b"shared");
    catalog.record_thumbnails(&[thumbnail_of(digest, "small")], &[]).await.unwrap();
    catalog.lose_asset(digest, at(50)).await.unwrap();
    assert_eq!(state(catalog, id).await, ArticleState::Stale);
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!((row.asset, row.facts.good, row.facts.validators), (None, None, Validators::default()));
    assert_eq!(catalog.blob(digest).await.unwrap(), None);
    assert_eq!(catalog.thumbnails(&[digest]).await.unwrap(), []);
    assert_eq!(catalog.captures(row.id).await.unwrap().len(), 1);
    assert_eq!(
        (catalog.enqueue_due(at(49), HORIZON).await.unwrap(), catalog.enqueue_due(at(50), HORIZON).await.unwrap()),
        (0, 2)
    );
    complete_all(catalog, 51, kept("others")).await;
    assert_eq!(catalog.url(&link(A)).await.unwrap().unwrap().asset.unwrap().digest, Digest::of(b"others"));
    assert_eq!(catalog.integrity().await.unwrap(), [""; 0]);
}

async fn an_archive_has_an_id_that_stays(catalog: &dyn Catalog) {
    let archive = catalog.archive().await.unwrap();
    assert_ne!(archive.id, ArchiveId(0));
    record(catalog, "a", &[A]).await;
    assert_eq!(catalog.archive().await.unwrap(), archive);
}

async fn articles_come_by_row_and_know_what_they_may_show(catalog: &dyn Catalog) {
    let first = replace_bytes(catalog).await;
    let second = record(catalog, "b", &[B]).await;
    let by_row = async |after, limit| {
        let rows = catalog.articles_by_row(after, limit).await.unwrap();
        rows.into_iter().map(|(id, row)| (id, row.unwrap().version.key)).collect::<Vec<_>>()
    };
    assert_eq!(by_row(None, 9).await, [(first, key("a")), (second, key("b"))]);
    assert_eq!(by_row(None, 1).await, [(first, key("a"))]);
    assert_eq!(by_row(Some(first), 9).await, [(second, key("b"))]);
    for (after, limit) in [(None, 9), (None, 1), (Some(first), 9), (Some(second), 9)] {
        let keys = catalog.article_keys_by_row(after, limit).await.unwrap();
        let keys: Vec<_> = keys.into_iter().map(|(id, key)| (id, key.unwrap())).collect();
        assert_eq!(keys, by_row(after, limit).await, "their keys alone");
    }
    for (bytes, showing) in [("old", vec![first]), ("new", vec![first]), ("none", Vec::new())] {
        assert_eq!(catalog.articles_showing(Digest::of(bytes.as_bytes())).await.unwrap(), showing, "{bytes}");
    }
}

async fn what_nothing_refers_to_is_noted_with_its_first_sight(catalog: &dyn Catalog) {
    let seen = |paths: &[(&str, i64)]| paths.iter().map(|(path, second)| ((*path).to_owned(), at(*second))).collect();
    assert!(catalog.garbage_seen().await.unwrap().is_empty());
    for noted in [seen(&[("a", 1), ("b", 2)]), seen(&[("a", 1), ("c", 3)]), seen(&[("a", 9)]), seen(&[])] {
        catalog.note_garbage(&noted).await.unwrap();
        assert_eq!(catalog.garbage_seen().await.unwrap(), noted);
    }
}

async fn discarded_thumbnails_make_no_article_stale(catalog: &dyn Catalog) {
    let id = replace_bytes(catalog).await;
    let shown = Digest::of(b"new");
    catalog.record_thumbnails(&[thumbnail_of(shown, "large"), thumbnail_of(shown, "small")], &[]).await.unwrap();
    catalog.discard_thumbnails(&[(shown, "small".parse().unwrap())]).await.unwrap();
    assert_eq!(catalog.thumbnails(&[shown]).await.unwrap(), [thumbnail_of(shown, "large")]);
    assert_eq!(state(catalog, id).await, ArticleState::Mirrored);
    assert_eq!(catalog.integrity().await.unwrap(), [""; 0]);
}
