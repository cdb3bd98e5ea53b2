//! Which requests may be open at the same time, and which of those that wait come first.
//!
//! A request is open from before its connection until its response has ended, however long its host is silent. There are
//! many places for open requests, because one that waits for a host costs no more than a descriptor. Where all are
//! taken, requests to quick hosts come before those to new hosts, and these before those to slow hosts: what slow hosts
//! take is their own time, and not that of others. Some places are for quick hosts alone. Of hosts that answer alike, the
//! one with the most jobs comes first: its requests are spaced, so that it needs the longest.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use super::promptness::Standing;
use crate::locks::Mutex;

/// The places for open requests. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Admission(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    /// Places that only quick hosts have.
    for_quick: usize,
    /// Who waits for a place, by rank and then by arrival.
    waiting: BTreeMap<(Rank, u64), oneshot::Sender<Place>>,
    /// How many have waited so far.
    arrived: u64,
    is_closed: watch::Sender<bool>,
}

/// Which of the requests that wait is opened first: the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    standing: Standing,
    jobs: Reverse<u64>,
}

impl Rank {
    /// The rank of a request to a host that has answered so, and for which there are so many jobs.
    pub(crate) const fn new(standing: Standing, jobs: u64) -> Self {
        Self { standing, jobs: Reverse(jobs) }
    }

    /// How the host has answered.
    pub(crate) const fn standing(self) -> Standing {
        self.standing
    }
}

impl From<Standing> for Rank {
    fn from(standing: Standing) -> Self {
        Self::new(standing, 1)
    }
}

/// The place of one open request, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    admission: Admission,
}

