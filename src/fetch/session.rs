//! What all requests of one fetcher share.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use url::Url;

use super::body::limits::Limits;
use super::clock::Clock;
use super::error::FetchError;
use super::host::Host;
use super::host::memory::HostMemory;
use super::host::permit::Slots;
use super::host::registry::Hosts;
use super::net::connections::Connections;
use super::net::descriptors;
use super::net::resolve::Lookup;
use super::robots::cache::RobotsCache;
use super::robots::log::RobotsLog;
use crate::config::FetchConfig;
use crate::locks::Mutex;
use crate::model::{Failure, HostKey, Reason};
use crate::staging::Staging;

/// The most requests that wait for hosts which are silent or slow, whatever the system allows.
const MOST_PARKED: usize = 384;

/// The settings and the state of one fetcher.
pub(crate) struct Session {
    /// The settings.
    pub(crate) config: FetchConfig,
    /// The limits on one response.
    pub(crate) limits: Limits,
    /// The HTTP clients.
    pub(crate) connections: Connections,
    /// What is known of hosts.
    pub(crate) hosts: Hosts,
    /// What their robots.txt say.
    pub(crate) robots: RobotsCache,
    /// How many requests may be under way.
    pub(crate) slots: Slots,
    /// The folder for bodies.
    pub(crate) staging: Staging,
    /// Where what is learned of hosts is kept, where it is.
    pub(crate) memory: OnceLock<Arc<dyn HostMemory>>,
    /// Who takes note of requests for robots.txt, where anybody does.
    pub(crate) robots_log: Mutex<Option<Arc<dyn RobotsLog>>>,
}

impl Session {
    /// A session with these settings.
    ///
    /// # Errors
    /// Settings that cannot work.
    pub(crate) fn new(config: &FetchConfig, staging: &Path, lookup: Arc<dyn Lookup>) -> Result<Self, FetchError> {
        let most = descriptors::for_requests();
        Ok(Self {
            limits: Limits::new(config),
            connections: Connections::new(config, lookup)?,
            hosts: Hosts::new(config, Clock::start())?,
            robots: RobotsCache::default(),
            slots: Slots::new(config.concurrency.min((most / 4).max(1)), most.min(MOST_PARKED)),
            staging: Staging::new(staging),
            memory: OnceLock::new(),
            robots_log: Mutex::default(),
            config: config.clone(),
        })
    }

    /// The host that answers a URL.
    pub(crate) fn host(&self, url: &Url) -> Result<(HostKey, Arc<Host>), Failure> {
        let key = HostKey::of(url).ok_or_else(|| Failure::new(Reason::BadUrl, "the URL names no host"))?;
        let host = self.hosts.get(&key);
        Ok((key, host))
    }

    /// The same, with what is known of it from earlier runs.
    pub(crate) async fn known_host(&self, url: &Url) -> Result<(HostKey, Arc<Host>), Failure> {
        let (key, host) = self.host(url)?;
        if let Some(memory) = self.memory.get() {
            host.recall(&key, &**memory).await;
        }
        Ok((key, host))
    }

    /// Keeps what has been learned of a host.
    pub(crate) async fn keep_host(&self, key: &HostKey, host: &Host) {
        if let Some(memory) = self.memory.get() {
            host.keep(key, &**memory).await;
        }
    }
}
