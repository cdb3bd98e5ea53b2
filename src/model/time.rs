//! Arithmetic with moments that never overflows.

use std::time::Duration;

use jiff::Timestamp;

/// `moment` plus `duration`; the last representable moment where the sum lies beyond it.
pub fn saturating_add(moment: Timestamp, duration: Duration) -> Timestamp {
    moment.checked_add(duration).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sum_is_never_before_its_moment_nor_beyond_the_last(second in -1_000_000_000_i64..9_000_000_000, add in any::<u64>()) {
            let moment = Timestamp::from_second(second).unwrap();
            let sum = saturating_add(moment, Duration::from_secs(add));
            prop_assert!(sum >= moment && sum <= Timestamp::MAX);
            let exact = i64::try_from(add).ok().and_then(|add| second.checked_add(add));
            let exact = exact.and_then(|second| Timestamp::from_second(second).ok());
            prop_assert_eq!(sum, exact.unwrap_or(Timestamp::MAX));
        }
    }
}
