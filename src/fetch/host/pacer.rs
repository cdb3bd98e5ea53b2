//! How fast requests are sent to one host, or to one group of hosts.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::admission::{Closed, Rank};
use super::permit::{Slots, Start};
use super::retry::LONGEST_RETRY_AFTER;
use crate::fetch::clock::{Clock, from_to};
use crate::locks::{Mutex, MutexGuard};
use crate::model::saturating_add;

/// The longest spacing to which a host is slowed down.
const SLOWEST: Duration = Duration::from_secs(30);
/// The first step of slowing down, where the configured delay is shorter.
const FIRST_STEP: Duration = Duration::from_millis(250);
/// Below this a slow-down ends.
const NEGLIGIBLE: Duration = Duration::from_millis(20);

/// Paces the requests to one host or group: how many are in flight, how far apart they start, and holds that the host
/// asked for.
#[derive(Debug)]
pub(crate) struct Pacer {
    clock: Clock,
    in_flight: Arc<Semaphore>,
    /// Held while a request waits for its moment to start, so that requests start one after the other.
    start_lock: tokio::sync::Mutex<()>,
    delay: Duration,
    max_wait: Duration,
    state: Mutex<PacerState>,
}

#[derive(Debug, Default)]
struct PacerState {
    next_start: Option<Instant>,
    slow_down: Duration,
    /// The spacing that the host asks for (`Crawl-delay`).
    crawl_delay: Duration,
    hold: Option<Timestamp>,
    /// The sum of all holds of this run, overlaps counted once.
    held: Duration,
}

/// Why no request starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoStart {
    /// The host asked for a longer pause than a run waits. It ends at this moment.
    HoldTooLong(Timestamp),
    /// No more requests are opened in this run.
    RunEnds,
}

impl From<Closed> for NoStart {
    fn from(_: Closed) -> Self {
        Self::RunEnds
    }
}

