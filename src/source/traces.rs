//! Traces that an archive left outside of it: mirrors that link into it.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::folder::is_hidden;
use super::listing::Entry;
use super::paths::Source;
use crate::archive::linked_files;
use crate::config::MirrorOutput;
use crate::regular_file;

/// Text files as sources and their templates name them.
const TEXTS: [&str; 12] =
    ["adoc", "css", "htm", "html", "markdown", "md", "mdx", "org", "rst", "shtml", "txt", "xhtml"];

/// The first mirror of these sources, in place or in an output of their own, that links into an archive. It reads every
/// such mirror, also of articles that their sources no longer have, and so is only used before an archive is made.
pub fn mirror_of_an_archive(sources: &[Source]) -> Option<PathBuf> {
    sources.iter().find_map(|source| match source.config.output {
        MirrorOutput::Archive => None,
        MirrorOutput::InPlace => articles(source).find(|mirror| links_into_an_archive(mirror)),
        MirrorOutput::Folder(_) => {
            articles(source).chain(texts(&source.output)).find(|mirror| links_into_an_archive(mirror))
        }
    })
}

fn links_into_an_archive(mirror: &Path) -> bool {
    regular_file::read(mirror).is_ok_and(|bytes| !linked_files(&bytes).is_empty())
}

/// Where the mirrors of the articles of a folder are.
fn articles(source: &Source) -> impl Iterator<Item = PathBuf> {
    let entries = source.folder().into_iter().flat_map(|folder| folder.clone().entries());
    entries.filter_map(Entry::into_path).map(|path| source.mirror(&path))
}

/// The text files of an output. What is hidden is none of ours.
fn texts(output: &Path) -> impl Iterator<Item = PathBuf> {
    let walk = WalkDir::new(output).into_iter();
    let shown = walk.filter_entry(|entry| entry.depth() == 0 || !is_hidden(Path::new(entry.file_name())));
    let files = shown.filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    files.map(walkdir::DirEntry::into_path).filter(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        extension.is_some_and(|extension| TEXTS.contains(&extension.as_str()))
    })
}
