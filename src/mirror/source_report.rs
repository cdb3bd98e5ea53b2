//! The report of a source that was read, or that could not be.

use crate::model::{ArticleCounts, SourceName, SourceOutcome, SourceReport};
use crate::source::{Source, SourceError};

/// A source that was read, with the counts from before and after.
pub(super) fn read(source: &Source, before: &ArticleCounts, after: &ArticleCounts, notes: &[String]) -> SourceReport {
    let differs = |counts: &ArticleCounts| [counts.new, counts.changed, counts.vanished, counts.failed];
    let outcome = if differs(before) == differs(after) { SourceOutcome::Unchanged } else { SourceOutcome::Read };
    let nothing = before.seen == after.seen && outcome == SourceOutcome::Unchanged;
    let detail = if nothing && source.is_folder() {
        format!("no file in it is an article ({})", source.config.include.join(", "))
    } else {
        notes.join("; ")
    };
    SourceReport::read(source.name().to_string(), outcome, detail)
}

/// A source that could not be read.
pub(super) fn failed(name: &SourceName, error: &SourceError) -> SourceReport {
    SourceReport::failed(name.to_string(), error.reason(), error.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Config, SourceConfig};
    use crate::model::SourceFailure;

    fn source() -> Source {
        let config = SourceConfig { path: "/site/posts".into(), ..Config::default().source[0].clone() };
        Source::new(config, Path::new("/site/store")).unwrap()
    }

    #[test]
    fn a_source_is_unchanged_where_nothing_in_it_is_new() {
        let before = ArticleCounts { seen: 4, new: 1, changed: 1, ..ArticleCounts::default() };
        let seen = ArticleCounts { seen: 9, unchanged: 5, ..before };
        for (after, expected) in [
            (seen, SourceOutcome::Unchanged),
            (ArticleCounts { new: 2, ..seen }, SourceOutcome::Read),
            (ArticleCounts { changed: 2, ..seen }, SourceOutcome::Read),
            (ArticleCounts { vanished: 1, ..seen }, SourceOutcome::Read),
            (ArticleCounts { failed: 1, ..seen }, SourceOutcome::Read),
        ] {
            let report = read(&source(), &before, &after, &["a".to_owned(), "b".to_owned()]);
            assert_eq!((report.outcome, report.detail.as_str(), report.reason), (expected, "a; b", None), "{after:?}");
            assert!(!report.is_failed());
        }
    }

    #[test]
    fn a_folder_without_articles_says_what_is_read() {
        let counts = ArticleCounts { seen: 4, ..ArticleCounts::default() };
        let report = read(&source(), &counts, &counts, &[]);
        assert!(report.detail.starts_with("no file in it is an article (**/*.{md"), "{}", report.detail);
    }

    #[test]
    fn a_source_that_failed_has_the_reason_and_the_sentence_of_its_error() {
        let error = SourceError::Missing { source_name: "posts".to_owned(), path: "/gone".into() };
        let report = failed(&"posts".parse().unwrap(), &error);
        assert_eq!((report.reason, report.is_failed()), (Some(SourceFailure::Missing), true));
        assert!(report.detail.contains("/gone") && report.detail.contains("correct its `path`"), "{}", report.detail);
    }
}
