//! Reading no faster than is wanted.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// Spaces out what is read, over all files together.
#[derive(Debug)]
pub(super) struct Pace {
    /// Bytes per second.
    rate: Option<u64>,
    /// When the next bytes may be read.
    next: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(rate: Option<u64>) -> Self {
        Self { rate: rate.filter(|rate| *rate > 0), next: Mutex::new(Instant::now()) }
    }

    /// Waits until these bytes, which were just read, fit the rate.
    pub(super) async fn read(&self, bytes: usize) {
        let Some(rate) = self.rate else { return };
        let mut next = self.next.lock().await;
        *next = (*next).max(Instant::now()) + Duration::from_nanos(bytes as u64 * 1_000_000_000 / rate);
        tokio::time::sleep_until(*next).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn took(rate: Option<u64>) -> Duration {
        let (pace, begin) = (Pace::new(rate), Instant::now());
        tokio::join!(pace.read(1000), pace.read(500), pace.read(500));
        begin.elapsed()
    }

    #[tokio::test]
    async fn readers_share_the_rate_and_no_rate_waits_for_nothing() {
        tokio::time::pause();
        assert_eq!(took(Some(1000)).await.as_secs(), 2);
        assert_eq!(took(None).await, Duration::ZERO);
        assert_eq!(took(Some(0)).await, Duration::ZERO);
    }
}
