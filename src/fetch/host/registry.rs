//! The hosts of one fetcher.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Host;
use super::breaker::BreakerPolicy;
use super::pacer::Pacer;
use super::pattern::HostPattern;
use super::settings::HostSettings;
use crate::config::{FetchConfig, HostConfig};
use crate::fetch::clock::Clock;
use crate::fetch::error::FetchError;
use crate::locks::Mutex;
use crate::model::{HostKey, HostState};

/// From this number of hosts on, hosts without anything to remember are dropped.
const MANY: usize = 4096;

/// The hosts in memory.
#[derive(Debug, Default)]
struct Known {
    hosts: HashMap<HostKey, Arc<Host>>,
    /// The number of hosts at which they are checked next: twice those that the last check left, so that checking takes
    /// constant time for each host.
    next_sweep: usize,
}

impl Known {
    fn sweep(&mut self) {
        if self.hosts.len() >= self.next_sweep.max(MANY) {
            self.hosts.retain(|_, host| Arc::strong_count(host) > 1 || !host.is_forgettable());
            self.next_sweep = self.hosts.len() * 2;
        }
    }
}

/// All hosts that were requested, with the settings of those that were not.
#[derive(Debug)]
pub(crate) struct Hosts {
    clock: Clock,
    patterns: Vec<(HostPattern, Arc<HostSettings>)>,
    others: Arc<HostSettings>,
    max_wait: Duration,
    breaker_policy: BreakerPolicy,
    known: Mutex<Known>,
    /// The pacers of groups, by the name of the group.
    groups: Mutex<HashMap<String, Arc<Pacer>>>,
}

impl Hosts {
    /// Hosts with these settings.
    ///
    /// # Errors
    /// A pattern or a header of `[[fetch.host]]` that cannot be used.
    pub(crate) fn new(config: &FetchConfig, clock: Clock) -> Result<Self, FetchError> {
        let block = |host: &HostConfig| {
            let pattern = HostPattern::parse(&host.host)?;
            let settings = HostSettings::of_block(config, host, &pattern)?;
            Ok((pattern, Arc::new(settings)))
        };
        Ok(Self {
            clock,
            patterns: config.host.iter().map(block).collect::<Result<_, FetchError>>()?,
            others: Arc::new(HostSettings::of_others(config)),
            max_wait: config.max_wait,
            breaker_policy: BreakerPolicy { threshold: config.breaker_failures, wait: config.breaker_wait },
            known: Mutex::default(),
            groups: Mutex::default(),
        })
    }

    /// The host with this key. It is made when it is first requested.
    pub(crate) fn get(&self, key: &HostKey) -> Arc<Host> {
        let mut known = self.known.lock();
        if let Some(host) = known.hosts.get(key) {
            return Arc::clone(host);
        }
        known.sweep();
        let host = Arc::new(self.make(key));
        known.hosts.insert(key.clone(), Arc::clone(&host));
        host
    }

    fn make(&self, key: &HostKey) -> Host {
        let settings = Arc::clone(self.settings(key));
        let pacer = self.pacer(&settings);
        Host::new(self.clock, settings, pacer, self.breaker_policy)
    }

    /// The settings of the first pattern that matches.
    fn settings(&self, key: &HostKey) -> &Arc<HostSettings> {
        let found = self.patterns.iter().find(|(pattern, _)| pattern.matches(key));
        found.map_or(&self.others, |(_, settings)| settings)
    }

    /// A pacer of its own, or that of the host's group.
    fn pacer(&self, settings: &HostSettings) -> Arc<Pacer> {
        let make = || Arc::new(Pacer::new(self.clock, settings.per_host, settings.delay, self.max_wait));
        if settings.group.is_empty() {
            return make();
        }
        Arc::clone(self.groups.lock().entry(settings.group.clone()).or_insert_with(make))
    }

    /// Restores what an earlier run learned of a host, for who will save what this run learns.
    pub(crate) fn lease(&self, key: &HostKey, state: &HostState) {
        self.get(key).lease(state);
    }

    /// How many requests to a host may be in flight.
    pub(crate) fn per_host(&self, key: &HostKey) -> usize {
        self.settings(key).per_host
    }

