//! Where articles come from: what a source lists, how that differs from what is on record, where its mirror goes.

mod configured;
mod diff;
mod error;
mod folder;
mod globs;
mod links;
mod listing;
mod off_limits;
mod paths;
mod places;
#[cfg(test)]
mod tests;
mod traces;

pub use configured::configured;
pub use diff::{Diff, Difference};
pub use error::{SourceConfigError, SourceError, SourceFailure};
pub use folder::fingerprint;
pub use links::absolute;
pub use listing::{Entries, Entry, Listed, Listing, Location, SkipReason, Skipped};
pub use paths::Source;
pub use places::{PlaceError, named};
pub use traces::mirror_of_an_archive;
