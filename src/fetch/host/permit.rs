//! How many requests may be under way, over all hosts.
//!
//! Each open request has a place (`admission`), and in addition a slot while its host answers. There are few slots: they
//! bound what arrives at the same time. A request leaves its slot while its host is silent or slow. Slots, too, go to
//! quick hosts first: hundreds of requests to hosts that may be silent can wait for one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::admission::{Admission, Closed, Place, Rank};
use super::line::Line;
use super::promptness::{Promptness, SLOW, Standing};

/// For each request in flight, so many more may be parked: they wait for hosts that are silent or slow.
const PARKED: usize = 32;

/// The slots and places of one fetcher. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    in_flight: Admission,
    most: usize,
    admission: Admission,
    line: Arc<Line>,
    /// Whether those that are under way end, too.
    is_given_up: Arc<watch::Sender<bool>>,
}

/// What a request needs to start: its place, and a slot, unless its host is slow.
#[derive(Debug)]
pub(crate) struct Start {
    _place: Place,
    slot: Option<Place>,
}

impl Slots {
    /// Slots for so many requests in flight, and for as many parked ones as `most_parked` allows.
    pub(crate) fn new(in_flight: usize, most_parked: usize) -> Self {
        let in_flight = in_flight.max(1);
        let parked = in_flight.saturating_mul(PARKED).min(most_parked);
        Self {
            in_flight: Admission::new(in_flight, 0),
            most: in_flight,
            admission: Admission::new(in_flight.saturating_add(parked), in_flight.min(parked)),
            line: Arc::default(),
            is_given_up: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Waits for a place, and for a slot, which a slow host has to earn first.
    ///
    /// # Errors
    /// No more requests are opened in this run.
    pub(crate) async fn start(&self, rank: impl Into<Rank>) -> Result<Start, Closed> {
        let rank = rank.into();
        let place = self.admission.place(rank).await?;
        let slot = if rank.standing() == Standing::Slow { None } else { Some(self.slot(rank).await) };
        Ok(Start { _place: place, slot })
    }

    async fn slot(&self, rank: impl Into<Rank>) -> Place {
        self.in_flight.place(rank).await.expect("only places are closed, never slots")
    }

    /// Waits until no more requests are opened.
    pub(crate) async fn closed(&self) {
        self.admission.closed().await;
    }

    /// Whether requests are opened. Where they are not, those that wait for a place end.
    pub(crate) fn set_open(&self, is_open: bool) {
        self.admission.set_open(is_open);
        self.is_given_up.send_replace(false);
    }

    /// Ends requests that are under way.
    pub(crate) fn give_up(&self) {
        self.is_given_up.send_replace(true);
    }

    /// Waits until requests that are under way are to end.
    pub(crate) async fn given_up(&self) {
        // It cannot fail: these slots hold who sends it.
        let _ = self.is_given_up.subscribe().wait_for(|is_given_up| *is_given_up).await;
    }
}

/// The right to have one request under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct RequestPermit {
    slots: Slots,
    start: Start,
    promptness: Arc<Promptness>,
    /// The host has been slow with this request.
    is_slow: bool,
    _host: OwnedSemaphorePermit,
    /// Held while the request probes a host whose breaker is half-open.
    _probe: Option<OwnedMutexGuard<()>>,
}

impl RequestPermit {
    /// A permit for a request to a host; `host` counts against the host's own limit.
    pub(crate) fn new(
        slots: &Slots,
        start: Start,
        promptness: &Arc<Promptness>,
        host: OwnedSemaphorePermit,
        probe: Option<OwnedMutexGuard<()>>,
    ) -> Self {
        let (slots, promptness) = (slots.clone(), Arc::clone(promptness));
        Self { slots, start, promptness, is_slow: false, _host: host, _probe: probe }
    }

    /// Leaves the slot to another request while the host sends little or nothing.
    pub(crate) fn park(&mut self) {
        self.start.slot = None;
    }

    /// Waits for a slot, where the request has none, and returns how long that took.
    pub(crate) async fn unpark(&mut self) -> Duration {
        let begun = Instant::now();
        if self.start.slot.is_none() {
            self.start.slot = Some(self.slots.slot(self.promptness.standing()).await);
        }
        begun.elapsed()
    }

