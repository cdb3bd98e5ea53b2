//! Each archive with each command.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

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
        // A file of the canary's may itself be a file of the archive, by another name: then it is read as that.
        let is_of_both = matches!(self, Self::Lies(Thing::OtherNameOfAFile, _));
        let touched = if is_of_both { canary.changed() } else { canary.touched() };
        wrong.extend(touched.into_iter().map(|touched| format!("touched {touched}")));
        if !is_of_both {
            wrong
                .extend(received.leaks().into_iter().map(|leak| format!("{} has words of the canary", leak.display())));
        }
        // These write there, as they are asked to.
        let may_write = command[0] == "import" || command.contains(&"--in-place");
        if !may_write && received.own() != own {
            wrong.push("articles or settings were changed".into());
        }
        if command == PROVE {
            wrong.extend(
                self.is_named_by().filter(|name| !is_named(&ran, name)).map(|name| format!("{name} is not named")),
            );
        }
        wrong.iter().map(|wrong| format!("{self:?}, {command:?}: {wrong}: {ran:?}")).collect()
    }
}

/// Proves an archive before it is used: it names what is wrong.
const PROVE: &[&str] = &["verify", "--untrusted"];

/// Whether a command ended with a finding that has this name in it.
fn is_named(ran: &Ran, name: &str) -> bool {
    [1, 4].contains(&ran.status) && (ran.stdout.contains(name) || ran.stderr.contains(name))
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
        wrong.extend(hostile.try_command(PROVE));
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
        wrong.extend(hostile.try_command(PROVE));
        wrong.extend(hostile.try_command([&["run"][..], &["status"]][at % 2]));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The database follows a link in the place of its journal. What a rebuild would read through it is another database.
#[test]
fn a_rebuild_follows_no_link_beside_the_catalog() {
    for name in ["catalog.db-journal", "catalog.db-wal", "catalog.db-shm", "catalog.db.sha256"] {
        let hostile = Hostile::Lies(Thing::LinkToDatabase, name.to_owned());
        let wrong = hostile.try_command(&["verify", "--rebuild"]);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

/// A command that is tried on an archive.
type Try<'a> = (&'a Hostile, &'static [&'static str]);

/// Every archive with every command, or as many as are wanted of them, in an order that a seed gives. It is quick where
/// `TMPDIR` is in memory.
#[test]
#[ignore = "measurement: it takes hours for all of them"]
fn measurement_of_every_archive_and_command() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let archives = every_archive();
    let each = |hostile| commands::ALL.into_iter().chain([PROVE]).map(move |command| (hostile, command));
    let mut tries: Vec<Try<'_>> = archives.iter().flat_map(each).collect();
    let all = tries.len();
    fastrand::Rng::with_seed(number("OFFPRINT_SEED").unwrap_or(0)).shuffle(&mut tries);
    tries.truncate(number("OFFPRINT_SCALE").map_or(all, |wanted| usize::try_from(wanted).unwrap()));
    let wrong = try_all(&tries);
    say(&format!("{} of {all} tried, {wrong} went wrong", tries.len()));
    assert_eq!(wrong, 0);
}

/// Makes these tries, some side by side, and gives how much went wrong.
fn try_all(tries: &[Try<'_>]) -> usize {
    const SOMETIMES: usize = 100;
    let (begun, wrong) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        loop {
            let number = begun.fetch_add(1, Relaxed);
            let Some((hostile, command)) = tries.get(number) else { break };
            for found in hostile.try_command(command) {
                say(&found);
                wrong.fetch_add(1, Relaxed);
            }
            if number % SOMETIMES == 0 {
                say(&format!("{number} of {} tried, {} went wrong", tries.len(), wrong.load(Relaxed)));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, NonZero::get) {
            scope.spawn(work);
        }
    });
    wrong.into_inner()
}
