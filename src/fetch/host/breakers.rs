//! The circuit breakers of a host: one for connections with TLS, one for those without. They go to different ports, so
//! that a failure of one kind says nothing of the other.

use jiff::Timestamp;
use url::Url;

use super::breaker::{Breaker, BreakerPolicy, BreakerState};

/// How a request reaches its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Over TCP alone.
    Plain,
    /// Over TLS.
    Tls,
}

impl Transport {
    /// That of a URL.
    pub(crate) fn of(url: &Url) -> Self {
        if url.scheme() == "https" { Self::Tls } else { Self::Plain }
    }
}

/// What this run has seen of one kind of connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Seen {
    breaker: Breaker,
    has_responded: bool,
}

impl Seen {
    /// Whether the host responds, as far as is known: it did last, or did before a few failures.
    fn responds(&self) -> bool {
        self.breaker.failures == 0 || (self.has_responded && self.breaker.open_until.is_none())
    }
}

/// Both breakers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Breakers {
    /// As an earlier run left it: where both begin.
    restored: Breaker,
    /// Of each transport that was used, by its number.
    seen: [Option<Seen>; 2],
}

impl Breakers {
    /// What is permitted now.
    pub(crate) fn state(&self, transport: Transport, now: Timestamp) -> BreakerState {
        self.seen(transport).breaker.state(now)
    }

    /// The host responded.
    pub(crate) fn record_response(&mut self, transport: Transport) {
        *self.seen_mut(transport) = Seen { breaker: Breaker::default(), has_responded: true };
    }

    /// The host took a connection and a request.
    pub(crate) fn close(&mut self, transport: Transport) {
        self.seen_mut(transport).breaker.close();
    }

    /// No connection came about in time. Where none has in this run, the breaker opens at once.
    pub(crate) fn record_connect_timeout(&mut self, transport: Transport, now: Timestamp, policy: BreakerPolicy) {
        let Seen { breaker, has_responded } = self.seen_mut(transport);
        if *has_responded {
            breaker.record_failure(now, policy);
        } else {
            breaker.record_connect_timeout(now, policy);
        }
    }

    /// No connection came about, or no response.
    pub(crate) fn record_failure(&mut self, transport: Transport, now: Timestamp, policy: BreakerPolicy) {
        self.seen_mut(transport).breaker.record_failure(now, policy);
    }

    /// What the next run restores for both: the breaker of a kind by which the host responds, or else the one that stays
    /// open longer.
    pub(crate) fn kept(&self) -> Breaker {
        let responds = self.used().find(Seen::responds);
        let worst = || self.used().max_by_key(|seen| (seen.breaker.open_until, seen.breaker.failures));
        responds.or_else(worst).map_or(self.restored, |seen| seen.breaker)
    }

    /// Whether nothing was learned that counts.
    pub(crate) fn have_learned_nothing(&self) -> bool {
        self.restored == Breaker::default() && self.used().all(|seen| seen.breaker == Breaker::default())
    }

    /// Whether [`Breakers::kept`] says of each breaker that is open for how long.
    pub(crate) fn are_kept(&self) -> bool {
        let kept = self.kept().open_until;
        self.used().all(|Seen { breaker, .. }| breaker.open_until.is_none() || breaker.open_until == kept)
    }

    fn used(&self) -> impl Iterator<Item = Seen> {
        self.seen.into_iter().flatten()
    }

    /// Restores what an earlier run left, unless this one has used either.
    pub(crate) fn restore(&mut self, breaker: Breaker) {
        if *self == Self::default() {
            self.restored = breaker;
        }
    }

    fn seen(&self, transport: Transport) -> Seen {
        self.seen[transport as usize].unwrap_or_else(|| self.unseen())
    }

    fn seen_mut(&mut self, transport: Transport) -> &mut Seen {
        let unseen = self.unseen();
        self.seen[transport as usize].get_or_insert(unseen)
    }

