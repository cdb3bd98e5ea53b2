//! What static pages show of articles, in short: a mark differs where what it stands for does, and only there.

use offprint::testing::archive::{ArticleMark, Catalog};
use offprint::testing::model::{ArticleVersion, Digest};

use super::fixtures::{
    A, B, at, complete_all, due_again, failed, kept, mirror, record, record_version, run, thumbnail_of, version,
};

suite! {
    articles_come_in_the_order_of_their_rows_and_page_by_page
    the_same_rows_have_the_same_marks
    a_title_changes_the_entry_and_the_page
    an_image_changes_the_page_alone
    another_reason_changes_the_page
    an_attempt_that_fails_again_changes_what_is_missing_alone
    an_article_that_is_gone_has_another_entry
}

async fn marks(catalog: &dyn Catalog) -> Vec<ArticleMark> {
    catalog.article_marks(None, 99).await.unwrap()
}

/// The marks of the only article.
async fn mark(catalog: &dyn Catalog) -> (u64, u64, u64) {
    let marks = marks(catalog).await;
    assert_eq!(marks.len(), 1);
    (marks[0].entry, marks[0].page, marks[0].missing)
}

async fn articles_come_in_the_order_of_their_rows_and_page_by_page(catalog: &dyn Catalog) {
    let mut ids = Vec::new();
    for path in ["z.md", "a.md", "m.md"] {
        ids.push(record(catalog, path, &[]).await);
    }
    let all = marks(catalog).await;
    assert_eq!(all.iter().map(|mark| mark.id).collect::<Vec<_>>(), ids);
    assert_eq!(all.iter().map(|mark| &*mark.key.path).collect::<Vec<_>>(), ["z.md", "a.md", "m.md"]);
    assert!(all.iter().all(|mark| mark.date == at(-86_400) && mark.missing == 0));
    assert_eq!(catalog.article_marks(None, 2).await.unwrap(), all[..2]);
    assert_eq!(catalog.article_marks(Some(ids[1]), 2).await.unwrap(), all[2..]);
    assert_eq!(catalog.article_marks(Some(ids[2]), 2).await.unwrap(), []);
}

async fn the_same_rows_have_the_same_marks(catalog: &dyn Catalog) {
    record(catalog, "a.md", &[A, B]).await;
    complete_all(catalog, 1, failed(Some(at(9)))).await;
    let before = marks(catalog).await;
    run(catalog).await;
    assert_eq!(marks(catalog).await, before, "a run alone changes nothing");
    record(catalog, "b.md", &[]).await;
    assert_eq!(marks(catalog).await[..1], before, "nor does another article");
}

async fn a_title_changes_the_entry_and_the_page(catalog: &dyn Catalog) {
    record(catalog, "a.md", &[A]).await;
    let before = mark(catalog).await;
    record_version(catalog, &ArticleVersion { title: Some("Rain".to_owned()), ..version("a.md") }, &[A]).await;
    let after = mark(catalog).await;
    assert!(before.0 != after.0 && before.1 != after.1);
    assert_eq!(before.2, after.2);
}

async fn another_reason_changes_the_page(catalog: &dyn Catalog) {
    record(catalog, "a.md", &[A]).await;
    let never = mark(catalog).await;
    complete_all(catalog, 1, failed(Some(at(9)))).await;
    let failed_once = mark(catalog).await;
    assert!(failed_once.0 == never.0 && failed_once.1 != never.1, "the page says why");
}

async fn an_image_changes_the_page_alone(catalog: &dyn Catalog) {
    let article = record(catalog, "a.md", &[A]).await;
    let lacking = mark(catalog).await;
    assert_ne!(lacking.2, 0, "its image is missing");
    complete_all(catalog, 1, kept("bytes")).await;
    let there = mark(catalog).await;
    assert!(there.0 == lacking.0 && there.1 != lacking.1 && there.2 == 0);
    catalog.record_thumbnails(&[thumbnail_of(Digest::of(b"bytes"), "small")], &[]).await.unwrap();
    let small = mark(catalog).await;
    assert!(small.0 == there.0 && small.1 != there.1, "a thumbnail does, too");
    mirror(catalog, article).await;
    assert_ne!(mark(catalog).await.1, small.1, "and so does the mirror");
}

async fn an_attempt_that_fails_again_changes_what_is_missing_alone(catalog: &dyn Catalog) {
    record(catalog, "a.md", &[A]).await;
    complete_all(catalog, 1, failed(Some(at(2)))).await;
    let before = mark(catalog).await;
    catalog.enqueue_due(at(3), super::fixtures::HORIZON).await.unwrap();
    complete_all(catalog, 3, failed(Some(at(99)))).await;
    let after = mark(catalog).await;
    assert_eq!((before.0, before.1), (after.0, after.1));
    assert_ne!(before.2, after.2);
    catalog.enqueue_due(at(100), super::fixtures::HORIZON).await.unwrap();
    complete_all(catalog, 100, due_again(kept("bytes"), 200)).await;
    assert_eq!(mark(catalog).await.2, 0);
}

async fn an_article_that_is_gone_has_another_entry(catalog: &dyn Catalog) {
    let article = record(catalog, "a.md", &[]).await;
    let before = mark(catalog).await;
    catalog.mark_vanished(&[article]).await.unwrap();
    let after = mark(catalog).await;
    assert!(before.0 != after.0 && before.1 != after.1);
}
