//! When the catalog is copied.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::saturating_add;

/// How often the catalog is copied, and how many copies are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopySchedule {
    /// The least time after the copy before; zero makes no copies.
    pub every: Duration,
    /// How many are kept: at least one.
    pub keep: usize,
}

/// Whether a copy is due. A copy from a moment ahead was made while the clock was ahead, and is ignored.
pub fn copy_is_due(newest: Option<Timestamp>, schedule: CopySchedule, now: Timestamp) -> bool {
    !schedule.every.is_zero() && newest.is_none_or(|made| made > now || saturating_add(made, schedule.every) <= now)
}

/// How many copies are to be removed, of so many that there were before one was or was not made: the oldest beyond
/// those that are kept. If no copies are to be made, none is removed.
pub fn old_copies(before: usize, is_made: bool, schedule: CopySchedule) -> usize {
    if schedule.every.is_zero() {
        return 0;
    }
    (before + usize::from(is_made)).saturating_sub(schedule.keep.max(1)).min(before)
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

    #[test]
    fn the_newest_copies_are_kept_and_at_least_one() {
        let schedule = |keep| CopySchedule { every: Duration::from_secs(10), keep };
        for (before, is_made, keep, old) in [
            (0, true, 3, 0),
            (3, true, 3, 1),
            (3, false, 3, 0),
            (5, false, 3, 2),
            (5, true, 3, 3),
            (2, true, 0, 2),
            (1, false, 0, 0),
        ] {
            assert_eq!(old_copies(before, is_made, schedule(keep)), old, "{before} {is_made} {keep}");
        }
        let never = CopySchedule { every: Duration::ZERO, keep: 1 };
        assert_eq!(old_copies(9, false, never), 0);
    }
}
