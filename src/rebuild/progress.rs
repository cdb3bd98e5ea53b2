//! How far a rebuild is.

use std::sync::atomic::{AtomicU64, Ordering};

/// How far a rebuild is, for whoever displays it.
#[derive(Debug, Default)]
pub struct RebuildProgress {
    files: AtomicU64,
    files_expected: AtomicU64,
    articles: AtomicU64,
    articles_expected: AtomicU64,
}

impl RebuildProgress {
    /// Files of blobs that were looked at, and how many there are.
    pub fn files(&self) -> (u64, u64) {
        both(&self.files, &self.files_expected)
    }

    /// Articles that were looked at, and how many mirrors there are of such. Of articles that are mirrored in place, only
    /// the source knows how many there are.
    pub fn articles(&self) -> (u64, u64) {
        both(&self.articles, &self.articles_expected)
    }

    pub(super) fn expect_files(&self, count: usize) {
        self.files_expected.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(super) fn file(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn expect_articles(&self, count: usize) {
        self.articles_expected.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(super) fn article(&self) {
        self.articles.fetch_add(1, Ordering::Relaxed);
    }
}

fn both(done: &AtomicU64, expected: &AtomicU64) -> (u64, u64) {
    let done = done.load(Ordering::Relaxed);
    (done, expected.load(Ordering::Relaxed).max(done))
}
