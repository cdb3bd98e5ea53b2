//! The state machine of a URL.

use jiff::Timestamp;

use super::response::Response;
use super::version::AssetChange;
use crate::archive::catalog::{JobResult, MissingReport, UrlFacts, UrlState};
use crate::model::{Digest, Failure, Reason, Validators};

impl UrlFacts {
    /// What a job's result makes of the URL.
    #[must_use]
    pub(super) fn after(self, result: &JobResult, response: Response) -> Self {
        match result {
            JobResult::Kept { digest, validators, next_attempt, .. } => {
                self.on_kept(*digest, validators.clone(), *next_attempt, response)
            }
            JobResult::NotModified { next_attempt } => self.on_not_modified(*next_attempt, response),
            JobResult::Failed { failure, next_attempt } => self.on_failed(failure, *next_attempt),
            JobResult::Deferred { failure, next_attempt } => self.on_deferred(failure, *next_attempt),
        }
    }

    /// A good capture: failures before it are forgotten.
    fn on_kept(
        self,
        digest: Digest,
        validators: Validators,
        next_attempt: Option<Timestamp>,
        Response { status, at }: Response,
    ) -> Self {
        let first = self.good.map_or(at, |(first, _)| first);
        let (good, kept) = (Some((first, at)), Some(digest));
        Self { state: UrlState::Good, status, next_attempt, good, kept, validators, ..Self::default() }
    }

    /// The good capture is still current. If there is none, the response was wrong.
    fn on_not_modified(self, next_attempt: Option<Timestamp>, Response { status, at }: Response) -> Self {
        let state = if self.kept.is_some() { UrlState::Good } else { UrlState::Failed };
        let good = self.kept.and(self.good).map(|(first, _)| (first, at));
        Self { state, reason: None, detail: None, status, attempts: 0, next_attempt, good, ..self }
    }

    /// No good capture this time. The one from before stays, with its validators.
    fn on_failed(self, failure: &Failure, next_attempt: Option<Timestamp>) -> Self {
        let state = if next_attempt.is_some() { UrlState::Failed } else { UrlState::Retired };
        let attempts = self.attempts.saturating_add(1);
        Self { state, status: failure.status, attempts, next_attempt, ..self.because(failure) }
    }

    /// No attempt was made, and so none failed.
    fn on_deferred(self, failure: &Failure, next_attempt: Timestamp) -> Self {
        Self { state: UrlState::Deferred, next_attempt: Some(next_attempt), ..self.because(failure) }
    }

    fn because(self, failure: &Failure) -> Self {
        Self { reason: Some(failure.reason), detail: Some(failure.detail.clone()), ..self }
    }

    /// The newest capture was a placeholder: it counts as a failure, and the version before it returns, if there is
    /// one. The validators are those of the placeholder and are removed, so that the next request gets a whole
    /// response.
    #[must_use]
    pub(super) fn on_revoked(self, previous: Option<(Digest, Timestamp)>, next_attempt: Option<Timestamp>) -> Self {
        let good = self.good.zip(previous).map(|((first, _), (_, captured))| (first, captured));
        let failure = Failure::new(Reason::Placeholder, "the host sends the same image in place of others");
        Self {
            state: UrlState::Failed,
            attempts: self.attempts.saturating_add(1),
            next_attempt,
            good,
            kept: previous.map(|(digest, _)| digest),
            validators: Validators::default(),
            ..self.because(&failure)
        }
    }

    /// The bytes of the good capture are lost: the URL has no good capture any more, and is due at once.
    #[must_use]
    pub(super) fn on_lost(self, now: Timestamp) -> Self {
        Self {
            state: UrlState::Deferred,
            next_attempt: Some(now),
            good: None,
            kept: None,
            validators: Validators::default(),
            ..self
        }
    }

    /// It was taken down on purpose: nothing of it is kept, and it is never requested again.
    #[must_use]
    pub fn taken_down() -> Self {
        let failure = Failure::new(Reason::TakenDown, "it was taken down by `offprint forget`");
        Self { state: UrlState::Retired, ..Self::default() }.because(&failure)
    }

    /// What is known of a URL that no article showed before, and that a takedown covers or not.
    #[must_use]
    pub(in crate::archive) fn first_seen(is_taken_down: bool) -> Self {
        if is_taken_down { Self::taken_down() } else { Self::default() }
    }

