//! Dates as articles write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// The moment that a date names: RFC 3339 and other ISO 8601, RFC 822, or `2021-08-30 14:08:02`. Without an offset it
/// is taken as UTC, and without a time as midnight.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let utc = |date: DateTime| date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let exact = text.parse::<Timestamp>().ok();
    let mail = || jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let civil = || text.parse::<DateTime>().ok().and_then(utc);
    let day = || text.parse::<Date>().ok().and_then(|date| utc(date.at(0, 0, 0, 0)));
    exact.or_else(mail).or_else(civil).or_else(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_articles_write_them() {
        for (text, expected) in [
            ("2021-08-30T14:08:02+08:00", Some("2021-08-30T06:08:02Z")),
            ("2021-08-30T14:08:02Z", Some("2021-08-30T14:08:02Z")),
            (" 2021-08-30 14:08:02 ", Some("2021-08-30T14:08:02Z")),
            ("2021-08-30", Some("2021-08-30T00:00:00Z")),
            ("Thu, 22 Apr 2021 19:27:36 GMT", Some("2021-04-22T19:27:36Z")),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(timestamp(text).map(|found| found.to_string()).as_deref(), expected, "{text}");
        }
    }
}
