//! A night in which half of the hosts are silent, through the built program and with the timeouts that are the default.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::corpus::say;
use crate::fetch::dead::BlackHole;
use crate::origin::image;
use crate::sandbox::{Ran, Sandbox};
use crate::testserver::{Behaviour, Origin, Site};

const HOSTS: usize = 50;
const IMAGES: usize = 10;

/// One article for each host, whose images are all at that host. Silent hosts come first.
fn write_articles(sandbox: &Sandbox, names: &[String]) {
    for (at, name) in names.iter().enumerate() {
        let images: Vec<_> = (0..IMAGES).map(|image| format!("![a](http://{name}/{at}-{image}.jpg)\n")).collect();
        sandbox.write(&format!("posts/{at:03}.md"), images.concat());
    }
}

/// The default settings, with loopback opened and every name led to one of two addresses.
fn settings(hole: &BlackHole, origin: &Origin, names: &[String]) -> String {
    let mut settings = "[fetch]\nallow_net = [\"127.0.0.0/8\"]\n[fetch.resolve]\n".to_owned();
    for name in names {
        let address = if name.starts_with("silent") { hole.address } else { origin.address() };
        writeln!(settings, "\"{name}\" = \"{address}\"").unwrap();
    }
    settings
}

fn count(report: &Value, what: &str) -> u64 {
    report["urls"][what].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_hosts_cost_seconds_and_hold_nobody_up() {
    let site = Site::new().otherwise(|_| Some(Behaviour::serve(image())));
    let (origin, hole) = (Origin::start(site).unwrap(), BlackHole::new().await.unwrap());
    let names: Vec<_> =
        ["silent", "live"].iter().flat_map(|kind| (0..HOSTS).map(move |at| format!("{kind}{at}.example"))).collect();
    let sandbox = Sandbox::new();
    sandbox.write("config.toml", settings(&hole, &origin, &names));
    write_articles(&sandbox, &names);

    let began = Instant::now();
    let report = sandbox.json(&["run"]);
    let took = began.elapsed();
    let visits = origin.log().requests();
    let live = visits.iter().map(|visit| visit.arrived).max().unwrap() - visits[0].arrived;
    let (fetched, failed, deferred) = (count(&report, "fetched"), count(&report, "failed"), count(&report, "deferred"));
    say(&format!(
        "{HOSTS} live and {HOSTS} silent hosts, {IMAGES} images each: {took:?} in all; the live ones within {live:?}; \
         {fetched} fetched, {failed} timed out, {deferred} deferred"
    ));
    let images = (HOSTS * IMAGES) as u64;
    assert_eq!((fetched, failed + deferred), (images, images), "{report:#}");
    assert!(failed <= 2 * HOSTS as u64, "as many as may be in flight to each host");
    assert!(took < Duration::from_secs(30), "one connect timeout, and not one for each host: {took:?}");
    assert!(live < Duration::from_secs(9), "while the silent ones are waited for: {live:?}");

    let began = Instant::now();
    let report = sandbox.json(&["run"]);
    assert_eq!((count(&report, "fetched"), count(&report, "failed")), (0, 0), "{report:#}");
    assert!(began.elapsed() < Duration::from_secs(5), "they are left alone for now");
}

/// A host that is dead is news in the night in which it is found dead, and not again with each of its images.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_host_is_news_once() {
    let site = Site::new().otherwise(|_| Some(Behaviour::serve(image())));
    let (live, dead) = (Origin::start(site).unwrap(), Origin::start(Site::new()).unwrap());
    let urls: Vec<_> = (0..12).map(|at| format!("![]({})\n", dead.url(&format!("/{at}.jpg")))).collect();
    drop(dead);
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\n");
    for night in 0..8 {
        // Some host answers every night, so that the machine does not seem to be offline.
        sandbox.write(&format!("posts/{night}.md"), format!("![]({})\n", live.url(&format!("/{night}.jpg"))));
        sandbox.write("posts/dead.md", urls.concat());
        let seconds = night * 27 * 3600;
        let mut command = sandbox.command(&["--json", "run"]);
        let ran = Ran::of(&command.env("OFFPRINT_TEST_CLOCK", seconds.to_string()).output().unwrap());
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let expected = if night == 0 { (3, 12) } else { (0, 0) };
        assert_eq!((ran.status, report["newly_missing"].as_u64().unwrap()), expected, "night {night}: {report:#}");
        assert_eq!((&report["missing"]["urls"], &report["offline"]), (&12.into(), &false.into()), "night {night}");
    }
}

/// Where the only host is dead, the machine seems to be offline once.
#[tokio::test(flavor = "multi_thread")]
async fn the_only_host_that_is_dead_is_taken_for_no_network_once() {
    let dead = Origin::start(Site::new()).unwrap();
    let urls: Vec<_> = (0..12).map(|at| format!("![]({})\n", dead.url(&format!("/{at}.jpg")))).collect();
    drop(dead);
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\n");
    sandbox.write("posts/dead.md", urls.concat());
    let statuses = (0..6).map(|night: i64| {
        let mut command = sandbox.command(&["run"]);
        let ran = Ran::of(&command.env("OFFPRINT_TEST_CLOCK", (night * 27 * 3600).to_string()).output().unwrap());
        (ran.status, ran.stderr.contains("no host answered"))
    });
    let statuses: Vec<_> = statuses.collect();
    assert_eq!(statuses[0], (3, true));
    assert_eq!(statuses[1..], [(0, false); 5]);
}
