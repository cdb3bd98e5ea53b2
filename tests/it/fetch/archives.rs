//! Images that are gone, out of an archive that replays as the Wayback Machine does.

use std::time::Duration;

use jiff::Timestamp;
use offprint::testing::config::FallbackConfig;
use offprint::testing::demo::photo::Photo;
use offprint::testing::fetch::{Alternates, AskArchives, Purpose, Request, memento_datetime};
use offprint::testing::model::Validators;
use url::Url;

use super::{ByContent, Fetched, Guest, bytes, quick, reason};
use crate::testserver::{Behaviour, Content, Origin, Request as Asked, Site};

const GONE: &str = "http://gone.example/a.jpg?w=640";
const CAPTURES: [(&str, &str, u64); 3] = [
    ("20190101000000", "Tue, 01 Jan 2019 00:00:00 GMT", 1),
    ("20210601120000", "Tue, 01 Jun 2021 12:00:00 GMT", 2),
    ("20250101000000", "Wed, 01 Jan 2025 00:00:00 GMT", 3),
];

fn photo(seed: u64) -> Content {
    Content::new("image/jpeg", Photo::new(seed, 64, 48).jpeg())
}

/// Replays as archives do: the very moment of a capture gives its bytes, any other a redirect to the nearest.
fn replay(asked: &Asked) -> Option<Behaviour> {
    let (when, url) = asked.target.strip_prefix("/web/")?.split_once("id_/")?;
    if url != GONE {
        return None;
    }
    if let Some((_, date, seed)) = CAPTURES.iter().find(|(at, ..)| *at == when) {
        return Some(Behaviour::serve(photo(*seed)).with_header("Memento-Datetime", date));
    }
    let distance = |at: &str| at.parse::<i64>().unwrap().abs_diff(when.parse().unwrap());
    let (nearest, ..) = CAPTURES.iter().min_by_key(|(at, ..)| distance(at))?;
    Some(Behaviour::redirect(302, &format!("/web/{nearest}id_/{url}")))
}

fn archive() -> Origin {
    Origin::start(Site::new().otherwise(replay)).unwrap()
}

pub(super) struct Asking {
    alternates: Alternates,
    _guest: Guest,
    _gone: Origin,
}

/// Web archives, and a host that has nothing any more.
pub(super) fn alternates(templates: &[String], delay: Duration) -> Asking {
    let gone = Origin::start(Site::new()).unwrap();
    let mut config = quick();
    config.resolve.insert("gone.example".to_owned(), gone.address());
    let guest = Guest::new(&config);
    let config = FallbackConfig { templates: templates.to_vec(), delay };
    Asking { alternates: Alternates::new(guest.fetcher.clone(), &config).unwrap(), _guest: guest, _gone: gone }
}

fn template(archive: &Origin) -> String {
    archive.url("/web/{timestamp}id_/{url}")
}

pub(super) async fn ask(asking: &Asking, url: &str, when: &str) -> Fetched {
    let (url, article) = (Url::parse(url).unwrap(), Url::parse("http://news.example/post?secret").unwrap());
    let validators = Validators { etag: Some("\"of the original\"".to_owned()), last_modified: None };
    let article = Some(&article);
    let request = Request { url: &url, purpose: Purpose::Media, article, validators: &validators, judge: &ByContent };
    asking.alternates.fetch(&request, when.parse::<Timestamp>().unwrap(), AskArchives::IfGone).await
}

#[tokio::test]
async fn the_capture_nearest_the_article_s_date_is_taken_bit_for_bit() {
    let archive = archive();
    let alternates = alternates(&[template(&archive)], Duration::ZERO);
    for (when, seed, captured) in [
        ("2018-03-01T00:00:00Z", 1, "2019-01-01T00:00:00Z"),
        ("2021-04-01T00:00:00Z", 2, "2021-06-01T12:00:00Z"),
        ("2021-06-01T12:00:00Z", 2, "2021-06-01T12:00:00Z"),
        ("2026-11-22T00:00:00Z", 3, "2025-01-01T00:00:00Z"),
    ] {
        let fetched = ask(&alternates, GONE, when).await;
        assert!(bytes(&fetched) == *photo(seed).bytes(), "{when}");
        let last = fetched.exchanges.last().unwrap();
        assert_eq!(memento_datetime(last), Some(captured.parse().unwrap()));
        assert!(last.url.as_str().starts_with(&archive.url("/web/")), "the archive's own URL is kept: {}", last.url);
    }
    for visit in archive.log().requests() {
        assert!(visit.request.header("accept-datetime").is_some());
        assert!(visit.request.header("referer").is_none() && visit.request.header("if-none-match").is_none());
    }
}

#[tokio::test]
async fn the_next_archive_is_asked_where_one_has_nothing_or_something_else() {
    let has = archive();
    let page = Origin::start(Site::new().otherwise(|_| Some(Behaviour::html_as("text/html")))).unwrap();
    let empty = Origin::start(Site::new()).unwrap();
    let alternates = alternates(&[template(&empty), template(&page), template(&has)], Duration::ZERO);
    let fetched = ask(&alternates, GONE, "2021-04-01T00:00:00Z").await;
    assert!(bytes(&fetched) == *photo(2).bytes());
    assert_eq!(empty.log().count(), 1);
    let nowhere = ask(&alternates, "http://gone.example/never.jpg", "2021-04-01T00:00:00Z").await;
    assert!(reason(&nowhere).is_some());
}

#[tokio::test]
async fn archives_are_asked_slowly() {
    let archive = archive();
    let alternates = alternates(&[template(&archive)], Duration::from_millis(300));
    let when = "2021-06-01T12:00:00Z";
    let one = || ask(&alternates, GONE, when);
    let (a, b, c) = tokio::join!(one(), one(), one());
    assert!([a, b, c].iter().all(|fetched| reason(fetched).is_none()));
    let visits = archive.log().requests();
    let took = visits[2].arrived - visits[0].arrived;
    assert!(took >= Duration::from_millis(500), "{took:?}");
}