impl Pacer {
    /// A pacer for so many requests in flight, at least `delay` apart, that waits no longer than `max_wait` in all.
    pub(crate) fn new(clock: Clock, per_host: usize, delay: Duration, max_wait: Duration) -> Self {
        Self {
            clock,
            in_flight: Arc::new(Semaphore::new(per_host.clamp(1, Semaphore::MAX_PERMITS))),
            start_lock: tokio::sync::Mutex::default(),
            delay,
            max_wait,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, PacerState> {
        // No code panics half-way through a change under this lock.
        self.state.lock()
    }

    /// Waits for an in-flight permit of this host.
    pub(crate) async fn in_flight(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.in_flight).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// Waits until a request may start: for the host's hold, for its spacing, for a slot among all requests. The caller
    /// has an in-flight permit.
    pub(crate) async fn start(&self, slots: &Slots, rank: impl Into<Rank>) -> Result<Start, NoStart> {
        let rank = rank.into();
        if self.is_unpaced() {
            return Ok(slots.start(rank).await?);
        }
        let _lock = self.start_lock.lock().await;
        let slot = self.wait_for_start(slots, rank).await?;
        let mut state = self.state();
        state.next_start = Some(Instant::now() + self.delay.max(state.slow_down).max(state.crawl_delay));
        Ok(slot)
    }

    /// Whether there is nothing to wait for, so that no timer is needed.
    fn is_unpaced(&self) -> bool {
        let state = self.state();
        self.delay.is_zero() && state.slow_down.is_zero() && state.crawl_delay.is_zero() && state.hold.is_none()
    }

    /// A hold may begin during any other wait, so it is checked again at the end. Nobody waits for the turn of a request that
    /// will not be sent.
    async fn wait_for_start(&self, slots: &Slots, rank: Rank) -> Result<Start, NoStart> {
        loop {
            tokio::select! {
                waited = self.wait_for_turn() => waited?,
                () = slots.closed() => return Err(NoStart::RunEnds),
            }
            let slot = slots.start(rank).await?;
            if self.current_hold().is_none() {
                return Ok(slot);
            }
        }
    }

    async fn wait_for_turn(&self) -> Result<(), NoStart> {
        self.wait_for_hold().await?;
        let next_start = self.state().next_start;
        if let Some(at) = next_start.filter(|at| *at > Instant::now()) {
            tokio::time::sleep_until(at).await;
        }
        Ok(())
    }

    async fn wait_for_hold(&self) -> Result<(), NoStart> {
        while let Some(until) = self.current_hold() {
            if self.state().held > self.max_wait {
                return Err(NoStart::HoldTooLong(until));
            }
            self.clock.sleep_until(until).await;
        }
        Ok(())
    }

    /// Whether it asked for a pause that has not ended.
    pub(crate) fn is_held(&self) -> bool {
        self.current_hold().is_some()
    }

    fn current_hold(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        let mut state = self.state();
        state.hold = state.hold.filter(|until| *until > now);
        state.hold
    }

    /// Sends nothing for this long, because the host asked for it (`Retry-After`). Returns the end of the hold where a
    /// run does not wait for it.
    pub(crate) fn hold(&self, wait: Duration) -> Option<Timestamp> {
        self.hold_until(saturating_add(self.clock.now(), wait))
    }

    fn hold_until(&self, until: Timestamp) -> Option<Timestamp> {
        let from = self.current_hold().unwrap_or_else(|| self.clock.now());
        let mut state = self.state();
        state.held += from_to(from, until);
        state.hold = Some(from.max(until)).filter(|end| *end > self.clock.now());
        state.hold.filter(|_| state.held > self.max_wait)
    }

    /// Keeps the spacing that robots.txt asks for, up to the longest wait of a run.
    pub(crate) fn set_crawl_delay(&self, delay: Duration) {
        self.state().crawl_delay = delay.min(self.max_wait);
    }

    /// Doubles the spacing: the host is overloaded. Returns whether it is asked as slowly as it ever is already.
    pub(crate) fn slow_down(&self) -> bool {
        let mut state = self.state();
        let (first, slowest) = (self.delay.max(FIRST_STEP), SLOWEST.max(self.delay));
        let is_slowest = state.slow_down >= slowest;
        state.slow_down = (state.slow_down * 2).max(first * 2).min(slowest);
        is_slowest
    }

    /// Shrinks the spacing by a quarter: the host responded well.
    pub(crate) fn recover(&self) {
        let mut state = self.state();
        if !state.slow_down.is_zero() {
            let shrunk = state.slow_down / 4 * 3;
            state.slow_down = if shrunk <= self.delay.max(NEGLIGIBLE) { Duration::ZERO } else { shrunk };
        }
    }

    /// Restores what an earlier run learned, where this run has learned nothing yet. A hold longer than any host can
    /// ask for was written by a clock that was ahead, and is dropped.
    pub(crate) fn restore(&self, slow_down: Duration, not_before: Option<Timestamp>) {
        if self.current_hold().is_some() || !self.state().slow_down.is_zero() {
            return;
        }
        self.state().slow_down = slow_down.min(SLOWEST);
        let latest = saturating_add(self.clock.now(), LONGEST_RETRY_AFTER);
        if let Some(until) = not_before.filter(|until| *until <= latest) {
            self.hold_until(until);
        }
    }

    /// What the next run restores: the spacing that the host was slowed down to or asks for, and the hold.
    pub(crate) fn remembered(&self) -> (Duration, Option<Timestamp>) {
        let hold = self.current_hold();
        let state = self.state();
        (state.slow_down.max(state.crawl_delay), hold)
    }

    /// Whether nothing of it is worth keeping: no request is under way or was started within its spacing, and nothing
    /// was learned.
    pub(crate) fn is_idle(&self) -> bool {
        !self.is_spacing() && self.remembered() == (Duration::ZERO, None)
    }

    /// Whether a request was started so lately that the next one has to wait.
    pub(crate) fn is_spacing(&self) -> bool {
        self.state().next_start.is_some_and(|at| at > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::super::promptness::Standing;
    use super::*;

    const MAX_WAIT: Duration = Duration::from_secs(30);

    fn pacer(per_host: usize, delay_ms: u64) -> Arc<Pacer> {
        Arc::new(Pacer::new(Clock::start(), per_host, Duration::from_millis(delay_ms), MAX_WAIT))
    }

    async fn start(pacer: &Pacer, slots: &Slots) -> Result<(OwnedSemaphorePermit, Start), NoStart> {
        let in_flight = pacer.in_flight().await;
        Ok((in_flight, pacer.start(slots, Standing::Quick).await?))
    }

    /// The moments, in milliseconds, at which so many requests of this length start.
    async fn starts(pacer: &Arc<Pacer>, slots: &Slots, count: usize, length_ms: u64) -> Vec<u128> {
        let begin = Instant::now();
        let started = (0..count).map(|_| {
            let (pacer, slots) = (Arc::clone(pacer), slots.clone());
            tokio::spawn(async move {
                let permits = start(&pacer, &slots).await.unwrap();
                let at = begin.elapsed().as_millis();
                tokio::time::sleep(Duration::from_millis(length_ms)).await;
                drop(permits);
                at
            })
        });
        let mut moments = Vec::new();
        for started in started.collect::<Vec<_>>() {
            moments.push(started.await.unwrap());
        }
        moments.sort_unstable();
        moments
    }

    #[tokio::test(start_paused = true)]
    async fn starts_are_spaced_and_requests_in_flight_are_few() {
        let slots = Slots::new(16, 0);
        assert_eq!(starts(&pacer(2, 250), &slots, 4, 10).await, [0, 250, 500, 750]);
        assert_eq!(starts(&pacer(2, 250), &slots, 4, 1000).await, [0, 250, 1000, 1250]);
        assert_eq!(starts(&pacer(2, 0), &slots, 4, 100).await, [0, 0, 100, 100]);
    }

    #[tokio::test(start_paused = true)]
    async fn spacing_holds_although_all_slots_were_taken() {
        let slots = Slots::new(1, 0);
        let other = slots.start(Standing::Quick).await.unwrap();
        let pacer = pacer(8, 250);
        let waiting = tokio::spawn(async move { starts(&pacer, &slots, 3, 1).await });
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(other);
        assert_eq!(waiting.await.unwrap(), [2000, 2250, 2500]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_stops_everything_for_its_time_and_no_longer() {
        let (pacer, slots) = (pacer(8, 0), Slots::new(16, 0));
        assert_eq!(pacer.hold(Duration::from_secs(20)), None);
        assert_eq!(starts(&pacer, &slots, 2, 1).await, [20_000, 20_000]);
        assert_eq!(starts(&pacer, &slots, 2, 1).await, [0, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_turn_when_the_run_ends() {
        let (pacer, slots) = (pacer(8, 20_000), Slots::new(16, 0));
        drop(start(&pacer, &slots).await.unwrap());
        let began = Instant::now();
        let (second, ()) = tokio::join!(start(&pacer, &slots), async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            slots.set_open(false);
        });
        assert_eq!((second.unwrap_err(), began.elapsed().as_secs()), (NoStart::RunEnds, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn holds_beyond_what_a_run_waits_are_for_the_next_run() {
        let (pacer, slots) = (pacer(8, 0), Slots::new(16, 0));
        let until = pacer.hold(Duration::from_secs(31)).expect("31 s is too long");
        assert_eq!(start(&pacer, &slots).await.unwrap_err(), NoStart::HoldTooLong(until));
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_run_waits_for_one_host_is_counted_together() {
        let (pacer, slots) = (pacer(8, 0), Slots::new(16, 0));
        assert_eq!(pacer.hold(Duration::from_secs(20)), None);
        assert_eq!(pacer.hold(Duration::from_secs(15)), None, "the second lies within the first");
        drop(start(&pacer, &slots).await.unwrap());
        assert!(pacer.hold(Duration::from_secs(20)).is_some(), "20 and 20 are more than 30");
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_from_a_clock_that_was_ahead_is_dropped() {
        let pacer = pacer(8, 0);
        let day = Duration::from_secs(86_400);
        pacer.restore(Duration::ZERO, Some(saturating_add(pacer.clock.now(), 2 * day)));
        assert_eq!(pacer.remembered().1, None);
        let tomorrow = saturating_add(pacer.clock.now(), day);
        pacer.restore(Duration::ZERO, Some(tomorrow));
        assert_eq!(pacer.remembered().1, Some(tomorrow));
    }

    #[tokio::test(start_paused = true)]
    async fn an_overloaded_host_is_slowed_down_and_recovers() {
        let (pacer, slots) = (pacer(2, 250), Slots::new(16, 0));
        assert!(!pacer.slow_down());
        assert_eq!(starts(&pacer, &slots, 3, 1).await, [0, 500, 1000]);
        let steps = (0..40).take_while(|_| !pacer.slow_down()).count();
        assert_eq!(steps, 6, "after 1, 2, 4, 8, 16 and 30 s there is nothing slower");
        assert_eq!(pacer.remembered().0, SLOWEST);
        (0..40).for_each(|_| pacer.recover());
        assert_eq!(pacer.remembered().0, Duration::ZERO);
    }
}
