//! How much was lived through.

use std::collections::BTreeMap;
use std::fmt;

use super::step::Step;

/// The nights of a history that have no step: one before the first, and two while the world and the archive heal.
const WITHOUT_STEP: usize = 3;

/// What the histories so far had in them.
#[derive(Default)]
pub(super) struct Lived {
    histories: usize,
    nights: usize,
    steps: BTreeMap<String, usize>,
}

impl Lived {
    /// Counts a history with a night after each step.
    pub(super) fn note(&mut self, steps: &[Step]) {
        self.histories += 1;
        self.nights += steps.len() + WITHOUT_STEP;
        for step in steps {
            *self.steps.entry(kind(*step)).or_default() += 1;
        }
    }
}

/// The name of a step without its number. Each weather is a kind.
fn kind(step: Step) -> String {
    let name = format!("{step:?}");
    let number = name.find(|c: char| c == '-' || c.is_ascii_digit()).unwrap_or(name.len());
    name[..number].trim_end_matches('(').to_owned()
}

impl fmt::Display for Lived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { histories, nights, steps } = self;
        write!(f, "{nights} nights of {histories} histories so far, {} kinds of steps:", steps.len())?;
        steps.iter().try_for_each(|(kind, count)| write!(f, " {kind} {count}"))
    }
}