    /// Waits for what the host sends, until a moment, and gives `None` where nothing came. The request is parked as soon
    /// as the host takes longer than usual.
    pub(crate) async fn wait_for<T>(&mut self, next: impl Future<Output = T>, until: Instant) -> Option<T> {
        let (begun, mut next) = (Instant::now(), std::pin::pin!(next));
        let patience = self.promptness.patience();
        let mut came = tokio::time::timeout_at(until.min(begun + patience), &mut next).await.ok();
        if came.is_none() {
            self.park();
            came = tokio::time::timeout_at(until, next).await.ok();
        }
        if begun.elapsed() >= SLOW {
            self.record_slow();
        }
        came
    }

    /// The head of the response came after this time. A request to a host that is not slow has a slot for the body.
    /// Returns how long the wait for that took.
    pub(crate) async fn record_head(&mut self, after: Duration) -> Duration {
        self.promptness.record_head(after);
        if self.promptness.standing() == Standing::Slow { Duration::ZERO } else { self.unpark().await }
    }

    /// More of the body arrived, and it goes on slowly or not, where that is known. Returns how long the wait for a slot
    /// took.
    pub(crate) async fn record_rate(&mut self, is_slow: Option<bool>, body: Duration) -> Duration {
        match is_slow {
            Some(true) => {
                self.park();
                if body >= SLOW {
                    self.record_slow();
                }
                Duration::ZERO
            }
            Some(false) => self.unpark().await,
            None => Duration::ZERO,
        }
    }

    /// Notes bytes that arrived, and returns below how many bytes a second a body is slow.
    pub(crate) fn record_bytes(&self, bytes: u64) -> u64 {
        self.slots.line.add(bytes);
        self.slots.line.share(self.slots.most)
    }

    /// How long a body is measured before it is known whether it is slow.
    pub(crate) fn patience(&self) -> Duration {
        self.promptness.patience()
    }

    /// The host keeps this request waiting, so that its next ones come after those to other hosts.
    pub(crate) fn record_slow(&mut self) {
        self.is_slow = true;
        self.promptness.record_slow();
    }

