//! A year of an archive: random nights in a world that changes, breaks and heals, through the built program.
//!
//! A history is a list of steps, with a night after each or after some: a run, and what people do after one. After each, what the
//! archive promises is checked against a model of the world. In the end the world heals, and so must the archive.
//!
//! A night is 27 hours after the one before, by the clock that the program is given. Each test lives through histories
//! that are the same each time, and some that are not; `OFFPRINT_SEED` repeats these. `OFFPRINT_THOROUGH=1` tries
//! many long ones (as many as `OFFPRINT_SCALE` says), on disks that can be full and lose their power where it may make such.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod archive;
mod authors;
mod clock;
mod faults;
mod fifty;
mod lived;
mod night;
mod operators;
mod regressions;
mod step;
mod volume;
mod world;

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::corpus::say;
use crate::sandbox::is_thorough;
use archive::Archive;
use lived::Lived;
use step::{Step, step};

/// Where the mirror is written at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Into the archive, or beside it.
    Apart,
    /// Over the posts.
    InPlace,
}

/// The steps that were taken, printed where a test fails.
struct Taken(Vec<Step>);

impl Drop for Taken {
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(&format!("failed after {:?}", self.0));
        }
    }
}

/// Lives through a history with a night after each step, and heals.
fn live(place: Place, steps: &[Step]) {
    let nights: Vec<_> = steps.chunks(1).collect();
    live_nights(place, &nights);
}

/// Lives through a history with a night after some steps each, and heals.
fn live_nights(place: Place, nights: &[&[Step]]) {
    let mut archive = Archive::new(place, is_thorough());
    let mut taken = Taken(Vec::new());
    archive.night();
    for steps in nights {
        for step in *steps {
            taken.0.push(*step);
            archive.take(*step);
        }
        archive.night();
    }
    archive.heal();
}

/// Histories that follow from a seed. Long ones say how much was lived through so far.
fn histories(place: Place, seed: u64, cases: u32, nights: usize) {
    let lived_through = RefCell::new(Lived::default());
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: Config::default().max_shrink_iters.min(50),
        ..Config::default()
    };
    let history = prop::collection::vec(step(), nights / 2..=nights);
    let lived = TestRunner::new(config).run(&history, |steps| {
        live(place, &steps);
        lived_through.borrow_mut().note(&steps);
        if is_thorough() {
            say(&format!("{place:?}: {}", lived_through.borrow()));
        }
        Ok(())
    });
    if let Err(failure) = lived {
        panic!("OFFPRINT_SEED={seed} repeats this: {failure}");
    }
}

/// The same ones each time, and others.
fn same_and_other_histories(place: Place) {
    let seed = std::env::var("OFFPRINT_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    say(&format!("OFFPRINT_SEED={seed} repeats the other histories"));
    if is_thorough() {
        let wanted = std::env::var("OFFPRINT_SCALE").ok().map(|count| count.parse().unwrap());
        histories(place, seed, wanted.unwrap_or(400), 40);
    } else {
        histories(place, 7, 1, 4);
        histories(place, seed, 1, 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_lives_through_whatever_happens() {
    same_and_other_histories(Place::Apart);
}

#[tokio::test(flavor = "multi_thread")]
async fn articles_in_place_live_through_whatever_happens() {
    same_and_other_histories(Place::InPlace);
}

/// Each step in one year, so that none is left out by chance; where there is time, each in a year of its own, too.
fn each(place: Place) {
    live_nights(place, Step::EACH);
    for step in Step::EACH.iter().flat_map(|steps| *steps).filter(|_| is_thorough()) {
        live(place, &[Step::Add(3), *step]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_is_survived() {
    each(Place::Apart);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_is_survived_in_place() {
    each(Place::InPlace);
}
