//! The hosts that are asked: what is configured for each, and what has been learned of it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use globset::{GlobBuilder, GlobMatcher};
use reqwest::header::{HeaderName, HeaderValue};
use tokio::sync::{OwnedMutexGuard, Semaphore};

use super::breaker::{Breaker, Passage};
use super::clock::Clock;
use super::error::FetchError;
use super::ladder;
use super::pace::{Held, Lane, Start};
use crate::config::{FetchConfig, HostConfig};
use crate::model::{Digest, Failure, HostKey, HostState, Reason, RefererStrategy};

/// After so many whole climbs of the ladder without one success, a host is believed that it refuses.
const VAIN_CLIMBS: u32 = 3;

/// What is configured for the hosts that match one pattern.
#[derive(Debug, Clone)]
pub(super) struct HostSettings {
    group: String,
    per_host: usize,
    delay: Duration,
    referer: Vec<RefererStrategy>,
    pub(super) referer_value: Option<HeaderValue>,
    /// Sent to these hosts only, and never shown.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// What these hosts send in place of pictures.
    pub(super) placeholders: Vec<Digest>,
}

impl HostSettings {
    fn of_all(config: &FetchConfig) -> Self {
        Self {
            group: String::new(),
            per_host: config.per_host,
            delay: config.delay,
            referer: config.referer.clone(),
            referer_value: None,
            headers: Vec::new(),
            placeholders: Vec::new(),
        }
    }

    fn of_some(config: &FetchConfig, host: &HostConfig) -> Result<Self, FetchError> {
        let header = |cause| FetchError::Header { key: format!("fetch.host `{}`", host.host), cause };
        let referer_value = (!host.referer_value.is_empty())
            .then(|| HeaderValue::try_from(&host.referer_value))
            .transpose()
            .map_err(|_| header("referer_value holds what no header can"))?;
        let headers = host.headers.iter().map(|line| header_line(line).ok_or_else(|| header(NOT_A_HEADER)));
        Ok(Self {
            group: host.group.clone(),
            per_host: host.per_host.unwrap_or(config.per_host),
            delay: host.delay.unwrap_or(config.delay),
            referer: host.referer.clone().unwrap_or_else(|| config.referer.clone()),
            referer_value,
            headers: headers.collect::<Result<_, _>>()?,
            placeholders: host.placeholders.clone(),
        })
    }
}

const NOT_A_HEADER: &str = "one of headers is not a header: write \"Name: value\"";

