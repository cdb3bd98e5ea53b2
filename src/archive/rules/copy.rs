//! When the catalog is copied.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::saturating_add;

/// How often the catalog is copied, and how many copies are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopySchedule {
    /// So long after the copy before; never where it is zero.
    pub every: Duration,
    /// So many are kept, and at least one.
    pub keep: usize,
}

/// Whether a copy is due. One from a moment ahead was made while the clock was ahead, and says nothing.
pub fn copy_is_due(newest: Option<Timestamp>, schedule: CopySchedule, now: Timestamp) -> bool {
    !schedule.every.is_zero() && newest.is_none_or(|made| made > now || saturating_add(made, schedule.every) <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_due_after_the_interval_and_never_where_there_is_none() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let schedule = CopySchedule { every: Duration::from_secs(10), keep: 3 };
        assert!(copy_is_due(None, schedule, at(0)));
        assert!(!copy_is_due(Some(at(0)), schedule, at(9)));
        assert!(copy_is_due(Some(at(0)), schedule, at(10)));
        assert!(copy_is_due(Some(at(99)), schedule, at(10)), "a clock was ahead");
        let never = CopySchedule { every: Duration::ZERO, ..schedule };
        assert!(!copy_is_due(None, never, at(0)) && !copy_is_due(Some(at(0)), never, at(99)));
    }
}
