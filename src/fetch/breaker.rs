//! When to stop asking a host that does not answer.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::saturating_add;

/// The longest that a host is left alone at a time.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Counts connection failures in a row. From a number on the host is left alone, for a time that doubles with each
/// further failure; when that is over, one request probes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Breaker {
    pub(super) failures: u32,
    pub(super) open_until: Option<Timestamp>,
}

/// Whether a host may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// It may.
    Free,
    /// By one request at a time, until it answers.
    Probe,
    /// Not before this moment.
    Closed(Timestamp),
}

impl Breaker {
    pub(super) fn passage(&self, now: Timestamp) -> Passage {
        match self.open_until {
            None => Passage::Free,
            Some(until) if until <= now => Passage::Probe,
            Some(until) => Passage::Closed(until),
        }
    }

    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// The host could not be reached for as long as is waited for a connection, although it had not been heard of before:
    /// that says as much as a number of failures.
    pub(super) fn unreachable(&mut self, now: Timestamp, threshold: u32, wait: Duration) {
        if !matches!(self.passage(now), Passage::Closed(_)) {
            self.failures = self.failures.max(threshold.saturating_sub(1));
        }
        self.failed(now, threshold, wait);
    }

    /// What fails while the host is being left alone had been sent before, and is not counted.
    pub(super) fn failed(&mut self, now: Timestamp, threshold: u32, wait: Duration) {
        if matches!(self.passage(now), Passage::Closed(_)) {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if let Some(beyond) = self.failures.checked_sub(threshold).filter(|_| threshold > 0) {
            let wait = wait.saturating_mul(1 << beyond.min(20)).min(LONGEST);
            self.open_until = Some(saturating_add(now, wait));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(600);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn opens_after_so_many_failures_in_a_row_and_doubles_its_wait() {
        let mut breaker = Breaker::default();
        (0..4).for_each(|second| breaker.failed(at(second), 5, WAIT));
        assert_eq!(breaker.passage(at(4)), Passage::Free);
        breaker.failed(at(4), 5, WAIT);
        assert_eq!(breaker.passage(at(5)), Passage::Closed(at(604)));
        breaker.failed(at(6), 5, WAIT);
        assert_eq!(breaker.open_until, Some(at(604)), "what was under way is not counted");
        assert_eq!(breaker.passage(at(604)), Passage::Probe);
        breaker.failed(at(604), 5, WAIT);
        assert_eq!(breaker.open_until, Some(at(604 + 1200)));
    }

    #[test]
    fn opens_at_once_for_a_host_that_cannot_be_reached() {
        let mut breaker = Breaker::default();
        breaker.unreachable(at(0), 5, WAIT);
        assert_eq!((breaker.passage(at(1)), breaker.failures), (Passage::Closed(at(600)), 5));
        breaker.unreachable(at(1), 5, WAIT);
        assert_eq!(breaker.failures, 5, "the second connection was under way");
        breaker.unreachable(at(600), 5, WAIT);
        assert_eq!(breaker.open_until, Some(at(600 + 1200)));
        let mut never = Breaker::default();
        never.unreachable(at(0), 0, WAIT);
        assert_eq!(never.passage(at(0)), Passage::Free);
    }

    #[test]
    fn an_answer_closes_it() {
        let mut breaker = Breaker { failures: 9, open_until: Some(at(100)) };
        assert_eq!(breaker.passage(at(100)), Passage::Probe);
        breaker.answered();
        assert_eq!(breaker.passage(at(100)), Passage::Free);
        (0..4).for_each(|second| breaker.failed(at(second), 5, WAIT));
        assert_eq!(breaker.passage(at(5)), Passage::Free, "the count starts anew");
    }

    #[test]
    fn a_threshold_of_nothing_is_no_breaker() {
        let mut breaker = Breaker::default();
        (0..100).for_each(|second| breaker.failed(at(second), 0, WAIT));
        assert_eq!((breaker.passage(at(100)), breaker.failures), (Passage::Free, 100));
    }

    #[test]
    fn never_waits_longer_than_a_day() {
        let mut breaker = Breaker { failures: 4_000_000, open_until: None };
        breaker.failed(at(0), 5, WAIT);
        assert_eq!(breaker.open_until, Some(at(86_400)));
    }
}
