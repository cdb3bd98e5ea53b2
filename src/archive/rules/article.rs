//! What makes an article stale, and what makes it ready to be written.

use crate::archive::catalog::ArticleState;
use crate::model::{Digest, Edit, Revision, Span};

/// Where an article stands between being read and being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArticleFacts {
    /// What its mirror shows may differ from what is on record.
    pub stale: bool,
    /// A mirror was recorded, and its file has not appeared yet.
    pub writing: bool,
    /// Its source no longer has it.
    pub vanished: bool,
    /// How often it has become stale.
    pub revision: Revision,
    /// How many of its URLs are queued.
    pub waiting: u64,
}

impl ArticleFacts {
    /// An article that was just read for the first time.
    pub const NEW: Self = Self { stale: true, writing: false, vanished: false, revision: Revision(0), waiting: 0 };

    /// What is to be done with it.
    pub const fn state(self) -> ArticleState {
        match (self.stale, self.vanished) {
            (true, _) => ArticleState::Stale,
            (false, true) => ArticleState::Vanished,
            (false, false) => ArticleState::Mirrored,
        }
    }

    /// Whether its mirror is to be written now: nothing that it shows is about to change.
    pub const fn is_ready(self) -> bool {
        self.stale && self.waiting == 0
    }

    /// What it shows has changed: a mirror that was planned before is an old one.
    #[must_use]
    pub const fn made_stale(self) -> Self {
        Self { stale: true, writing: false, revision: Revision(self.revision.0 + 1), ..self }
    }

    /// It was read again.
    #[must_use]
    pub const fn read_again(self) -> Self {
        Self { vanished: false, ..self.made_stale() }
    }

    /// Its source has it, as it is on record.
    #[must_use]
    pub const fn back_in_source(self) -> Self {
        Self { vanished: false, ..self }
    }

    /// Its source no longer has it. What is kept of it stays.
    #[must_use]
    pub const fn gone_from_source(self) -> Self {
        Self { vanished: true, ..self }
    }

    /// A mirror that was planned at a revision is recorded; `None` where it became stale again since.
    pub fn mirror_recorded(self, planned: Revision) -> Option<Self> {
        (self.revision == planned).then_some(Self { writing: true, ..self })
    }

    /// A mirror's file has appeared. Where the article became stale between its recording and now, it stays so.
    #[must_use]
    pub const fn mirror_appeared(self) -> Self {
        Self { stale: self.stale && !self.writing, writing: false, ..self }
    }
}

/// Whether an article that was read again is a new version: its bytes differ. Other settings alone make none.
pub fn is_new_version(on_record: Digest, read: Digest) -> bool {
    on_record != read
}

/// How many references whose URL has a good capture a mirror does not show: none of its edits touches them.
///
/// `edits` are in order and do not overlap.
pub fn unshown(kept: impl IntoIterator<Item = Span>, edits: &[Edit]) -> u64 {
    let is_shown = |span: &Span| {
        let near = edits.partition_point(|edit| edit.span.end <= span.start);
        edits.get(near).is_some_and(|edit| edit.span.start < span.end)
    };
    kept.into_iter().filter(|span| !is_shown(span)).count() as u64
}
