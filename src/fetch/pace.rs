//! How fast one host, or one group of hosts, is asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::clock::{Clock, from_to};
use crate::model::saturating_add;

/// The slowest that a host is slowed down to by itself.
const SLOWEST: Duration = Duration::from_secs(30);
/// The first step of slowing down, where the configured delay is shorter.
const FIRST_STEP: Duration = Duration::from_millis(250);
/// Below this a slow-down is over.
const NEGLIGIBLE: Duration = Duration::from_millis(20);

/// What paces the requests to one host or group: how many are in flight, how far apart they start, and a hold that
/// the host asked for.
#[derive(Debug)]
pub(super) struct Lane {
    clock: Clock,
    flights: Arc<Semaphore>,
    /// Held while waiting for the moment to start, so that starts are one after the other.
    gate: tokio::sync::Mutex<()>,
    delay: Duration,
    max_wait: Duration,
    state: Mutex<LaneState>,
}

#[derive(Debug, Default)]
struct LaneState {
    next_start: Option<Instant>,
    slow_down: Duration,
    /// The spacing that the host wants.
    wanted: Duration,
    hold: Option<Timestamp>,
    /// The sum of all holds of this run, overlaps counted once.
    held: Duration,
}

/// The right to have a request in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct Start {
    _flight: OwnedSemaphorePermit,
    all: Arc<Semaphore>,
    place: Place,
}

/// What a request that is under way takes up.
#[derive(Debug)]
enum Place {
    /// A place among all requests in flight.
    InFlight { _place: OwnedSemaphorePermit },
    /// It is only listened for an answer: a place among such requests.
    Aside { _place: OwnedSemaphorePermit },
}

impl Start {
    fn new(flight: OwnedSemaphorePermit, all: &Arc<Semaphore>, place: OwnedSemaphorePermit) -> Self {
        Self { _flight: flight, all: Arc::clone(all), place: Place::InFlight { _place: place } }
    }

    /// Leaves its place to another request while nothing comes, where there is room among those that wait so.
    pub(super) fn step_aside(&mut self, aside: &Arc<Semaphore>) {
        if let Ok(place) = Arc::clone(aside).try_acquire_owned() {
            self.place = Place::Aside { _place: place };
        }
    }

    /// Waits for a place again, where it left its own.
    pub(super) async fn step_back(&mut self) {
        if matches!(self.place, Place::Aside { .. }) {
            let place = Arc::clone(&self.all).acquire_owned().await.expect("the semaphore is never closed");
            self.place = Place::InFlight { _place: place };
        }
    }
}

/// The host asked to be left alone for longer than a run waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held(pub(super) Timestamp);