fn header_line(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    let name = HeaderName::try_from(name.trim()).ok()?;
    let mut value = HeaderValue::try_from(value.trim()).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

/// One host.
#[derive(Debug)]
pub(super) struct Host {
    clock: Clock,
    pub(super) settings: Arc<HostSettings>,
    lane: Arc<Lane>,
    breaker: Mutex<Breaker>,
    probe: Arc<tokio::sync::Mutex<()>>,
    rung: Mutex<RefererStrategy>,
    vain_climbs: AtomicU32,
    /// It answered in this run.
    heard: AtomicBool,
    breaker_failures: u32,
    breaker_wait: Duration,
}

/// The right to send one request to a host, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) start: Start,
    _probe: Option<OwnedMutexGuard<()>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that is done under these locks panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host {
    /// Waits until the host may be asked; refuses where that is not in this run.
    pub(super) async fn enter(&self, all: &Arc<Semaphore>) -> Result<Turn, Failure> {
        self.refuse_if_closed()?;
        let flight = self.lane.flight().await;
        let probe = self.pass().await?;
        let start = self.lane.start(flight, all).await.map_err(|Held(until)| {
            Failure::new(Reason::HostDown, "the host asked to be left alone for longer than fetch.max_wait")
                .deferred_until(until)
        })?;
        self.refuse_if_closed()?;
        Ok(Turn { start, _probe: probe })
    }

    /// Past the breaker: freely where it is closed, one at a time where the host is being probed.
    async fn pass(&self) -> Result<Option<OwnedMutexGuard<()>>, Failure> {
        if self.passage() == Passage::Free {
            return Ok(None);
        }
        let probe = Arc::clone(&self.probe).lock_owned().await;
        self.refuse_if_closed()?;
        Ok((self.passage() == Passage::Probe).then_some(probe))
    }

    fn passage(&self) -> Passage {
        lock(&self.breaker).passage(self.clock.now())
    }

    /// Refuses while the host is being left alone.
    pub(super) fn refuse_if_closed(&self) -> Result<(), Failure> {
        match self.passage() {
            Passage::Closed(until) => {
                Err(Failure::new(Reason::HostDown, "the host did not answer, and is left alone").deferred_until(until))
            }
            Passage::Free | Passage::Probe => Ok(()),
        }
    }

    /// The host answered, whatever it said.
    pub(super) fn answered(&self) {
        self.heard.store(true, Ordering::Relaxed);
        lock(&self.breaker).answered();
    }

    /// Whether it has answered in this run.
    pub(super) fn is_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// No connection came about for as long as that is waited for.
    pub(super) fn unreachable(&self) {
        if self.is_heard() {
            self.silent();
        } else {
            lock(&self.breaker).unreachable(self.clock.now(), self.breaker_failures, self.breaker_wait);
        }
    }

    /// Nobody answered.
    pub(super) fn silent(&self) {
        lock(&self.breaker).failed(self.clock.now(), self.breaker_failures, self.breaker_wait);
    }

    /// How fast the host is asked.
    pub(super) fn pace(&self) -> &Lane {
        &self.lane
    }

    /// The rungs of the Referer ladder to try with it, in order.
    pub(super) fn rungs(&self) -> Vec<RefererStrategy> {
        let mut rungs = self.whole_ladder();
        if self.vain_climbs.load(Ordering::Relaxed) >= VAIN_CLIMBS {
            rungs.truncate(1);
        }
        rungs
    }

    /// Every rung, what worked last first.
    pub(super) fn whole_ladder(&self) -> Vec<RefererStrategy> {
        ladder::rungs(*lock(&self.rung), &self.settings.referer)
    }

    /// A rung worked. Only where it took a climb does that say that climbing is worth it.
    pub(super) fn learn(&self, rung: RefererStrategy, climbed: bool) {
        *lock(&self.rung) = rung;
        if climbed {
            self.vain_climbs.store(0, Ordering::Relaxed);
        }
    }

    /// No rung worked.
    pub(super) fn climbed_in_vain(&self) {
        self.vain_climbs.fetch_add(1, Ordering::Relaxed);
    }

    fn state(&self) -> HostState {
        let breaker = *lock(&self.breaker);
        let (delay, not_before) = self.lane.remembered();
        let referer = *lock(&self.rung);
        HostState { referer, failures: breaker.failures, open_until: breaker.open_until, not_before, delay }
    }

    /// What this process has learned itself is newer than what is remembered.
    fn restore(&self, state: &HostState) {
        let (mut breaker, mut rung) = (lock(&self.breaker), lock(&self.rung));
        if *breaker == Breaker::default() && *rung == RefererStrategy::Omit {
            *breaker = Breaker { failures: state.failures, open_until: state.open_until };
            *rung = state.referer;
        }
        self.lane.restore(state.delay, state.not_before);
    }
}

/// All hosts.
#[derive(Debug)]
pub(super) struct Hosts {
    clock: Clock,
    patterns: Vec<(GlobMatcher, Arc<HostSettings>)>,
    others: Arc<HostSettings>,
    max_wait: Duration,
    breaker_failures: u32,
    breaker_wait: Duration,
    known: Mutex<HashMap<HostKey, Arc<Host>>>,
    lanes: Mutex<HashMap<String, Arc<Lane>>>,
}

impl Hosts {
    pub(super) fn new(config: &FetchConfig, clock: Clock) -> Result<Self, FetchError> {
        let pattern = |host: &HostConfig| Ok((matcher(&host.host)?, Arc::new(HostSettings::of_some(config, host)?)));
        Ok(Self {
            clock,
            patterns: config.host.iter().map(pattern).collect::<Result<_, FetchError>>()?,
            others: Arc::new(HostSettings::of_all(config)),
            max_wait: config.max_wait,
            breaker_failures: config.breaker_failures,
            breaker_wait: config.breaker_wait,
            known: Mutex::default(),
            lanes: Mutex::default(),
        })
    }

    /// The host with this key, made when it is first asked for.
    pub(super) fn get(&self, key: &HostKey) -> Arc<Host> {
        let mut hosts = lock(&self.known);
        if let Some(host) = hosts.get(key) {
            return Arc::clone(host);
        }
        let host = Arc::new(self.make(key));
        hosts.insert(key.clone(), Arc::clone(&host));
        host
    }

    fn make(&self, key: &HostKey) -> Host {
        let settings = Arc::clone(self.settings(key));
        Host {
            clock: self.clock,
            lane: self.lane(&settings),
            settings,
            breaker: Mutex::default(),
            probe: Arc::default(),
            rung: Mutex::new(RefererStrategy::Omit),
            vain_climbs: AtomicU32::new(0),
            heard: AtomicBool::new(false),
            breaker_failures: self.breaker_failures,
            breaker_wait: self.breaker_wait,
        }
    }

    /// The first pattern that matches counts; it may name the port or leave it out.
    fn settings(&self, key: &HostKey) -> &Arc<HostSettings> {
        let name = key.as_str().rsplit_once(':').map_or(key.as_str(), |(name, _)| name);
        let matches = |matcher: &GlobMatcher| matcher.is_match(key.as_str()) || matcher.is_match(name);
        self.patterns.iter().find(|(matcher, _)| matches(matcher)).map_or(&self.others, |(_, settings)| settings)
    }

    /// Hosts of one group share a lane.
    fn lane(&self, settings: &HostSettings) -> Arc<Lane> {
        let make = || Arc::new(Lane::new(self.clock, settings.per_host, settings.delay, self.max_wait));
        if settings.group.is_empty() {
            return make();
        }
        Arc::clone(lock(&self.lanes).entry(settings.group.clone()).or_insert_with(make))
    }

    /// Takes up what an earlier run learned.
    pub(super) fn restore(&self, key: &HostKey, state: &HostState) {
        self.get(key).restore(state);
    }

    /// How many requests to a host may be in flight.
    pub(super) fn per_host(&self, key: &HostKey) -> usize {
        self.settings(key).per_host
    }

    /// What has been learned so far.
    pub(super) fn state(&self, key: &HostKey) -> HostState {
        lock(&self.known).get(key).map(|host| host.state()).unwrap_or_default()
    }
}

fn matcher(pattern: &str) -> Result<GlobMatcher, FetchError> {
    let glob = GlobBuilder::new(pattern).case_insensitive(true).build();
    let cause = |error: globset::Error| FetchError::Pattern { pattern: pattern.to_owned(), cause: error.to_string() };
    glob.map(|glob| glob.compile_matcher()).map_err(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn hosts(toml: &str) -> Hosts {
        let config = Config::parse(toml, std::path::Path::new("my.toml")).unwrap();
        Hosts::new(&config.fetch, Clock::start()).unwrap()
    }

    fn key(url: &str) -> HostKey {
        HostKey::of(&url::Url::parse(url).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn the_first_pattern_that_matches_counts() {
        let hosts = hosts(
            "[[fetch.host]]\nhost = \"img.example.org\"\nheaders = [\"Cookie: a=b\"]\n\
             [[fetch.host]]\nhost = \"*.example.org\"\nper_host = 7\n",
        );
        let check = |url: &str| {
            let settings = hosts.get(&key(url)).settings.clone();
            (settings.per_host, settings.headers.len())
        };
        assert_eq!(check("https://img.example.org/"), (2, 1));
        assert_eq!(check("https://img.example.org:8443/"), (2, 1));
        assert_eq!(check("https://other.example.org/"), (7, 0));
        assert_eq!(check("https://img.example.org.evil.example/"), (2, 0));
        assert_eq!(check("https://example.org/"), (2, 0));
    }

    #[tokio::test]
    async fn a_group_shares_its_pace_and_nothing_else() {
        let hosts = hosts("[[fetch.host]]\nhost = \"*.cdn.example\"\ngroup = \"cdn\"\n");
        let (one, two) = (hosts.get(&key("http://a.cdn.example/")), hosts.get(&key("http://b.cdn.example/")));
        assert!(Arc::ptr_eq(&one.lane, &two.lane));
        assert!(!Arc::ptr_eq(&one.lane, &hosts.get(&key("http://other.example/")).lane));
        let slow = HostState { delay: Duration::from_secs(4), ..HostState::default() };
        one.restore(&slow);
        two.restore(&HostState { referer: RefererStrategy::ImageOrigin, delay: Duration::from_secs(9), ..slow });
        assert_eq!((two.state().referer, two.state().delay), (RefererStrategy::ImageOrigin, Duration::from_secs(4)));
        one.learn(RefererStrategy::Article, true);
        assert_eq!(two.rungs()[0], RefererStrategy::ImageOrigin);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_was_dead_is_probed_by_one_request() {
        let (hosts, all) = (hosts("[fetch]\nper_host = 4\ndelay = \"0\""), Arc::new(Semaphore::new(16)));
        let host = hosts.get(&key("http://dead.example/"));
        (0..5).for_each(|_| host.silent());
        assert!(host.enter(&all).await.unwrap_err().retry_at.is_some());
        tokio::time::advance(Duration::from_secs(601)).await;
        let turn = host.enter(&all).await.unwrap();
        let (other, all_too) = (Arc::clone(&host), Arc::clone(&all));
        let second = tokio::spawn(async move { other.enter(&all_too).await.map(drop) });
        tokio::task::yield_now().await;
        assert!(!second.is_finished(), "it waits for the probe");
        host.silent();
        drop(turn);
        assert!(second.await.unwrap().is_err(), "the probe failed");
        assert_eq!(host.state().failures, 6);
    }

    #[tokio::test]
    async fn what_was_learned_comes_back() {
        let state = HostState {
            referer: RefererStrategy::Article,
            failures: 6,
            open_until: Some(jiff::Timestamp::from_second(4_000_000_000).unwrap()),
            not_before: Some(jiff::Timestamp::from_second(4_100_000_000).unwrap()),
            delay: Duration::from_secs(4),
        };
        let (hosts, key) = (hosts(""), key("http://a.example/"));
        assert_eq!(hosts.state(&key), HostState::default());
        hosts.restore(&key, &state);
        assert_eq!(hosts.state(&key), state);
        hosts.restore(&key, &HostState { failures: 1, ..HostState::default() });
        assert_eq!(hosts.state(&key), state, "what is known here is newer");
    }

    #[tokio::test]
    async fn a_host_that_always_refuses_is_not_climbed_for_ever() {
        let hosts = hosts("");
        let host = hosts.get(&key("http://a.example/"));
        (0..VAIN_CLIMBS).for_each(|_| host.climbed_in_vain());
        assert_eq!(host.rungs(), [RefererStrategy::Omit]);
        host.learn(RefererStrategy::Omit, false);
        assert_eq!(host.rungs(), [RefererStrategy::Omit], "that others need no Referer says nothing of these");
        host.learn(RefererStrategy::Article, true);
        assert_eq!(host.rungs()[0], RefererStrategy::Article);
        assert_eq!(host.rungs().len(), 3);
    }

    #[test]
    fn bad_headers_are_refused_without_repeating_them() {
        let config = |line: &str| {
            let text = format!("[[fetch.host]]\nhost = \"a\"\nheaders = [\"{line}\"]\n");
            Config::parse(&text, std::path::Path::new("my.toml")).unwrap().fetch
        };
        for line in ["no colon: but: fine\\u0001", "secret", "bad name: secret"] {
            let message = Hosts::new(&config(line), Clock::start()).unwrap_err().to_string();
            assert!(message.contains("fetch.host `a`") && !message.contains("secret"), "{message}");
        }
    }
}
