//! An article as a source has it, compared with the record of it.

use std::sync::Arc;

use encoding_rs::Encoding;
use jiff::Timestamp;
use url::Url;

use super::super::sources::RunSource;
use crate::archive::{ArticleRow, ArticleState};
use crate::model::{Digest, Fingerprint};
use crate::source::Listed;

/// An article of a source, as it was found.
pub(super) struct FoundArticle<'a> {
    pub(super) source: &'a Arc<RunSource>,
    pub(super) listed: &'a Listed,
    pub(super) fingerprint: Fingerprint,
    /// What stands in the place of its mirror.
    pub(super) mirror: Option<Fingerprint>,
    /// Where and when it was published, where that is known without reading it.
    pub(super) url: Option<Url>,
    pub(super) published: Option<Timestamp>,
    /// The encoding that its response named, or that it is on record with.
    pub(super) charset: Option<&'static Encoding>,
}

/// Whether nothing is to be done with an article whose content is the recorded one: its mirror exists, or is about to
/// be written, with the present settings.
pub(super) fn is_up_to_date(source: &RunSource, row: &ArticleRow, mirror: Option<Fingerprint>) -> bool {
    let is_current = row.version.settings == source.settings;
    match row.state {
        ArticleState::Stale => is_current,
        ArticleState::Mirrored => is_current && is_mirror_there(row, mirror),
        ArticleState::Vanished => false,
    }
}

/// Whether these bytes are the mirror that was written last.
pub(super) fn is_mirror(row: &ArticleRow, bytes: &[u8]) -> bool {
    row.mirror.is_some_and(|(mirror, _)| mirror == Digest::of(bytes))
}

/// The article, its settings and its mirror are unchanged since the mirror was written.
pub(super) fn is_untouched(found: &FoundArticle<'_>, row: &ArticleRow) -> bool {
    let source = found.source;
    let Some((_, mirror)) = row.mirror else { return false };
    let as_read = if source.is_in_place() { mirror } else { row.version.fingerprint };
    row.state == ArticleState::Mirrored
        && row.version.settings == source.settings
        && found.fingerprint == as_read
        && is_mirror_there(row, found.mirror)
}

/// Whether what stands in the place of a mirror is the mirror that was written last.
pub(super) fn is_mirror_there(row: &ArticleRow, mirror: Option<Fingerprint>) -> bool {
    row.mirror.is_some_and(|(_, written)| mirror == Some(written))
}
