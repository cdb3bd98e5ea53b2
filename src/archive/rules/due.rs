//! Which URLs are due.

use std::time::Duration;

use jiff::Timestamp;

use super::url::UrlFacts;
use crate::archive::catalog::UrlState;
use crate::model::saturating_add;

/// What counts as due at a moment.
///
/// A moment further ahead than any wait can lie was written while the machine's clock was ahead. It counts as passed:
/// waiting for it could take years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    now: Timestamp,
    latest: Timestamp,
}

impl Due {
    /// What is due at `now`, where no wait is longer than `horizon`.
    pub fn new(now: Timestamp, horizon: Duration) -> Self {
        Self { now, latest: saturating_add(now, horizon) }
    }

    /// What is due at `now`, however far ahead other moments lie.
    pub const fn at(now: Timestamp) -> Self {
        Self { now, latest: Timestamp::MAX }
    }

    /// A moment counts as passed that is not after the first of these, or is after the second.
    pub const fn bounds(self) -> (Timestamp, Timestamp) {
        (self.now, self.latest)
    }

    /// Whether a moment counts as passed.
    pub fn has_passed(self, moment: Timestamp) -> bool {
        moment <= self.now || moment > self.latest
    }

    /// Whether a URL is to be requested: it never was, or its next attempt is due.
    pub fn is_due(self, url: &UrlFacts) -> bool {
        url.state == UrlState::New || url.next_attempt.is_some_and(|at| self.has_passed(at))
    }
}
