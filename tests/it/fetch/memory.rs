//! Memory stays bounded, whatever is sent.

use futures_util::future::join_all;
use offprint::testing::config::{FetchConfig, Size};
use offprint::testing::model::Reason;

use super::{Guest, quick, reason, rerun, rerun_argument};
use crate::corpus::say;
use crate::testserver::{Behaviour, Gate, Origin, Site};

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);
const BODIES: usize = 64;
/// The most that a process may have held, in KiB.
const BOUND: u64 = 200 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_bodies_fit_into_little_memory() {
    check("endless bodies", Behaviour::endless("image/jpeg", &b"\xff\xd8\xff"[..])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decompression_bombs_fit_into_little_memory() {
    check("gzip bombs of 1 GiB", Behaviour::gzip_bomb(1024)).await;
}

async fn check(what: &str, behaviour: Behaviour) {
    let gate = Gate::new();
    let behaviour = behaviour.held(&gate);
    let origin = Origin::start(Site::new().otherwise(move |_| Some(behaviour.clone()))).unwrap();
    let url = origin.url("/");
    let all_came = async {
        origin.log().wait_for(BODIES).await.unwrap();
        gate.open();
    };
    let (said, ()) = tokio::join!(rerun("fetch::memory::all_at_once_in_its_own_process", &[], &url), all_came);
    let peak: u64 = said.split("peak KiB: ").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    say(&format!("{BODIES} {what} at once: peak {} MiB", peak >> 10));
    assert!(peak < BOUND, "{peak} KiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "in its own process: the tests above run it"]
async fn all_at_once_in_its_own_process() {
    let limits = FetchConfig { max_bytes: Size(8 << 20), concurrency: BODIES, per_host: BODIES, ..quick() };
    let guest = Guest::new(&FetchConfig { timeout: MINUTE, read_timeout: MINUTE, ..limits });
    let urls: Vec<_> = (0..BODIES).map(|number| format!("{}{number}.jpg", rerun_argument())).collect();
    let fetched = join_all(urls.iter().map(|url| guest.get(url))).await;
    assert!(fetched.iter().all(|fetched| reason(fetched) == Some(Reason::TooLarge)), "{:?}", fetched[0]);
    say(&format!("peak KiB: {}", peak_memory()));
}

/// The most memory that this process ever held, in KiB (`proc(5)`).
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