    /// Whether it may be put into the queue at all. What was taken down never is.
    pub fn may_be_queued(&self) -> bool {
        !self.is_taken_down()
    }

    /// Whether it was taken down on purpose.
    pub fn is_taken_down(&self) -> bool {
        self.reason == Some(Reason::TakenDown)
    }

    /// What happened to the URL's asset between two states of it.
    pub(super) fn change_to(&self, after: &Self) -> AssetChange {
        match (self.kept, after.kept) {
            (before, after) if before == after => AssetChange::Same,
            (None, _) => AssetChange::First,
            (Some(before), Some(_)) => AssetChange::Replaced(before),
            (Some(_), None) => AssetChange::Gone,
        }
    }

    /// What is known of a URL that is requested as a document and that no article shows.
    #[must_use]
    pub fn of_document() -> Self {
        Self { state: UrlState::Document, ..Self::default() }
    }

    /// An article shows it: what was a document may be an image, too.
    #[must_use]
    pub fn shown(self) -> Self {
        if self.state == UrlState::Document { Self::default() } else { self }
    }

    /// How far the next report counts it as missing: everything that an article shows and the archive lacks, whatever
    /// the reason, except what was taken down on purpose.
    pub fn report_next(&self, is_shown: bool) -> MissingReport {
        match (is_shown && self.kept.is_none() && !self.is_taken_down(), self.attempts) {
            (false, _) => MissingReport::None,
            (true, 0) => MissingReport::Untried,
            // If a host does not answer, its URLs fail one after another: they are reported once, not each as newly
            // missing.
            (true, _) if self.reported == MissingReport::Untried && self.is_unreached() => MissingReport::Untried,
            (true, _) => MissingReport::Failed,
        }
    }

    /// Whether its host did not answer at the last attempt.
    fn is_unreached(&self) -> bool {
        matches!(self.reason, Some(Reason::Dns | Reason::Connect | Reason::Timeout | Reason::HostDown))
    }

    /// Whether it is reported to users: it has no good capture, or its last attempt failed.
    pub fn is_failing(&self) -> bool {
        let is_document = self.state == UrlState::Document;
        !is_document && (self.kept.is_none() || matches!(self.state, UrlState::Failed | UrlState::Retired))
    }

    /// Whether another URL of the host can turn out to have the same bytes, and so a placeholder, after this result.
    pub fn is_worth_comparing(result: &JobResult) -> bool {
        matches!(result, JobResult::Kept { .. } | JobResult::NotModified { .. })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Asset, MediaType};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn digest(bytes: &str) -> Digest {
        Digest::of(bytes.as_bytes())
    }

    fn validators(etag: &str) -> Validators {
        Validators { etag: Some(etag.to_owned()), last_modified: None }
    }

    fn kept(bytes: &str, next_attempt: Option<Timestamp>) -> JobResult {
        JobResult::Kept {
            digest: digest(bytes),
            size: 1,
            asset: Asset::of_type(MediaType::Png),
            validators: validators(bytes),
            next_attempt,
        }
    }

    fn not_found() -> Failure {
        Failure::new(Reason::HttpStatus, "the answer was 404").with_status(404)
    }

    fn answer(second: i64) -> Response {
        Response { status: Some(200), at: at(second) }
    }

    /// A URL that was captured well at 1 and 2.
    fn good() -> UrlFacts {
        UrlFacts::default().after(&kept("good", None), answer(1)).after(&kept("good", Some(at(9))), answer(2))
    }

    #[test]
    fn each_state_follows_from_the_result_and_what_was_kept() {
        let next = Some(at(100));
        let failed = |next_attempt| JobResult::Failed { failure: not_found(), next_attempt };
        let deferred = JobResult::Deferred { failure: not_found(), next_attempt: at(100) };
        let new = UrlFacts::default;
        for (before, result, state, attempts, kept) in [
            (new(), kept("a", next), UrlState::Good, 0, Some(digest("a"))),
            (new(), JobResult::NotModified { next_attempt: next }, UrlState::Failed, 0, None),
            (new(), failed(next), UrlState::Failed, 1, None),
            (new(), failed(None), UrlState::Retired, 1, None),
            (new(), deferred.clone(), UrlState::Deferred, 0, None),
            (good(), kept("a", next), UrlState::Good, 0, Some(digest("a"))),
            (good(), JobResult::NotModified { next_attempt: next }, UrlState::Good, 0, Some(digest("good"))),
            (good(), failed(next), UrlState::Failed, 1, Some(digest("good"))),
            (good(), failed(None), UrlState::Retired, 1, Some(digest("good"))),
            (good(), deferred, UrlState::Deferred, 0, Some(digest("good"))),
        ] {
            let after = before.after(&result, answer(5));
            assert_eq!((after.state, after.attempts, after.kept), (state, attempts, kept), "{result:?}");
            let retired = state == UrlState::Retired;
            assert_eq!(after.next_attempt, next.filter(|_| !retired), "{result:?}");
        }
    }

