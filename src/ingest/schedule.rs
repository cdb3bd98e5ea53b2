//! When a URL is asked for again.

use jiff::Timestamp;

use crate::config::{Config, Recheck, RunConfig};
use crate::model::{Reason, saturating_add};

/// The waits between attempts.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    run: RunConfig,
    recheck: Recheck,
}

impl Schedule {
    pub(super) fn new(config: &Config) -> Self {
        Self { run: config.run.clone(), recheck: config.fetch.recheck }
    }

    /// When a good capture is due again; `None` for never.
    pub(super) fn recheck(&self, now: Timestamp) -> Option<Timestamp> {
        match self.recheck {
            Recheck::Never => None,
            Recheck::After(age) => Some(saturating_add(now, age)),
        }
    }

    /// Waits grow with the failures so far, and differ a little so that one bad night does not come back as another.
    pub(super) fn retry(
        &self,
        failures: u32,
        reason: Reason,
        status: Option<u16>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        if is_final(reason, status) || (is_gone(reason, status) && failures + 1 >= self.run.retire_after) {
            return None;
        }
        let waits = &self.run.retry_schedule;
        let wait = waits.get(failures as usize).or(waits.last()).copied()?;
        Some(saturating_add(now, wait.mul_f64(0.9 + 0.2 * fastrand::f64())))
    }
}

/// No later attempt can end otherwise.
fn is_final(reason: Reason, status: Option<u16>) -> bool {
    matches!(reason, Reason::BadUrl) || status == Some(410)
}

/// What a picture looks like that was taken down; it could still come back.
fn is_gone(reason: Reason, status: Option<u16>) -> bool {
    matches!(reason, Reason::Dns) || status == Some(404)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_what_is_gone_for_good_is_retired() {
        let schedule = Schedule::new(&Config::default());
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let wait = |failures, reason, status| {
            schedule.retry(failures, reason, status, now).map(|at| at.duration_since(now).as_hours())
        };
        let waits: Vec<_> = (0..8).map(|failures| wait(failures, Reason::Timeout, None).unwrap()).collect();
        assert!(waits.windows(2).take(4).all(|pair| pair[0] < pair[1]), "{waits:?}");
        assert!(waits[7] >= 27 * 24);
        assert_eq!(wait(0, Reason::HttpStatus, Some(410)), None);
        assert_eq!(wait(0, Reason::BadUrl, None), None);
        assert!(wait(10, Reason::HttpStatus, Some(404)).is_some());
        assert_eq!(wait(11, Reason::HttpStatus, Some(404)), None);
        assert!(wait(50, Reason::HttpStatus, Some(503)).is_some());
    }
}
