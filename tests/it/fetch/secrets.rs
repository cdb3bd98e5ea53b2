//! What is said to whom, and what is kept of it.

use offprint::testing::config::{Config, FetchConfig};
use offprint::testing::fetch::Answer;
use offprint::testing::model::Validators;

use super::{Guest, bytes, quick, reason, request_head, rerun, rerun_argument, response_head};
use crate::origin::canary::Canary;
use crate::origin::image;
use crate::testserver::{Behaviour, Origin, Site};

#[tokio::test]
async fn a_chain_over_hosts_that_set_cookies_carries_nothing_along() {
    let step = |to: &str| Behaviour::redirect(302, to).with_header("Set-Cookie", "id=1; Path=/; Domain=example");
    let site = Site::new()
        .at("a.example", "/1", step("http://b.example/2"))
        .at("b.example", "/2", step("http://a.example/3"))
        .at("a.example", "/3", Behaviour::serve(image()));
    let origin = Origin::start(site).unwrap();
    let mut config = quick();
    for name in ["a.example", "b.example"] {
        config.resolve.insert(name.to_owned(), origin.address());
    }
    let guest = Guest::new(&config);
    for _ in 0..2 {
        assert!(bytes(&guest.get("http://a.example/1").await) == *image().bytes());
    }
    let visits = origin.log().requests();
    assert_eq!(visits.len(), 6);
    for visit in &visits {
        let names: Vec<_> = visit.request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        let mut expected = ["user-agent", "accept", "accept-encoding", "host"];
        let mut names: Vec<_> = names.iter().map(String::as_str).collect();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected, "nothing but what the fetcher says on purpose");
    }
}

#[tokio::test]
async fn configured_headers_go_to_their_host_and_are_kept_nowhere() {
    let site = Site::new()
        .at("paid.example", "/1", Behaviour::redirect(302, "http://free.example/2").with_header("Set-Cookie", "s=hush"))
        .at("free.example", "/2", Behaviour::serve(image()));
    let origin = Origin::start(site).unwrap();
    let text =
        "[[fetch.host]]\nhost = \"http://paid.example\"\nheaders = [\"Cookie: session=hush\", \"X-Key: hush\"]\n";
    let host = Config::parse(text, std::path::Path::new("my.toml")).unwrap().fetch.host;
    let mut config = FetchConfig { host, ..quick() };
    for name in ["paid.example", "free.example"] {
        config.resolve.insert(name.to_owned(), origin.address());
    }
    let fetched = Guest::new(&config).get("http://paid.example/1").await;
    assert!(reason(&fetched).is_none());
    let sent = |at: usize, name: &str| origin.log().requests()[at].request.header(name).map(str::to_owned);
    assert_eq!((sent(0, "cookie"), sent(0, "x-key")), (Some("session=hush".into()), Some("hush".into())));
    assert_eq!((sent(1, "cookie"), sent(1, "x-key")), (None, None));
    let kept: String = fetched.exchanges.iter().map(|e| request_head(e) + &response_head(e)).collect();
    assert!(!kept.contains("hush"), "{kept}");
    assert!(kept.contains("cookie: [redacted]") && kept.contains("set-cookie: [redacted]"), "{kept}");
}

#[tokio::test]
async fn a_configured_proxy_is_asked_for_everything() {
    let proxy = Origin::start(Site::new().otherwise(|_| Some(Behaviour::serve(image())))).unwrap();
    let config = FetchConfig { proxy: proxy.url(""), ..quick() };
    let fetched = Guest::new(&config).get("http://img.example/a.jpg").await;
    assert!(reason(&fetched).is_none(), "{:?}", fetched.outcome);
    assert_eq!(proxy.log().requests()[0].request.host, "img.example");
}

#[tokio::test]
async fn the_environment_names_no_proxy() {
    let (origin, canary) = (crate::origin::origin(Behaviour::serve(image())), Canary::new());
    let proxy = format!("http://{}", canary.address());
    let proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
    let variables = proxies.map(|name| (name, proxy.as_str()));
    rerun("fetch::secrets::with_proxies_in_its_own_process", &variables, &origin.url("/a.jpg")).await;
    assert_eq!((canary.connections(), origin.log().count()), (0, 1));
}

#[tokio::test]
#[ignore = "in its own process: the test above runs it"]
async fn with_proxies_in_its_own_process() {
    let guest = Guest::new(&quick());
    let fetched = guest.get(&rerun_argument()).await;
    assert!(bytes(&fetched) == *image().bytes());
}

#[tokio::test]
async fn the_kept_heads_are_what_was_said() {
    let content = image().etagged().modified("Sun, 22 Nov 2026 02:00:00 GMT");
    let origin = crate::origin::origin(Behaviour::serve(content).with_header("X-Robots-Tag", "noarchive"));
    let fetched = Guest::new(&quick()).get(&format!("{}?q=1#part", origin.url("/a.jpg"))).await;
    let exchange = &fetched.exchanges[0];
    let (asked, answered) = (request_head(exchange), response_head(exchange));
    assert!(asked.starts_with(&format!("GET /a.jpg?q=1 HTTP/1.1\r\nhost: {}\r\n", origin.address())), "{asked}");
    for (name, value) in &origin.log().requests()[0].request.headers {
        assert!(asked.contains(&format!("{}: {value}\r\n", name.to_ascii_lowercase())), "{name} in {asked}");
    }
    assert!(answered.starts_with("HTTP/1.1 200 OK\r\n") && answered.ends_with("\r\n\r\n"), "{answered}");
    assert!(answered.contains("x-robots-tag: noarchive\r\n"), "{answered}");
    assert_eq!(
        (exchange.status, exchange.protocol, exchange.peer),
        (Some(200), Some("http/1.1"), Some(origin.address()))
    );
    assert_eq!(exchange.length, image().bytes().len() as u64);
}

