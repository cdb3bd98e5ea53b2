//! No spelling, no redirect and no name server leads the fetcher to an address that articles must not reach. A canary
//! listens there and counts who comes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use offprint::testing::config::FetchConfig;
use offprint::testing::fetch::Lookup;
use offprint::testing::model::Reason;

use super::{Always, Guest, bytes, failure, loopback, quick, reason};
use crate::corpus::say;
use crate::origin::canary::Canary;
use crate::origin::image;
use crate::testserver::{Behaviour, Origin, Plain, Site};

/// Ways to write an address of this machine, or one where clouds keep their secrets.
const SPELLINGS: [&str; 44] = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7F.1",
    "0177.0.0.1",
    "017700000001",
    "0x7f.0x0.0x0.0x1",
    "127.0.0.1.",
    "0",
    "0.0.0.0",
    "0x0",
    "127.255.255.254",
    "%31%32%37.0.0.1",
    "1２7.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::1]",
    "[2001:0:7f00:1::1]",
    "[fe80::5efe:7f00:1]",
    "localhost",
    "LOCALHOST.",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
];

/// Settings as shipped, but for the canary's port, which articles may reach.
fn shipped(port: u16) -> FetchConfig {
    FetchConfig { allow_net: Vec::new(), ports: vec![80, 443, port], retries: 0, ..quick() }
}

#[tokio::test]
async fn no_spelling_reaches_an_inner_address() {
    let canary = Canary::new();
    let port = canary.address().port();
    let sixth = Canary::try_at(SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), port));
    let guest = Guest::new(&shipped(port));
    for spelling in SPELLINGS {
        let fetched = guest.get(&format!("http://{spelling}:{port}/x.png")).await;
        assert_eq!(reason(&fetched), Some(Reason::ForbiddenAddress), "{spelling}: {:?}", fetched.outcome);
        assert!(failure(&fetched).detail.contains("fetch.allow_net"), "{spelling}");
    }
    let came = canary.connections() + sixth.map_or(0, |canary| canary.connections());
    say(&format!("{} spellings of inner addresses: {came} connections", SPELLINGS.len()));
    assert_eq!(came, 0);
}

#[tokio::test]
async fn no_redirect_reaches_an_inner_address() {
    let canary = Canary::new();
    let port = canary.address().port();
    let origin = Origin::start_at(SocketAddr::new(loopback(2), 0), std::sync::Arc::new(Plain), Site::new()).unwrap();
    let config = FetchConfig { allow_net: vec!["127.0.0.2/32".parse().unwrap()], ..shipped(port) };
    let guest = Guest::new(&config);
    for spelling in SPELLINGS {
        origin.set("/x.png", Behaviour::redirect(302, &format!("http://{spelling}:{port}/x.png")));
        let fetched = guest.get(&origin.url("/x.png")).await;
        assert_eq!(reason(&fetched), Some(Reason::ForbiddenAddress), "{spelling}: {:?}", fetched.outcome);
    }
    assert_eq!((canary.connections(), origin.log().count()), (0, SPELLINGS.len()));
}

#[tokio::test]
async fn no_name_reaches_an_inner_address() {
    let canary = Canary::new();
    let port = canary.address().port();
    let guest = Guest::with_lookup(&shipped(port), Always(SocketAddr::new(loopback(1), 0)));
    for name in ["rebind.example", "metadata.google.internal", "a.b.c.d.example.", "xn--e1afmkfd.example"] {
        let fetched = guest.get(&format!("http://{name}:{port}/x.png")).await;
        assert_eq!(reason(&fetched), Some(Reason::ForbiddenAddress), "{name}");
    }
    let mut known = shipped(port);
    known.resolve.insert("known.example".to_owned(), canary.address());
    let fetched = Guest::new(&known).get("http://known.example/x.png").await;
    assert_eq!(reason(&fetched), Some(Reason::ForbiddenAddress));
    assert_eq!(canary.connections(), 0);
}

/// Answers with one address after the other; the last one stays.
struct Rebinding {
    answers: Vec<Vec<SocketAddr>>,
    asked: AtomicUsize,
}

#[async_trait::async_trait]
impl Lookup for Rebinding {
    async fn lookup(&self, _: &str) -> std::io::Result<Vec<SocketAddr>> {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.answers[turn.min(self.answers.len() - 1)].clone())
    }
}

#[tokio::test]
async fn a_name_that_is_rebound_between_requests_is_judged_anew() {
    let canary = Canary::new();
    let closing = Behaviour::serve(image()).until_close();
    let address = SocketAddr::new(loopback(2), canary.address().port());
    let origin = Origin::start_at(address, std::sync::Arc::new(Plain), Site::new().on("/x.png", closing)).unwrap();
    let config = FetchConfig { allow_net: vec!["127.0.0.2/32".parse().unwrap()], ..shipped(address.port()) };
    let (good, bad) = (SocketAddr::new(loopback(2), 0), SocketAddr::new(loopback(1), 0));
    let lookup = Rebinding { answers: vec![vec![good], vec![bad, good], vec![bad]], asked: AtomicUsize::new(0) };
    let guest = Guest::with_lookup(&config, lookup);
    let url = format!("http://rebind.example:{}/x.png", address.port());
    let outcomes = [guest.get(&url).await, guest.get(&url).await, guest.get(&url).await];
    assert_eq!(outcomes.each_ref().map(reason), [None, None, Some(Reason::ForbiddenAddress)]);
    assert!(outcomes[..2].iter().all(|fetched| bytes(fetched) == *image().bytes()));
    assert_eq!((canary.connections(), origin.log().count()), (0, 2));
}

#[tokio::test]
async fn ports_that_articles_may_not_reach_are_open_where_the_network_is() {
    let origin = Origin::start(Site::new().on("/x.png", Behaviour::serve(image()))).unwrap();
    let port = origin.address().port();
    let url = format!("http://odd.example:{port}/x.png");
    let here = || Always(SocketAddr::new(loopback(1), 0));
    assert!(reason(&Guest::with_lookup(&quick(), here()).get(&url).await).is_none());
    let public = Always(SocketAddr::from(([93, 184, 216, 34], 0)));
    let fetched = Guest::with_lookup(&quick(), public).get(&url).await;
    assert_eq!(reason(&fetched), Some(Reason::ForbiddenAddress));
    assert!(failure(&fetched).detail.contains("fetch.ports"));
}

#[tokio::test]
async fn a_name_server_that_does_not_answer_costs_the_connect_timeout() {
    struct Never;
    #[async_trait::async_trait]
    impl Lookup for Never {
        async fn lookup(&self, _: &str) -> std::io::Result<Vec<SocketAddr>> {
            std::future::pending().await
        }
    }
    let begun = std::time::Instant::now();
    let config = FetchConfig { retries: 0, connect_timeout: Duration::from_millis(200), ..quick() };
    let fetched = Guest::with_lookup(&config, Never).get("http://slow.example/").await;
    assert_eq!(reason(&fetched), Some(Reason::Timeout));
    assert!(begun.elapsed() < quick().read_timeout, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_reported_as_such() {
    struct Unknown;
    #[async_trait::async_trait]
    impl Lookup for Unknown {
        async fn lookup(&self, _: &str) -> std::io::Result<Vec<SocketAddr>> {
            Err(std::io::Error::other("no such name"))
        }
    }
    let config = FetchConfig { retries: 0, ..quick() };
    let fetched = Guest::with_lookup(&config, Unknown).get("http://nobody.example/x.png").await;
    assert_eq!(reason(&fetched), Some(Reason::Dns), "{:?}", fetched.outcome);
    assert!(failure(&fetched).detail.contains("no such name"));
}
