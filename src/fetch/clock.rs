//! The time of day that passes as the timer passes.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::model::saturating_add;

/// Maps moments to the timer's instants and back. Between two moments of one run lies what the timer says, whatever
/// is done to the system's clock meanwhile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    wall: Timestamp,
    timer: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { wall: Timestamp::now(), timer: Instant::now() }
    }

    pub(super) fn now(&self) -> Timestamp {
        saturating_add(self.wall, self.timer.elapsed())
    }

    pub(super) async fn sleep_until(&self, moment: Timestamp) {
        tokio::time::sleep(from_to(self.now(), moment)).await;
    }
}

/// How long it is from one moment to another; nothing where the other is past.
pub(super) fn from_to(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or_default()
}
