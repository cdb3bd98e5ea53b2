//! The time of day, advanced by the timer.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::clock;
use crate::model::saturating_add;

/// A clock that reads the system's time once and then follows the timer, so that a change of the system's clock does not
/// change the waits of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    wall: Timestamp,
    timer: Instant,
}

impl Clock {
    /// A clock that shows the system's time now.
    pub(crate) fn start() -> Self {
        Self { wall: clock::now(), timer: Instant::now() }
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        saturating_add(self.wall, self.timer.elapsed())
    }

    /// Waits for a moment.
    pub(crate) async fn sleep_until(&self, moment: Timestamp) {
        tokio::time::sleep(from_to(self.now(), moment)).await;
    }
}

/// The time from one moment to another; zero if the other is past.
pub(crate) fn from_to(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or_default()
}