/// No more requests are opened in this run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl Admission {
    /// So many places in all, of which so many are for quick hosts alone.
    pub(crate) fn new(places: usize, for_quick: usize) -> Self {
        let state = State {
            free: places,
            for_quick,
            waiting: BTreeMap::new(),
            arrived: 0,
            is_closed: watch::Sender::new(false),
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// It was closed before there was one.
    pub(crate) async fn place(&self, rank: impl Into<Rank>) -> Result<Place, Closed> {
        let rank = rank.into();
        let waits = {
            let mut state = self.0.lock();
            if *state.is_closed.borrow() {
                return Err(Closed);
            }
            if state.has_place_for(rank) && state.is_first(rank) {
                state.free -= 1;
                return Ok(self.one());
            }
            let (give, waits) = oneshot::channel();
            let number = state.arrived;
            state.arrived += 1;
            state.waiting.insert((rank, number), give);
            waits
        };
        waits.await.map_err(|_| Closed)
    }

    /// How many places are free.
    #[cfg(test)]
    pub(super) fn available_permits(&self) -> usize {
        self.0.lock().free
    }

    fn one(&self) -> Place {
        Place { admission: self.clone() }
    }

    /// Whether requests are opened. Where they are not, those that wait end.
    pub(crate) fn set_open(&self, is_open: bool) {
        let mut state = self.0.lock();
        state.is_closed.send_replace(!is_open);
        if !is_open {
            state.waiting.clear();
        }
    }

    /// Waits until no more requests are opened.
    pub(crate) async fn closed(&self) {
        let mut is_closed = self.0.lock().is_closed.subscribe();
        // It cannot fail: who may open them again is this.
        let _ = is_closed.wait_for(|is_closed| *is_closed).await;
    }

    fn give_back(&self) {
        let next = {
            let mut state = self.0.lock();
            state.free += 1;
            let next = state.next();
            state.free -= usize::from(next.is_some());
            next
        };
        // Who has stopped waiting since drops the place, which gives it to the next one.
        if let Some(next) = next {
            drop(next.send(self.one()));
        }
    }
}

impl State {
    fn has_place_for(&self, rank: Rank) -> bool {
        self.free > if rank.standing == Standing::Quick { 0 } else { self.for_quick }
    }

    /// Whether nobody waits who comes before, or came earlier.
    fn is_first(&self, rank: Rank) -> bool {
        self.waiting.range(..=(rank, u64::MAX)).all(|(_, waiting)| waiting.is_closed())
    }

    /// Takes the one to whom a free place goes out of those who wait.
    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        while let Some(((rank, _), _)) = self.waiting.first_key_value()
            && self.has_place_for(*rank)
        {
            let next = self.waiting.pop_first().map(|(_, next)| next);
            if next.as_ref().is_some_and(|next| !next.is_closed()) {
                return next;
            }
        }
        None
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.admission.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Standing::{New, Quick, Slow};

    /// Waits for places in this order, and returns in which order they came.
    async fn order(places: usize, for_quick: usize, wanted: &[Standing]) -> Vec<Standing> {
        let admission = Admission::new(places, for_quick);
        let mut all = Vec::new();
        while let Some(Ok(place)) = futures_util::FutureExt::now_or_never(admission.place(Quick)) {
            all.push(place);
        }
        let (came, order) = std::sync::mpsc::channel();
        let waiting: Vec<_> = wanted.iter().map(|standing| waits(&admission, *standing, &came)).collect();
        tokio::task::yield_now().await;
        for place in all {
            drop(place);
            tokio::task::yield_now().await;
        }
        futures_util::future::join_all(waiting).await;
        order.try_iter().collect()
    }

    fn waits(
        admission: &Admission,
        standing: Standing,
        came: &std::sync::mpsc::Sender<Standing>,
    ) -> tokio::task::JoinHandle<()> {
        let (admission, came) = (admission.clone(), came.clone());
        tokio::spawn(async move {
            let _place = admission.place(standing).await.unwrap();
            came.send(standing).unwrap();
        })
    }

    #[tokio::test]
    async fn quick_hosts_come_before_new_ones_and_those_before_slow_ones() {
        let wanted = [Slow, New, Slow, Quick, New, Quick];
        assert_eq!(order(1, 0, &wanted).await, [Quick, Quick, New, New, Slow, Slow]);
        assert_eq!(order(3, 0, &wanted).await, [Quick, Quick, New, New, Slow, Slow]);
    }

    #[tokio::test]
    async fn of_new_hosts_the_one_with_the_most_jobs_comes_first() {
        let admission = Admission::new(1, 0);
        let held = admission.place(Quick).await.unwrap();
        let (came, order) = std::sync::mpsc::channel();
        let waits = |(number, jobs)| {
            let (admission, came) = (admission.clone(), came.clone());
            tokio::spawn(async move {
                let _place = admission.place(Rank::new(New, jobs)).await.unwrap();
                came.send(number).unwrap();
            })
        };
        let waiting: Vec<_> = [1, 50, 2, 50, 1].into_iter().enumerate().map(waits).collect();
        tokio::task::yield_now().await;
        drop(held);
        futures_util::future::join_all(waiting).await;
        assert_eq!(order.try_iter().collect::<Vec<_>>(), [1, 3, 2, 0, 4]);
    }

    #[tokio::test]
    async fn the_last_places_are_for_quick_hosts() {
        let admission = Admission::new(3, 1);
        let slow = admission.place(Slow).await.unwrap();
        let _new = admission.place(New).await.unwrap();
        let mut third = Box::pin(admission.place(New));
        assert!(futures_util::FutureExt::now_or_never(&mut third).is_none());
        let quick = admission.place(Quick).await.unwrap();
        drop(quick);
        assert!(futures_util::FutureExt::now_or_never(&mut third).is_none(), "it is still for quick hosts alone");
        drop(slow);
        assert!(third.await.is_ok());
    }

    #[tokio::test]
    async fn a_place_is_not_lost_with_who_waited_for_it() {
        let admission = Admission::new(1, 0);
        let held = admission.place(New).await.unwrap();
        let waiting: Vec<_> = (0..100).map(|_| Box::pin(admission.place(New))).collect();
        for mut waits in waiting {
            assert!(futures_util::FutureExt::now_or_never(&mut waits).is_none());
        }
        let mut given = Box::pin(admission.place(New));
        assert!(futures_util::FutureExt::now_or_never(&mut given).is_none());
        drop(held);
        drop(given);
        assert!(admission.place(Slow).await.is_ok());
    }

    #[tokio::test]
    async fn who_waits_when_it_closes_waits_no_longer() {
        let admission = Admission::new(1, 0);
        let held = admission.place(New).await.unwrap();
        let waits = admission.place(Quick);
        let (ended, ()) = tokio::join!(waits, async { admission.set_open(false) });
        assert_eq!(ended.err(), Some(Closed));
        drop(held);
        assert_eq!(admission.place(Quick).await.err(), Some(Closed));
        admission.set_open(true);
        assert!(admission.place(Quick).await.is_ok());
    }
}
