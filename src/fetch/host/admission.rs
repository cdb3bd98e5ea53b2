//! Which requests may be open at the same time, and which of those that wait come first.
//!
//! A request is open from before its connection until its response has ended, however long its host is silent. There are
//! many places for open requests, because one that waits for a host costs no more than a descriptor. Where all are
//! taken, requests to quick hosts come before those to new hosts, and these before those to slow hosts: what slow hosts
//! take is their own time, and not that of others. Some places are for quick hosts alone.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::oneshot;

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
    /// Who waits for a place, by the standing of the host.
    waiting: [VecDeque<oneshot::Sender<Place>>; 3],
    is_closed: bool,
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
        let state = State { free: places, for_quick, waiting: Default::default(), is_closed: false };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// It was closed before there was one.
    pub(crate) async fn place(&self, standing: Standing) -> Result<Place, Closed> {
        let waits = {
            let mut state = self.0.lock();
            if state.is_closed {
                return Err(Closed);
            }
            if state.has_place_for(standing) && state.is_first(standing) {
                state.free -= 1;
                return Ok(self.one());
            }
            let (give, waits) = oneshot::channel();
            state.waiting[standing as usize].push_back(give);
            waits
        };
        waits.await.map_err(|_| Closed)
    }

    fn one(&self) -> Place {
        Place { admission: self.clone() }
    }

    /// Whether requests are opened. Where they are not, those that wait end.
    pub(crate) fn set_open(&self, is_open: bool) {
        let mut state = self.0.lock();
        state.is_closed = !is_open;
        if state.is_closed {
            state.waiting.iter_mut().for_each(VecDeque::clear);
        }
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
    fn has_place_for(&self, standing: Standing) -> bool {
        self.free > if standing == Standing::Quick { 0 } else { self.for_quick }
    }

    /// Whether nobody waits who comes before, or came earlier.
    fn is_first(&self, standing: Standing) -> bool {
        self.waiting[..=standing as usize].iter().all(|waiting| waiting.iter().all(oneshot::Sender::is_closed))
    }

    /// Takes the one to whom a free place goes out of those who wait.
    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        for standing in [Standing::Quick, Standing::New, Standing::Slow] {
            if !self.has_place_for(standing) {
                continue;
            }
            let waiting = &mut self.waiting[standing as usize];
            while let Some(next) = waiting.pop_front() {
                if !next.is_closed() {
                    return Some(next);
                }
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
