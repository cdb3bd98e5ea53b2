//! How fast hosts are asked, from the origin's own log.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use offprint::testing::config::{Config, FetchConfig};
use offprint::testing::fetch::Answer;
use offprint::testing::model::{HostKey, Reason, Validators};
use url::Url;

use super::{Fetched, Guest, failure, quick, reason};
use crate::corpus::say;
use crate::origin::image;
use crate::testserver::{Behaviour, Gate, LoggedRequest, Origin, Site};

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// An origin that answers under these names, every path with a photo.
fn origin(names: &[&str], config: &mut FetchConfig) -> Origin {
    let origin = Origin::start(Site::new().otherwise(|_| Some(Behaviour::serve(image())))).unwrap();
    for name in names {
        config.resolve.insert((*name).to_owned(), origin.address());
    }
    origin
}

async fn get_all(guest: &Guest, host: &str, count: usize) -> Vec<Fetched> {
    let urls: Vec<_> = (0..count).map(|number| format!("http://{host}/{number}.jpg")).collect();
    join_all(urls.iter().map(|url| guest.get(url))).await
}

fn good(fetched: &[Fetched]) -> bool {
    fetched.iter().all(|fetched| fetched.outcome.is_ok())
}

#[tokio::test]
async fn never_more_in_flight_than_configured() {
    let mut config = FetchConfig { per_host: 3, concurrency: 5, ..quick() };
    let origin = origin(&["a.example", "b.example"], &mut config);
    let guest = Guest::new(&config);
    // Requests to hosts that are silent for longer than is usual for them are not counted. These usually take a while.
    origin.change(|site| *site = Site::new().otherwise(|_| Some(Behaviour::serve(image()).after(millis(250)))));
    let (a, b) = tokio::join!(get_all(&guest, "a.example", 1), get_all(&guest, "b.example", 1));
    assert!(good(&a) && good(&b));
    let gate = Gate::new();
    let held = Behaviour::serve(image()).held(&gate);
    origin.change(|site| *site = Site::new().otherwise(move |_| Some(held.clone())));
    let fetching = async { tokio::join!(get_all(&guest, "a.example", 12), get_all(&guest, "b.example", 12)) };
    let watching = async {
        origin.log().wait_for(7).await.unwrap();
        gate.open();
    };
    let ((a, b), ()) = tokio::join!(fetching, watching);
    assert!(good(&a) && good(&b));
    let most = ["a.example", "b.example"].map(|host| origin.log().most_in_flight(host));
    assert!(most.iter().all(|most| *most <= 3) && most.contains(&3), "{most:?}");
    assert_eq!(origin.log().most_in_flight_of_all(), 5);
}

#[tokio::test]
async fn spacing_is_kept_per_host_while_others_run_at_full_speed() {
    let hosts: Vec<_> = (0..8).map(|number| format!("host{number}.example")).collect();
    let mut config = FetchConfig { delay: millis(150), per_host: 4, ..quick() };
    let origin = origin(&hosts.iter().map(String::as_str).collect::<Vec<_>>(), &mut config);
    let (guest, begun) = (Guest::new(&config), Instant::now());
    let all = join_all(hosts.iter().map(|host| get_all(&guest, host, 6))).await;
    let elapsed = begun.elapsed();
    assert!(all.iter().all(|fetched| good(fetched)));
    let least = hosts.iter().flat_map(|host| origin.log().spacing(host)).min().unwrap();
    say(&format!("8 hosts, 6 requests each, 150 ms apart: {elapsed:?} in all, least spacing {least:?}"));
    // Requests leave 150 ms apart, which the unit tests show to the millisecond; on the way one may be held up and the
    // next not.
    assert!(least >= millis(75), "{least:?}");
    assert!(hosts.iter().all(|host| origin.log().spacing(host).iter().sum::<Duration>() >= millis(5 * 150 - 75)));
    assert!(elapsed < millis(150 * 5 * 8), "the hosts did not wait for each other: {elapsed:?}");
}

#[tokio::test]
async fn hosts_of_one_group_are_paced_as_one() {
    let text = "[[fetch.host]]\nhost = \"*.cdn.example\"\ngroup = \"cdn\"\nper_host = 1\ndelay = \"150ms\"\n";
    let host = Config::parse(text, std::path::Path::new("my.toml")).unwrap().fetch.host;
    let mut config = FetchConfig { host, ..quick() };
    let origin = origin(&["a.cdn.example", "b.cdn.example", "c.cdn.example"], &mut config);
    let guest = Guest::new(&config);
    let (a, b, c) = tokio::join!(
        get_all(&guest, "a.cdn.example", 2),
        get_all(&guest, "b.cdn.example", 2),
        get_all(&guest, "c.cdn.example", 2)
    );
    assert!(good(&a) && good(&b) && good(&c));
    let visits = origin.log().requests();
    assert_eq!(origin.log().most_in_flight_of_all(), 1);
    assert!(after(&visits, 0, 5) >= millis(5 * 150 - 75), "{:?}", after(&visits, 0, 5));
}

fn after(visits: &[LoggedRequest], first: usize, second: usize) -> Duration {
    visits[second].arrived - visits[first].arrived
}

