//! What a run counts.

use serde::{Deserialize, Serialize};

macro_rules! counts {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct $name { $($(#[$doc])* pub $field: u64,)* }
    };
}

counts! {
    /// Articles of a run.
    ArticleCounts {
        /// Looked at.
        seen,
        /// Not on record before.
        new,
        /// On record with other content.
        changed,
        /// Unchanged, even if their mirror was written again because a setting changed.
        unchanged,
        /// On record, and no longer in their source.
        vanished,
        /// Not readable or not writable; the problems say why.
        failed,
    }
}
counts! {
    /// References of all articles on record.
    ReferenceCounts {
        /// All of them.
        found,
        /// Those that the mirror shows from the archive.
        local,
        /// Those that it leaves as they were.
        remote,
    }
}

impl ReferenceCounts {
    /// So many references, of which so many are local. Both are totals of a catalog, which may be damaged or of somebody
    /// else's making: no more are local than there are.
    pub(crate) fn of_totals(found: u64, local: u64) -> Self {
        let local = local.min(found);
        Self { found, local, remote: found - local }
    }
}

counts! {
    /// URLs of a run.
    UrlCounts {
        /// Asked for, with a good capture.
        fetched,
        /// Good already, and not due.
        fresh,
        /// Requested, and not modified.
        not_modified,
        /// Asked for, without a good capture.
        failed,
        /// Not requested, because requests to their host are suspended.
        deferred,
        /// In the queue when the run ended: the next run continues with them.
        left,
    }
}
/// URLs that articles show and that have no good capture, whatever the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MissingUrls {
    /// All of them.
    pub urls: u64,
    /// The newly missing ones: at most 10,000 of them, in alphabetical order.
    pub new: Vec<String>,
    /// Of the newly missing ones, those that were not requested.
    pub newly_untried: u64,
    /// When the next of them is due; `None` if none is.
    pub next_attempt: Option<String>,
}

counts! {
    /// Blobs of a run.
    BlobCounts {
        /// Not in the archive before.
        new,
        /// In the archive already, under another URL or from an earlier run.
        duplicate,
        /// The bytes of the new ones.
        bytes_new,
    }
}
counts! {
    /// Thumbnails of a run.
    ThumbnailCounts {
        /// Made.
        made,
        /// Not possible.
        failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_that_cannot_be_are_counted_as_far_as_they_can() {
        for (found, local, expected) in [(5, 2, (2, 3)), (5, 5, (5, 0)), (0, 1, (0, 0)), (5, u64::MAX >> 1, (5, 0))] {
            let counts = ReferenceCounts::of_totals(found, local);
            assert_eq!((counts.found, (counts.local, counts.remote)), (found, expected));
        }
    }
}
