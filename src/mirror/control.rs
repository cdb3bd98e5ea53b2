//! When a run ends: when the user stops it, or when a budget is used up. The rest is left to the next run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::tally::Tally;
use crate::archive::Archive;
use crate::config::RunConfig;
use crate::model::{Budget, Exchange};

/// How long what is under way may go on at most when the time of a run is over; for a short run a tenth of its time.
const LAST_WAIT: Duration = Duration::from_secs(30);

/// Shows every stage whether the run may continue.
pub(super) struct Control {
    budgets: RunConfig,
    archive: Arc<Archive>,
    tally: Arc<Tally>,
    stop: CancellationToken,
    began: Instant,
    /// The run may not continue, and not every article was read.
    cut_short: AtomicBool,
    /// The budget that was used up first.
    used_up: OnceLock<Budget>,
}

impl Control {
    pub(super) fn new(budgets: RunConfig, archive: Arc<Archive>, tally: Arc<Tally>, stop: CancellationToken) -> Self {
        Self {
            budgets,
            archive,
            tally,
            stop,
            began: Instant::now(),
            cut_short: AtomicBool::new(false),
            used_up: OnceLock::new(),
        }
    }

    /// How long the run has gone on.
    pub(super) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Ends the run soon: the user stopped it, or a stage failed.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Whether the user stopped it, or a stage failed.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Waits until the user says stop, or a stage fails.
    pub(super) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Whether neither the user nor a budget says stop.
    pub(super) fn may_go_on(&self) -> bool {
        !self.is_stopped() && self.used_up().is_none()
    }

    /// The budget that is used up, where one is; the first, where several are.
    pub(super) fn used_up(&self) -> Option<Budget> {
        if let Some(budget) = self.used_up.get() {
            return Some(*budget);
        }
        self.reached().map(|budget| *self.used_up.get_or_init(|| budget))
    }

    fn reached(&self) -> Option<Budget> {
        let reached = |limit: u64, used: u64| limit != 0 && used >= limit;
        if self.is_time_up() {
            Some(Budget::MaxTime)
        } else if reached(self.budgets.max_requests, self.tally.requests.get().max(self.tally.begun.get())) {
            Some(Budget::MaxRequests)
        } else if reached(self.budgets.max_bytes.0, self.tally.bytes.get()) {
            Some(Budget::MaxBytes)
        } else {
            self.is_disk_short().then_some(Budget::MinFree)
        }
    }

    /// Whether the run has taken as long as it may.
    pub(super) fn is_time_up(&self) -> bool {
        let limit = self.budgets.max_time;
        !limit.is_zero() && self.began.elapsed() >= limit
    }

    /// Notes that the run may not continue, and that not every article was read.
    pub(super) fn cut_short(&self) {
        self.cut_short.store(true, Ordering::Relaxed);
    }

    /// Whether every article was read.
    pub(super) fn has_read_all(&self) -> bool {
        !self.cut_short.load(Ordering::Relaxed)
    }

    /// Counts requests that were sent to read sources.
    pub(super) fn count(&self, exchanges: &[Exchange]) {
        self.tally.requests.add(exchanges.len() as u64);
        self.tally.bytes.add(exchanges.iter().map(|exchange| exchange.length).sum());
    }

    fn is_disk_short(&self) -> bool {
        let limit = self.budgets.min_free.0;
        limit != 0 && self.archive.objects.free_space().is_some_and(|free| free < limit)
    }

    /// Waits until the user says stop or the time is up.
    pub(super) async fn ended(&self) {
        let limit = self.budgets.max_time;
        if limit.is_zero() {
            return self.stopped().await;
        }
        let left = limit.saturating_sub(self.began.elapsed());
        let _ = tokio::time::timeout(left, self.stopped()).await;
    }

