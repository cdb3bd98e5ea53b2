//! Blobs that a host sends for several URLs.

use offprint::testing::archive::{Catalog, PlaceholderVerdict, Revocation, Revoked, SharedBlob, UrlState};
use offprint::testing::model::{Digest, HostKey, Reason, Validators};

use super::fixtures::{
    A, B, HORIZON, all_shards, at, complete_all, due_again, exchange, kept, link, mirror, record, run,
};

suite! {
    urls_sharing_a_blob_come_with_what_they_showed_before
    a_placeholder_is_revoked_and_its_urls_are_queued_again
    revoking_restores_the_previous_image_and_records_the_blob
}

fn host() -> HostKey {
    HostKey::of(&link(A)).unwrap()
}

async fn urls_sharing_a_blob_come_with_what_they_showed_before(catalog: &dyn Catalog) {
    record(catalog, "a", &[A, B]).await;
    complete_all(catalog, 5, due_again(kept("same"), 100)).await;
    let sharing = catalog.urls_sharing(&host(), Digest::of(b"same"), 9).await.unwrap();
    assert_eq!(
        sharing.iter().map(|shared| (shared.url.as_str(), shared.previous)).collect::<Vec<_>>(),
        [(A, None), (B, None)]
    );
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    complete_all(catalog, 101, kept("new")).await;
    let sharing = catalog.urls_sharing(&host(), Digest::of(b"new"), 1).await.unwrap();
    assert_eq!((sharing.len(), sharing[0].previous), (1, Some(Digest::of(b"same"))));
    let other = HostKey::from_stored("other.example".to_owned());
    assert_eq!(catalog.urls_sharing(&other, Digest::of(b"new"), 9).await.unwrap(), []);
}

async fn a_placeholder_is_revoked_and_its_urls_are_queued_again(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A, B]).await;
    complete_all(catalog, 5, kept("placeholder")).await;
    mirror(catalog, id).await;
    let (run, digest) = (run(catalog).await, Digest::of(b"placeholder"));
    let what = Revocation { digest, only: None, next_attempt: Some(at(100)), requeue: true };
    let taken = catalog.revoke(run, &host(), &what).await.unwrap();
    assert_eq!((taken.urls.len(), taken.of_this_run, taken.changes.queued), (2, 0, 2));
    assert_eq!(taken.changes.ready_articles, [], "its images are asked for again first");
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!(
        (row.facts.state, row.facts.reason, row.facts.attempts),
        (UrlState::Failed, Some(Reason::Placeholder), 1)
    );
    assert_eq!((row.asset, row.facts.good, row.facts.validators), (None, None, Validators::default()));
    assert_eq!(catalog.captures(row.id).await.unwrap().len(), 1, "what came stays on record");

    let asked = [(row.id, vec![exchange(&link(A), 7, 200)])];
    catalog.record_verdict(run, &host(), digest, Some(PlaceholderVerdict::Placeholder), &asked).await.unwrap();
    let placeholder = SharedBlob { verdict: Some(PlaceholderVerdict::Placeholder), replaces_others: false };
    assert_eq!(catalog.shared_blobs(&host()).await.unwrap(), [(digest, placeholder)]);
    assert_eq!(catalog.captures(row.id).await.unwrap().len(), 2);
    assert_eq!(complete_all(catalog, 9, kept("image")).await, [id]);
    let again = catalog.revoke(run, &host(), &what).await.unwrap();
    assert_eq!(again, Revoked::default(), "nobody has it any more");
}

async fn revoking_restores_the_previous_image_and_records_the_blob(catalog: &dyn Catalog) {
    record(catalog, "a", &[A, B]).await;
    complete_all(catalog, 5, due_again(kept("good"), 100)).await;
    catalog.enqueue_due(at(100), HORIZON).await.unwrap();
    complete_all(catalog, 101, kept("placeholder")).await;
    let (run, digest) = (run(catalog).await, Digest::of(b"placeholder"));
    let a = catalog.url(&link(A)).await.unwrap().unwrap().id;
    let what = Revocation { digest, only: Some(vec![a]), next_attempt: None, requeue: false };
    assert_eq!(catalog.revoke(run, &host(), &what).await.unwrap().urls, [a]);
    let row = catalog.url(&link(A)).await.unwrap().unwrap();
    assert_eq!(row.asset.unwrap().digest, Digest::of(b"good"));
    assert_eq!(row.facts.good, Some((at(5), at(5))), "when that one was captured");
    assert_eq!(catalog.url(&link(B)).await.unwrap().unwrap().asset.unwrap().digest, digest);
    let replacing = SharedBlob { verdict: None, replaces_others: true };
    assert_eq!(catalog.shared_blobs(&host()).await.unwrap(), [(digest, replacing)]);
    catalog.record_verdict(run, &host(), digest, Some(PlaceholderVerdict::Genuine), &[]).await.unwrap();
    let both = SharedBlob { verdict: Some(PlaceholderVerdict::Genuine), replaces_others: true };
    assert_eq!(catalog.shared_blobs(&host()).await.unwrap(), [(digest, both)]);
    assert_eq!(all_shards(|shard| catalog.unreferenced_blobs(shard, at(1_000))).await, []);
}
