//! Where articles come from: what a source lists, how that differs from what is recorded, where its mirror goes.

mod configured;
mod diff;
mod error;
mod feed;
mod file_names;
mod folder;
mod globs;
mod kind;
mod links;
mod listing;
mod local;
mod names;
mod off_limits;
mod opml;
mod paths;
mod places;
mod post;
mod roots;
mod sitemap;
#[cfg(test)]
mod tests;
mod traces;
mod web;
mod xml;

pub use configured::configured;
pub use diff::{Diff, Difference};
pub use error::{SourceConfigError, SourceError};
#[cfg(feature = "testing")]
pub use feed::{EntrySummary, Summary, summary as feed_summary};
pub use folder::fingerprint;
pub use links::absolute;
pub use listing::{Entries, Entry, Listed, Listing, Location, Made, SkipReason, Skipped};
pub use local::{LocalFile, file_tag};
pub use names::composed;
pub use off_limits::real;
pub use opml::{LONGEST as LONGEST_LIST, Outline, Outlines, feeds as opml_feeds};
pub use paths::Source;
pub use places::{PlaceError, named, named_page};
pub use traces::mirror_of_an_archive;
pub use web::{Checkpoint, Received, Requested, Response, Watch, WebReader, page_path};
