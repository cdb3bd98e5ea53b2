//! Where the mirrors of articles are.

use crate::archive::{Archive, Output};
use crate::model::ArticleKey;
use crate::source::Source;

/// Where an article's mirror is.
#[derive(Clone)]
pub struct MirrorFile {
    /// The mirrors of its source.
    pub output: Output,
    /// Whether users edit it there: then a changed file is no damage.
    pub in_place: bool,
    /// Whether the settings know its source. Those of another machine may have the mirrors outside the archive.
    pub is_configured: bool,
}

/// Finds the mirror of an article.
pub type FindMirror = dyn Fn(&ArticleKey) -> MirrorFile + Send + Sync;

/// The mirror of an article of one of these sources, or of one that was once named on the command line: those mirrors
/// are in the archive.
pub fn find_mirror(sources: &[Source], archive: &Archive, key: &ArticleKey) -> MirrorFile {
    match source_of(sources, key) {
        Some(source) => {
            let (output, in_place) = (source.destination(archive), source.is_in_place());
            MirrorFile { output, in_place, is_configured: true }
        }
        None => MirrorFile { output: archive.output(&key.source), in_place: false, is_configured: false },
    }
}

/// The source of an article, where it is one of these.
pub(super) fn source_of<'a>(sources: &'a [Source], key: &ArticleKey) -> Option<&'a Source> {
    sources.iter().find(|source| source.config.name == key.source)
}
