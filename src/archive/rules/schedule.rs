//! When a URL is due again.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::{Config, Recheck, RunConfig};
use crate::model::{Failure, HostState, Reason, saturating_add};

/// Waits are stretched by up to this, so that the failures of one night are not all tried again in one later night.
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
        recheck_at(self.recheck, now)
    }

    /// When a URL is due again after a failure; `None` retires it. Waits grow with the `failures` before this one.
    ///
    /// `chance` is a random number from 0 up to 1 that the caller draws for each failure: it determines how far the
    /// wait is stretched.
    pub fn retry(&self, failures: u32, failure: &Failure, now: Timestamp, chance: f64) -> Option<Timestamp> {
        if is_final(failure) || (is_gone(failure) && failures + 1 >= self.run.retire_after) {
            return None;
        }
        let waits = &self.run.retry_schedule;
        let wait = waits.get(failures as usize).or(waits.last()).copied()?;
        Some(saturating_add(now, wait.mul_f64(1.0 - JITTER + 2.0 * JITTER * chance)))
    }

    /// No moment that the program writes lies further ahead than this.
    pub fn horizon(&self) -> Duration {
        let longest = self.run.retry_schedule.iter().copied().max().unwrap_or_default().mul_f64(1.0 + JITTER);
        let recheck = match self.recheck {
            Recheck::Never => Duration::ZERO,
            Recheck::After(age) => age,
        };
        longest.max(recheck).max(HostState::LONGEST_HOLD)
    }
}

/// When a capture of this moment is due again; `None` for never.
pub fn recheck_at(recheck: Recheck, captured: Timestamp) -> Option<Timestamp> {
    match recheck {
        Recheck::Never => None,
        Recheck::After(age) => Some(saturating_add(captured, age)),
    }
}

/// Every later attempt would end in the same way.
fn is_final(failure: &Failure) -> bool {
    failure.reason == Reason::BadUrl || failure.status == Some(410)
}

/// How a takedown of an image looks; the image could still come back.
fn is_gone(failure: &Failure) -> bool {
    failure.reason == Reason::Dns || failure.status == Some(404)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::archive::rules::Due;

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn failure(reason: Reason, status: Option<u16>) -> Failure {
        Failure { status, ..Failure::new(reason, "") }
    }

    #[test]
    fn waits_grow_and_what_is_gone_for_good_is_retired() {
        let schedule = Schedule::new(&Config::default());
        let wait = |failures, reason, status| {
            let next = schedule.retry(failures, &failure(reason, status), now(), 0.5);
            next.map(|at| at.duration_since(now()).as_hours())
        };
        let waits: Vec<_> = (0..8).map(|failures| wait(failures, Reason::Timeout, None).unwrap()).collect();
        assert!(waits.windows(2).take(4).all(|pair| pair[0] < pair[1]), "{waits:?}");
        assert_eq!(waits[7], 30 * 24);
        assert_eq!(wait(0, Reason::HttpStatus, Some(410)), None);
        assert_eq!(wait(0, Reason::BadUrl, None), None);
        assert!(wait(10, Reason::HttpStatus, Some(404)).is_some());
        assert_eq!(wait(11, Reason::HttpStatus, Some(404)), None);
        assert!(wait(50, Reason::HttpStatus, Some(503)).is_some());
    }

    #[test]
    fn the_horizon_covers_rechecks_and_holds() {
        let mut config = Config::default();
        config.run.retry_schedule = vec![Duration::from_secs(60)];
        assert_eq!(Schedule::new(&config).horizon(), HostState::LONGEST_HOLD);
        config.fetch.recheck = Recheck::After(Duration::from_secs(1_000_000));
        assert_eq!(Schedule::new(&config).horizon(), Duration::from_secs(1_000_000));
    }

    #[test]
    fn a_good_capture_is_due_again_only_where_the_settings_want_it() {
        let mut config = Config::default();
        config.fetch.recheck = Recheck::Never;
        assert_eq!(Schedule::new(&config).recheck(now()), None);
        config.fetch.recheck = Recheck::After(Duration::from_secs(60));
        assert_eq!(Schedule::new(&config).recheck(now()), Some(saturating_add(now(), Duration::from_secs(60))));
        config.fetch.recheck = Recheck::After(Duration::MAX);
        assert_eq!(Schedule::new(&config).recheck(now()), Some(Timestamp::MAX), "no wait ends beyond all time");
    }

    #[test]
    fn chance_stretches_a_wait_by_a_tenth_either_way() {
        let mut config = Config::default();
        config.run.retry_schedule = vec![Duration::from_secs(1000)];
        let wait = |chance| {
            let next = Schedule::new(&config).retry(0, &failure(Reason::Timeout, None), now(), chance);
            next.map(|at| at.duration_since(now()).as_secs())
        };
        assert_eq!([wait(0.0), wait(0.5), wait(1.0)], [Some(900), Some(1000), Some(1100)]);
    }

    #[test]
    fn without_waits_a_failure_is_the_last_attempt() {
        let mut config = Config::default();
        config.run.retry_schedule = Vec::new();
        let schedule = Schedule::new(&config);
        assert_eq!(schedule.retry(0, &failure(Reason::Timeout, None), now(), 0.5), None);
        assert_eq!(schedule.horizon(), HostState::LONGEST_HOLD);
    }

    proptest! {
        #[test]
        fn no_wait_of_a_schedule_lies_beyond_its_horizon(
            waits in prop::collection::vec(1..10_000_000_u64, 1..6),
            failures in 0..20_u32,
            chance in 0.0..=1.0,
        ) {
            let mut config = Config::default();
            config.run.retry_schedule = waits.into_iter().map(Duration::from_secs).collect();
            let schedule = Schedule::new(&config);
            let next = schedule.retry(failures, &failure(Reason::Timeout, None), now(), chance).unwrap();
            prop_assert!(next > now());
            prop_assert!(!Due::new(now(), schedule.horizon()).has_passed(next), "{next}");
        }
    }
}
