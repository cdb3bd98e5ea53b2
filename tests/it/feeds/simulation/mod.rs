//! A simulation of fifty nights with three hundred feeds on one host.
//!
//! A script decides what happens to the feeds each day, and knows what an archive of them must hold after each night: the
//! articles with all their versions, byte for byte, and their mirrors. The built program reads them, as cron would run it.

mod feed;
mod night;
mod publisher;
mod truth;

use std::time::Instant;

use self::night::Simulation;
use crate::corpus::say;

/// Every so many nights nothing has happened; the day before, everything that can be mended was.
const QUIET: usize = 5;

/// Simulates so many nights with so many feeds.
async fn live(feeds: usize, nights: usize, seed: u64) -> Simulation {
    let mut simulation = Simulation::open(feeds, seed);
    simulation.night().await;
    for night in 1..nights {
        match night % QUIET {
            0 => simulation.quiet_night(),
            4 => {
                simulation.publisher.mend();
                simulation.night().await;
            }
            _ => {
                simulation.publisher.happen();
                simulation.night().await;
            }
        }
    }
    simulation.compare_histories().await;
    simulation
}

#[tokio::test(flavor = "multi_thread")]
async fn articles_and_versions_are_those_of_the_script_every_night() {
    let simulation = live(12, 12, 1).await;
    assert!(simulation.truth.count() > 60, "{} articles", simulation.truth.count());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measurement: three hundred feeds for fifty nights"]
async fn measurement_of_fifty_nights_with_three_hundred_feeds() {
    let seed = std::env::var("OFFPRINT_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(2026);
    let began = Instant::now();
    let simulation = live(300, 50, seed).await;
    say(&format!("seed {seed}: {} in {:?}", simulation.summary(), began.elapsed()));
}
