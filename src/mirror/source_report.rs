//! What a report says of a source that was read, or that could not be.

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
