//! The limits on one response.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::FetchConfig;

/// Stands for "no limit".
const LONG: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How much of a body is read that is not wanted, where none is kept: reading it to its end keeps the connection usable.
const UNWANTED: u64 = 64 << 10;

/// The limits on one response; 0 in the configuration lifts one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The most bytes of a body.
    pub(crate) max_bytes: u64,
    /// The most bytes of a body that is kept as evidence.
    pub(crate) max_evidence: u64,
    /// The least bytes per second.
    pub(crate) min_rate: u64,
    /// For the next piece.
    pub(crate) read_timeout: Duration,
    /// For the whole response.
    pub(crate) timeout: Duration,
    /// For everything that is done for one URL.
    pub(crate) url_timeout: Duration,
}

impl Limits {
    /// The limits of these settings.
    pub(crate) fn new(config: &FetchConfig) -> Self {
        let lifted = |limit: Duration| if limit.is_zero() { LONG } else { limit };
        Self {
            max_bytes: if config.max_bytes.0 == 0 { u64::MAX } else { config.max_bytes.0 },
            max_evidence: config.max_refused.0,
            min_rate: config.min_rate.0,
            read_timeout: lifted(config.read_timeout),
            timeout: lifted(config.timeout),
            url_timeout: lifted(config.url_timeout),
        }
    }

    /// When the next piece of a response must have arrived.
    pub(crate) fn next_piece(&self, deadline: Instant) -> Instant {
        deadline.min(Instant::now() + self.read_timeout)
    }

    /// The most bytes that are read of a body that is not wanted.
    pub(crate) fn max_unwanted(&self) -> u64 {
        self.max_evidence.max(UNWANTED)
    }
}
