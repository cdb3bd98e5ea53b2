//! Each archive with each command.

use super::canary::{Canary, WORD};
use super::received::{Received, give_to_nobody};
use super::things::Thing;
use super::{commands, places, rows, schemas, things};
use crate::corpus::say;
use crate::sandbox::Ran;

/// One archive that was made to do harm.
#[derive(Debug, Clone)]
enum Hostile {
    /// Something lies somewhere.
    Lies(Thing, String),
    /// The catalog has such rows.
    Row(rows::Meddling),
    /// The catalog's file is none that offprint makes.
    Schema(schemas::Foreign),
}

impl Hostile {
    fn make(&self, canary: &Canary) -> Received {
        let received = Received::new();
        match self {
            Self::Lies(thing, place) => thing.put(&received.place(place), canary),
            Self::Row(meddling) => meddling.make(&received),
            Self::Schema(foreign) => foreign.make(&received, canary),
        }
        give_to_nobody(&received.sandbox.path(""));
        received
    }

    /// What `verify --untrusted` must name of it; `None` where it may be harmless.
    fn is_named_by(&self) -> Option<&str> {
        match self {
            Self::Lies(thing, place) => thing.is_foreign().then_some(place.as_str()),
            Self::Row(_) => None,
            Self::Schema(foreign) => Some(foreign.is_named_by()),
        }
    }

    /// Runs a command on a fresh copy, and says what is wrong with how that went.
    fn try_command(&self, command: &[&str]) -> Vec<String> {
        let canary = Canary::new();
        let received = self.make(&canary);
        let own = received.own();
        let ran = received.run(command);
        let mut wrong = judge(&ran);
        wrong.extend(canary.touched().into_iter().map(|touched| format!("touched {touched}")));
        // A file of the canary's may itself be a file of the archive, by another name.
        if !matches!(self, Self::Lies(Thing::OtherNameOfAFile, _)) {
            wrong
                .extend(received.leaks().into_iter().map(|leak| format!("{} has words of the canary", leak.display())));
        }
        // These write there, as they are asked to.
        let may_write = command[0] == "import" || command.contains(&"--in-place");
        if !may_write && received.own() != own {
            wrong.push("articles or settings were changed".into());
        }
        wrong.iter().map(|wrong| format!("{self:?}, {command:?}: {wrong}: {ran:?}")).collect()
    }

    /// Whether `verify --untrusted` names what is wrong.
    fn is_proven(&self) -> Vec<String> {
        let mut wrong = self.try_command(&["verify", "--untrusted"]);
        if let Some(name) = self.is_named_by() {
            let canary = Canary::new();
            let received = self.make(&canary);
            let ran = received.run(&["verify", "--untrusted"]);
            let is_named = ran.stdout.contains(name) || ran.stderr.contains(name);
            if !is_named || ![1, 4].contains(&ran.status) {
                wrong.push(format!("{self:?}: verify --untrusted does not name {name}: {ran:?}"));
            }
        }
        wrong
    }
}

/// What is wrong with how a command ended.
fn judge(ran: &Ran) -> Vec<String> {
    let mut wrong = Vec::new();
    if ![0, 1, 2, 3, 4, 75].contains(&ran.status) {
        wrong.push(format!("ended with {}", ran.status));
    }
    if ran.stderr.contains("panicked") {
        wrong.push("panicked".into());
    }
    if ran.stdout.contains(WORD) || ran.stderr.contains(WORD) {
        wrong.push("printed words of the canary".into());
    }
    wrong
}

fn every_archive() -> Vec<Hostile> {
    let places = places::all();
    let lies = places.iter().flat_map(|place| things::ALL.map(|thing| Hostile::Lies(thing, place.clone())));
    let rows = rows::all().into_iter().map(Hostile::Row);
    lies.chain(rows).chain(schemas::ALL.map(Hostile::Schema)).collect()
}

#[test]
fn a_few_of_all_do_no_harm() {
    let mut chance = fastrand::Rng::with_seed(13);
    let all = every_archive();
    let mut wrong = Vec::new();
    for at in 0..SAMPLE {
        let hostile = &all[chance.usize(..all.len())];
        wrong.extend(hostile.is_proven());
        wrong.extend(hostile.try_command(commands::SOME[at % commands::SOME.len()]));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// How many archives the sample has.
const SAMPLE: usize = 8;

/// Foreign schemas and journals are few, so that each is tried.
#[test]
fn no_catalog_that_offprint_did_not_make_is_used() {
    let mut wrong = Vec::new();
    for (at, foreign) in schemas::ALL.into_iter().enumerate() {
        let hostile = Hostile::Schema(foreign);
        wrong.extend(hostile.is_proven());
        wrong.extend(hostile.try_command([&["run"][..], &["status"]][at % 2]));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every archive with every command, or as many as are wanted of them, in an order that a seed gives.
#[test]
#[ignore = "measurement: it takes hours for all of them"]
fn measurement_of_every_archive_and_command() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let mut chance = fastrand::Rng::with_seed(number("OFFPRINT_SEED").unwrap_or(0));
    let mut tries: Vec<_> = every_archive()
        .into_iter()
        .flat_map(|hostile| {
            commands::ALL.map(|command| (hostile.clone(), Some(command))).into_iter().chain([(hostile, None)])
        })
        .collect();
    let all = tries.len();
    chance.shuffle(&mut tries);
    tries.truncate(number("OFFPRINT_SCALE").map_or(all, |wanted| usize::try_from(wanted).unwrap()));
    let (mut wrong, total) = (0, tries.len());
    for (hostile, command) in tries {
        let found = command.map_or_else(|| hostile.is_proven(), |command| hostile.try_command(command));
        for found in &found {
            say(found);
        }
        wrong += found.len();
    }
    say(&format!("{total} of {all} tried, {wrong} went wrong"));
    assert_eq!(wrong, 0);
}
