//! The budgets of a run: what it may take before it stops cleanly and leaves the rest to the next one.

use super::{Budget, Mirror};

impl Mirror {
    /// The budget that is used up, where one is.
    pub(super) fn used_up(&self) -> Option<Budget> {
        let budget = &self.config.run;
        let reached = |limit: u64, used: u64| limit != 0 && used >= limit;
        if self.is_time_up() {
            Some(Budget::MaxTime)
        } else if reached(budget.max_requests, self.tally.requests.get().max(self.tally.begun.get())) {
            Some(Budget::MaxRequests)
        } else if reached(budget.max_bytes.0, self.tally.bytes.get()) {
            Some(Budget::MaxBytes)
        } else {
            self.is_disk_short().then_some(Budget::MinFree)
        }
    }

    pub(super) fn is_time_up(&self) -> bool {
        let limit = self.config.run.max_time;
        !limit.is_zero() && self.began.elapsed() >= limit
    }

    fn is_disk_short(&self) -> bool {
        let limit = self.config.run.min_free.0;
        limit != 0 && self.archive.free_space().is_some_and(|free| free < limit)
    }

    /// Waits until the user says stop or the time is up.
    pub(super) async fn told_to_end(&self) {
        let limit = self.config.run.max_time;
        if limit.is_zero() {
            return self.stop.cancelled().await;
        }
        let left = limit.saturating_sub(self.began.elapsed());
        let _ = tokio::time::timeout(left, self.stop.cancelled()).await;
    }
}
