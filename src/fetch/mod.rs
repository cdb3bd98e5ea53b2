//! Fetching: like a guest, and never fooled.
//!
//! A [`Fetcher`] is given a URL and a [`Judge`] that knows what kind of thing is wanted. It waits for the host's turn
//! (`pace`), connects to nothing but addresses that articles may reach (`guard`, `resolve`), follows redirects by
//! hand, receives the body within limits (`body`), tries again what may pass (`retry`), climbs the Referer ladder
//! where it is refused (`ladder`), and gives back every request and answer as it was sent and received.

mod attempt;
mod body;
mod breaker;
mod classify;
mod client;
mod clock;
mod coding;
mod error;
mod exchange;
mod fallback;
mod guard;
mod head;
mod host;
mod ladder;
mod pace;
mod permission;
mod promise;
mod resolve;
mod resume;
mod retry;
mod robots;
mod staging;

use std::path::Path;
use std::sync::Arc;

use reqwest::header::HeaderValue;
use tokio::sync::Semaphore;
use url::Url;

use crate::config::FetchConfig;
use crate::model::{Digest, Exchange, Failure, HostKey, HostState, Reason, RefererStrategy, Validators};
use crate::staging::Staged;

pub use error::FetchError;
pub use fallback::{Fallback, memento_datetime};
pub use resolve::{Lookup, SystemLookup};
pub use robots::Robots;

/// For each request that may be in flight, so many more may wait for hosts that have not answered yet.
const ASIDE: usize = 8;

/// Fetches URLs, paced by host. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
}

struct Inner {
    config: FetchConfig,
    user_agent: HeaderValue,
    limits: body::Limits,
    guard: Arc<guard::Guard>,
    clients: client::Clients,
    hosts: host::Hosts,
    permissions: permission::Permissions,
    /// A place for each request in flight, over all hosts.
    all: Arc<Semaphore>,
    /// A place for each request that only waits for the first sign of a host.
    aside: Arc<Semaphore>,
    staging: Arc<Path>,
}

/// What is fetched, which decides what the server is told that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Part of an article: an image or other media.
    Media,
    /// A page, feed or sitemap.
    Page,
}

impl Purpose {
    const fn accept(self) -> &'static str {
        match self {
            Self::Media => "image/*,*/*;q=0.5",
            Self::Page => "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        }
    }
}

/// One thing to fetch.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Its URL. The fragment is not sent.
    pub url: &'a Url,
    /// What it is.
    pub purpose: Purpose,
    /// The address of an article that shows it, for hosts that want to know. It is sent without query and credentials,
    /// and only after a refusal.
    pub article: Option<&'a Url>,
    /// What the good capture that is kept can be compared with; empty where there is none.
    pub validators: &'a Validators,
    /// Who says whether a body is the kind of thing wanted.
    pub judge: &'a dyn Judge,
}

/// Says whether a body is the kind of thing that is wanted.
pub trait Judge: Send + Sync {
    /// Looks at a body that arrived whole. It is called on the runtime, so it should read no more than it needs.
    ///
    /// # Errors
    /// Why the body is not wanted. [`Reason::Placeholder`] and [`Reason::NotAnImage`] count as a refusal, after which
    /// the next step of the Referer ladder is tried; [`Reason::Truncated`] is tried again.
    fn judge(&self, staged: &Staged, content_type: Option<&str>) -> Result<(), Reason>;
}

/// What became of a request.
#[derive(Debug)]
pub struct Fetched {
    /// Every request that was sent, with its answer, in order.
    pub exchanges: Vec<Exchange>,
    /// How it ended.
    pub outcome: Result<Answer, Failure>,
    /// The first body that the judge refused, where it is no larger than `fetch.max_refused`: evidence of what the host
    /// sent in place of what was wanted.
    pub refused: Option<Staged>,
}

impl Fetched {
    /// What ends before anything is asked.
    pub fn unasked(outcome: Result<Answer, Failure>) -> Self {
        Self { exchanges: Vec::new(), outcome, refused: None }
    }
}

/// How a request ended well.
#[derive(Debug)]
pub enum Answer {
    /// A body that the judge accepts.
    Body {
        /// The bytes, with any content coding undone.
        staged: Staged,
        /// What a later request can be compared with.
        validators: Validators,
    },
    /// The server says that the capture which the validators belong to is still what it would send.
    NotModified,
}

