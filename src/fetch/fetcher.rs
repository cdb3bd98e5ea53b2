//! The fetcher: the face of this module.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use url::{Position, Url};

use super::attempt::Attempt;
use super::error::FetchError;
use super::host::breakers::Transport;
use super::host::memory::HostMemory;
use super::net::resolve::{Lookup, SystemLookup};
use super::request::{Fetched, Judge, Purpose, Request};
use super::robots::log::RobotsLog;
use super::robots::rules::Robots;
use super::robots_txt::robots_of;
use super::session::Session;
use crate::config::{self, FetchConfig};
use crate::model::{Digest, Failure, HostKey, HostState, Reason, RefererStrategy};

/// Fetches URLs, paced by host. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Fetcher {
    session: Arc<Session>,
}

impl Fetcher {
    /// A fetcher with these settings that puts bodies into temporary files in `staging`.
    ///
    /// # Errors
    /// Settings that cannot work: a certificate file, a proxy, a header, a host pattern.
    pub fn new(config: &FetchConfig, staging: &Path) -> Result<Self, FetchError> {
        Self::with_lookup(config, staging, SystemLookup)
    }

    /// The same, with another way to look up the IP addresses of names that `[fetch.resolve]` does not give.
    ///
    /// # Errors
    /// As for [`Fetcher::new`].
    pub fn with_lookup(
        config: &FetchConfig,
        staging: &Path,
        lookup: impl Lookup + 'static,
    ) -> Result<Self, FetchError> {
        Ok(Self { session: Arc::new(Session::new(config, staging, Arc::new(lookup))?) })
    }

    /// Whether a fetcher can be made of these settings, before there is an archive for it.
    ///
    /// # Errors
    /// As for [`Fetcher::new`].
    pub fn check(config: &FetchConfig) -> Result<(), FetchError> {
        Session::new(config, Path::new(""), Arc::new(SystemLookup)).map(drop)
    }

    /// Recalls and keeps what is learned of hosts, from now on.
    pub(crate) fn remember_hosts(&self, memory: Arc<dyn HostMemory>) {
        // A fetcher belongs to one archive: the first memory stays.
        let _ = self.session.memory.set(memory);
    }

    /// Hands on what requests for robots.txt give, from now on.
    pub(crate) fn log_robots(&self, log: Arc<dyn RobotsLog>) {
        *self.session.robots_log.lock() = Some(log);
    }

    /// Restores what an earlier run learned of a host, for who will keep [`Fetcher::host_state`]. Until then nobody else
    /// does.
    pub fn restore_host(&self, host: &HostKey, state: &HostState) {
        self.session.hosts.lease(host, state);
    }

    /// There are so many jobs for a host. Of hosts that answer alike, the one with the most comes first.
    pub(crate) fn expect_jobs(&self, host: &HostKey, jobs: u64) {
        self.session.hosts.get(host).expect_jobs(jobs);
    }

    /// What has been learned of a host, for the next run. After that the host may be dropped from memory, until it is
    /// restored.
    pub fn host_state(&self, host: &HostKey) -> HostState {
        self.session.hosts.save(host)
    }

    /// Closes the idle connections of a host that is done.
    pub fn close_host(&self, host: &HostKey) {
        self.session.connections.close(host);
    }

    /// Whether further requests are sent. Where they are not, those that wait for their turn end, deferred; those that
    /// are under way go on.
    pub(crate) fn set_open(&self, is_open: bool) {
        self.session.slots.set_open(is_open);
    }

    /// Ends the requests that are under way, deferred, and those that are sent until it is opened again.
    pub(crate) fn give_up(&self) {
        self.session.slots.give_up();
    }

    /// Waits until no more requests are sent.
    pub(crate) async fn closed(&self) {
        self.session.slots.closed().await;
    }

    /// Whether requests to a host wait: its responses come slowly, or it asked for a pause.
    pub(crate) fn is_slow(&self, host: &HostKey) -> bool {
        self.session.hosts.get(host).is_slow()
    }

    /// Whether the host of a URL gets no request without TLS, because it did not respond to any.
    pub(crate) fn is_down_without_tls(&self, url: &Url) -> bool {
        HostKey::of(url).is_some_and(|host| self.session.hosts.get(&host).is_down_for(Transport::Plain))
    }

