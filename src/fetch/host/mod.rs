//! One host: its settings, what has been learned of it, and when a request to it may start.

mod admission;
pub(crate) mod breaker;
pub(crate) mod breakers;
mod line;
pub(crate) mod memory;
pub(crate) mod pacer;
mod pattern;
pub(crate) mod permit;
pub(crate) mod promptness;
pub(crate) mod referer;
pub(crate) mod registry;
pub(crate) mod retry;
pub(crate) mod settings;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{OnceCell, OwnedMutexGuard};

use super::clock::Clock;
use crate::locks::Mutex;
use crate::model::{Failure, HostKey, HostState, Reason, RefererStrategy};
use admission::Rank;
use breaker::{Breaker, BreakerPolicy, BreakerState};
use breakers::{Breakers, Transport};
use memory::HostMemory;
use pacer::{NoStart, Pacer};
use permit::{RequestPermit, Slots};
use promptness::{Promptness, Standing};
use settings::HostSettings;

/// After so many URLs that refused every Referer strategy, only the first strategy is tried.
const FAILED_ROUNDS: u32 = 3;

/// One host.
#[derive(Debug)]
pub(crate) struct Host {
    clock: Clock,
    /// What is configured for it.
    pub(crate) settings: Arc<HostSettings>,
    pacer: Arc<Pacer>,
    breakers: Mutex<Breakers>,
    breaker_policy: BreakerPolicy,
    /// Held by the request that probes the host while a breaker is half-open.
    probe: Arc<tokio::sync::Mutex<()>>,
    referers: Mutex<Referers>,
    /// How promptly it has answered in this run.
    promptness: Arc<Promptness>,
    /// How many jobs there are for it, as far as that is known.
    jobs: AtomicU64,
    /// What is kept elsewhere was asked for.
    recalled: OnceCell<()>,
    /// What is kept elsewhere, where that is known.
    kept: Mutex<HostState>,
    /// Whoever restored it will save it: nothing is kept before.
    is_leased: AtomicBool,
}

/// What has been learned of the Referer that a host wants.
#[derive(Debug, Clone, Copy)]
struct Referers {
    /// The strategy that worked last.
    learned: RefererStrategy,
    /// URLs in a row for which every strategy was refused.
    failed_rounds: u32,
}

impl Host {
    /// A host of which nothing is known yet.
    pub(crate) fn new(
        clock: Clock,
        settings: Arc<HostSettings>,
        pacer: Arc<Pacer>,
        breaker_policy: BreakerPolicy,
    ) -> Self {
        Self {
            clock,
            settings,
            pacer,
            breakers: Mutex::default(),
            breaker_policy,
            probe: Arc::default(),
            referers: Mutex::new(Referers { learned: RefererStrategy::Omit, failed_rounds: 0 }),
            promptness: Arc::default(),
            jobs: AtomicU64::new(1),
            recalled: OnceCell::new(),
            kept: Mutex::default(),
            is_leased: AtomicBool::new(false),
        }
    }

    /// Waits until a request may start that reaches the host by this transport.
    ///
    /// # Errors
    /// The breaker is open, the host asked for a longer pause than a run waits, or the run is ending.
    pub(crate) async fn permit(&self, slots: &Slots, transport: Transport) -> Result<RequestPermit, Failure> {
        self.refuse_if_open(transport)?;
        let in_flight = self.pacer.in_flight().await;
        let probe = self.wait_for_probe(transport).await?;
        let rank = Rank::new(self.promptness.standing(), self.jobs.load(Ordering::Relaxed));
        let start = self.pacer.start(slots, rank).await.map_err(|no_start| self.deferred(no_start))?;
        self.refuse_if_open(transport)?;
        Ok(RequestPermit::new(slots, start, &self.promptness, in_flight, probe))
    }

    fn deferred(&self, no_start: NoStart) -> Failure {
        match no_start {
            NoStart::HoldTooLong(until) => {
                let detail = "the host is overloaded, or asked for a pause that is longer than fetch.max_wait; a later run tries again";
                Failure::new(Reason::HostDown, detail).deferred_until(until)
            }
            NoStart::RunEnds => {
                let detail = "the run ended before the request was sent; a later run sends it";
                Failure::new(Reason::Budget, detail).deferred_until(self.clock.now())
            }
        }
    }

    /// Whether its requests wait: its responses come slowly, or it asked for a pause.
    pub(crate) fn is_slow(&self) -> bool {
        self.promptness.standing() == Standing::Slow || self.pacer.is_held()
    }

    /// Passes the breaker: at once where it is closed, one request at a time where it is half-open.
    async fn wait_for_probe(&self, transport: Transport) -> Result<Option<OwnedMutexGuard<()>>, Failure> {
        if self.breaker_state(transport) == BreakerState::Closed {
            return Ok(None);
        }
        let probe = Arc::clone(&self.probe).lock_owned().await;
        self.refuse_if_open(transport)?;
        Ok((self.breaker_state(transport) == BreakerState::HalfOpen).then_some(probe))
    }

    fn breaker_state(&self, transport: Transport) -> BreakerState {
        self.breakers.lock().state(transport, self.clock.now())
    }

    fn refuse_if_open(&self, transport: Transport) -> Result<(), Failure> {
        match self.breaker_state(transport) {
            BreakerState::Open(until) => {
                let detail = "the host did not respond, so no requests are sent for now; a later run tries again";
                Err(Failure::new(Reason::HostDown, detail).deferred_until(until))
            }
            BreakerState::Closed | BreakerState::HalfOpen => Ok(()),
        }
    }

