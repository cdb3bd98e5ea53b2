//! What keeps a blob or a thumbnail, and for how long an unreferenced one stays.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::saturating_add;

/// Who refers to a blob.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a reference of its own kind, and any one is enough")]
pub struct BlobUses {
    /// An article's newest version is made from it.
    pub is_original: bool,
    /// An article's earlier version was.
    pub was_original: bool,
    /// It is the newest good capture of a URL.
    pub is_asset: bool,
    /// It was the newest good capture of a URL.
    pub was_asset: bool,
    /// An article still shows it although its URL has newer bytes.
    pub is_shown_first: bool,
    /// It is the newest placeholder that was revoked from a URL.
    pub was_revoked: bool,
    /// An exchange keeps it as evidence of what a host sent.
    pub is_evidence: bool,
}

impl BlobUses {
    /// Whether nothing refers to it, so that it can go once it is old enough.
    pub fn is_garbage(self) -> bool {
        self == Self::default()
    }
}

/// What keeps a thumbnail alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThumbnailUses {
    /// It is on record, as a rendition of a blob that stays.
    pub is_on_record: bool,
    /// The settings ask for thumbnails of its name.
    pub is_wanted: bool,
    /// A mirror links to it.
    pub is_linked: bool,
}

impl ThumbnailUses {
    /// Whether it can be removed once it is old enough. A thumbnail of a wanted name by an outdated recipe stays: the
    /// next run replaces it.
    pub const fn is_garbage(self) -> bool {
        !self.is_on_record || !(self.is_wanted || self.is_linked)
    }
}

/// Since when a thing is unreferenced: since that was first seen. A moment ahead was written while the clock was ahead,
/// and counts as now.
pub fn unreferenced_since(first_seen: Option<Timestamp>, now: Timestamp) -> Timestamp {
    first_seen.map_or(now, |seen| seen.min(now))
}

/// Whether an unreferenced thing has stayed for the whole grace period.
pub fn is_past_grace(since: Timestamp, grace: Duration, now: Timestamp) -> bool {
    saturating_add(since, grace) <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_one_use_keeps_a_blob() {
        let unused = BlobUses::default();
        assert!(unused.is_garbage());
        for used in [
            BlobUses { is_original: true, ..unused },
            BlobUses { was_original: true, ..unused },
            BlobUses { is_asset: true, ..unused },
            BlobUses { was_asset: true, ..unused },
            BlobUses { is_shown_first: true, ..unused },
            BlobUses { was_revoked: true, ..unused },
            BlobUses { is_evidence: true, ..unused },
        ] {
            assert!(!used.is_garbage(), "{used:?}");
        }
    }

    #[test]
    fn a_thumbnail_stays_where_it_is_wanted_or_linked() {
        let uses = |is_on_record, is_wanted, is_linked| ThumbnailUses { is_on_record, is_wanted, is_linked };
        for (uses, is_garbage) in [
            (uses(true, true, false), false),
            (uses(true, false, true), false),
            (uses(true, false, false), true),
            (uses(false, true, true), true),
        ] {
            assert_eq!(uses.is_garbage(), is_garbage, "{uses:?}");
        }
    }

    #[test]
    fn the_grace_period_runs_from_the_first_sight() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let grace = Duration::from_secs(10);
        assert_eq!(unreferenced_since(None, at(100)), at(100));
        assert_eq!(unreferenced_since(Some(at(90)), at(100)), at(90));
        assert_eq!(unreferenced_since(Some(at(900)), at(100)), at(100), "a clock was ahead");
        assert!(!is_past_grace(at(91), grace, at(100)));
        assert!(is_past_grace(at(90), grace, at(100)));
        assert!(is_past_grace(at(100), Duration::ZERO, at(100)));
        assert!(!is_past_grace(at(0), Duration::MAX, at(100)));
    }
}