    /// The most bytes of a body that is kept although it is not what was wanted: `fetch.max_refused`.
    pub(crate) fn max_evidence(&self) -> u64 {
        self.session.limits.max_evidence
    }

    /// How many requests to a host may be in flight, as the settings say.
    pub fn per_host(&self, host: &HostKey) -> usize {
        self.session.hosts.per_host(host)
    }

    /// Fetches one thing: waits for the host's pace, follows redirects, retries transient failures, tries the Referer
    /// strategies. Dropping the future ends it and leaves no file behind.
    ///
    /// It does not request what robots.txt forbids: pages never, media where `fetch.robots` says so.
    pub async fn fetch<J: Judge>(&self, request: &Request<'_, J>) -> Fetched<J::Accepted> {
        self.fetch_within(request, None, self.session.limits.url_timeout).await.0
    }

    /// The same, of a web archive's capture nearest to a date, and within some time. Returns how much of it is left.
    pub(crate) async fn fetch_within<J: Judge>(
        &self,
        request: &Request<'_, J>,
        date: Option<&HeaderValue>,
        time: Duration,
    ) -> (Fetched<J::Accepted>, Duration) {
        if let Err(failure) = self.check_robots(request.purpose, request.url).await {
            return (Fetched::without_request(Err(failure)), time);
        }
        let attempt = Attempt::within(&self.session, *request, time);
        let mut attempt = match date {
            Some(date) => attempt.of_date(date.clone()),
            None => attempt,
        };
        let outcome = attempt.run().await;
        attempt.finish(outcome)
    }

    /// The time for everything that is done for one URL.
    pub(crate) fn url_timeout(&self) -> Duration {
        self.session.limits.url_timeout
    }

    /// The Referer strategies that a request can be sent with, except the one that is tried first.
    pub fn other_strategies<J: Judge>(&self, request: &Request<'_, J>) -> Vec<RefererStrategy> {
        let host = self.session.host(request.url);
        host.map_or_else(|_| Vec::new(), |(_, host)| Attempt::new(&self.session, *request).other_strategies(&host))
    }

    /// The same as [`Fetcher::fetch`], with one Referer strategy and no other. The fetcher learns nothing from it.
    pub async fn fetch_with<J: Judge>(
        &self,
        strategy: RefererStrategy,
        request: &Request<'_, J>,
    ) -> Fetched<J::Accepted> {
        if let Err(failure) = self.check_robots(request.purpose, request.url).await {
            return Fetched::without_request(Err(failure));
        }
        let mut attempt = Attempt::new(&self.session, *request);
        let outcome = attempt.run_only(strategy).await;
        attempt.finish(outcome).0
    }

    /// Makes a strategy the first one that is tried with a host.
    pub fn learn(&self, host: &HostKey, strategy: RefererStrategy) {
        self.session.hosts.get(host).learn(strategy, true);
    }

    /// SHA-256 of what a host sends in place of images, as the settings say.
    pub fn placeholders(&self, host: &HostKey) -> Vec<Digest> {
        self.session.hosts.get(host).settings.placeholders.clone()
    }

    /// What robots.txt says of the host of a URL. It is requested once a day.
    ///
    /// # Errors
    /// The file could not be fetched, although there may be one.
    pub async fn robots(&self, url: &Url) -> Result<Arc<Robots>, Failure> {
        robots_of(&self.session, url).await
    }

    /// Refuses what robots.txt forbids: pages always, media where the settings say so. Requests to the host keep the
    /// spacing that the file asks for.
    ///
    /// # Errors
    /// That it is forbidden, or that the file could not be fetched although there may be one.
    pub(crate) async fn check_robots(&self, purpose: Purpose, url: &Url) -> Result<(), Failure> {
        let config = &self.session.config;
        if config.ignore_robots || (purpose == Purpose::Media && config.robots == config::RobotsRule::Ignore) {
            return Ok(());
        }
        let robots = self.robots(url).await?;
        if let Some(delay) = robots.crawl_delay() {
            self.session.host(url)?.1.pacer().set_crawl_delay(delay);
        }
        if robots.allows(&url[Position::BeforePath..Position::AfterQuery]) {
            return Ok(());
        }
        Err(Failure::new(Reason::Robots, "the host's robots.txt forbids it"))
    }
}
