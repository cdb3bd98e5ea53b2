//! Versions of an image: which one an article shows, and which one returns.

use jiff::Timestamp;

use crate::archive::catalog::{PlaceholderVerdict, SharedBlob};
use crate::config::ChangedImages;
use crate::model::Digest;

/// What happened to a URL's asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssetChange {
    /// It is the same, or there is still none.
    Same,
    /// It is the URL's first.
    First,
    /// It took the place of this one, which is kept.
    Replaced(Digest),
    /// There is none any more.
    Gone,
}

/// What an article does when new bytes of a URL that it shows take the place of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnReplaced {
    /// The bytes before are kept as what it showed first.
    pub keeps_before: bool,
    /// Its mirror is to be written again.
    pub becomes_stale: bool,
}

/// An article that has a mirror goes on showing the bytes that it showed first, unless the settings want the newest. One
/// that has none shows the newest from the start.
pub fn on_replaced(has_mirror: bool, keeps_a_version: bool, changed: ChangedImages) -> OnReplaced {
    let keeps_before = has_mirror && !keeps_a_version;
    let shows_first = keeps_before || keeps_a_version;
    OnReplaced { keeps_before, becomes_stale: !shows_first || changed == ChangedImages::Newest }
}

/// What an article shows of a URL: what it showed `first`, before the bytes changed, or the `newest`.
pub fn shown<T>(first: Option<T>, newest: Option<T>, changed: ChangedImages) -> Option<T> {
    match changed {
        ChangedImages::First => first.or(newest),
        ChangedImages::Newest => newest,
    }
}

/// An earlier capture of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// What was kept.
    pub digest: Digest,
    /// When.
    pub at: Timestamp,
    /// Whether it is still kept as an asset.
    pub is_kept: bool,
    /// What is known of it as a blob that the host sends for several URLs.
    pub shared: SharedBlob,
}

/// The version that a URL had before `current`: the newest other one that is kept and is itself no placeholder.
///
/// `earlier` are the URL's captures, newest first.
pub fn previous(current: Digest, earlier: impl IntoIterator<Item = Earlier>) -> Option<(Digest, Timestamp)> {
    let is_version =
        |capture: &Earlier| capture.digest != current && capture.is_kept && !is_placeholder(capture.shared);
    earlier.into_iter().find(is_version).map(|capture| (capture.digest, capture.at))
}

/// Whether a blob that a host sends for several URLs is a version of none of them.
const fn is_placeholder(shared: SharedBlob) -> bool {
    shared.replaces_others || matches!(shared.verdict, Some(PlaceholderVerdict::Placeholder))
}
