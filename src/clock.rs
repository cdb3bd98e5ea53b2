//! The time of day, as every part of the program reads it.

use jiff::Timestamp;

/// The time now.
#[cfg(not(feature = "testing"))]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The time now. Tests set the clock of the program: `OFFPRINT_TEST_CLOCK` is how many seconds it is ahead.
#[cfg(feature = "testing")]
pub(crate) fn now() -> Timestamp {
    let ahead = std::env::var("OFFPRINT_TEST_CLOCK").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    Timestamp::now().checked_add(jiff::SignedDuration::from_secs(ahead)).unwrap_or_else(|_| Timestamp::now())
}

/// The number of the week, since 1970: what is only looked at where something changed is looked at once a week all the
/// same.
pub(crate) fn week() -> i64 {
    now().as_second() / (7 * 24 * 60 * 60)
}
