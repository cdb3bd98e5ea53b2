//! Which URLs are due.

use std::time::Duration;

use jiff::Timestamp;

use super::effect::Effect;
use crate::archive::catalog::{UrlFacts, UrlState};
use crate::model::{UrlId, saturating_add};

/// What counts as due at a moment.
///
/// A moment further ahead than the longest wait was written while the machine's clock was ahead. It counts as passed:
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

    /// A moment counts as passed if it is not after the first of these, or is after the second.
    pub const fn bounds(self) -> (Timestamp, Timestamp) {
        (self.now, self.latest)
    }

    /// Whether a moment counts as passed.
    pub fn has_passed(self, moment: Timestamp) -> bool {
        moment <= self.now || moment > self.latest
    }

    /// Whether a URL is to be requested: it never was, or its next attempt is due.
    pub fn is_due(self, url: &UrlFacts) -> bool {
        url.state == UrlState::New || self.is_due_again(url)
    }

    /// Whether the next attempt to get a URL is due.
    pub fn is_due_again(self, url: &UrlFacts) -> bool {
        url.next_attempt.is_some_and(|at| self.has_passed(at))
    }
}

/// What follows where somebody asks for URLs, due or not: those that may be queued are.
pub fn requested(urls: Vec<(UrlId, UrlFacts)>) -> Vec<Effect> {
    urls.into_iter().filter(|(_, facts)| facts.may_be_queued()).map(|(url, _)| Effect::Queue(url)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_has_passed_is_due_and_so_is_what_no_clock_that_is_right_wrote() {
        let due = Due::new(at(1000), Duration::from_secs(100));
        for (second, passed) in [(0, true), (1000, true), (1001, false), (1100, false), (1101, true), (90_000, true)] {
            assert_eq!(due.has_passed(at(second)), passed, "{second}");
        }
        assert!(!Due::at(at(1000)).has_passed(Timestamp::MAX));
    }

    #[test]
    fn a_new_url_is_due_and_one_without_a_next_attempt_never_is() {
        let due = Due::at(at(1000));
        let url = |state, next_attempt| UrlFacts { state, next_attempt, ..UrlFacts::default() };
        assert!(due.is_due(&url(UrlState::New, None)));
        for state in [UrlState::Good, UrlState::Failed, UrlState::Deferred, UrlState::Retired] {
            assert!(!due.is_due(&url(state, None)), "{state:?}");
            assert!(due.is_due(&url(state, Some(at(1000)))), "{state:?}");
            assert!(!due.is_due(&url(state, Some(at(1001)))), "{state:?}");
        }
    }

    #[test]
    fn whatever_is_asked_for_is_queued_but_what_was_taken_down() {
        let taken_down = (UrlId(1), UrlFacts::taken_down());
        let states = [UrlState::New, UrlState::Good, UrlState::Failed, UrlState::Deferred, UrlState::Retired];
        let others = (2..).zip(states).map(|(id, state)| (UrlId(id), UrlFacts { state, ..UrlFacts::default() }));
        let effects = requested([taken_down].into_iter().chain(others).collect());
        assert_eq!(effects, [2, 3, 4, 5, 6].map(|id| Effect::Queue(UrlId(id))));
    }

    proptest! {
        #[test]
        fn the_bounds_say_the_same_as_the_rule(now in 0..1000_i64, horizon in 0..1000_u64, moment in 0..3000_i64) {
            let due = Due::new(at(now), Duration::from_secs(horizon));
            let (passed, latest) = due.bounds();
            prop_assert_eq!(due.has_passed(at(moment)), at(moment) <= passed || at(moment) > latest);
        }

        #[test]
        fn nothing_waits_longer_than_the_horizon(now in 0..1000_i64, horizon in 0..1000_u64, moment in 0..9000_i64) {
            let horizon = Duration::from_secs(horizon);
            let waits = !Due::new(at(now), horizon).has_passed(at(moment));
            prop_assert!(!waits || at(moment) <= saturating_add(at(now), horizon));
        }
    }
}
