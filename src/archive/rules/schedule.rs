//! When a URL is due again.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::{Config, Recheck, RunConfig};
use crate::model::{Failure, Reason, saturating_add};

/// No host is left alone for longer at a time, whatever it asks for.
const LONGEST_HOLD: Duration = Duration::from_secs(24 * 60 * 60);

/// Waits are stretched by up to this, so that the failures of one bad night are not all tried again in another.
const JITTER: f64 = 0.1;

/// The waits between attempts.
#[derive(Debug, Clone)]
pub struct Schedule {
    run: RunConfig,
    recheck: Recheck,
}

impl Schedule {
    /// The waits that a configuration asks for.
    pub fn new(config: &Config) -> Self {
        Self { run: config.run.clone(), recheck: config.fetch.recheck }
    }

    /// When a good capture is due again; `None` for never.
    pub fn recheck(&self, now: Timestamp) -> Option<Timestamp> {
        match self.recheck {
            Recheck::Never => None,
            Recheck::After(age) => Some(saturating_add(now, age)),
        }
    }

    /// When a URL is due again after a failure; `None` retires it. Waits grow with the `failures` before this one.
    pub fn retry(&self, failures: u32, failure: &Failure, now: Timestamp) -> Option<Timestamp> {
        if is_final(failure) || (is_gone(failure) && failures + 1 >= self.run.retire_after) {
            return None;
        }
        let waits = &self.run.retry_schedule;
        let wait = waits.get(failures as usize).or(waits.last()).copied()?;
        Some(saturating_add(now, wait.mul_f64(1.0 - JITTER + 2.0 * JITTER * fastrand::f64())))
    }

    /// No moment that the program writes lies further ahead than this.
    pub fn horizon(&self) -> Duration {
        let longest = self.run.retry_schedule.iter().copied().max().unwrap_or_default().mul_f64(1.0 + JITTER);
        let recheck = match self.recheck {
            Recheck::Never => Duration::ZERO,
            Recheck::After(age) => age,
        };
        longest.max(recheck).max(LONGEST_HOLD)
    }
}

/// No later attempt can end otherwise.
fn is_final(failure: &Failure) -> bool {
    failure.reason == Reason::BadUrl || failure.status == Some(410)
}

/// What an image looks like that was taken down; it could still come back.
fn is_gone(failure: &Failure) -> bool {
    failure.reason == Reason::Dns || failure.status == Some(404)
}
