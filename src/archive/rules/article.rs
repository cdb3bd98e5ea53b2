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

    /// What it shows has changed: a mirror that was planned before is outdated.
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

    /// A mirror that was planned at a revision is recorded; `None` if it became stale again since.
    pub fn mirror_recorded(self, planned: Revision) -> Option<Self> {
        (self.revision == planned).then_some(Self { writing: true, ..self })
    }

    /// A mirror's file has appeared. Where the article became stale between its recording and now, it stays so.
    #[must_use]
    pub const fn mirror_appeared(self) -> Self {
        Self { stale: self.stale && !self.writing, writing: false, ..self }
    }
}

/// Whether an article's mirror may be missing without being damaged: its source no longer has the article. A deletion of
/// the mirror is taken to be intended, also where an image of it has come since and would be shown.
pub const fn mirror_may_be_missing(is_gone: bool) -> bool {
    is_gone
}

/// Whether an article that was read again is a new version: its bytes differ. Other settings alone make none.
pub(super) fn is_new_version(on_record: Digest, read: Digest) -> bool {
    on_record != read
}

/// How many references whose URL has a good capture a mirror does not show: none of its edits touches them.
///
/// `edits` are in order and do not overlap.
pub(super) fn unshown(kept: impl IntoIterator<Item = Span>, edits: &[Edit]) -> u64 {
    let is_shown = |span: &Span| {
        let near = edits.partition_point(|edit| edit.span.end <= span.start);
        edits.get(near).is_some_and(|edit| edit.span.start < span.end)
    };
    kept.into_iter().filter(|span| !is_shown(span)).count() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_mirror_of_an_article_that_is_gone_may_be_missing() {
        let may_be_missing = |facts: ArticleFacts| mirror_may_be_missing(facts.vanished);
        let mirrored = ArticleFacts { stale: false, ..ArticleFacts::NEW };
        assert_eq!((mirrored.state(), may_be_missing(mirrored)), (ArticleState::Mirrored, false));
        assert_eq!((ArticleFacts::NEW.state(), may_be_missing(ArticleFacts::NEW)), (ArticleState::Stale, false));
        let gone = mirrored.gone_from_source();
        assert_eq!((gone.state(), may_be_missing(gone)), (ArticleState::Vanished, true));
        assert_eq!((gone.made_stale().state(), may_be_missing(gone.made_stale())), (ArticleState::Stale, true));
    }

    #[test]
    fn an_article_is_ready_when_it_is_stale_and_waits_for_nothing() {
        for (stale, waiting, ready) in [(true, 0, true), (true, 1, false), (false, 0, false), (false, 1, false)] {
            assert_eq!(ArticleFacts { stale, waiting, ..ArticleFacts::NEW }.is_ready(), ready, "{stale} {waiting}");
        }
    }

    #[test]
    fn a_mirror_counts_unless_the_article_became_stale_while_it_was_written() {
        let new = ArticleFacts::NEW;
        let recorded = new.mirror_recorded(new.revision).unwrap();
        assert_eq!(recorded.state(), ArticleState::Stale, "its file has not appeared");
        assert_eq!(recorded.mirror_appeared().state(), ArticleState::Mirrored);
        assert_eq!(recorded.made_stale().mirror_appeared().state(), ArticleState::Stale);
        assert_eq!(recorded.read_again().mirror_appeared().state(), ArticleState::Stale);
        assert_eq!(new.made_stale().mirror_recorded(new.revision), None, "it was planned before");
    }

    #[test]
    fn an_article_that_left_its_source_is_still_written_if_it_is_stale() {
        let gone = ArticleFacts::NEW.gone_from_source();
        assert_eq!(gone.state(), ArticleState::Stale);
        let written = gone.mirror_recorded(gone.revision).unwrap().mirror_appeared();
        assert_eq!(written.state(), ArticleState::Vanished);
        assert_eq!(written.back_in_source().state(), ArticleState::Mirrored);
        assert_eq!(written.read_again().state(), ArticleState::Stale);
    }

    fn span() -> impl Strategy<Value = Span> {
        (0..60_usize, 1..8_usize).prop_map(|(start, length)| Span::new(start, start + length))
    }

    proptest! {
        #[test]
        fn a_kept_reference_is_unshown_where_no_edit_touches_it(
            kept in prop::collection::vec(span(), 0..12),
            edits in prop::collection::vec(span(), 0..12),
        ) {
            let mut apart: Vec<Edit> = Vec::new();
            for span in { let mut edits = edits; edits.sort_unstable(); edits } {
                if apart.last().is_none_or(|last| last.span.end <= span.start) {
                    apart.push(Edit { span, raw: Vec::new(), replacement: Vec::new() });
                }
            }
            let touches = |kept: &Span| apart.iter().any(|edit| edit.span.start < kept.end && kept.start < edit.span.end);
            let expected = kept.iter().filter(|kept| !touches(kept)).count() as u64;
            prop_assert_eq!(unshown(kept.iter().copied(), &apart), expected);
        }

        #[test]
        fn a_revision_never_repeats_and_an_old_plan_is_never_recorded(events in prop::collection::vec(0..5_u8, 1..30)) {
            let mut facts = ArticleFacts::NEW;
            let mut planned = facts.revision;
            for event in events {
                let before = facts;
                facts = match event {
                    0 => facts.made_stale(),
                    1 => facts.read_again(),
                    2 => facts.gone_from_source(),
                    3 => facts.mirror_appeared(),
                    _ => {
                        let recorded = facts.mirror_recorded(planned);
                        prop_assert_eq!(recorded.is_some(), planned == facts.revision);
                        planned = facts.revision;
                        recorded.unwrap_or(facts)
                    }
                };
                prop_assert!(facts.revision >= before.revision);
                prop_assert!(facts.revision == before.revision || facts.stale);
            }
        }
    }
}