async fn check_retry_after(header: &str, least: Duration) {
    let mut config = quick();
    let origin = origin(&["busy.example", "free.example"], &mut config);
    let busy = Behaviour::status(429).with_header("Retry-After", header);
    origin.change(|site| site.set_at("busy.example", "/first.jpg", busy.then(1, Behaviour::serve(image()))));
    let guest = Guest::new(&config);
    let others = async {
        origin.log().wait_for_ended(1).await.unwrap();
        let free = get_all(&guest, "free.example", 50).await;
        (good(&free), good(&get_all(&guest, "busy.example", 5).await))
    };
    let (first, (free, held)) = tokio::join!(guest.get("http://busy.example/first.jpg"), others);
    assert!(first.outcome.is_ok() && free && held);
    let (visits, free) = (origin.log().to("busy.example"), origin.log().to("free.example"));
    let (waited, elsewhere) = (after(&visits, 0, 1), after(&free, 0, 49));
    say(&format!("Retry-After: {header:31} held {waited:?}; meanwhile 50 requests elsewhere took {elsewhere:?}"));
    assert!(waited >= least, "{header}: {waited:?}");
    assert!(free[49].arrived < visits[1].arrived, "other hosts were held up: {elsewhere:?}");
}

#[tokio::test]
async fn a_retry_after_in_seconds_holds_the_whole_host_and_no_other() {
    check_retry_after("2", millis(1950)).await;
}

#[tokio::test]
async fn a_retry_after_as_a_date_holds_the_whole_host_and_no_other() {
    // A date has whole seconds, so up to one is lost.
    let then = std::time::SystemTime::now() + Duration::from_secs(3);
    check_retry_after(&httpdate::fmt_http_date(then), millis(1900)).await;
}

#[tokio::test]
async fn a_retry_after_beyond_what_a_run_waits_puts_the_host_off() {
    let mut config = quick();
    let origin = origin(&["busy.example"], &mut config);
    origin.set("/0.jpg", Behaviour::status(503).with_header("Retry-After", "3600"));
    let guest = Guest::new(&config);
    let first = guest.get("http://busy.example/0.jpg").await;
    assert_eq!((failure(&first).reason, failure(&first).status), (Reason::HttpStatus, Some(503)));
    let until = failure(&first).retry_at.expect("it is put off, not failed");
    let wait = until.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((3590..=3600).contains(&wait), "{wait}");
    let rest = get_all(&guest, "busy.example", 20).await;
    assert!(rest.iter().all(|fetched| reason(fetched) == Some(Reason::HostDown) && fetched.exchanges.is_empty()));
    assert_eq!(origin.log().count(), 1);
    let key = HostKey::of(&Url::parse("http://busy.example/").unwrap()).unwrap();
    let next_night = Guest::new(&config);
    next_night.fetcher.restore_host(&key, &guest.fetcher.host_state(&key));
    assert_eq!(reason(&next_night.get("http://busy.example/1.jpg").await), Some(Reason::HostDown));
    assert_eq!(origin.log().count(), 1, "the hold is remembered");
}

#[tokio::test]
async fn a_host_that_is_overtaxed_is_asked_more_slowly() {
    let mut config = FetchConfig { retries: 0, ..quick() };
    let origin = origin(&["busy.example"], &mut config);
    origin.set("/once.jpg", Behaviour::status(429));
    let guest = Guest::new(&config);
    let key = HostKey::of(&Url::parse("http://busy.example/").unwrap()).unwrap();
    assert_eq!(reason(&guest.get("http://busy.example/once.jpg").await), Some(Reason::HttpStatus));
    let slowed = guest.fetcher.host_state(&key).delay;
    assert_eq!(slowed, millis(500));
    assert!(good(&get_all(&guest, "busy.example", 4).await));
    let visits = origin.log().requests();
    assert!(after(&visits, 1, 2) >= millis(450), "{:?}", after(&visits, 1, 2));
    assert!(guest.fetcher.host_state(&key).delay < slowed, "it recovers");
}

/// Nights that ask again for what is kept get nothing else.
#[tokio::test]
async fn a_host_recovers_by_what_is_not_modified_and_by_what_it_does_not_have() {
    let mut config = FetchConfig { retries: 0, ..quick() };
    let origin = origin(&["busy.example"], &mut config);
    origin.set("/once.jpg", Behaviour::status(503));
    origin.set("/kept.jpg", Behaviour::status(304));
    origin.set("/gone.jpg", Behaviour::status(404));
    let guest = Guest::new(&config);
    let key = HostKey::of(&Url::parse("http://busy.example/").unwrap()).unwrap();
    let delay = || guest.fetcher.host_state(&key).delay;
    guest.get("http://busy.example/once.jpg").await;
    let slowed = delay();
    let validators = Validators { etag: Some("\"it\"".to_owned()), last_modified: None };
    let kept = guest.ask("http://busy.example/kept.jpg", None, &validators).await;
    assert!(matches!(kept.outcome, Ok(Answer::NotModified)), "{kept:?}");
    let less = delay();
    assert!(less < slowed, "{less:?} {slowed:?}");
    guest.get("http://busy.example/gone.jpg").await;
    assert!(delay() < less, "{:?} {less:?}", delay());
}
