//! Traces that an archive left outside of it: mirrors that link into it.

use std::path::PathBuf;

use super::listing::Entry;
use super::paths::Source;
use crate::archive::linked_files;
use crate::regular_file;

/// The first mirror of these sources, in place or in an output of their own, that links into an archive. It reads every
/// such mirror, and so is only used before an archive is made.
pub fn mirror_of_an_archive(sources: &[Source]) -> Option<PathBuf> {
    let folders = sources.iter().filter_map(|source| Some((source, source.folder()?.clone())));
    let mut mirrors = folders.flat_map(|(source, folder)| {
        let articles = folder.entries().filter_map(Entry::into_path);
        articles.map(|path| source.mirror(&path))
    });
    mirrors.find(|mirror| regular_file::read(mirror).is_ok_and(|bytes| !linked_files(&bytes).is_empty()))
}
