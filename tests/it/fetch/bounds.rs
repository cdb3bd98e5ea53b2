//! What one URL and one host may cost, and what they must not.

use std::time::Duration;

use offprint::testing::config::FetchConfig;
use offprint::testing::model::Reason;

use super::{Guest, bytes, failure, quick, reason};
use crate::origin::image;
use crate::testserver::{Behaviour, End, Origin, Request, Site};

#[tokio::test]
async fn all_that_is_done_for_one_url_has_a_limit() {
    let origin = crate::origin::origin(Behaviour::stop(End::Hang));
    let config = FetchConfig { url_timeout: Duration::from_millis(300), ..quick() };
    let fetched = Guest::new(&config).get(&origin.url("/a.jpg")).await;
    assert_eq!(reason(&fetched), Some(Reason::Timeout));
    assert!(failure(&fetched).detail.contains("fetch.url_timeout"), "{}", failure(&fetched).detail);
    assert_eq!(origin.log().count(), 1, "there is no time for a retry");
}

#[tokio::test]
async fn a_host_that_resets_some_requests_is_not_down() {
    let answer = |request: &Request| {
        let bad = request.target.starts_with("/bad");
        Some(if bad { Behaviour::stop(End::Reset) } else { Behaviour::serve(image()) })
    };
    let origin = Origin::start(Site::new().otherwise(answer)).unwrap();
    let guest = Guest::new(&FetchConfig { retries: 0, breaker_failures: 2, ..quick() });
    for number in 0..6 {
        let fetched = guest.get(&origin.url(&format!("/bad{number}.jpg"))).await;
        assert_eq!(reason(&fetched), Some(Reason::Connect), "{:?}", fetched.outcome);
    }
    assert!(bytes(&guest.get(&origin.url("/good.jpg")).await) == *image().bytes());
}

#[tokio::test]
async fn bodies_of_errors_and_redirects_are_evidence() {
    let site = Site::new()
        .on("/moved.jpg", Behaviour::status(302).with_header("Location", "/gone.jpg"))
        .on("/gone.jpg", Behaviour::status(404));
    let origin = Origin::start(site).unwrap();
    let guest = Guest::new(&quick());
    let fetched = guest.get(&origin.url("/moved.jpg")).await;
    let evidence: Vec<_> = fetched.evidence.iter().map(|staged| staged.read().unwrap()).collect();
    assert_eq!(evidence, [b"status 302\n", b"status 404\n"]);
    let digests: Vec<_> = fetched.exchanges.iter().map(|exchange| exchange.digest).collect();
    assert_eq!(digests, fetched.evidence.iter().map(|staged| Some(staged.digest)).collect::<Vec<_>>());
}