    /// Where a kind of connections begins.
    fn unseen(&self) -> Seen {
        Seen { breaker: self.restored, has_responded: false }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Transport::{Plain, Tls};
    use super::*;

    const POLICY: BreakerPolicy = BreakerPolicy { threshold: 5, wait: Duration::from_secs(600) };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn failed(breakers: &mut Breakers, transport: Transport, times: usize) {
        for _ in 0..times {
            breakers.record_failure(transport, at(0), POLICY);
        }
    }

    #[test]
    fn failures_over_tls_say_nothing_of_a_host_that_responds_without() {
        let mut breakers = Breakers::default();
        breakers.record_response(Plain);
        failed(&mut breakers, Tls, 5);
        assert_eq!(breakers.state(Tls, at(1)), BreakerState::Open(at(600)));
        assert_eq!(breakers.state(Plain, at(1)), BreakerState::Closed);
        assert_eq!(breakers.kept(), Breaker::default(), "the next run asks the host");
    }

    #[test]
    fn a_response_without_tls_is_none_over_tls() {
        let mut breakers = Breakers::default();
        failed(&mut breakers, Tls, 4);
        breakers.record_response(Plain);
        failed(&mut breakers, Tls, 1);
        assert_eq!(breakers.state(Tls, at(1)), BreakerState::Open(at(600)));
        breakers.close(Tls);
        assert_eq!(breakers.state(Tls, at(1)), BreakerState::Closed);
    }

    #[test]
    fn only_the_first_connect_timeout_of_its_own_kind_opens_at_once() {
        let mut breakers = Breakers::default();
        breakers.record_response(Plain);
        breakers.record_connect_timeout(Plain, at(0), POLICY);
        breakers.record_connect_timeout(Tls, at(0), POLICY);
        assert_eq!(breakers.state(Plain, at(1)), BreakerState::Closed);
        assert_eq!(breakers.state(Tls, at(1)), BreakerState::Open(at(600)));
    }

    #[test]
    fn a_host_that_is_down_is_kept_as_the_kind_that_stays_open_longer() {
        let mut breakers = Breakers::default();
        breakers.record_connect_timeout(Plain, at(0), POLICY);
        failed(&mut breakers, Tls, 1);
        assert_eq!(breakers.kept(), Breaker { failures: 5, open_until: Some(at(600)) }, "one failure says less");
        assert!(breakers.are_kept() && !breakers.have_learned_nothing());
        breakers.record_connect_timeout(Tls, at(60), POLICY);
        assert_eq!(breakers.kept(), Breaker { failures: 5, open_until: Some(at(660)) });
        assert!(!breakers.are_kept(), "the other is open for another time");
    }

    #[test]
    fn what_is_open_beside_a_kind_that_responds_is_known_to_this_run_alone() {
        let mut breakers = Breakers::default();
        breakers.record_response(Plain);
        assert!(breakers.are_kept() && breakers.have_learned_nothing());
        failed(&mut breakers, Tls, 4);
        assert!(breakers.are_kept() && !breakers.have_learned_nothing());
        failed(&mut breakers, Tls, 1);
        failed(&mut breakers, Plain, 1);
        assert_eq!(breakers.kept(), Breaker { failures: 1, open_until: None }, "it has responded in this run");
        assert!(!breakers.are_kept());
    }

    #[test]
    fn what_is_restored_is_where_both_begin_and_no_bar_to_a_longer_wait() {
        let (mut breakers, earlier) = (Breakers::default(), Breaker { failures: 5, open_until: Some(at(600)) });
        breakers.restore(earlier);
        assert_eq!(breakers.kept(), earlier);
        for transport in [Plain, Tls] {
            assert_eq!(breakers.state(transport, at(599)), BreakerState::Open(at(600)));
        }
        breakers.record_failure(Tls, at(600), POLICY);
        assert_eq!(breakers.kept(), Breaker { failures: 6, open_until: Some(at(600 + 1200)) });
        breakers.restore(Breaker::default());
        assert_eq!(breakers.kept().failures, 6, "this run knows better");
    }

    #[test]
    fn the_transport_is_that_of_the_scheme() {
        let of = |url: &str| Transport::of(&Url::parse(url).unwrap());
        assert_eq!([of("http://a.example/"), of("http://a.example:443/")], [Plain, Plain]);
        assert_eq!([of("https://a.example/"), of("https://a.example:80/")], [Tls, Tls]);
    }
}