impl Fetcher {
    /// A fetcher with these settings that puts bodies into temporary files in `staging`.
    ///
    /// # Errors
    /// Settings that cannot work: a certificate file, a proxy, a header, a host pattern.
    pub fn new(config: &FetchConfig, staging: &Path) -> Result<Self, FetchError> {
        Self::with_lookup(config, staging, SystemLookup)
    }

    /// The same, with another way to look up the addresses of names that `[fetch.resolve]` does not give.
    ///
    /// # Errors
    /// As for [`Fetcher::new`].
    pub fn with_lookup(
        config: &FetchConfig,
        staging: &Path,
        lookup: impl Lookup + 'static,
    ) -> Result<Self, FetchError> {
        let lookup: Arc<dyn Lookup> = Arc::new(lookup);
        let guard = Arc::new(guard::Guard::new(config));
        let inner = Inner {
            user_agent: client::user_agent(config)?,
            limits: body::Limits::new(config),
            clients: client::Clients::new(config, &guard, &lookup)?,
            hosts: host::Hosts::new(config, clock::Clock::start())?,
            permissions: permission::Permissions::default(),
            all: Arc::new(Semaphore::new(config.concurrency.max(1))),
            aside: Arc::new(Semaphore::new(
                config.concurrency.max(1).saturating_mul(ASIDE).min(Semaphore::MAX_PERMITS),
            )),
            staging: Arc::from(staging),
            config: config.clone(),
            guard,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Takes up what an earlier run learned of a host.
    pub fn restore_host(&self, host: &HostKey, state: &HostState) {
        self.inner.hosts.restore(host, state);
    }

    /// What has been learned of a host, to be remembered for the next run.
    pub fn host_state(&self, host: &HostKey) -> HostState {
        self.inner.hosts.state(host)
    }

    /// How many requests to a host may be in flight, as the settings say.
    pub fn per_host(&self, host: &HostKey) -> usize {
        self.inner.hosts.per_host(host)
    }

    /// Fetches one thing: waits for the host's turn, follows redirects, tries again, climbs the Referer ladder. It ends
    /// when it is dropped, and then leaves no file behind.
    ///
    /// What robots.txt forbids is not asked for: pages never, media where `fetch.robots` says so.
    pub async fn fetch(&self, request: &Request<'_>) -> Fetched {
        self.fetch_at(request, None).await
    }

    /// The same, of an archive that has it from many dates (`Accept-Datetime`, RFC 7089).
    async fn fetch_at(&self, request: &Request<'_>, date: Option<&HeaderValue>) -> Fetched {
        if let Err(failure) = self.inner.permit(request).await {
            return Fetched::unasked(Err(failure));
        }
        let mut attempt = attempt::Attempt::new(&self.inner, request);
        attempt.date = date.cloned();
        let outcome = attempt.climb().await;
        attempt.fetched(outcome)
    }

    /// The steps of the Referer ladder that a request can be sent with, but for the one that it is sent with first.
    pub fn other_referers(&self, request: &Request<'_>) -> Vec<RefererStrategy> {
        let host = self.inner.host(request.url);
        host.map_or_else(|_| Vec::new(), |host| attempt::Attempt::new(&self.inner, request).other_referers(&host))
    }

    /// The same as [`Fetcher::fetch`], with one step of the Referer ladder and no other. Nothing is learned from it.
    pub async fn fetch_with(&self, referer: RefererStrategy, request: &Request<'_>) -> Fetched {
        if let Err(failure) = self.inner.permit(request).await {
            return Fetched::unasked(Err(failure));
        }
        let mut attempt = attempt::Attempt::new(&self.inner, request);
        let outcome = attempt.only(referer).await;
        attempt.fetched(outcome)
    }

    /// From now on a host is asked with this step of the Referer ladder first.
    pub fn learn(&self, host: &HostKey, referer: RefererStrategy) {
        self.inner.hosts.get(host).learn(referer, true);
    }

    /// What a host is known to send in place of pictures, as the settings say.
    pub fn placeholders(&self, host: &HostKey) -> Vec<Digest> {
        self.inner.hosts.get(host).settings.placeholders.clone()
    }

    /// What robots.txt says of the host of a URL. It is asked for once a day.
    ///
    /// # Errors
    /// The file could not be got, although there may be one.
    pub async fn robots(&self, url: &Url) -> Result<Arc<Robots>, Failure> {
        self.inner.robots(url).await
    }
}
