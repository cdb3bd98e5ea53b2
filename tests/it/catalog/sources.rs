//! Sources, and how they could last be read.

use offprint::testing::archive::{Catalog, SourceOutcome};
use offprint::testing::model::Reason;

use super::fixtures::at;

suite! {
    a_source_is_recorded_with_how_it_could_be_read
    a_source_that_fails_keeps_when_it_was_last_listed
}

async fn record_source(catalog: &dyn Catalog, name: &str, outcome: &SourceOutcome, second: i64) {
    catalog.record_source(&name.parse().unwrap(), "folder", "/srv/posts", outcome, at(second)).await.unwrap();
}

async fn a_source_is_recorded_with_how_it_could_be_read(catalog: &dyn Catalog) {
    let failed = SourceOutcome::Failed { reason: Reason::LocalFile, detail: "it is not mounted".into() };
    record_source(catalog, "posts", &SourceOutcome::Read, 5).await;
    record_source(catalog, "feed", &failed, 6).await;
    let sources = catalog.sources().await.unwrap();
    let listed: Vec<_> = sources.iter().map(|row| (row.name.as_str(), &row.outcome, row.listed_at)).collect();
    assert_eq!(listed, [("feed", &failed, None), ("posts", &SourceOutcome::Read, Some(at(5)))]);
    assert_eq!((sources[1].kind.as_str(), sources[1].location.as_str()), ("folder", "/srv/posts"));
}

async fn a_source_that_fails_keeps_when_it_was_last_listed(catalog: &dyn Catalog) {
    let failed = SourceOutcome::Failed { reason: Reason::Timeout, detail: "no answer".into() };
    for (outcome, second) in [(&SourceOutcome::Read, 5), (&failed, 6), (&SourceOutcome::Unchanged, 7), (&failed, 8)] {
        record_source(catalog, "posts", outcome, second).await;
    }
    let sources = catalog.sources().await.unwrap();
    assert_eq!((sources.len(), &sources[0].outcome, sources[0].listed_at), (1, &failed, Some(at(7))));
}
