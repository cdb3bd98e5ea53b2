//! The cost of the catalog grows linearly with its input: the author of an article decides how many references it has,
//! and on how many hosts.
#![expect(clippy::unwrap_used, reason = "a measurement among the tests")]

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

use super::{articles, assets, jobs, leases, migrate, queue, runs};
use crate::archive::catalog::{CompletedJob, JobResult, Lease, NewReference, ThumbnailRow, Worker};
use crate::config::ChangedImages;
use crate::model::{
    ArticleKey, ArticleVersion, Asset, Digest, Exchange, Failure, Fingerprint, Format, HostState, MediaType, Reason,
    ReferenceKind, ReferencePlace, RunId, Span, ThumbnailName,
};

/// Where the references of an article lead.
#[derive(Debug, Clone, Copy)]
enum Layout {
    OneHost,
    AHostEach,
    ManyArticlesOfOneUrl,
}

fn url(layout: Layout, number: usize) -> String {
    match layout {
        Layout::OneHost => format!("https://images.example/{number}"),
        Layout::AHostEach => format!("https://images{number}.example/"),
        Layout::ManyArticlesOfOneUrl => "https://images.example/logo".to_owned(),
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn reference(layout: Layout, number: usize) -> NewReference {
    NewReference {
        place: ReferencePlace {
            span: Span::new(number * 100, number * 100 + 50),
            kind: ReferenceKind::Image,
            name: "src".to_owned(),
            image_group: u32::try_from(number).unwrap(),
            reveal: None,
            link_wrap: None,
        },
        url: Some(url(layout, number).parse().unwrap()),
        unfetched: None,
    }
}

fn record(connection: &Connection, path: &str, references: &[NewReference]) {
    let version = ArticleVersion {
        key: ArticleKey { source: "posts".parse().unwrap(), path: path.parse().unwrap() },
        original: Digest::of(path.as_bytes()),
        fingerprint: Fingerprint { size: 1, modified: 1, inode: 1 },
        format: Format::Markdown,
        encoding: None,
        settings: Digest::of(b""),
        title: None,
        published: None,
        url: None,
        read_at: now(),
    };
    articles::record(connection, version, 1, references.to_vec()).unwrap();
}

fn fill(connection: &Connection, layout: Layout, count: usize) {
    let references: Vec<_> = (0..count).map(|number| reference(layout, number)).collect();
    match layout {
        Layout::OneHost | Layout::AHostEach => record(connection, "a", &references),
        Layout::ManyArticlesOfOneUrl => {
            (0..count).for_each(|number| record(connection, &number.to_string(), &references[..1]));
        }
    }
}

fn failed() -> JobResult {
    let failure = Failure::new(Reason::ForbiddenAddress, "it is a private address");
    JobResult::Failed { failure, next_attempt: Some(Timestamp::MAX) }
}

/// Works through the queue as a run does: a few hosts at a time, a few jobs at a time, each job a call of its own.
fn drain(connection: &Connection, run: RunId) -> usize {
    let (worker, mut done) = (Worker("test".to_owned()), 0);
    loop {
        let leases = leases::lease(connection, &worker, 4, Duration::from_secs(60), now()).unwrap();
        if leases.is_empty() {
            return done;
        }
        for lease in &leases {
            done += drain_host(connection, run, lease);
            leases::release(connection, lease, &HostState::default()).unwrap();
        }
    }
}

fn drain_host(connection: &Connection, run: RunId, lease: &Lease) -> usize {
    let (host, mut done) = (leases::held(connection, lease).unwrap().unwrap(), 0);
    loop {
        let page = jobs::of_host(connection, host, None, 64).unwrap();
        for job in &page {
            let (job, at) = (job.as_ref().unwrap(), Timestamp::now());
            let exchanges = Vec::<Exchange>::new();
            let job = CompletedJob { job: job.id, url: job.url.id, at, exchanges, result: failed() };
            queue::complete(connection, lease, run, vec![job], ChangedImages::First).unwrap();
            done += 1;
        }
        if page.is_empty() {
            return done;
        }
    }
}

/// The CPU time of this thread, whatever else the machine does.
fn computed() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(statistics.split(' ').next().unwrap().parse().unwrap())
}

/// What it costs to read an article with so many references and to work through its URLs.
fn cost(layout: Layout, count: usize) -> Duration {
    let connection = Connection::open_in_memory().unwrap();
    connection.set_prepared_statement_cache_capacity(128);
    migrate::migrate(&connection, Path::new("in memory"), migrate::MIGRATIONS).unwrap();
    let run = runs::begin(&connection, now()).unwrap();
    let begun = computed();
    connection.execute_batch("BEGIN").unwrap();
    fill(&connection, layout, count);
    let expected = if matches!(layout, Layout::ManyArticlesOfOneUrl) { 1 } else { count };
    assert_eq!(drain(&connection, run), expected);
    connection.execute_batch("COMMIT").unwrap();
    computed().saturating_sub(begun)
}

/// What it costs to find that none of so many assets lacks a thumbnail.
fn cost_of_lacking_nothing(count: usize) -> Duration {
    let connection = Connection::open_in_memory().unwrap();
    migrate::migrate(&connection, Path::new("in memory"), migrate::MIGRATIONS).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    let (name, recipe) = ("small".parse().unwrap(), Digest::of(b"64 x 64"));
    for number in 0..count {
        let original = Digest::of(number.to_string().as_bytes());
        assets::record_blob(&connection, original, MediaType::Png, 1, now()).unwrap();
        assets::store(&connection, original, &Asset::of_type(MediaType::Png)).unwrap();
        let row = ThumbnailRow { original, name: ThumbnailName::clone(&name), recipe, made: Err("none".to_owned()) };
        assets::record_thumbnails(&connection, &[row], &[]).unwrap();
    }
    let begun = computed();
    for _ in 0..100 {
        assert_eq!(assets::lacking(&connection, &[(name.clone(), recipe)], None, 9).unwrap(), []);
    }
    computed().saturating_sub(begun)
}

#[test]
fn what_lacks_nothing_is_not_looked_at() {
    let (few, many) = (cost_of_lacking_nothing(20), cost_of_lacking_nothing(4_000));
    // To look at each would cost 200 times as much. The clock ticks in milliseconds.
    assert!(many < few.max(Duration::from_millis(4)) * 10, "{few:?} for 20, {many:?} for 4,000");
}

#[test]
fn eight_times_as_many_references_cost_about_eight_times_as_much() {
    for layout in [Layout::OneHost, Layout::AHostEach, Layout::ManyArticlesOfOneUrl] {
        let (few, many) = (cost(layout, 500), cost(layout, 4_000));
        // Quadratic cost would be 64 times as much.
        assert!(many < few * 24, "{layout:?}: {few:?} for 500, {many:?} for 4,000");
    }
}