    /// Waits until what was under way when the time was up has had its time to end. Without a time it waits for ever.
    pub(super) async fn given_up(&self) {
        let limit = self.budgets.max_time;
        if limit.is_zero() {
            return std::future::pending().await;
        }
        let last = limit.saturating_add(LAST_WAIT.min(limit / 10));
        tokio::time::sleep(last.saturating_sub(self.began.elapsed())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Size};
    use crate::fixtures::{self, exchange, url};

    /// A run with this change of its budgets, of which this much is used.
    fn control(change: impl FnOnce(&mut RunConfig), used: impl FnOnce(&Tally)) -> Control {
        let mut budgets = Config::default().run;
        change(&mut budgets);
        let tally = Arc::<Tally>::default();
        used(&tally);
        Control::new(budgets, fixtures::archive(), tally, CancellationToken::new())
    }

    #[test]
    fn each_budget_ends_a_run_when_it_is_used_up_and_not_before() {
        type Change = fn(&mut RunConfig);
        type Used = fn(&Tally);
        let requests: Change = |budgets| budgets.max_requests = 3;
        let bytes: Change = |budgets| budgets.max_bytes = Size(100);
        let time: Change = |budgets| budgets.max_time = std::time::Duration::from_nanos(1);
        let table: [(Change, Used, Option<Budget>); 9] = [
            (|_| (), |tally| tally.requests.add(1 << 40), None),
            (requests, |tally| tally.requests.add(2), None),
            (requests, |tally| tally.requests.add(3), Some(Budget::MaxRequests)),
            (requests, |tally| tally.begun.add(3), Some(Budget::MaxRequests)),
            (requests, |tally| tally.bytes.add(1 << 40), None),
            (bytes, |tally| tally.bytes.add(99), None),
            (bytes, |tally| tally.bytes.add(100), Some(Budget::MaxBytes)),
            (time, |_| (), Some(Budget::MaxTime)),
            (|budgets| budgets.min_free = Size(u64::MAX), |_| (), None),
        ];
        for (at, (change, used, expected)) in table.into_iter().enumerate() {
            let control = control(change, used);
            if at + 1 == table.len() {
                // Memory has no free space to speak of; a disk may.
                let short = control.archive.objects.free_space().map(|_| Budget::MinFree);
                assert_eq!(control.used_up(), short);
                continue;
            }
            assert_eq!((control.used_up(), control.may_go_on()), (expected, expected.is_none()), "{at}");
        }
    }

    #[test]
    fn the_budget_that_was_used_up_first_is_the_one_that_is_reported() {
        let control = control(
            |budgets| {
                budgets.max_requests = 1;
                budgets.max_bytes = Size(1);
            },
            |tally| tally.bytes.one(),
        );
        assert_eq!(control.used_up(), Some(Budget::MaxBytes));
        control.tally.requests.add(9);
        assert_eq!(control.used_up(), Some(Budget::MaxBytes), "it stays the same for the rest of the run");
    }

    #[tokio::test]
    async fn the_user_ends_a_run_whatever_its_budgets_are() {
        let control = control(|_| (), |_| ());
        assert!(control.may_go_on() && control.has_read_all() && !control.is_stopped());
        control.stop();
        assert!(!control.may_go_on() && control.is_stopped());
        assert_eq!(control.used_up(), None, "no budget did that");
        control.ended().await;
        control.cut_short();
        assert!(!control.has_read_all());
    }

    #[tokio::test]
    async fn a_run_with_a_time_ends_when_it_is_over() {
        tokio::time::pause();
        let control = control(|budgets| budgets.max_time = std::time::Duration::from_secs(60), |_| ());
        tokio::time::timeout(std::time::Duration::from_secs(61), control.ended()).await.unwrap();
        assert!(!control.is_stopped(), "time is no word of the user");
    }

    #[tokio::test]
    async fn what_is_under_way_is_given_up_a_tenth_of_the_time_later_and_half_a_minute_at_most() {
        tokio::time::pause();
        for (minutes, seconds) in [(1, 6), (5, 30), (600, 30)] {
            let limit = Duration::from_secs(60 * minutes);
            let control = control(|budgets| budgets.max_time = limit, |_| ());
            let ends_within =
                async |more| tokio::time::timeout(limit + Duration::from_secs(more), control.given_up()).await.is_ok();
            assert!(!ends_within(seconds - 2).await && ends_within(seconds + 1).await, "{minutes} minutes");
        }
    }

    #[test]
    fn requests_for_sources_count_as_all_others_do() {
        let control = control(|budgets| budgets.max_requests = 2, |_| ());
        let mut long = exchange(&url("http://a.example/feed"), 1, Some(200));
        long.length = 70;
        assert!(control.may_go_on());
        control.count(&[long.clone(), long]);
        assert_eq!((control.tally.requests.get(), control.tally.bytes.get()), (2, 140));
        assert!(!control.may_go_on());
    }
}
