//! The circuit breaker of a host: when to stop sending requests to a host that does not respond.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::{HostState, saturating_add};

/// The longest time for which a breaker opens at once.
pub(crate) const LONGEST: Duration = HostState::LONGEST_HOLD;

/// Counts connection failures in a row. At the threshold it opens, for a time that doubles with each further failure.
/// After that time it is half-open: one request at a time probes the host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Breaker {
    /// Connection failures since the last response.
    pub(crate) failures: u32,
    /// The end of the time for which it is open.
    pub(crate) open_until: Option<Timestamp>,
}

/// What a breaker permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BreakerState {
    /// Any request.
    Closed,
    /// One request at a time, until the host responds.
    HalfOpen,
    /// No request before this moment.
    Open(Timestamp),
}

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BreakerPolicy {
    /// Failures in a row after which it opens; 0 for never.
    pub(crate) threshold: u32,
    /// How long it is open at first.
    pub(crate) wait: Duration,
}

impl Breaker {
    /// What it permits now.
    pub(crate) fn state(&self, now: Timestamp) -> BreakerState {
        match self.open_until {
            None => BreakerState::Closed,
            Some(until) if until <= now => BreakerState::HalfOpen,
            Some(until) => BreakerState::Open(until),
        }
    }

    /// Closes it: the host responded, or took a connection and a request.
    pub(crate) fn close(&mut self) {
        *self = Self::default();
    }

    /// A connect timeout of a host that has never responded in this run opens the breaker at once, as if the failure
    /// threshold had been reached.
    pub(crate) fn record_connect_timeout(&mut self, now: Timestamp, policy: BreakerPolicy) {
        if !matches!(self.state(now), BreakerState::Open(_)) {
            self.failures = self.failures.max(policy.threshold.saturating_sub(1));
        }
        self.record_failure(now, policy);
    }

    /// Counts a failure. Requests that were sent before the breaker opened do not count while it is open.
    pub(crate) fn record_failure(&mut self, now: Timestamp, policy: BreakerPolicy) {
        if matches!(self.state(now), BreakerState::Open(_)) {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if let Some(beyond) = self.failures.checked_sub(policy.threshold).filter(|_| policy.threshold > 0) {
            let wait = policy.wait.saturating_mul(1 << beyond.min(20)).min(LONGEST);
            self.open_until = Some(saturating_add(now, wait));
        }
    }

    /// The breaker as an earlier run left it. A moment beyond the longest wait was written by a clock that was ahead,
    /// so the host is probed now.
    pub(crate) fn restored(failures: u32, open_until: Option<Timestamp>, now: Timestamp) -> Self {
        let latest = saturating_add(now, LONGEST);
        Self { failures, open_until: open_until.map(|until| if until > latest { now } else { until }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: BreakerPolicy = BreakerPolicy { threshold: 5, wait: Duration::from_secs(600) };
    const NEVER: BreakerPolicy = BreakerPolicy { threshold: 0, ..POLICY };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn opens_at_the_threshold_and_doubles_its_wait() {
        let mut breaker = Breaker::default();
        (0..4).for_each(|second| breaker.record_failure(at(second), POLICY));
        assert_eq!(breaker.state(at(4)), BreakerState::Closed);
        breaker.record_failure(at(4), POLICY);
        assert_eq!(breaker.state(at(5)), BreakerState::Open(at(604)));
        breaker.record_failure(at(6), POLICY);
        assert_eq!(breaker.open_until, Some(at(604)), "a request that was under way does not count");
        assert_eq!(breaker.state(at(604)), BreakerState::HalfOpen);
        breaker.record_failure(at(604), POLICY);
        assert_eq!(breaker.open_until, Some(at(604 + 1200)));
    }

    #[test]
    fn opens_at_once_for_a_host_that_cannot_be_reached() {
        let mut breaker = Breaker::default();
        breaker.record_connect_timeout(at(0), POLICY);
        assert_eq!((breaker.state(at(1)), breaker.failures), (BreakerState::Open(at(600)), 5));
        breaker.record_connect_timeout(at(1), POLICY);
        assert_eq!(breaker.failures, 5, "the second connection was under way");
        breaker.record_connect_timeout(at(600), POLICY);
        assert_eq!(breaker.open_until, Some(at(600 + 1200)));
        let mut never = Breaker::default();
        never.record_connect_timeout(at(0), NEVER);
        assert_eq!(never.state(at(0)), BreakerState::Closed);
    }

    #[test]
    fn a_response_closes_it() {
        let mut breaker = Breaker { failures: 9, open_until: Some(at(100)) };
        assert_eq!(breaker.state(at(100)), BreakerState::HalfOpen);
        breaker.close();
        assert_eq!(breaker.state(at(100)), BreakerState::Closed);
        (0..4).for_each(|second| breaker.record_failure(at(second), POLICY));
        assert_eq!(breaker.state(at(5)), BreakerState::Closed, "the count starts anew");
    }

    #[test]
    fn a_threshold_of_zero_never_opens() {
        let mut breaker = Breaker::default();
        (0..100).for_each(|second| breaker.record_failure(at(second), NEVER));
        assert_eq!((breaker.state(at(100)), breaker.failures), (BreakerState::Closed, 100));
    }

    #[test]
    fn never_waits_longer_than_a_day() {
        let mut breaker = Breaker { failures: 4_000_000, open_until: None };
        breaker.record_failure(at(0), POLICY);
        assert_eq!(breaker.open_until, Some(at(86_400)));
    }

    #[test]
    fn a_wait_from_a_clock_that_was_ahead_is_over_now() {
        let state = |until| Breaker::restored(6, Some(at(until)), at(1000)).state(at(1000));
        assert_eq!(state(1000 + 86_400), BreakerState::Open(at(1000 + 86_400)));
        assert_eq!(state(1000 + 86_401), BreakerState::HalfOpen);
    }
}
