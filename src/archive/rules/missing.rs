//! What is missing, and what of it is news.

use jiff::Timestamp;

/// How far a URL without a good capture was reported as missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum MissingReport {
    /// It is not missing, or was not reported.
    #[default]
    None,
    /// It was not asked for yet: a budget was used up, or its host was not to be asked.
    Untried,
    /// It failed.
    Failed,
}

impl MissingReport {
    /// As a number that is stored.
    pub const fn as_number(self) -> u8 {
        self as u8
    }

    /// The one with this number.
    pub const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Untried,
            _ => Self::Failed,
        }
    }
}

/// The URLs that articles show and that have no good capture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Missing {
    /// All of them.
    pub urls: u64,
    /// Of them, those that were not reported as missing before, or only as not asked for.
    pub new: u64,
    /// Of the new ones, those that were not asked for.
    pub new_untried: u64,
    /// When the first of all is due.
    pub next_attempt: Option<Timestamp>,
}

impl Missing {
    /// Counts a URL that was reported in one way and is now reported in another.
    pub fn count(&mut self, before: MissingReport, now: MissingReport, next_attempt: Option<Timestamp>) {
        if now == MissingReport::None {
            return;
        }
        self.urls += 1;
        self.new += u64::from(now > before);
        self.new_untried += u64::from(now > before && now == MissingReport::Untried);
        self.next_attempt = self.next_attempt.into_iter().chain(next_attempt).min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [MissingReport; 3] = [MissingReport::None, MissingReport::Untried, MissingReport::Failed];

    #[test]
    fn news_is_what_was_not_reported_as_far_before() {
        for (at, before) in STEPS.into_iter().enumerate() {
            for (to, now) in STEPS.into_iter().enumerate() {
                let mut missing = Missing::default();
                missing.count(before, now, None);
                let untried = now == MissingReport::Untried && to > at;
                let expected = Missing {
                    urls: u64::from(to > 0),
                    new: u64::from(to > at),
                    new_untried: u64::from(untried),
                    ..missing
                };
                assert_eq!(missing, expected, "{before:?} {now:?}");
            }
            assert_eq!(MissingReport::from_number(before.as_number()), before);
        }
    }

    #[test]
    fn the_first_that_is_due_counts() {
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        let mut missing = Missing::default();
        for (now, next) in [(MissingReport::Failed, at(9)), (MissingReport::None, at(1)), (MissingReport::Failed, None)]
        {
            missing.count(MissingReport::Failed, now, next);
        }
        assert_eq!((missing.next_attempt, missing.urls, missing.new), (at(9), 2, 0));
    }
}
