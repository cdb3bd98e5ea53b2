//! Arithmetic with moments that never overflows.

use std::time::Duration;

use jiff::Timestamp;

/// `moment` plus `duration`; the last representable moment where the sum lies beyond it.
pub fn saturating_add(moment: Timestamp, duration: Duration) -> Timestamp {
    moment.checked_add(duration).unwrap_or(Timestamp::MAX)
}
