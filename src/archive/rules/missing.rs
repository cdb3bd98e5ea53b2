//! What is missing, and what of it is newly missing.

use jiff::Timestamp;
use url::Url;

use crate::archive::catalog::{MissingCounts, MissingReport, ReportedMissing};

/// At most this many URLs are listed.
const MOST_NEWS: usize = 10_000;

impl ReportedMissing {
    /// Counts a URL that was reported in one way and is now reported in another.
    pub fn count(&mut self, url: &Url, before: MissingReport, now: MissingReport, next_attempt: Option<Timestamp>) {
        let known = self.counts.new;
        self.counts.count(before, now, next_attempt);
        if self.counts.new > known && self.news.len() < MOST_NEWS {
            self.news.push(url.clone());
        }
    }
}

impl MissingCounts {
    fn count(&mut self, before: MissingReport, now: MissingReport, next_attempt: Option<Timestamp>) {
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
    fn what_is_news_is_listed() {
        let url: Url = "https://a.example/1.png".parse().unwrap();
        let mut missing = ReportedMissing::default();
        missing.count(&url, MissingReport::Failed, MissingReport::Failed, None);
        missing.count(&url, MissingReport::Failed, MissingReport::None, None);
        assert_eq!((missing.counts.urls, missing.news.len()), (1, 0));
        missing.count(&url, MissingReport::Untried, MissingReport::Failed, None);
        assert_eq!((missing.counts.new, missing.news), (1, vec![url]));
    }

    #[test]
    fn news_is_what_was_not_reported_as_far_before() {
        for (at, before) in STEPS.into_iter().enumerate() {
            for (to, now) in STEPS.into_iter().enumerate() {
                let mut missing = MissingCounts::default();
                missing.count(before, now, None);
                let untried = now == MissingReport::Untried && to > at;
                let expected = MissingCounts {
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
        let mut missing = MissingCounts::default();
        for (now, next) in [(MissingReport::Failed, at(9)), (MissingReport::None, at(1)), (MissingReport::Failed, None)]
        {
            missing.count(MissingReport::Failed, now, next);
        }
        assert_eq!((missing.next_attempt, missing.urls, missing.new), (at(9), 2, 0));
    }
}
