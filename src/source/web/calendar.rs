//! When a feed is requested again.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::head::values;

/// A feed is requested a little early: a run that starts each day at the same time must not miss a day because it was
/// quicker than the day before.
const EARLY: u32 = 10;

/// The moment before which a feed need not be requested again: its host said how long it stays fresh, and the wait is
/// at most `longest`.
pub(super) fn fresh_until(now: Timestamp, lifetime: Option<Duration>, longest: Duration) -> Option<Timestamp> {
    let lifetime = lifetime?.min(longest);
    let lifetime = lifetime.saturating_sub(lifetime / EARLY);
    now.checked_add(lifetime).ok().filter(|_| !lifetime.is_zero())
}

/// The first moment that is in none of these hours of the day, in UTC; `None` if `now` is such a moment, or none is.
pub(super) fn after_skipped(now: Timestamp, hours: &[i8]) -> Option<Timestamp> {
    let hour = |at: &Timestamp| at.to_zoned(TimeZone::UTC).hour();
    if !hours.contains(&hour(&now)) {
        return None;
    }
    let start = now.as_second() - now.as_second().rem_euclid(3600);
    let start = Timestamp::from_second(start).ok()?;
    (1..24).filter_map(|later: i64| start.checked_add(later.hours()).ok()).find(|at| !hours.contains(&hour(at)))
}

/// How long a response stays fresh (RFC 9111, section 5.2.2): the `max-age` of its head.
pub(super) fn max_age(head: &[u8]) -> Option<Duration> {
    let control = values(head, "cache-control");
    let directives: Vec<_> =
        control.iter().flat_map(|value| value.split(',')).map(|part| part.trim().to_ascii_lowercase()).collect();
    if directives.iter().any(|directive| directive == "no-cache" || directive == "no-store") {
        return None;
    }
    let seconds = directives.iter().find_map(|directive| directive.strip_prefix("max-age="))?;
    seconds.trim_matches('"').parse::<u32>().ok().map(|seconds| Duration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_feed_that_stays_as_it_is_for_a_day_is_asked_for_each_night() {
        let day = Duration::from_secs(86400);
        let until = fresh_until(at("2026-01-01T03:00:05Z"), Some(day), day).unwrap();
        assert!(until < at("2026-01-02T03:00:00Z") && until > at("2026-01-01T23:00:00Z"), "{until}");
        assert_eq!(fresh_until(at("2026-01-01T03:00:05Z"), Some(day * 30), day), Some(until));
        assert_eq!(fresh_until(at("2026-01-01T03:00:05Z"), Some(Duration::ZERO), day), None);
    }

    #[test]
    fn hours_are_skipped() {
        let now = at("2026-01-01T23:10:00Z");
        assert_eq!(after_skipped(now, &[3]), None);
        assert_eq!(after_skipped(now, &[23, 0, 1]), Some(at("2026-01-02T02:00:00Z")));
        assert_eq!(after_skipped(now, &(0..24).collect::<Vec<_>>()), None, "a feed that is never to be read is");
    }

    #[test]
    fn a_head_says_how_long_its_body_stays_fresh() {
        let age = |head: &str| max_age(head.as_bytes()).map(|age| age.as_secs());
        assert_eq!(age("HTTP/1.1 200 OK\r\nCache-Control: public, max-age=300\r\n"), Some(300));
        assert_eq!(age("HTTP/1.1 200 OK\r\ncache-control: no-cache, max-age=300\r\n"), None);
        assert_eq!(age("HTTP/1.1 200 OK\r\n"), None);
    }
}
