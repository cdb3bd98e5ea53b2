//! How many requests may be under way, over all hosts.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// For each request in flight, so many more may be parked: they wait for hosts that are silent or slow.
const PARKED: usize = 32;

/// The slots of one fetcher. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    in_flight: Arc<Semaphore>,
    parked: Arc<Semaphore>,
}

impl Slots {
    /// Slots for so many requests in flight, and for as many parked ones as `most_parked` allows.
    pub(crate) fn new(in_flight: usize, most_parked: usize) -> Self {
        let in_flight = in_flight.clamp(1, Semaphore::MAX_PERMITS);
        let parked = in_flight.saturating_mul(PARKED).min(most_parked).min(Semaphore::MAX_PERMITS);
        Self { in_flight: Arc::new(Semaphore::new(in_flight)), parked: Arc::new(Semaphore::new(parked)) }
    }

    /// Waits for a slot in flight.
    pub(crate) async fn acquire(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.in_flight).acquire_owned().await.expect("the semaphore is never closed")
    }
}

/// The right to have one request under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct RequestPermit {
    slots: Slots,
    slot: Slot,
    _host: OwnedSemaphorePermit,
    /// Held while the request probes a host whose breaker is half-open.
    _probe: Option<OwnedMutexGuard<()>>,
}

/// The slot that a request takes up.
#[derive(Debug)]
enum Slot {
    InFlight { _permit: OwnedSemaphorePermit },
    Parked { _permit: OwnedSemaphorePermit },
}

impl RequestPermit {
    /// A permit for a request in flight; `host` counts against the host's own limit.
    pub(crate) fn new(
        slots: &Slots,
        slot: OwnedSemaphorePermit,
        host: OwnedSemaphorePermit,
        probe: Option<OwnedMutexGuard<()>>,
    ) -> Self {
        Self { slots: slots.clone(), slot: Slot::InFlight { _permit: slot }, _host: host, _probe: probe }
    }

    /// Leaves the slot in flight to another request while the host sends little or nothing. Where too many requests are
    /// parked already, the request keeps its slot.
    pub(crate) fn park(&mut self) {
        if matches!(self.slot, Slot::InFlight { .. })
            && let Ok(permit) = Arc::clone(&self.slots.parked).try_acquire_owned()
        {
            self.slot = Slot::Parked { _permit: permit };
        }
    }

    /// Waits for a slot in flight, where the request is parked, and returns how long that took.
    pub(crate) async fn unpark(&mut self) -> Duration {
        let begun = Instant::now();
        if matches!(self.slot, Slot::Parked { .. }) {
            self.slot = Slot::InFlight { _permit: self.slots.acquire().await };
        }
        begun.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn permit(slots: &Slots) -> RequestPermit {
        let host = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        RequestPermit::new(slots, slots.acquire().await, host, None)
    }

    #[tokio::test]
    async fn a_parked_request_leaves_its_slot_as_long_as_there_is_room() {
        let slots = Slots::new(1, 1);
        let mut first = permit(&slots).await;
        first.park();
        let mut second = permit(&slots).await;
        second.park();
        assert_eq!(slots.in_flight.available_permits(), 0, "only one may be parked");
        drop(second);
        first.unpark().await;
        assert_eq!((slots.in_flight.available_permits(), slots.parked.available_permits()), (0, 1));
    }
}
