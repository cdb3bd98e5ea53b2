//! The state machine of a URL.

use jiff::Timestamp;

use super::version::AssetChange;
use crate::archive::catalog::{JobResult, UrlState};
use crate::model::{Digest, Failure, Reason, Validators};

/// What is known of the attempts to get a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlFacts {
    /// What became of them.
    pub state: UrlState,
    /// Why the last one failed.
    pub reason: Option<Reason>,
    /// What happened then, in one sentence for a person.
    pub detail: Option<String>,
    /// The status of the last one.
    pub status: Option<u16>,
    /// Failures since the last good one.
    pub attempts: u32,
    /// When the next one is due; `None` where it never is.
    pub next_attempt: Option<Timestamp>,
    /// When the first and the last good one were made.
    pub good: Option<(Timestamp, Timestamp)>,
    /// The asset of the newest good one.
    pub kept: Option<Digest>,
    /// What that lets a later request be compared with.
    pub validators: Validators,
}

impl Default for UrlFacts {
    /// A URL that was never requested.
    fn default() -> Self {
        Self {
            state: UrlState::New,
            reason: None,
            detail: None,
            status: None,
            attempts: 0,
            next_attempt: None,
            good: None,
            kept: None,
            validators: Validators::default(),
        }
    }
}

/// What the last response of an attempt was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response {
    /// Its status; `None` where none came, or where the image was adopted from the article or from beside it.
    pub status: Option<u16>,
    /// When the attempt was made.
    pub at: Timestamp,
}

impl UrlFacts {
    /// What a job's result makes of the URL.
    #[must_use]
    pub fn after(self, result: &JobResult, response: Response) -> Self {
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

    /// The good capture still stands. Where there is none, nothing does, and the answer was wrong.
    fn on_not_modified(self, next_attempt: Option<Timestamp>, Response { status, at }: Response) -> Self {
        let state = if self.kept.is_some() { UrlState::Good } else { UrlState::Failed };
        let good = self.kept.and(self.good).map(|(first, _)| (first, at));
        Self { state, reason: None, detail: None, status, attempts: 0, next_attempt, good, ..self }
    }

    /// No good capture this time. The one from before stays, and its validators with it.
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

    /// The newest capture was a placeholder: it counts as a failure, and the version before it returns, where there is
    /// one. Validators are those of the placeholder and go with it, so that the next request gets a whole response.
    #[must_use]
    pub fn on_revoked(self, previous: Option<(Digest, Timestamp)>, next_attempt: Option<Timestamp>) -> Self {
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

    /// The bytes of the good capture are lost: there is none any more, and the URL is due at once.
    #[must_use]
    pub fn on_lost(self, now: Timestamp) -> Self {
        Self {
            state: UrlState::Deferred,
            next_attempt: Some(now),
            good: None,
            kept: None,
            validators: Validators::default(),
            ..self
        }
    }

    /// What happened to the URL's asset between two states of it.
    pub fn change_to(&self, after: &Self) -> AssetChange {
        match (self.kept, after.kept) {
            (before, after) if before == after => AssetChange::Same,
            (None, _) => AssetChange::First,
            (Some(before), Some(_)) => AssetChange::Replaced(before),
            (Some(_), None) => AssetChange::Gone,
        }
    }

    /// Whether another URL of the host can turn out to have the same bytes, and so a placeholder, after this result.
    pub fn is_worth_comparing(result: &JobResult) -> bool {
        matches!(result, JobResult::Kept { .. } | JobResult::NotModified { .. })
    }
}
