//! How fast a body is received.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Failure, Reason};

/// Over how long the minimum rate is measured, at most.
const WINDOW: Duration = Duration::from_secs(30);
/// A request is parked at least while its body arrives slower than so many times the minimum rate.
const SLOW: u64 = 4;

/// Measures one body against the minimum rate.
pub(crate) struct Rate {
    least: u64,
    window: Window,
    parking: Window,
}

/// Bytes since a moment.
struct Window {
    length: Duration,
    since: Instant,
    bytes: u64,
}

impl Window {
    fn new(length: Duration) -> Self {
        Self { length, since: Instant::now(), bytes: 0 }
    }

    /// Adds bytes. At the end of a window, returns whether fewer arrived than `least` bytes per second.
    fn add(&mut self, bytes: u64, least: u64) -> Option<bool> {
        self.bytes += bytes;
        let elapsed = self.since.elapsed();
        if elapsed < self.length {
            return None;
        }
        let is_slow = u128::from(self.bytes) * 1000 < u128::from(least) * elapsed.as_millis();
        (self.since, self.bytes) = (Instant::now(), 0);
        Some(is_slow)
    }
}

impl Rate {
    /// Measures from now. The window is a part of the time that a response has at all, so that the rule holds with every
    /// limit. Whether the body is slow is measured over `patience`.
    pub(crate) fn new(min_rate: u64, timeout: Duration, patience: Duration) -> Self {
        Self { least: min_rate, window: Window::new(WINDOW.min(timeout / 4)), parking: Window::new(patience) }
    }

    /// Adds bytes that were received, and returns whether the body is slow, once that is known: slower than `slow` bytes
    /// a second, or little faster than the minimum.
    ///
    /// # Errors
    /// The body arrives slower than the minimum rate.
    pub(crate) fn add(&mut self, bytes: u64, slow: u64) -> Result<Option<bool>, Failure> {
        if self.window.add(bytes, self.least) == Some(true) {
            let detail = "the body arrives slower than fetch.min_rate";
            return Err(Failure::new(Reason::TooSlow, detail));
        }
        Ok(self.parking.add(bytes, self.least.max(1 << 10).saturating_mul(SLOW).max(slow)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    /// The defaults: 1 KiB a second, two minutes.
    fn rate() -> Rate {
        let config = crate::config::Config::default().fetch;
        Rate::new(config.min_rate.0, config.timeout, PATIENCE)
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_is_given_up_after_the_window_and_a_slow_stream_is_not() {
        let seconds = async |bytes_per_second: u64| {
            let (mut rate, begin) = (rate(), Instant::now());
            for _ in 0..300 {
                tokio::time::advance(Duration::from_secs(1)).await;
                if rate.add(bytes_per_second, 0).is_err() {
                    return Some(begin.elapsed().as_secs());
                }
            }
            None
        };
        assert_eq!(seconds(1).await, Some(30));
        assert_eq!(seconds(1023).await, Some(30));
        assert_eq!(seconds(1024).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_turns_into_a_drip_is_given_up() {
        let mut rate = rate();
        rate.add(10 << 20, 0).unwrap();
        tokio::time::advance(WINDOW).await;
        rate.add(1, 0).unwrap();
        tokio::time::advance(WINDOW).await;
        assert_eq!(rate.add(1, 0).unwrap_err().reason, Reason::TooSlow);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_is_noticed_after_a_second() {
        let mut rate = rate();
        assert_eq!(rate.add(4095, 0), Ok(None));
        tokio::time::advance(PATIENCE).await;
        assert_eq!(rate.add(0, 0), Ok(Some(true)));
        tokio::time::advance(PATIENCE).await;
        assert_eq!(rate.add(4096, 0), Ok(Some(false)));
        tokio::time::advance(PATIENCE).await;
        assert_eq!(rate.add(4096, 5000), Ok(Some(true)), "the line brings others more");
    }
}