    /// Whether its breaker is open for this transport, and it asked for no pause.
    pub(crate) fn is_down_for(&self, transport: Transport) -> bool {
        matches!(self.breaker_state(transport), BreakerState::Open(_)) && !self.pacer.is_held()
    }

    /// The host sent a response, whatever it says.
    pub(crate) fn record_response(&self, transport: Transport) {
        self.breakers.lock().record_response(transport);
    }

    /// The host took a connection and the request, and then broke the exchange: the host is up.
    pub(crate) fn record_broken_exchange(&self, transport: Transport) {
        self.breakers.lock().close(transport);
    }

    /// No connection came about within `fetch.connect_timeout`.
    pub(crate) fn record_connect_timeout(&self, transport: Transport) {
        self.breakers.lock().record_connect_timeout(transport, self.clock.now(), self.breaker_policy);
    }

    /// No connection came about, or no response within `fetch.read_timeout`.
    pub(crate) fn record_no_response(&self, transport: Transport) {
        self.breakers.lock().record_failure(transport, self.clock.now(), self.breaker_policy);
    }

    /// Its pacer.
    pub(crate) fn pacer(&self) -> &Pacer {
        &self.pacer
    }

    /// The Referer strategies to try for a URL, in order.
    pub(crate) fn strategies(&self) -> Vec<RefererStrategy> {
        let mut order = self.all_strategies();
        if self.referers.lock().failed_rounds >= FAILED_ROUNDS {
            order.truncate(1);
        }
        order
    }

    /// Every Referer strategy, in the order in which they are tried.
    pub(crate) fn all_strategies(&self) -> Vec<RefererStrategy> {
        referer::fallback_order(self.referers.lock().learned, &self.settings.referer)
    }

    /// A strategy worked. Only one that worked after another was refused shows that trying further ones is worth it.
    pub(crate) fn learn(&self, strategy: RefererStrategy, after_refusal: bool) {
        let mut referers = self.referers.lock();
        referers.learned = strategy;
        if after_refusal {
            referers.failed_rounds = 0;
        }
    }

    /// Every strategy was refused for one URL.
    pub(crate) fn all_strategies_failed(&self) {
        let mut referers = self.referers.lock();
        referers.failed_rounds = referers.failed_rounds.saturating_add(1);
    }

    /// What has been learned, for the next run.
    pub(crate) fn state(&self) -> HostState {
        let breaker = self.breakers.lock().kept();
        let (delay, not_before) = self.pacer.remembered();
        let referer = self.referers.lock().learned;
        HostState { referer, failures: breaker.failures, open_until: breaker.open_until, not_before, delay }
    }

    /// Restores what an earlier run learned, unless this one has learned something itself.
    fn restore(&self, state: &HostState) {
        state.clone_into(&mut self.kept.lock());
        let (mut breakers, mut referers) = (self.breakers.lock(), self.referers.lock());
        if referers.learned == RefererStrategy::Omit {
            breakers.restore(Breaker::restored(state.failures, state.open_until, self.clock.now()));
            referers.learned = state.referer;
        }
        self.pacer.restore(state.delay, state.not_before);
    }

    /// There are so many jobs for it.
    pub(crate) fn expect_jobs(&self, jobs: u64) {
        self.jobs.store(jobs, Ordering::Relaxed);
    }

    /// Restores what an earlier run learned, for who will [`Host::save`] what this run learns.
    pub(crate) fn lease(&self, state: &HostState) {
        self.is_leased.store(true, Ordering::Relaxed);
        self.restore(state);
        // Where it was recalled before, this is what was kept since.
        let _ = self.recalled.set(());
    }

    /// What has been learned, to be kept elsewhere. From then on the host may leave the memory.
    pub(crate) fn save(&self) -> HostState {
        let state = self.state();
        state.clone_into(&mut self.kept.lock());
        self.is_leased.store(false, Ordering::Relaxed);
        state
    }

    /// Restores what is kept elsewhere, once.
    pub(crate) async fn recall(&self, key: &HostKey, memory: &dyn HostMemory) {
        let recall = || async {
            if let Some(state) = memory.recall(key).await {
                self.restore(&state);
            }
        };
        self.recalled.get_or_init(recall).await;
    }

    /// Keeps elsewhere what has been learned since, unless whoever leases the host does.
    pub(crate) async fn keep(&self, key: &HostKey, memory: &dyn HostMemory) {
        if !self.is_leased.load(Ordering::Relaxed) && self.state() != *self.kept.lock() {
            let state = self.state();
            memory.keep(key, &state).await;
            *self.kept.lock() = state;
        }
    }

    /// Whether nothing of it is worth keeping in memory: nothing was learned, or that is kept elsewhere, and the next
    /// request would not come too early.
    fn is_forgettable(&self) -> bool {
        let is_known = || self.breakers.lock().are_kept() && !self.pacer.is_spacing();
        let is_kept = || self.state() == *self.kept.lock() && is_known();
        !self.is_leased.load(Ordering::Relaxed) && (is_kept() || self.has_learned_nothing())
    }

    fn has_learned_nothing(&self) -> bool {
        let Referers { learned, failed_rounds } = *self.referers.lock();
        let learned_nothing = learned == RefererStrategy::Omit && failed_rounds == 0;
        learned_nothing && self.breakers.lock().have_learned_nothing() && self.pacer.is_idle()
    }
}
