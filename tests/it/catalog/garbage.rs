//! What keeps a blob alive.

use offprint::testing::archive::{Catalog, CompletedJob};
use offprint::testing::model::{ArticleVersion, Digest, Exchange, KeptBody, MediaType};

use super::fixtures::{
    A, FIRST, all_shards, at, body, exchange, failed, give_placeholder, link, outcome, record, record_orphans,
    record_version, replace_bytes, run, take_jobs, version,
};

suite! {
    only_what_nothing_refers_to_and_is_old_enough_is_unreferenced
    a_forgotten_blob_is_gone_and_a_referenced_one_is_not_forgotten
    only_the_newest_placeholder_is_kept_alive
    a_body_that_is_kept_as_evidence_is_kept_alive
}

async fn only_what_nothing_refers_to_and_is_old_enough_is_unreferenced(catalog: &dyn Catalog) {
    replace_bytes(catalog).await;
    let newer = ArticleVersion { original: Digest::of(b"newer"), ..version("a") };
    record_version(catalog, &newer, &[A]).await;
    record_orphans(catalog, &[("old enough", 9), ("too new", 10)]).await;
    let found = all_shards(|shard| catalog.unreferenced_blobs(shard, at(10))).await;
    let digests: Vec<_> = found.iter().map(|row| row.digest).collect();
    assert_eq!(digests, [Digest::of(b"old enough")]);
}

async fn a_forgotten_blob_is_gone_and_a_referenced_one_is_not_forgotten(catalog: &dyn Catalog) {
    replace_bytes(catalog).await;
    for bytes in ["old", "new"] {
        assert!(!catalog.forget_blob(Digest::of(bytes.as_bytes()), MediaType::Jpeg).await.unwrap(), "{bytes}");
    }
    assert!(!catalog.forget_blob(version("a").original, MediaType::Markdown).await.unwrap());
    let digest = Digest::of(b"nobody's");
    record_orphans(catalog, &[("nobody's", 0)]).await;
    assert!(catalog.forget_blob(digest, MediaType::Pdf).await.unwrap());
    assert_eq!(catalog.blob(digest).await.unwrap(), None);
    assert!(!catalog.forget_blob(digest, MediaType::Pdf).await.unwrap());
}

async fn only_the_newest_placeholder_is_kept_alive(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let url = catalog.url(&link(A)).await.unwrap().unwrap().id;
    for (second, bytes) in [(0, "first"), (100, "second")] {
        give_placeholder(catalog, url, &body(bytes), at(second)).await;
        let size = bytes.len() as u64;
        assert_eq!(catalog.blob(Digest::of(bytes.as_bytes())).await.unwrap(), Some((MediaType::Pdf, size)));
    }
    let unreferenced = all_shards(|shard| catalog.unreferenced_blobs(shard, at(1_000))).await;
    assert_eq!(unreferenced.iter().map(|row| row.digest).collect::<Vec<_>>(), [Digest::of(b"first")]);
    assert!(!catalog.forget_blob(Digest::of(b"second"), MediaType::Pdf).await.unwrap());
    catalog.lose_asset(Digest::of(b"second"), at(200)).await.unwrap();
    assert_eq!(catalog.blob(Digest::of(b"second")).await.unwrap(), None, "its bytes are lost");
}

async fn a_body_that_is_kept_as_evidence_is_kept_alive(catalog: &dyn Catalog) {
    record(catalog, "a", &[A]).await;
    let run = run(catalog).await;
    let (lease, jobs) = take_jobs(catalog, at(0)).await;
    let body = Some(KeptBody { digest: Digest::of(b"sorry"), media_type: MediaType::Html, length: 5 });
    let given = Exchange { body, ..exchange(&link(A), 1, 404) };
    let job = CompletedJob { exchanges: vec![given], ..outcome(&jobs[0], 1, failed(None)) };
    catalog.complete_jobs(&lease, run, vec![job], FIRST).await.unwrap();
    assert_eq!(all_shards(|shard| catalog.unreferenced_blobs(shard, at(1_000))).await, []);
    assert!(!catalog.forget_blob(Digest::of(b"sorry"), MediaType::Html).await.unwrap());
}