impl Lane {
    pub(super) fn new(clock: Clock, per_host: usize, delay: Duration, max_wait: Duration) -> Self {
        Self {
            clock,
            flights: Arc::new(Semaphore::new(per_host.max(1))),
            gate: tokio::sync::Mutex::default(),
            delay,
            max_wait,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, LaneState> {
        // Nothing that is done under this lock panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place among the requests in flight to this host.
    pub(super) async fn flight(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.flights).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// Waits until a request may start: for the host's hold, for its spacing, for a place among all requests.
    pub(super) async fn start(&self, flight: OwnedSemaphorePermit, all: &Arc<Semaphore>) -> Result<Start, Held> {
        if self.is_free() {
            let global = Arc::clone(all).acquire_owned().await.expect("the semaphore is never closed");
            return Ok(Start::new(flight, all, global));
        }
        let _gate = self.gate.lock().await;
        let global = self.turn(all).await?;
        let mut state = self.state();
        state.next_start = Some(Instant::now() + self.delay.max(state.slow_down).max(state.wanted));
        Ok(Start::new(flight, all, global))
    }

    /// Whether nothing is to be waited for, so that no timer needs to be touched.
    fn is_free(&self) -> bool {
        let state = self.state();
        self.delay.is_zero() && state.slow_down.is_zero() && state.wanted.is_zero() && state.hold.is_none()
    }

    /// A hold can come while waiting for anything else, so it is looked at again at the end.
    async fn turn(&self, all: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Held> {
        loop {
            self.wait_for_hold().await?;
            let next_start = self.state().next_start;
            if let Some(at) = next_start.filter(|at| *at > Instant::now()) {
                tokio::time::sleep_until(at).await;
            }
            let global = Arc::clone(all).acquire_owned().await.expect("the semaphore is never closed");
            if self.hold_now().is_none() {
                return Ok(global);
            }
        }
    }

    async fn wait_for_hold(&self) -> Result<(), Held> {
        while let Some(until) = self.hold_now() {
            if self.state().held > self.max_wait {
                return Err(Held(until));
            }
            self.clock.sleep_until(until).await;
        }
        Ok(())
    }

    fn hold_now(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        let mut state = self.state();
        state.hold = state.hold.filter(|until| *until > now);
        state.hold
    }

    /// The host asked to be left alone for this long (`Retry-After`). Gives the end of it where no run waits for it.
    pub(super) fn hold(&self, wait: Duration) -> Option<Timestamp> {
        self.hold_until(saturating_add(self.clock.now(), wait))
    }

    fn hold_until(&self, until: Timestamp) -> Option<Timestamp> {
        let from = self.hold_now().unwrap_or_else(|| self.clock.now());
        let mut state = self.state();
        state.held += from_to(from, until);
        state.hold = Some(from.max(until)).filter(|end| *end > self.clock.now());
        state.hold.filter(|_| state.held > self.max_wait)
    }

    /// The host wants this spacing. It is kept as far as a run waits for a host.
    pub(super) fn space_out(&self, wanted: Duration) {
        self.state().wanted = wanted.min(self.max_wait);
    }

    /// The host is overtaxed: the spacing grows, to twice what it was.
    pub(super) fn slow_down(&self) {
        let mut state = self.state();
        let first = self.delay.max(FIRST_STEP);
        state.slow_down = (state.slow_down * 2).max(first * 2).min(SLOWEST.max(self.delay));
    }

    /// The host answered well: the spacing shrinks, by a quarter.
    pub(super) fn recover(&self) {
        let mut state = self.state();
        if !state.slow_down.is_zero() {
            let shrunk = state.slow_down / 4 * 3;
            state.slow_down = if shrunk <= self.delay.max(NEGLIGIBLE) { Duration::ZERO } else { shrunk };
        }
    }

    /// What is remembered from an earlier run, where this one has learned nothing yet.
    pub(super) fn restore(&self, slow_down: Duration, not_before: Option<Timestamp>) {
        let is_new = self.remembered() == (Duration::ZERO, None);
        if is_new {
            self.state().slow_down = slow_down.min(SLOWEST);
        }
        if let Some(until) = not_before.filter(|_| is_new) {
            self.hold_until(until);
        }
    }

    /// What is to be remembered: the spacing and the hold.
    pub(super) fn remembered(&self) -> (Duration, Option<Timestamp>) {
        let hold = self.hold_now();
        (self.state().slow_down, hold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_WAIT: Duration = Duration::from_secs(30);

    fn lane(per_host: usize, delay_ms: u64) -> Arc<Lane> {
        Arc::new(Lane::new(Clock::start(), per_host, Duration::from_millis(delay_ms), MAX_WAIT))
    }

    async fn start(lane: &Lane, all: &Arc<Semaphore>) -> Result<Start, Held> {
        let flight = lane.flight().await;
        lane.start(flight, all).await
    }

    /// The moments, in milliseconds, at which so many requests of this length start.
    async fn starts(lane: &Arc<Lane>, all: &Arc<Semaphore>, count: usize, length_ms: u64) -> Vec<u128> {
        let begin = Instant::now();
        let flights = (0..count).map(|_| {
            let (lane, all) = (Arc::clone(lane), Arc::clone(all));
            tokio::spawn(async move {
                let turn = start(&lane, &all).await.unwrap();
                let at = begin.elapsed().as_millis();
                tokio::time::sleep(Duration::from_millis(length_ms)).await;
                drop(turn);
                at
            })
        });
        let mut moments = Vec::new();
        for flight in flights.collect::<Vec<_>>() {
            moments.push(flight.await.unwrap());
        }
        moments.sort_unstable();
        moments
    }

    #[tokio::test(start_paused = true)]
    async fn starts_are_spaced_and_flights_are_few() {
        let all = Arc::new(Semaphore::new(16));
        assert_eq!(starts(&lane(2, 250), &all, 4, 10).await, [0, 250, 500, 750]);
        assert_eq!(starts(&lane(2, 250), &all, 4, 1000).await, [0, 250, 1000, 1250]);
        assert_eq!(starts(&lane(2, 0), &all, 4, 100).await, [0, 0, 100, 100]);
    }

    #[tokio::test(start_paused = true)]
    async fn spacing_holds_although_all_places_were_taken() {
        let all = Arc::new(Semaphore::new(1));
        let other = Arc::clone(&all).acquire_owned().await.unwrap();
        let lane = lane(8, 250);
        let waiting = tokio::spawn(async move { starts(&lane, &all, 3, 1).await });
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(other);
        assert_eq!(waiting.await.unwrap(), [2000, 2250, 2500]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_stops_everything_for_its_time_and_no_longer() {
        let (lane, all) = (lane(8, 0), Arc::new(Semaphore::new(16)));
        assert_eq!(lane.hold(Duration::from_secs(20)), None);
        assert_eq!(starts(&lane, &all, 2, 1).await, [20_000, 20_000]);
        assert_eq!(starts(&lane, &all, 2, 1).await, [0, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn holds_beyond_what_a_run_waits_are_for_the_next_run() {
        let (lane, all) = (lane(8, 0), Arc::new(Semaphore::new(16)));
        let until = lane.hold(Duration::from_secs(31)).expect("31 s is too long");
        assert_eq!(start(&lane, &all).await.unwrap_err(), Held(until));
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_run_waits_for_one_host_is_counted_together() {
        let (lane, all) = (lane(8, 0), Arc::new(Semaphore::new(16)));
        assert_eq!(lane.hold(Duration::from_secs(20)), None);
        assert_eq!(lane.hold(Duration::from_secs(15)), None, "it lies within the first");
        start(&lane, &all).await.unwrap();
        assert!(lane.hold(Duration::from_secs(20)).is_some(), "20 and 20 are more than 30");
    }

    #[tokio::test(start_paused = true)]
    async fn an_overtaxed_host_is_slowed_down_and_recovers() {
        let (lane, all) = (lane(2, 250), Arc::new(Semaphore::new(16)));
        lane.slow_down();
        assert_eq!(starts(&lane, &all, 3, 1).await, [0, 500, 1000]);
        (0..40).for_each(|_| lane.slow_down());
        assert_eq!(lane.remembered().0, SLOWEST);
        (0..40).for_each(|_| lane.recover());
        assert_eq!(lane.remembered().0, Duration::ZERO);
    }
}
