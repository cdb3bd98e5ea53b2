//! What robots.txt forbids is not asked for.

use offprint::testing::config::{FetchConfig, RobotsRule};
use offprint::testing::fetch::{Purpose, Request};
use offprint::testing::model::{Reason, Validators};
use url::Url;

use super::{ByContent, Fetched, Guest, quick, reason};
use crate::origin::image;
use crate::testserver::{Behaviour, Content, End, Origin, Site};

const FILE: &str = "User-agent: *\nDisallow: /private/\nSitemap: /sitemap.xml\n";

fn origin(robots: Behaviour) -> Origin {
    let rest = |_: &_| Some(Behaviour::serve(image()));
    Origin::start(Site::new().otherwise(rest).on("/robots.txt", robots)).unwrap()
}

fn file() -> Behaviour {
    Behaviour::serve(Content::new("text/plain", FILE))
}

async fn page(guest: &Guest, url: &str) -> Fetched {
    let (url, validators) = (Url::parse(url).unwrap(), Validators::default());
    let request =
        Request { url: &url, purpose: Purpose::Page, article: None, validators: &validators, judge: &ByContent };
    guest.fetcher.fetch(&request).await
}

#[tokio::test]
async fn pages_heed_it_and_it_is_asked_for_once() {
    let (origin, guest) = (origin(file()), Guest::new(&quick()));
    for _ in 0..3 {
        let forbidden = page(&guest, &origin.url("/private/a.html")).await;
        assert_eq!(reason(&forbidden), Some(Reason::Robots));
        assert!(forbidden.exchanges.is_empty());
        assert_eq!(reason(&page(&guest, &origin.url("/public/a.html")).await), None);
    }
    assert_eq!((origin.log().of("/robots.txt").len(), origin.log().count()), (1, 4));
    let robots = guest.fetcher.robots(&Url::parse(&origin.url("/any")).unwrap()).await.unwrap();
    assert_eq!(robots.sitemaps(), ["/sitemap.xml"]);
}

#[tokio::test]
async fn many_at_once_ask_for_it_once() {
    let (origin, guest) = (origin(file()), Guest::new(&quick()));
    let urls: Vec<_> = (0..20).map(|number| origin.url(&format!("/{number}.html"))).collect();
    let fetched = futures_util::future::join_all(urls.iter().map(|url| page(&guest, url))).await;
    assert!(fetched.iter().all(|fetched| reason(fetched).is_none()));
    assert_eq!(origin.log().of("/robots.txt").len(), 1);
}

#[tokio::test]
async fn images_heed_it_where_that_is_configured() {
    let origin = origin(file());
    assert_eq!(reason(&Guest::new(&quick()).get(&origin.url("/private/a.jpg")).await), None);
    assert!(origin.log().of("/robots.txt").is_empty());
    let strict = FetchConfig { robots: RobotsRule::Respect, ..quick() };
    assert_eq!(reason(&Guest::new(&strict).get(&origin.url("/private/a.jpg")).await), Some(Reason::Robots));
    assert_eq!(origin.log().count(), 2);
}

/// What a page gets where robots.txt answers so.
async fn check(robots: Behaviour) -> Option<Reason> {
    let (origin, guest) = (origin(robots), Guest::new(&quick()));
    reason(&page(&guest, &origin.url("/private/a.html")).await)
}

#[tokio::test]
async fn no_file_allows_all_and_no_saying_forbids_all() {
    for status in [400, 401, 403, 404, 410] {
        assert_eq!(check(Behaviour::status(status)).await, None, "{status}");
    }
    for status in [429, 500, 502, 503] {
        assert_eq!(check(Behaviour::status(status)).await, Some(Reason::Robots), "{status}");
    }
    assert_eq!(check(Behaviour::stop(End::Reset)).await, Some(Reason::Connect));
    assert_eq!(check(Behaviour::redirect(302, "/robots.txt")).await, None, "a loop is no file");
}

#[tokio::test]
async fn a_redirected_file_holds_for_the_first_host() {
    let target = origin(file());
    let first = origin(Behaviour::redirect(301, &target.url("/robots.txt")));
    let guest = Guest::new(&quick());
    assert_eq!(reason(&page(&guest, &first.url("/private/a.html")).await), Some(Reason::Robots));
    assert_eq!(reason(&page(&guest, &first.url("/a.html")).await), None);
}

#[tokio::test]
async fn the_delay_that_a_host_wants_is_kept_where_robots_are_respected() {
    let file = Content::new("text/plain", "User-agent: *\nCrawl-delay: 0.3\n");
    let origin = origin(Behaviour::serve(file));
    let pages: Vec<_> = (0..4).map(|number| origin.url(&format!("/{number}.html"))).collect();
    let guest = Guest::new(&quick());
    futures_util::future::join_all(pages.iter().map(|url| page(&guest, url))).await;
    let visits: Vec<_> = origin.log().requests().iter().map(|visit| visit.arrived).collect();
    // The first page was asked for before the file was known to say so: its own spacing began with it.
    let least = visits.windows(2).skip(1).map(|pair| pair[1] - pair[0]).min().unwrap();
    assert_eq!(visits.len(), 5);
    assert!(least >= std::time::Duration::from_millis(270), "{least:?}");

    let bounded = FetchConfig { max_wait: std::time::Duration::from_millis(50), ..quick() };
    let guest = Guest::new(&bounded);
    let began = std::time::Instant::now();
    futures_util::future::join_all(pages.iter().map(|url| page(&guest, url))).await;
    assert!(began.elapsed() < std::time::Duration::from_millis(900), "no longer than fetch.max_wait");
}
