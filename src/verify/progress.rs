//! How far a verification is.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// How far a verification is, for whoever displays it.
#[derive(Debug, Default)]
pub struct VerifyProgress {
    pub(super) blobs: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) thumbnails: AtomicU64,
    pub(super) articles: AtomicU64,
    pub(super) findings: AtomicU64,
    expected: OnceLock<VerifyCounts>,
}

/// What was verified so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct VerifyCounts {
    /// Blobs hashed.
    pub blobs: u64,
    /// Bytes hashed.
    pub bytes: u64,
    /// Thumbnails hashed.
    pub thumbnails: u64,
    /// Mirrored articles compared with their originals and their links followed.
    pub articles: u64,
    /// Findings.
    pub findings: u64,
}

impl VerifyProgress {
    /// What there is to verify, as far as is known. Articles are those on record: of some there is no mirror to compare.
    pub fn expected(&self) -> VerifyCounts {
        self.expected.get().copied().unwrap_or_default()
    }

    pub(super) fn expect(&self, expected: VerifyCounts) {
        let _ = self.expected.set(expected);
    }

    /// The counts at this moment.
    pub fn counts(&self) -> VerifyCounts {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        VerifyCounts {
            blobs: get(&self.blobs),
            bytes: get(&self.bytes),
            thumbnails: get(&self.thumbnails),
            articles: get(&self.articles),
            findings: get(&self.findings),
        }
    }
}

pub(super) fn add(count: &AtomicU64, by: usize) {
    count.fetch_add(by as u64, Ordering::Relaxed);
}
