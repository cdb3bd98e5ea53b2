//! The mirrors of articles.

use offprint::testing::archive::{ArticleState, Catalog, WriteOutcome};
use offprint::testing::model::{Digest, Edit, Fingerprint, Span};

use super::fixtures::{A, complete_all, kept, mirror, ready_articles, record, record_mirror, state, version};

suite! {
    a_mirror_counts_once_its_file_has_appeared
    an_article_that_changes_while_its_mirror_is_written_stays_stale
    a_mirror_planned_before_the_article_became_stale_again_is_not_recorded
    articles_can_be_made_stale
}

async fn a_mirror_counts_once_its_file_has_appeared(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[]).await;
    let edits = [
        Edit { span: Span::new(3, 9), raw: b"http:\xff".to_vec(), replacement: b"../a".to_vec() },
        Edit { span: Span::at(12), raw: Vec::new(), replacement: b" src=x".to_vec() },
    ];
    let digest = Digest::of(b"mirrored");
    record_mirror(catalog, id, digest, &edits).await;
    let found = catalog.article_by_id(id).await.unwrap().unwrap();
    assert_eq!((found.state, found.mirror), (ArticleState::Stale, None));
    let fingerprint = Fingerprint { size: 40, modified: 8, inode: 1 << 63 };
    catalog.finish_mirror(id, fingerprint).await.unwrap();
    let found = catalog.article_by_id(id).await.unwrap().unwrap();
    assert_eq!((found.state, found.mirror), (ArticleState::Mirrored, Some((digest, fingerprint))));
    assert_eq!(catalog.edits(id).await.unwrap(), edits);
    assert_eq!(ready_articles(catalog).await, []);
    record_mirror(catalog, id, digest, &edits[1..]).await;
    assert_eq!(catalog.edits(id).await.unwrap(), &edits[1..]);
}

async fn an_article_that_changes_while_its_mirror_is_written_stays_stale(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[]).await;
    record_mirror(catalog, id, Digest::of(b"old"), &[]).await;
    record(catalog, "a", &[]).await;
    catalog.finish_mirror(id, version("a").fingerprint).await.unwrap();
    assert_eq!(state(catalog, id).await, ArticleState::Stale);
}

async fn a_mirror_planned_before_the_article_became_stale_again_is_not_recorded(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A]).await;
    let planned = catalog.article_by_id(id).await.unwrap().unwrap().revision;
    assert_eq!(complete_all(catalog, 5, kept("bytes")).await, [id]);
    assert_eq!(catalog.record_mirror(id, planned, Digest::of(b"old"), &[]).await.unwrap(), WriteOutcome::Conflict);
    mirror(catalog, id).await;
    assert_eq!(state(catalog, id).await, ArticleState::Mirrored);
    for again in 0..2 {
        let planned = catalog.article_by_id(id).await.unwrap().unwrap().revision;
        match again {
            0 => catalog.make_stale(&[id]).await.unwrap(),
            _ => drop(record(catalog, "a", &[A]).await),
        }
        assert_eq!(catalog.record_mirror(id, planned, Digest::of(b"old"), &[]).await.unwrap(), WriteOutcome::Conflict);
    }
}

async fn articles_can_be_made_stale(catalog: &dyn Catalog) {
    let (first, second) = (record(catalog, "a", &[]).await, record(catalog, "b", &[]).await);
    mirror(catalog, first).await;
    mirror(catalog, second).await;
    catalog.make_stale(&[second]).await.unwrap();
    assert_eq!(ready_articles(catalog).await, [second]);
}
