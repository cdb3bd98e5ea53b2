//! How much the line brings, by which it is judged whether one host is slow or all are.

use std::time::Duration;

use tokio::time::Instant;

use crate::locks::Mutex;

/// How long the line is measured at a time.
const WINDOW: Duration = Duration::from_secs(1);
/// A body is slow that takes less than this part of what a slot has of the line.
const PART: u64 = 8;
/// No body is slow that brings so many bytes a second.
const FAST: u64 = 64 << 10;

/// The bytes of all bodies together.
#[derive(Debug, Default)]
pub(crate) struct Line(Mutex<Measured>);

#[derive(Debug, Default)]
struct Measured {
    since: Option<Instant>,
    bytes: u64,
    /// The most bytes of a second, forgotten little by little.
    best: u64,
}

impl Line {
    /// Adds bytes that arrived.
    pub(crate) fn add(&self, bytes: u64) {
        let mut line = self.0.lock();
        let now = Instant::now();
        let elapsed = now - *line.since.get_or_insert(now);
        if elapsed >= WINDOW {
            let windows = u32::try_from(elapsed.as_secs()).unwrap_or(u32::MAX).min(64);
            let faded = (1..windows).fold(line.best / 4 * 3, |best, _| best / 4 * 3);
            line.best = faded.max(line.bytes);
            (line.since, line.bytes) = (Some(now), 0);
        }
        line.bytes += bytes;
    }

    /// Below how many bytes a second a body is slow, where so many share the line. Where the line itself is slow, so is
    /// each of them, and none of them is slower than it has to be.
    pub(crate) fn share(&self, slots: usize) -> u64 {
        let line = self.0.lock();
        let slots = u64::try_from(slots).unwrap_or(u64::MAX).max(1);
        (line.best.max(line.bytes) / slots / PART).min(FAST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_is_slow_that_takes_an_eighth_of_its_share() {
        let line = Line::default();
        assert_eq!(line.share(16), 0, "nothing has arrived, so nothing is slow");
        for _ in 0..10 {
            line.add(256_000);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(line.share(16), 2000);
        assert_eq!(line.share(1), 32_000);
        line.add(1 << 30);
        assert_eq!(line.share(16), FAST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_was_fast_once_is_not_fast_for_ever() {
        let line = Line::default();
        line.add(100_000_000);
        for _ in 0..60 {
            tokio::time::advance(Duration::from_secs(1)).await;
            line.add(16_000);
        }
        assert!((125..130).contains(&line.share(16)), "{}", line.share(16));
        tokio::time::advance(Duration::from_secs(100_000)).await;
        line.add(0);
        assert!(line.share(1) <= 2000);
    }
}
