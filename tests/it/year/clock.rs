//! The time that the program is given.

/// How long after the night before a night is: longer than a day with all that is added to it by chance.
const HOURS: i64 = 27;

/// The clock of the machine.
#[derive(Debug, Default)]
pub(super) struct Clock {
    nights: i64,
    days_ahead: i64,
}

impl Clock {
    /// How far it is ahead of the clock of the tests.
    pub(super) fn seconds_ahead(&self) -> i64 {
        (self.nights * HOURS + self.days_ahead * 24) * 3600
    }

    /// It is wrong by so many days until the next night is over.
    pub(super) fn set_ahead(&mut self, days: i16) {
        self.days_ahead = days.into();
    }

    /// The next night comes.
    pub(super) fn advance(&mut self) {
        self.nights += 1;
    }

    /// It is right again.
    pub(super) fn mend(&mut self) {
        self.days_ahead = 0;
    }
}
