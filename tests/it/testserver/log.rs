//! What an origin was asked, and when: the evidence for pace, politeness and secrecy.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long [`Log::wait_for`] waits before it gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// The version of HTTP that a request was made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0 (RFC 1945).
    Http10,
    /// HTTP/1.1 (RFC 9112).
    Http11,
    /// HTTP/2 (RFC 9113).
    Http2,
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Request {
    /// How it was spoken.
    pub version: Version,
    /// Its method.
    pub method: String,
    /// `Host` or `:authority`, with the port where that was said; empty where it named none.
    pub host: String,
    /// Path and query.
    pub target: String,
    /// Its headers in the order they came; over HTTP/1 with their names as they were spelled.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
}

impl Request {
    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |header: &&(String, String)| header.0.eq_ignore_ascii_case(name);
        self.headers.iter().find(named).map(|(_, value)| value.as_str())
    }

    /// The host without its port.
    pub fn host_name(&self) -> &str {
        let port = self.host.rfind(':').filter(|_| !self.host.ends_with(']'));
        &self.host[..port.unwrap_or(self.host.len())]
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// One request in the log, and what became of it.
#[derive(Debug, Clone)]
pub struct LoggedRequest {
    /// The request.
    pub request: Request,
    /// When its head, and its body if it had one, had arrived.
    pub arrived: Instant,
    /// When the last piece of the answer was handed over, or the connection was lost; `None` while it lasts.
    pub ended: Option<Instant>,
    /// The status it was answered with, where it was answered.
    pub status: Option<u16>,
    /// How many requests to the same host were in flight when it came, itself included.
    pub in_flight: usize,
    /// How many requests to any host were in flight when it came, itself included.
    pub in_flight_all: usize,
}

/// Fewer requests came than a test waited for.
#[derive(Debug, thiserror::Error)]
#[error("{came} requests came within {PATIENCE:?}, not {wanted}")]
pub struct TooFew {
    came: usize,
    wanted: usize,
}

#[derive(Debug, Default)]
struct State {
    requests: Vec<LoggedRequest>,
    /// How many requests are in flight, by host.
    running: HashMap<String, usize>,
    /// How often the log was cleared.
    cleared: u64,
    connections: u64,
}

/// Every request since the start or since [`Log::clear`]; clones read the same log.
#[derive(Debug, Clone)]
pub struct Log {
    state: Arc<Mutex<State>>,
    changed: watch::Sender<()>,
}

impl Log {
    pub(super) fn new() -> Self {
        Self { state: Arc::default(), changed: watch::Sender::new(()) }
    }

    /// Every request, in the order they came.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.state().requests.clone()
    }

    /// The requests for one path, whatever its query and its host.
    pub fn of(&self, path: &str) -> Vec<LoggedRequest> {
        self.filtered(|logged| logged.request.path() == path)
    }

    /// The requests to one host: a name, or a name with its port.
    pub fn to(&self, host: &str) -> Vec<LoggedRequest> {
        self.filtered(|logged| logged.request.host == host || logged.request.host_name() == host)
    }

    /// How many requests came.
    pub fn count(&self) -> usize {
        self.state().requests.len()
    }

    /// How many connections were accepted, those included whose TLS handshake then failed.
    pub fn connections(&self) -> u64 {
        self.state().connections
    }

    /// The most requests that were ever in flight to one host.
    ///
    /// A request counts from its arrival until the last piece of its answer is handed to the system, so a client
    /// that keeps to n at once is never seen with more.
    pub fn most_in_flight(&self, host: &str) -> usize {
        self.to(host).iter().map(|logged| logged.in_flight).max().unwrap_or(0)
    }

    /// The most requests that were ever in flight to all hosts together.
    pub fn most_in_flight_of_all(&self) -> usize {
        self.state().requests.iter().map(|logged| logged.in_flight_all).max().unwrap_or(0)
    }

    /// The times between the arrivals of requests to one host.
    pub fn spacing(&self, host: &str) -> Vec<Duration> {
        let requests = self.to(host);
        requests.windows(2).map(|pair| pair[1].arrived - pair[0].arrived).collect()
    }

    /// Forgets the requests and connections so far. Those in flight still count as such.
    pub fn clear(&self) {
        let mut state = self.state();
        let State { running, cleared, .. } = std::mem::take(&mut *state);
        *state = State { running, cleared: cleared + 1, ..State::default() };
    }

    /// Waits until `count` requests have come, and gives the log as it is then.
    pub async fn wait_for(&self, count: usize) -> Result<Vec<LoggedRequest>, TooFew> {
        self.wait_for_those(count, |_| true).await
    }

    /// Waits until `count` requests have been answered to their end.
    pub async fn wait_for_ended(&self, count: usize) -> Result<Vec<LoggedRequest>, TooFew> {
        self.wait_for_those(count, |logged| logged.ended.is_some()).await
    }

    /// Waits until `count` requests fulfil a condition, and gives those.
    pub async fn wait_for_those(
        &self,
        count: usize,
        test: impl Fn(&LoggedRequest) -> bool,
    ) -> Result<Vec<LoggedRequest>, TooFew> {
        let mut changes = self.changed.subscribe();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.filtered(&test);
            if found.len() >= count {
                return Ok(found);
            }
            if tokio::time::timeout_at(deadline, changes.changed()).await.is_err() {
                return Err(TooFew { came: found.len(), wanted: count });
            }
        }
    }

    fn filtered(&self, test: impl Fn(&LoggedRequest) -> bool) -> Vec<LoggedRequest> {
        self.state().requests.iter().filter(|logged| test(logged)).cloned().collect()
    }

    /// Counts a connection.
    pub(super) fn connected(&self) {
        self.state().connections += 1;
    }

    /// Writes a request down; it is in flight until the ticket is ended or dropped.
    pub(super) fn arrived(&self, request: &Request) -> Ticket {
        let mut state = self.state();
        *state.running.entry(request.host.clone()).or_default() += 1;
        let logged = LoggedRequest {
            request: request.clone(),
            arrived: Instant::now(),
            ended: None,
            status: None,
            in_flight: state.running[&request.host],
            in_flight_all: state.running.values().sum(),
        };
        let (index, cleared) = (state.requests.len(), state.cleared);
        state.requests.push(logged);
        drop(state);
        self.changed.send_replace(());
        Ticket { log: self.clone(), host: request.host.clone(), index, cleared, ended: false }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, and a log with a gap would still be the best there is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in flight.
#[derive(Debug)]
pub(super) struct Ticket {
    log: Log,
    host: String,
    index: usize,
    cleared: u64,
    ended: bool,
}

impl Ticket {
    /// Notes the status of the answer.
    pub(super) fn answered(&self, status: u16) {
        self.update(|logged| logged.status = Some(status));
    }

    /// Notes that the last piece of the answer is about to be handed over.
    pub(super) fn end(&mut self) {
        if self.ended {
            return;
        }
        self.ended = true;
        if let Some(running) = self.log.state().running.get_mut(&self.host) {
            *running -= 1;
        }
        self.update(|logged| logged.ended = Some(Instant::now()));
    }

    fn update(&self, change: impl FnOnce(&mut LoggedRequest)) {
        let mut state = self.log.state();
        // Since the log was cleared, another request, or none, has this place.
        if state.cleared == self.cleared {
            change(&mut state.requests[self.index]);
        }
        drop(state);
        self.log.changed.send_replace(());
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.end();
    }
}
