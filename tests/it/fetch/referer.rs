//! The order of Referers: which hosts are sent what, and what is learned of them.

use offprint::testing::config::{Config, FetchConfig};
use offprint::testing::model::{HostKey, Reason, RefererStrategy};
use url::Url;

use super::{Guest, bytes, quick, reason, request_head};
use crate::origin::image;
use crate::testserver::{Behaviour, Condition, Origin, Site};

const ARTICLE: &str = "https://me:secret@news.example/2026/post.html?token=hush#part";

fn photo() -> Behaviour {
    Behaviour::serve(image())
}

/// The Referers that came, in order; `-` for none.
fn referers(origin: &Origin) -> Vec<String> {
    let visits = origin.log().requests();
    visits.iter().map(|visit| visit.request.header("referer").unwrap_or("-").to_owned()).collect()
}

fn key(origin: &Origin) -> HostKey {
    HostKey::of(&Url::parse(&origin.url("/")).unwrap()).unwrap()
}

#[tokio::test]
async fn nothing_is_sent_where_nothing_is_asked_for() {
    let (origin, guest) = (crate::origin::origin(photo()), Guest::new(&quick()));
    let fetched = guest.get_for(&origin.url("/a.jpg"), Some("http://news.example/post")).await;
    assert!(bytes(&fetched) == *image().bytes());
    assert_eq!(referers(&origin), ["-"]);
    assert_eq!(guest.fetcher.host_state(&key(&origin)).referer, RefererStrategy::Omit);
}

#[tokio::test]
async fn a_host_that_wants_its_own_referer_gets_it_and_is_remembered() {
    let placeholder = Behaviour::html_as("image/jpeg");
    for refusal in [Behaviour::status(403), Behaviour::status(401), placeholder] {
        let origin = crate::origin::origin(photo());
        let own = Condition::is("referer", &origin.url("/"));
        origin.set("/a.jpg", photo().only_if(own, refusal));
        let guest = Guest::new(&quick());
        assert!(reason(&guest.get(&origin.url("/a.jpg")).await).is_none());
        assert!(reason(&guest.get(&origin.url("/a.jpg")).await).is_none());
        assert_eq!(referers(&origin), ["-".to_owned(), origin.url("/"), origin.url("/")]);
        assert_eq!(guest.fetcher.host_state(&key(&origin)).referer, RefererStrategy::ImageOrigin);
    }
}

#[tokio::test]
async fn a_host_that_wants_the_article_gets_its_bare_address() {
    let origin = crate::origin::origin(photo());
    let wanted = Condition::referer_starts("http://news.example/");
    origin.set("/a.jpg", photo().only_if(wanted, Behaviour::status(403)));
    let guest = Guest::new(&quick());
    let article = ARTICLE.replace("https", "http");
    let fetched = guest.get_for(&origin.url("/a.jpg"), Some(&article)).await;
    assert!(bytes(&fetched) == *image().bytes());
    assert_eq!(referers(&origin), ["-", &origin.url("/"), "http://news.example/2026/post.html"]);
    assert!(fetched.exchanges.iter().all(|exchange| {
        let head = request_head(exchange);
        !head.contains("secret") && !head.contains("hush") && !head.contains("part")
    }));
}

#[tokio::test]
async fn a_page_over_tls_is_not_named_in_the_clear() {
    let origin = crate::origin::origin(Behaviour::status(403));
    let fetched = Guest::new(&quick()).get_for(&origin.url("/a.jpg"), Some(ARTICLE)).await;
    assert_eq!(reason(&fetched), Some(Reason::HttpStatus));
    assert_eq!(referers(&origin), ["-".to_owned(), origin.url("/")]);
}

#[tokio::test]
async fn what_was_learned_is_dropped_when_it_no_longer_works() {
    let origin = crate::origin::origin(photo());
    origin.set("/a.jpg", photo().only_if(!Condition::has("referer"), Behaviour::status(403)));
    let guest = Guest::new(&quick());
    let learned = offprint::testing::model::HostState { referer: RefererStrategy::ImageOrigin, ..Default::default() };
    guest.fetcher.restore_host(&key(&origin), &learned);
    assert!(reason(&guest.get(&origin.url("/a.jpg")).await).is_none());
    assert_eq!(referers(&origin), [origin.url("/"), "-".to_owned()]);
    assert_eq!(guest.fetcher.host_state(&key(&origin)).referer, RefererStrategy::Omit);
}

#[tokio::test]
async fn the_configured_value_is_sent_to_its_host_only() {
    let text = "[[fetch.host]]\nhost = \"127.0.0.1\"\nreferer = [\"configured\"]\nreferer_value = \"https://agreed.example/\"\n";
    let host = Config::parse(text, std::path::Path::new("my.toml")).unwrap().fetch.host;
    let elsewhere = crate::origin::origin(photo());
    let redirect = Behaviour::redirect(302, &elsewhere.url("/a.jpg").replace("127.0.0.1", "other.example"));
    let origin = crate::origin::origin(redirect);
    let mut config = FetchConfig { host, ..quick() };
    config.resolve.insert("other.example".to_owned(), elsewhere.address());
    assert!(reason(&Guest::new(&config).get(&origin.url("/a.jpg")).await).is_none());
    assert_eq!(referers(&origin), ["https://agreed.example/"]);
    assert_eq!(referers(&elsewhere), ["-"]);
}

#[tokio::test]
async fn a_host_that_refuses_everything_is_soon_asked_once_per_image() {
    let site = Site::new().otherwise(|_| Some(Behaviour::status(403)));
    let (origin, guest) = (Origin::start(site).unwrap(), Guest::new(&quick()));
    for number in 0..20 {
        assert_eq!(reason(&guest.get(&origin.url(&format!("/{number}.jpg"))).await), Some(Reason::HttpStatus));
    }
    assert_eq!(origin.log().count(), 3 * 2 + 17, "three rounds of two strategies, then the plain request only");
}