#[tokio::test]
async fn configured_headers_are_not_sent_in_clear_unless_the_pattern_says_so() {
    let origin = Origin::start(Site::new().at("paid.example", "/1", Behaviour::status(403))).unwrap();
    for (pattern, sent) in [("paid.example", false), ("https://paid.example", false), ("http://paid.example", true)] {
        let text = format!("[[fetch.host]]\nhost = \"{pattern}\"\nheaders = [\"Cookie: session=hush\"]\n");
        let host = Config::parse(&text, std::path::Path::new("my.toml")).unwrap().fetch.host;
        let mut config = FetchConfig { host, ..quick() };
        config.resolve.insert("paid.example".to_owned(), origin.address());
        let before = origin.log().requests().len();
        let fetched = Guest::new(&config).get("http://paid.example/1").await;
        let requests = origin.log().requests();
        assert!(requests[before..].iter().all(|visit| visit.request.header("cookie").is_some() == sent), "{pattern}");
        assert_eq!(super::failure(&fetched).detail.contains("fetch.host"), !sent, "{pattern}");
    }
}

#[tokio::test]
async fn validators_go_only_to_the_host_that_gave_them() {
    let tagged = || Behaviour::serve(image().etagged());
    let site = Site::new()
        .at("a.example", "/away", Behaviour::redirect(302, "http://b.example/1"))
        .at("a.example", "/near", Behaviour::redirect(302, "/2"))
        .at("a.example", "/2", tagged())
        .at("b.example", "/1", tagged());
    let origin = Origin::start(site).unwrap();
    let mut config = quick();
    for name in ["a.example", "b.example"] {
        config.resolve.insert(name.to_owned(), origin.address());
    }
    let guest = Guest::new(&config);
    let known = Validators {
        etag: Some("\"of a.example\"".to_owned()),
        last_modified: Some("Sun, 22 Nov 2026 02:00:00 GMT".to_owned()),
    };
    for (path, sent, kept) in [("away", [true, false], false), ("near", [true, true], true)] {
        let before = origin.log().requests().len();
        let fetched = guest.ask(&format!("http://a.example/{path}"), None, &known).await;
        for (visit, sent) in origin.log().requests()[before..].iter().zip(sent) {
            for name in ["if-none-match", "if-modified-since"] {
                assert_eq!(visit.request.header(name).is_some(), sent, "{path}: {name} to {}", visit.request.host);
            }
        }
        let Ok(Answer::Body { validators, .. }) = &fetched.outcome else { panic!("{fetched:?}") };
        assert_eq!(validators.etag.is_some(), kept, "what another host says is not kept for this one");
    }
}

/// Chains of redirects over three hosts, of which two have secrets: however a chain goes, each secret is said to its own
/// host alone, and no host learns a cookie that another one set.
#[tokio::test]
async fn no_chain_carries_a_secret_to_another_host() {
    const HOSTS: [&str; 3] = ["one.example", "two.example", "free.example"];
    let chains: Vec<Vec<usize>> = (0..81).map(|n| (0..4).map(|step| n / 3_usize.pow(step) % 3).collect()).collect();
    let mut site = Site::new();
    for (number, chain) in chains.iter().enumerate() {
        for (step, host) in chain.iter().enumerate() {
            let behaviour = match chain.get(step + 1) {
                Some(next) => Behaviour::redirect(302, &format!("http://{}/{number}/{}", HOSTS[*next], step + 1)),
                None => Behaviour::serve(image()),
            };
            let cookie = format!("set-by-{}=1", HOSTS[*host]);
            site = site.at(HOSTS[*host], &format!("/{number}/{step}"), behaviour.with_header("Set-Cookie", &cookie));
        }
    }
    let origin = Origin::start(site).unwrap();
    let text = "[[fetch.host]]\nhost = \"http://one.example\"\nheaders = [\"Cookie: secret-of-one.example\"]\n\
                [[fetch.host]]\nhost = \"http://two.example\"\nheaders = [\"Authorization: secret-of-two.example\"]\n";
    let host = Config::parse(text, std::path::Path::new("my.toml")).unwrap().fetch.host;
    let mut config = FetchConfig { host, ..quick() };
    config.resolve.extend(HOSTS.map(|name| (name.to_owned(), origin.address())));
    let guest = Guest::new(&config);
    for (number, chain) in chains.iter().enumerate() {
        let fetched = guest.get(&format!("http://{}/{number}/0", HOSTS[chain[0]])).await;
        assert!(reason(&fetched).is_none(), "{chain:?}: {:?}", fetched.outcome);
        let kept: String = fetched.exchanges.iter().map(|e| request_head(e) + &response_head(e)).collect();
        assert!(!kept.contains("secret-of"), "{kept}");
    }
    let visits = origin.log().requests();
    assert_eq!(visits.len(), 81 * 4);
    for visit in visits {
        let host = &visit.request.host;
        let said = format!("{:?}", visit.request.headers);
        assert_eq!(said.contains(&format!("secret-of-{host}")), host != "free.example", "{said}");
        assert!(said.matches("secret-of-").count() <= 1 && !said.contains("set-by-"), "{host}: {said}");
        assert!(!said.to_ascii_lowercase().contains("referer"), "{said}");
    }
}