    #[test]
    fn a_good_capture_forgets_failures_and_keeps_when_the_first_was() {
        let failed = good().after(&JobResult::Failed { failure: not_found(), next_attempt: None }, answer(3));
        assert_eq!((failed.reason, failed.status), (Some(Reason::HttpStatus), Some(404)));
        assert_eq!(failed.detail.as_deref(), Some("the answer was 404"));
        assert_eq!((failed.good, &failed.validators), (Some((at(1), at(2))), &validators("good")));
        let again = failed.after(&kept("new", None), answer(4));
        assert_eq!((again.reason, again.detail, again.status), (None, None, Some(200)));
        assert_eq!((again.good, again.validators), (Some((at(1), at(4))), validators("new")));
    }

    #[test]
    fn a_deferral_keeps_the_status_and_a_failure_replaces_it() {
        let unanswered = Failure::new(Reason::Timeout, "no answer");
        let deferred = JobResult::Deferred { failure: unanswered.clone(), next_attempt: at(9) };
        assert_eq!(good().after(&deferred, answer(3)).status, Some(200));
        let failed = JobResult::Failed { failure: unanswered, next_attempt: Some(at(9)) };
        assert_eq!(good().after(&failed, answer(3)).status, None);
    }

    #[test]
    fn a_revoked_capture_gives_way_to_the_one_before_or_to_none() {
        let url = good().after(&kept("placeholder", None), answer(5));
        let restored = url.clone().on_revoked(Some((digest("good"), at(2))), Some(at(50)));
        assert_eq!((restored.state, restored.reason), (UrlState::Failed, Some(Reason::Placeholder)));
        assert_eq!((restored.kept, restored.good), (Some(digest("good")), Some((at(1), at(2)))));
        assert_eq!((restored.attempts, restored.next_attempt), (1, Some(at(50))));
        assert_eq!(restored.validators, Validators::default());
        let bare = url.on_revoked(None, None);
        assert_eq!((bare.kept, bare.good, bare.next_attempt), (None, None, None));
    }

    #[test]
    fn what_is_shown_and_not_kept_is_missing_whatever_the_reason() {
        for (is_shown, is_kept, attempts, expected) in [
            (true, false, 0, MissingReport::Untried),
            (true, false, 3, MissingReport::Failed),
            (true, true, 3, MissingReport::None),
            (false, false, 3, MissingReport::None),
        ] {
            let facts = UrlFacts { attempts, kept: is_kept.then(|| digest("a")), ..UrlFacts::default() };
            assert_eq!(facts.report_next(is_shown), expected, "{is_shown} {is_kept} {attempts}");
        }
        let reported = |reason| UrlFacts {
            attempts: 1,
            reason: Some(reason),
            reported: MissingReport::Untried,
            ..UrlFacts::default()
        };
        assert_eq!(reported(Reason::Connect).report_next(true), MissingReport::Untried, "the host does not answer");
        assert_eq!(reported(Reason::HttpStatus).report_next(true), MissingReport::Failed, "it was asked for");
        assert_eq!(UrlFacts::taken_down().report_next(true), MissingReport::None, "somebody wanted it so");
    }

    #[test]
    fn a_good_capture_ends_the_report_that_an_image_is_missing_and_nothing_else_does() {
        let missing = UrlFacts { reported: MissingReport::Failed, ..UrlFacts::default() };
        let failed = JobResult::Failed { failure: not_found(), next_attempt: None };
        assert_eq!(missing.clone().after(&failed, answer(1)).reported, MissingReport::Failed);
        assert_eq!(missing.after(&kept("a", None), answer(1)).reported, MissingReport::None);
    }

