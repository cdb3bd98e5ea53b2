//! Traces that an archive left outside of it: mirrors that link into it.

use std::path::PathBuf;

use super::listing::Entry;
use super::paths::Source;
use crate::archive::linked_files;

/// The first mirror of these sources, in place or in an output of their own, that links into an archive. It reads every
/// such mirror, and so is for the moment before an archive is made.
pub fn mirror_of_an_archive(sources: &[Source]) -> Option<PathBuf> {
    let mirrors = sources.iter().flat_map(|source| {
        let articles = source.folder.clone().entries().filter_map(|entry| match entry {
            Entry::Article(listed) => Some(listed.path),
            Entry::Skipped(_) | Entry::Withdrawn(_) | Entry::Note(_) | Entry::Unreadable(_) => None,
        });
        articles.map(|path| source.mirror(&path))
    });
    let mut mirrors = mirrors;
    mirrors.find(|mirror| std::fs::read(mirror).is_ok_and(|bytes| !linked_files(&bytes).is_empty()))
}
