//! A year of an archive: random nights in a world that changes, breaks and heals, through the built program.
//!
//! A history is a list of steps, each followed by a night: a run, and what people do after one. After each, what the
//! archive promises is checked against a model of the world. In the end the world heals, and so must the archive.
//! `OFFPRINT_THOROUGH=1` tries many long histories; `PROPTEST_CASES` sets how many.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod night;
mod step;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::sandbox::is_thorough;
use night::Archive;
use step::{Step, step};

/// Where the mirror is written at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Into the archive, or beside it.
    Apart,
    /// Over the posts.
    InPlace,
}

/// Lives through a history, and heals.
fn live(place: Place, steps: &[Step]) {
    let mut archive = Archive::new(place);
    archive.night();
    for step in steps {
        archive.take(*step);
        archive.night();
    }
    archive.heal();
}

/// Every history that is tried: the same ones each time, few and short, or many and long where that is asked for.
fn histories(place: Place) {
    let (cases, nights) = if is_thorough() { (200, 40) } else { (3, 9) };
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let config = if is_thorough() { config } else { Config { rng_seed: RngSeed::Fixed(7), ..config } };
    let history = prop::collection::vec(step(), nights / 2..=nights);
    let lived = TestRunner::new(config).run(&history, |steps| {
        live(place, &steps);
        Ok(())
    });
    if let Err(failure) = lived {
        panic!("{failure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_lives_through_whatever_happens() {
    histories(Place::Apart);
}

#[tokio::test(flavor = "multi_thread")]
async fn articles_in_place_live_through_whatever_happens() {
    histories(Place::InPlace);
}

/// Each step in a year of its own, so that none is left out by chance.
#[tokio::test(flavor = "multi_thread")]
async fn every_step_is_survived_by_itself() {
    for step in Step::EACH {
        live(Place::Apart, &[Step::Add(3), step]);
    }
}
