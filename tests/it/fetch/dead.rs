//! A night in which half of the hosts are dead.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::Timestamp;
use offprint::testing::config::FetchConfig;
use offprint::testing::fetch::Lookup;
use offprint::testing::model::{HostKey, HostState, Reason};
use tokio::net::{TcpSocket, TcpStream};
use url::Url;

use super::{Guest, quick, reason};
use crate::corpus::say;
use crate::origin::image;
use crate::testserver::{Behaviour, Origin, Site};

const HOSTS: usize = 20;
const URLS: usize = 20;
/// How long a host that is silent is listened to.
const SILENCE: Duration = Duration::from_secs(1);

/// An address where nobody answers: its queue of connections is full, so that the system drops what comes.
pub(crate) struct BlackHole {
    pub(crate) address: SocketAddr,
    _listener: tokio::net::TcpListener,
    _queued: Vec<TcpStream>,
}

impl BlackHole {
    pub(crate) async fn new() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind("127.0.0.1:0".parse().unwrap())?;
        let listener = socket.listen(1)?;
        let address = listener.local_addr()?;
        let mut queued = Vec::new();
        while let Ok(connected) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
            queued.push(connected?);
        }
        Ok(Self { address, _listener: listener, _queued: queued })
    }
}

/// Sends hosts named `dead…` to one address and all others to another, and counts how often each is asked for: once
/// for each connection that is tried.
#[derive(Clone)]
struct Counting {
    dead: SocketAddr,
    live: SocketAddr,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

#[async_trait::async_trait]
impl Lookup for Counting {
    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        *self.asked.lock().unwrap().entry(name.to_owned()).or_default() += 1;
        Ok(vec![if name.starts_with("dead") { self.dead } else { self.live }])
    }
}

impl Counting {
    fn most_asked(&self) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(name, _)| name.starts_with("dead")).map(|(_, count)| *count).max().unwrap_or(0)
    }
}

fn host(number: usize) -> String {
    format!("{}{number}.example", if number.is_multiple_of(2) { "dead" } else { "live" })
}

fn key(number: usize) -> HostKey {
    HostKey::of(&Url::parse(&format!("http://{}/", host(number))).unwrap()).unwrap()
}

/// One night: every URL of every host, with what the nights before learned. Gives the reasons with their numbers.
async fn night(config: &FetchConfig, lookup: &Counting, states: &mut [HostState]) -> BTreeMap<&'static str, usize> {
    let guest = Guest::with_lookup(config, lookup.clone());
    for (number, state) in states.iter().enumerate() {
        guest.fetcher.restore_host(&key(number), state);
    }
    let urls: Vec<_> = (0..HOSTS * URLS).map(|n| format!("http://{}/{}.jpg", host(n % HOSTS), n / HOSTS)).collect();
    let fetched = join_all(urls.iter().map(|url| guest.get(url))).await;
    let mut outcomes = BTreeMap::new();
    for fetched in &fetched {
        *outcomes.entry(reason(fetched).map_or("good", Reason::as_str)).or_default() += 1;
    }
    for (number, state) in states.iter_mut().enumerate() {
        *state = guest.fetcher.host_state(&key(number));
    }
    outcomes
}

async fn check(how: &str, dead: SocketAddr, most: usize, bound: Duration) {
    let site = Site::new().otherwise(|_| Some(Behaviour::serve(image())));
    let origin = Origin::start(site).unwrap();
    let lookup = Counting { dead, live: origin.address(), asked: Arc::default() };
    let config = FetchConfig { retry_wait: Duration::from_millis(50), connect_timeout: SILENCE, ..quick() };
    let mut states = vec![HostState::default(); HOSTS];

    let begun = Instant::now();
    let first = night(&config, &lookup, &mut states).await;
    let took = begun.elapsed();
    let attempts = lookup.most_asked();
    say(&format!("{HOSTS} hosts, half of them {how}, {URLS} URLs each: {took:?}, {first:?}, {attempts} connections"));
    assert_eq!(first["good"], HOSTS / 2 * URLS);
    assert!(first["host_down"] >= HOSTS / 2 * (URLS - most), "{first:?}");
    assert!(attempts <= most, "{attempts}");
    assert!(took < bound, "{took:?}");

    // The next night, while the hosts are still being left alone.
    lookup.asked.lock().unwrap().clear();
    let second = night(&config, &lookup, &mut states).await;
    assert_eq!((second["host_down"], lookup.most_asked()), (HOSTS / 2 * URLS, 0));

    // And the night after, when that time is over.
    let past = Timestamp::from_second(1_700_000_000).unwrap();
    for state in &mut states {
        state.open_until = state.open_until.map(|_| past);
    }
    let third = night(&config, &lookup, &mut states).await;
    assert_eq!(lookup.most_asked(), 1, "each is probed once");
    assert_eq!(third["good"], HOSTS / 2 * URLS);
    assert!(states.iter().step_by(2).all(|state| state.open_until > Some(Timestamp::now())), "and left alone again");
}

#[tokio::test]
async fn hosts_that_refuse_cost_next_to_nothing() {
    // Bound, so that nobody else takes it, and not listening.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    // The breaker opens at five, with two in flight.
    check("refusing", closed.local_addr().unwrap(), 6, Duration::from_secs(10)).await;
}

#[tokio::test]
async fn hosts_that_are_silent_cost_one_connect_timeout_together() {
    let hole = BlackHole::new().await.unwrap();
    // As many as may be in flight: the first silence says enough.
    check("silent", hole.address, 2, SILENCE * 5).await;
}

#[tokio::test]
async fn one_image_of_a_silent_host_costs_one_connect_timeout() {
    let hole = BlackHole::new().await.unwrap();
    let lookup = Counting { dead: hole.address, live: hole.address, asked: Arc::default() };
    let config = FetchConfig { connect_timeout: Duration::from_millis(300), ..quick() };
    let fetched = Guest::with_lookup(&config, lookup.clone()).get("http://dead.example/a.jpg").await;
    assert_eq!((reason(&fetched), lookup.most_asked()), (Some(Reason::Timeout), 1));
}
