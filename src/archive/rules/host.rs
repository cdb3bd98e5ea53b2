//! When a host may be leased.

use jiff::Timestamp;

use super::due::Due;
use crate::model::HostState;

/// What keeps a host from being leased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostHold {
    /// Its circuit breaker is open until then.
    pub open_until: Option<Timestamp>,
    /// It asked to be left alone until then.
    pub not_before: Option<Timestamp>,
    /// Another worker leases it until then.
    pub leased_until: Option<Timestamp>,
}

impl HostHold {
    /// What is learned of a host holds it, once its lease is given back.
    pub const fn of(state: &HostState) -> Self {
        Self { open_until: state.open_until, not_before: state.not_before, leased_until: None }
    }

    /// From when on it may be leased; `None` where nothing ever kept it. Hosts are leased in this order, `None` first.
    pub fn ready_at(self) -> Option<Timestamp> {
        self.open_until.max(self.not_before).max(self.leased_until)
    }

    /// Without what a clock that was ahead wrote.
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