    #[test]
    fn lost_bytes_are_due_at_once() {
        let lost = good().on_lost(at(7));
        assert_eq!((lost.state, lost.next_attempt), (UrlState::Deferred, Some(at(7))));
        assert_eq!((lost.kept, lost.good, lost.validators), (None, None, Validators::default()));
    }

    #[test]
    fn a_change_is_found_by_what_was_kept_before_and_after() {
        let none = UrlFacts::default();
        let other = good().after(&kept("other", None), answer(3));
        assert_eq!(none.change_to(&none), AssetChange::Same);
        assert_eq!(none.change_to(&good()), AssetChange::First);
        assert_eq!(good().change_to(&good()), AssetChange::Same);
        assert_eq!(good().change_to(&other), AssetChange::Replaced(digest("good")));
        assert_eq!(good().change_to(&good().on_lost(at(3))), AssetChange::Gone);
    }

    #[test]
    fn what_was_taken_down_is_retired_and_nothing_of_it_is_kept() {
        let facts = UrlFacts::taken_down();
        assert!(facts.is_taken_down() && !good().is_taken_down());
        assert!(!facts.may_be_queued() && good().may_be_queued());
        assert_eq!([UrlFacts::first_seen(true), UrlFacts::first_seen(false)], [facts.clone(), UrlFacts::default()]);
        assert_eq!((facts.state, facts.next_attempt, facts.kept), (UrlState::Retired, None, None));
        assert!(facts.detail.is_some(), "a person reads why");
        let due = crate::archive::rules::Due::new(at(0), std::time::Duration::ZERO);
        assert!(!due.is_due(&facts));
    }

    #[test]
    fn a_url_is_failing_without_a_good_capture_or_after_a_failure() {
        for state in [UrlState::New, UrlState::Good, UrlState::Failed, UrlState::Deferred, UrlState::Retired] {
            let facts = |kept| UrlFacts { state, kept, ..UrlFacts::default() };
            assert!(facts(None).is_failing(), "{state:?}");
            let expected = matches!(state, UrlState::Failed | UrlState::Retired);
            assert_eq!(facts(Some(digest("a"))).is_failing(), expected, "{state:?}");
        }
    }

    #[test]
    fn only_an_answer_that_gave_an_image_can_show_that_urls_share_one() {
        let failed = JobResult::Failed { failure: not_found(), next_attempt: None };
        let deferred = JobResult::Deferred { failure: not_found(), next_attempt: at(1) };
        for (result, expected) in [
            (kept("a", None), true),
            (JobResult::NotModified { next_attempt: None }, true),
            (failed, false),
            (deferred, false),
        ] {
            assert_eq!(UrlFacts::is_worth_comparing(&result), expected, "{result:?}");
        }
    }

    fn result() -> impl Strategy<Value = JobResult> {
        let next = || prop::option::of(0..1000_i64).prop_map(|second| second.map(at));
        prop_oneof![
            ("[abc]", next()).prop_map(|(bytes, next)| kept(&bytes, next)),
            next().prop_map(|next_attempt| JobResult::NotModified { next_attempt }),
            next().prop_map(|next_attempt| JobResult::Failed { failure: not_found(), next_attempt }),
            (0..1000_i64).prop_map(|second| JobResult::Deferred { failure: not_found(), next_attempt: at(second) }),
        ]
    }

    proptest! {
        #[test]
        fn whatever_happens_a_url_stays_consistent(results in prop::collection::vec(result(), 1..30)) {
            let mut facts = UrlFacts::default();
            for (second, result) in (0..).zip(&results) {
                let before = facts.clone();
                facts = facts.after(result, answer(second));
                prop_assert_eq!(facts.good.is_some(), facts.kept.is_some(), "a good capture has bytes and a date");
                prop_assert!(facts.good.is_none_or(|(first, last)| first <= last));
                prop_assert!(facts.state != UrlState::New, "it was attempted");
                let is_final = matches!(result, JobResult::Failed { next_attempt: None, .. });
                prop_assert_eq!(facts.state == UrlState::Retired, is_final);
                prop_assert_eq!(facts.reason.is_some(), facts.detail.is_some());
                // Never worse: only another kept asset replaces a kept one.
                prop_assert!(before.kept.is_none() || facts.kept.is_some());
                let is_kept = matches!(result, JobResult::Kept { .. });
                prop_assert!(facts.kept == before.kept || is_kept);
                prop_assert_eq!(facts.validators != before.validators, facts.kept != before.kept);
            }
        }
    }
}