    /// What has been learned of a host so far, to be kept elsewhere.
    pub(crate) fn save(&self, key: &HostKey) -> HostState {
        self.known.lock().hosts.get(key).map(|host| host.save()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::super::FAILED_ROUNDS;
    use super::super::breakers::Transport;
    use super::super::permit::Slots;
    use super::super::settings::SecretHeaders;
    use super::*;
    use crate::config::Config;
    use crate::model::{RefererStrategy, saturating_add};

    fn hosts(toml: &str) -> Hosts {
        let config = Config::parse(toml, std::path::Path::new("my.toml")).unwrap();
        Hosts::new(&config.fetch, Clock::start()).unwrap()
    }

    fn key(url: &str) -> HostKey {
        HostKey::of(&url::Url::parse(url).unwrap()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_that_are_done_leave_the_memory_and_those_that_are_not_stay() {
        let hosts = hosts("");
        let dead = |number: usize| {
            let key = key(&format!("http://dead{number}.example/"));
            hosts.lease(&key, &HostState::default());
            (0..6).for_each(|_| hosts.get(&key).record_no_response(Transport::Plain));
            key
        };
        let open: Vec<_> = (0..100).map(dead).collect();
        let mut most = 0;
        for number in 100..10_000 {
            assert!(hosts.save(&dead(number)).failures > 0);
            most = most.max(hosts.known.lock().hosts.len());
        }
        assert!(most <= MANY + 1, "{most} hosts in memory");
        assert!(open.iter().all(|key| hosts.save(key).failures > 0), "what is not saved is not lost");
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_was_just_asked_is_not_forgotten_with_its_pace() {
        let (hosts, slots) = (hosts("[fetch]\ndelay = \"1h\"\n"), Slots::new(1, 0));
        let host = hosts.get(&key("http://a.example/"));
        drop(host.permit(&slots, Transport::Plain).await.unwrap());
        host.save();
        assert!(!host.is_forgettable());
        tokio::time::advance(Duration::from_secs(3601)).await;
        assert!(host.is_forgettable());
    }

    #[tokio::test]
    async fn the_first_pattern_that_matches_counts() {
        let hosts = hosts(
            "[[fetch.host]]\nhost = \"img.example.org\"\nheaders = [\"Cookie: a=b\"]\n\
             [[fetch.host]]\nhost = \"*.example.org\"\nper_host = 7\n",
        );
        let check = |url: &str| {
            let settings = hosts.get(&key(url)).settings.clone();
            let secrets = settings.secret_headers(&Url::parse(url).unwrap());
            (settings.per_host, matches!(secrets, SecretHeaders::Sent([_])))
        };
        assert_eq!(check("https://img.example.org/"), (2, true));
        assert_eq!(check("https://img.example.org:8443/"), (2, false));
        assert_eq!(check("https://other.example.org/"), (7, false));
        assert_eq!(check("https://img.example.org.evil.example/"), (2, false));
        assert_eq!(check("https://example.org/"), (2, false));
    }

    #[tokio::test]
    async fn a_group_shares_its_pace_and_nothing_else() {
        let hosts = hosts("[[fetch.host]]\nhost = \"*.cdn.example\"\ngroup = \"cdn\"\n");
        let (one, two) = (hosts.get(&key("http://a.cdn.example/")), hosts.get(&key("http://b.cdn.example/")));
        assert!(Arc::ptr_eq(&one.pacer, &two.pacer));
        assert!(!Arc::ptr_eq(&one.pacer, &hosts.get(&key("http://other.example/")).pacer));
        let slow = HostState { delay: Duration::from_secs(4), ..HostState::default() };
        one.restore(&slow);
        two.restore(&HostState { referer: RefererStrategy::ImageOrigin, delay: Duration::from_secs(9), ..slow });
        assert_eq!((two.state().referer, two.state().delay), (RefererStrategy::ImageOrigin, Duration::from_secs(4)));
        one.learn(RefererStrategy::Article, true);
        assert_eq!(two.strategies()[0], RefererStrategy::ImageOrigin);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_was_dead_is_probed_by_one_request() {
        let (hosts, slots) = (hosts("[fetch]\nper_host = 4\ndelay = \"0\""), Slots::new(16, 0));
        let host = hosts.get(&key("http://dead.example/"));
        (0..5).for_each(|_| host.record_no_response(Transport::Plain));
        assert!(host.permit(&slots, Transport::Plain).await.unwrap_err().retry_at.is_some());
        tokio::time::advance(Duration::from_secs(601)).await;
        let permit = host.permit(&slots, Transport::Plain).await.unwrap();
        let (other, same_slots) = (Arc::clone(&host), slots.clone());
        let second = tokio::spawn(async move { other.permit(&same_slots, Transport::Plain).await.map(drop) });
        tokio::task::yield_now().await;
        assert!(!second.is_finished(), "it waits for the probe");
        host.record_no_response(Transport::Plain);
        drop(permit);
        assert!(second.await.unwrap().is_err(), "the probe failed");
        assert_eq!(host.state().failures, 6);
    }

    #[tokio::test]
    async fn what_was_learned_comes_back() {
        let (hosts, key) = (hosts(""), key("http://a.example/"));
        let after = |seconds| Some(saturating_add(hosts.clock.now(), Duration::from_secs(seconds)));
        let state = HostState {
            referer: RefererStrategy::Article,
            failures: 6,
            open_until: after(600),
            not_before: after(1200),
            delay: Duration::from_secs(4),
        };
        assert_eq!(hosts.save(&key), HostState::default());
        hosts.lease(&key, &state);
        assert_eq!(hosts.save(&key), state);
        hosts.lease(&key, &HostState { failures: 1, ..HostState::default() });
        assert_eq!(hosts.save(&key), state, "what is known here is newer");
    }

    #[tokio::test]
    async fn a_host_that_refuses_every_strategy_is_soon_tried_with_one() {
        let hosts = hosts("");
        let host = hosts.get(&key("http://a.example/"));
        (0..FAILED_ROUNDS).for_each(|_| host.all_strategies_failed());
        assert_eq!(host.strategies(), [RefererStrategy::Omit]);
        host.learn(RefererStrategy::Omit, false);
        assert_eq!(host.strategies(), [RefererStrategy::Omit], "that others need no Referer says nothing of these");
        host.learn(RefererStrategy::Article, true);
        assert_eq!(host.strategies()[0], RefererStrategy::Article);
        assert_eq!(host.strategies().len(), 3);
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

    #[tokio::test]
    async fn a_host_that_is_down_without_tls_is_asked_over_tls() {
        let (hosts, slots) = (hosts("[fetch]\ndelay = \"0\""), Slots::new(4, 0));
        let host = hosts.get(&key("http://a.example/"));
        for _ in 0..5 {
            assert!(!host.is_down_for(Transport::Plain));
            host.record_no_response(Transport::Plain);
        }
        assert!(host.is_down_for(Transport::Plain) && !host.is_down_for(Transport::Tls));
        assert_eq!(host.permit(&slots, Transport::Plain).await.unwrap_err().reason, crate::model::Reason::HostDown);
        drop(host.permit(&slots, Transport::Tls).await.unwrap());
        host.record_response(Transport::Plain);
        assert!(!host.is_down_for(Transport::Plain), "it responds again");
    }
}
