//! What is learned of a host counts for everything that is asked of it, in this run and the next.

use std::time::Duration;

use offprint::testing::archive::{self, Mode};
use offprint::testing::model::{HostKey, HostState};

use super::{asked, origin, source};
use crate::sandbox::Sandbox;
use crate::testserver::{Behaviour, Content, Origin};

fn busy() -> Behaviour {
    Behaviour::status(429).with_header("Retry-After", "3600")
}

fn key(origin: &Origin) -> HostKey {
    HostKey::of(&origin.url("/").parse().unwrap()).unwrap()
}

/// Settings of a folder of posts and of pages that begin at `/`, both of this host.
fn settings(sandbox: &Sandbox, origin: &Origin) {
    source(
        sandbox,
        "page",
        &format!("url = \"{}\"\ndepth = 1\n[[source]]\nname = \"posts\"\npath = \"posts\"", origin.url("/")),
    );
}

async fn state(sandbox: &Sandbox, origin: &Origin) -> Option<HostState> {
    sandbox.archive().catalog.host(&key(origin)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_a_page_was_asked_for_holds_images_and_the_next_run() {
    let origin = origin(&[("/", "<a href=/a>x</a>".to_owned())]);
    origin.set("/a", busy());
    let sandbox = Sandbox::new();
    sandbox.write("posts/p.md", format!("![]({})", origin.url("/1.png")));
    settings(&sandbox, &origin);
    sandbox.run(&["run"]);
    assert_eq!(asked(&origin), ["/", "/a"], "the image waits, too");
    assert!(state(&sandbox, &origin).await.unwrap().not_before.is_some());
    sandbox.run(&["run"]);
    assert_eq!(asked(&origin), [""; 0], "nobody asks before the hour is over");
    let held = sandbox.run(&["status"]).expect(0).stdout;
    assert!(held.contains(key(&origin).as_str()), "{held}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_an_image_was_asked_for_holds_pages() {
    let origin = origin(&[("/", "x".to_owned())]);
    origin.set("/1.png", busy());
    let sandbox = Sandbox::new();
    sandbox.write("posts/p.md", format!("![]({})", origin.url("/1.png")));
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"");
    sandbox.run(&["run"]).expect(3);
    assert_eq!(asked(&origin), ["/1.png"]);
    settings(&sandbox, &origin);
    let ran = sandbox.run(&["run"]).expect(1);
    assert_eq!(asked(&origin), [""; 0]);
    assert!(ran.stderr.contains("longer than fetch.max_wait"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_a_host_that_is_held_is_not_followed() {
    let (origin, other) = (origin(&[]), super::origin(&[]));
    origin.set("/1.png", Behaviour::redirect(302, &other.url("/1.png")));
    let sandbox = Sandbox::new();
    sandbox.write("posts/p.md", format!("![]({})", origin.url("/1.png")));
    sandbox.settings("[[source]]\nname = \"posts\"\npath = \"posts\"");
    other.set("/1.png", busy());
    sandbox.run(&["run"]);
    assert_eq!(asked(&other), ["/1.png"]);
    sandbox.run(&["run", "--retry"]);
    assert_eq!(asked(&other), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_spacing_that_robots_txt_asks_for_is_on_record() {
    let origin = origin(&[("/", "x".to_owned())]);
    let rules = b"User-agent: *\nCrawl-delay: 0.2\n".to_vec();
    origin.set("/robots.txt", Behaviour::serve(Content::new("text/plain", rules)));
    let sandbox = Sandbox::new();
    settings(&sandbox, &origin);
    sandbox.run(&["run"]).expect(0);
    assert_eq!(state(&sandbox, &origin).await.unwrap().delay, Duration::from_millis(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_named_closes_the_breaker_of_its_host() {
    let origin = origin(&[("/", "x".to_owned())]);
    let sandbox = Sandbox::new();
    settings(&sandbox, &origin);
    let later = jiff::Timestamp::now() + Duration::from_secs(3600);
    let dead = HostState { failures: 9, open_until: Some(later), ..HostState::default() };
    let store = archive::open(&sandbox.path("store"), Mode::Create).unwrap();
    store.catalog.record_host(&key(&origin), &dead).await.unwrap();
    drop(store);
    sandbox.run(&["run"]).expect(1);
    assert_eq!(asked(&origin), [""; 0], "by the schedule a host that does not respond is left alone");
    sandbox.run(&["mirror", &origin.url("/")]).expect(0);
    assert_eq!(asked(&origin), ["/"]);
    assert_eq!(state(&sandbox, &origin).await.unwrap(), HostState::default());
}

/// A host that is asked as slowly as any is and still is overloaded: what is left waits for the next run.
#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_ends_for_the_night_where_its_host_stays_overloaded() {
    let origin = origin(&[]);
    let sandbox = Sandbox::new();
    let urls: Vec<_> = (0..50).map(|at| format!("{:?}", origin.url(&format!("/{at}")))).collect();
    origin.change(|site| *site = site.clone().otherwise(|_| Some(Behaviour::status(503))));
    source(&sandbox, "page", &format!("urls = [{}]", urls.join(", ")));
    let slowed = HostState { delay: Duration::from_secs(30), ..HostState::default() };
    let store = archive::open(&sandbox.path("store"), Mode::Create).unwrap();
    store.catalog.record_host(&key(&origin), &slowed).await.unwrap();
    drop(store);
    let ran = sandbox.run(&["run", "--ignore-robots"]).expect(1);
    assert!(asked(&origin).len() <= 2, "those that were under way: {ran:?}");
    assert!(ran.stderr.contains("50 addresses of 127.0.0.1"), "{ran:?}");
    assert!(state(&sandbox, &origin).await.unwrap().not_before.is_some());
}