    /// A response came to its end.
    pub(crate) fn record_end(&self) {
        if !self.is_slow {
            self.promptness.record_prompt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::sync::Semaphore;
    use tokio::task::JoinSet;
    use tokio::time::{Instant, sleep, timeout};

    async fn permit(slots: &Slots, promptness: &Arc<Promptness>) -> RequestPermit {
        let host = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        RequestPermit::new(slots, slots.start(promptness.standing()).await.unwrap(), promptness, host, None)
    }

    fn quick() -> Arc<Promptness> {
        let promptness = Arc::<Promptness>::default();
        promptness.record_prompt();
        promptness
    }

    #[tokio::test]
    async fn a_parked_request_leaves_its_slot_as_long_as_there_is_room() {
        let slots = Slots::new(1, 1);
        let mut first = permit(&slots, &quick()).await;
        first.park();
        let mut second = permit(&slots, &quick()).await;
        second.park();
        assert_eq!(slots.in_flight.available_permits(), 1);
        let third = timeout(Duration::from_millis(10), slots.start(Standing::Quick)).await;
        assert!(third.is_err(), "only two may be open");
        drop(second);
        first.unpark().await;
        assert_eq!(slots.in_flight.available_permits(), 0);
        drop(first);
        assert!(slots.start(Standing::Quick).await.is_ok(), "there is a place again");
    }

    /// What a host does with a request.
    #[derive(Clone, Copy)]
    enum Host {
        /// Answers after this many milliseconds.
        Answers(u64),
        /// Never answers.
        Silent,
        /// Sends the head, and never a body.
        Stalls,
    }

    /// How long a request waits for a host that sends nothing.
    const TIMEOUT: Duration = Duration::from_secs(20);

    /// One request to a host, as an exchange makes it.
    async fn request(slots: &Slots, promptness: &Arc<Promptness>, host: Host) {
        let mut permit = permit(slots, promptness).await;
        let begun = Instant::now();
        let head = async {
            match host {
                Host::Answers(after) => sleep(Duration::from_millis(after)).await,
                Host::Stalls => {}
                Host::Silent => pending().await,
            }
        };
        if permit.wait_for(head, begun + TIMEOUT).await.is_none() {
            return;
        }
        permit.record_head(begun.elapsed()).await;
        if matches!(host, Host::Stalls) {
            permit.wait_for(pending::<()>(), Instant::now() + TIMEOUT).await;
        }
        permit.record_end();
    }

    /// Sends so many requests, one after the other, to each of these hosts, and returns after which time the hosts that
    /// answer were done, and then all.
    async fn run(slots: &Slots, hosts: impl IntoIterator<Item = (Host, usize)>) -> (Duration, Duration) {
        let (begin, mut all) = (Instant::now(), JoinSet::new());
        for (host, requests) in hosts {
            let slots = slots.clone();
            all.spawn(async move {
                let promptness = Arc::<Promptness>::default();
                for _ in 0..requests {
                    request(&slots, &promptness, host).await;
                }
                matches!(host, Host::Answers(_)).then(|| begin.elapsed())
            });
        }
        let answered = all.join_all().await.into_iter().flatten().max().unwrap_or_default();
        (answered, begin.elapsed())
    }

    /// Each twentieth of these hosts answers, so many times.
    fn among(bad: Host, hosts: usize, requests: usize) -> Vec<(Host, usize)> {
        let host = |number: usize| if number % 20 == 19 { (Host::Answers(20), requests) } else { (bad, 3) };
        (0..hosts).map(host).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_that_answer_do_not_wait_for_those_that_do_not() {
        for bad in [Host::Silent, Host::Stalls] {
            let alone = among(bad, 200, 50).into_iter().filter(|(host, _)| matches!(host, Host::Answers(_)));
            let (alone, _) = run(&Slots::new(16, 384), alone).await;
            let (answered, all) = run(&Slots::new(16, 384), among(bad, 200, 50)).await;
            assert!(alone >= Duration::from_secs(1), "{alone:?}");
            assert!(answered <= alone.mul_f64(1.5) + Duration::from_secs(1), "{answered:?}, alone {alone:?}");
            assert!(all <= TIMEOUT * 3 + Duration::from_secs(2), "{all:?}: they wait side by side");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_host_is_tried_once_before_slow_ones_are_tried_again() {
        // Sixteen places for hosts that are not quick, and forty that are silent, three times.
        let mut hosts = vec![(Host::Silent, 3); 40];
        hosts.push((Host::Answers(20), 100));
        let (answered, all) = run(&Slots::new(2, 16), hosts).await;
        assert!(answered <= TIMEOUT * 2 + Duration::from_secs(3), "{answered:?}");
        assert!(all <= TIMEOUT * 8 + Duration::from_secs(3), "{all:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_turns_slow_keeps_its_slot_only_for_what_is_usual_for_it() {
        let (slots, promptness) = (Slots::new(1, 8), quick());
        promptness.record_head(Duration::from_millis(100));
        let mut silent = permit(&slots, &promptness).await;
        let waiting = tokio::spawn(async move { silent.wait_for(pending::<()>(), Instant::now() + TIMEOUT).await });
        tokio::task::yield_now().await;
        let begin = Instant::now();
        drop(permit(&slots, &quick()).await);
        assert_eq!(begin.elapsed().as_millis(), 400);
        waiting.await.unwrap();
        assert_eq!(promptness.standing(), Standing::Slow);
        let slow = permit(&slots, &promptness).await;
        assert!(slow.start.slot.is_none(), "its next requests take no slot before their bodies come fast");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_host_is_quick_again_after_a_response_in_time() {
        let (slots, promptness) = (Slots::new(1, 8), Arc::<Promptness>::default());
        request(&slots, &promptness, Host::Answers(1500)).await;
        assert_eq!(promptness.standing(), Standing::Slow);
        request(&slots, &promptness, Host::Answers(20)).await;
        assert_eq!(promptness.standing(), Standing::Quick);
    }
}
