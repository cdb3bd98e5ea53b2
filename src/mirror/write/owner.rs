//! Whose an article is that is mirrored in place.

use super::super::sources::RunSource;
use crate::model::RelativePath;

/// The owner of an article's file, where its mirror takes its place and the system knows owners.
pub(super) struct Owner(Option<u32>);

impl Owner {
    /// Whose the file is now.
    pub(super) fn of(source: &RunSource, path: &RelativePath) -> Self {
        Self(source.is_in_place().then(|| owner(&source.file(path))).flatten())
    }

    /// What to say if the file is another user's by now. A file that is replaced keeps its owner where the system allows
    /// that: only root may give a file to somebody else.
    pub(super) fn message_if_other(&self, source: &RunSource, path: &RelativePath) -> Option<String> {
        let (before, now) = (self.0?, Self::of(source, path).0?);
        (before != now).then(|| {
            format!(
                "it belonged to the user {before} and belongs to {now} since its mirror was written: only root may keep \
                 that; `chown {before}` gives it back, or run offprint as its owner"
            )
        })
    }
}

#[cfg(unix)]
fn owner(file: &std::path::Path) -> Option<u32> {
    file.metadata().ok().map(|found| std::os::unix::fs::MetadataExt::uid(&found))
}

#[cfg(not(unix))]
fn owner(_file: &std::path::Path) -> Option<u32> {
    None
}
