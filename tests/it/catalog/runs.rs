//! Runs, and sums over everything.

use offprint::testing::archive::{Catalog, MissingCounts, Totals};
use offprint::testing::model::{Digest, Edit, Span};

use super::fixtures::{A, B, C, HORIZON, at, complete_all, failed, kept, record, record_mirror};

suite! {
    a_run_is_open_until_it_is_finished_with_its_report
    what_is_missing_is_news_once
    totals_add_up
    a_kept_image_that_the_mirror_does_not_show_is_remote
}

async fn a_run_is_open_until_it_is_finished_with_its_report(catalog: &dyn Catalog) {
    let first = catalog.begin_run(at(0)).await.unwrap();
    let second = catalog.begin_run(at(10)).await.unwrap();
    catalog.finish_run(second, at(20), "{\"run\":1}").await.unwrap();
    let runs = catalog.runs(10).await.unwrap();
    let rows: Vec<_> = runs.iter().map(|run| (run.id, run.began, run.ended, run.report.as_str())).collect();
    assert_eq!(rows, [(second, at(10), Some(at(20)), "{\"run\":1}"), (first, at(0), None, "")]);
    assert_eq!(catalog.runs(1).await.unwrap().len(), 1);
}

async fn what_is_missing_is_news_once(catalog: &dyn Catalog) {
    let missing = async || catalog.report_missing().await.unwrap().counts;
    assert_eq!(missing().await, MissingCounts::default());
    record(catalog, "a", &[A, B]).await;
    let untried = MissingCounts { urls: 2, new: 2, new_untried: 2, next_attempt: None };
    assert_eq!(missing().await, untried, "what was not asked for is missing, too");
    assert_eq!(missing().await, MissingCounts { new: 0, new_untried: 0, ..untried });
    complete_all(catalog, 5, failed(Some(at(9)))).await;
    let failing = MissingCounts { urls: 2, new: 2, new_untried: 0, next_attempt: Some(at(9)) };
    assert_eq!(missing().await, failing, "that it failed is news of what was not asked for before");
    assert_eq!(missing().await, MissingCounts { new: 0, ..failing });
    record(catalog, "a", &[A]).await;
    assert_eq!(missing().await, MissingCounts { urls: 1, new: 0, ..failing }, "no article shows the other");
    catalog.enqueue_due(at(9), HORIZON).await.unwrap();
    complete_all(catalog, 10, kept("bytes")).await;
    assert_eq!(missing().await, MissingCounts::default());
    catalog.lose_asset(Digest::of(b"bytes"), at(20)).await.unwrap();
    let lost = catalog.report_missing().await.unwrap();
    let news: Vec<_> = lost.news.iter().map(url::Url::as_str).collect();
    assert_eq!((lost.counts.new, news), (1, vec![A]), "what was kept and is lost is news");
}

async fn totals_add_up(catalog: &dyn Catalog) {
    assert_eq!(catalog.totals().await.unwrap(), Totals::default());
    record(catalog, "a", &[A, B]).await;
    complete_all(catalog, 5, kept("bytes")).await;
    record(catalog, "b", &[A, C]).await;
    complete_all(catalog, 6, failed(Some(at(9)))).await;
    let expected = Totals {
        articles: 2,
        vanished: 0,
        references: 4,
        local: 3,
        urls: 3,
        urls_good: 2,
        blobs: 1,
        bytes: 5,
        bytes_without_dedup: 10,
        thumbnails: 0,
        captures: 3,
    };
    assert_eq!(catalog.totals().await.unwrap(), expected);
}

async fn a_kept_image_that_the_mirror_does_not_show_is_remote(catalog: &dyn Catalog) {
    let id = record(catalog, "a", &[A, B]).await;
    complete_all(catalog, 5, kept("bytes")).await;
    let local = async || catalog.totals().await.unwrap().local;
    assert_eq!(local().await, 2);
    let spans: Vec<_> = catalog.references(id).await.unwrap().into_iter().map(|row| row.place.span).collect();
    let edit = |span: &Span| Edit { span: *span, raw: b"raw".into(), replacement: b"link".into() };
    record_mirror(catalog, id, Digest::of(b"mirror"), &[edit(&spans[1])]).await;
    assert_eq!(local().await, 1);
    record_mirror(catalog, id, Digest::of(b"mirror"), &[edit(&spans[0]), edit(&spans[1])]).await;
    assert_eq!(local().await, 2);
}
