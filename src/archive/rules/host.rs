//! When a host may be leased.

use jiff::Timestamp;

use super::due::Due;
use crate::model::HostState;

/// What keeps a host from being leased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostHold {
    /// Its circuit breaker is open until then.
    pub open_until: Option<Timestamp>,
    /// It asked not to be requested until then.
    pub not_before: Option<Timestamp>,
    /// Another worker leases it until then.
    pub leased_until: Option<Timestamp>,
}

impl HostHold {
    /// What is learned of a host holds it, once its lease is given back.
    pub const fn of(state: &HostState) -> Self {
        Self { open_until: state.open_until, not_before: state.not_before, leased_until: None }
    }

    /// From when on it may be leased; `None` if no lease was ever held back. Hosts are leased in this order, `None`
    /// first.
    pub fn ready_at(self) -> Option<Timestamp> {
        self.open_until.max(self.not_before).max(self.leased_until)
    }

    /// Without its circuit breaker: the user wants the host to be requested again. A wait that the host asked for
    /// stays.
    #[must_use]
    pub fn breaker_closed(self) -> Self {
        Self { open_until: None, ..self }
    }

    /// Without moments that a clock which was ahead wrote.
    #[must_use]
    pub fn plausible(self, due: Due) -> Self {
        let (_, latest) = due.bounds();
        let plausible = |moment: Option<Timestamp>| moment.filter(|at| *at <= latest);
        Self {
            open_until: plausible(self.open_until),
            not_before: plausible(self.not_before),
            leased_until: plausible(self.leased_until),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "each hold is optional")]
    fn at(second: i64) -> Option<Timestamp> {
        Some(Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn a_host_is_ready_when_all_that_holds_it_has_passed() {
        let hold = |open_until, not_before, leased_until| HostHold { open_until, not_before, leased_until };
        for (hold, ready) in [
            (HostHold::default(), None),
            (hold(at(5), None, None), at(5)),
            (hold(None, at(6), None), at(6)),
            (hold(None, None, at(7)), at(7)),
            (hold(at(9), at(6), at(7)), at(9)),
            (hold(at(5), at(6), at(4)), at(6)),
        ] {
            assert_eq!(hold.ready_at(), ready, "{hold:?}");
        }
    }

    #[test]
    fn a_closed_breaker_leaves_what_the_host_asked_for_and_who_leases_it() {
        let hold = HostHold { open_until: at(9), not_before: at(6), leased_until: at(7) };
        assert_eq!(hold.breaker_closed(), HostHold { open_until: None, ..hold });
        assert_eq!(hold.breaker_closed().ready_at(), at(7));
        let state = HostState { open_until: at(9), not_before: at(6), ..HostState::default() };
        assert_eq!(HostHold::of(&state), HostHold { leased_until: None, ..hold }, "a lease is no property of the host");
    }

    #[test]
    fn only_what_lies_beyond_the_horizon_is_implausible() {
        let due = Due::new(Timestamp::from_second(100).unwrap(), Duration::from_secs(10));
        let hold = HostHold { open_until: at(110), not_before: at(111), leased_until: at(0) };
        let plausible = HostHold { not_before: None, ..hold };
        assert_eq!(hold.plausible(due), plausible);
        assert_eq!(plausible.plausible(due), plausible);
    }
}
