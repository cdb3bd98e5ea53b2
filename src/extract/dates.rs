//! Dates as articles write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::Offset;

/// The moment that a value names: RFC 822 as feeds write it, ISO 8601, or `2021-08-30 14:08:02 +0800`, of which each
/// part after the day may be missing. Without a zone it is UTC.
pub(crate) fn timestamp(value: &str) -> Option<Timestamp> {
    let value = value.trim();
    let exact = value.parse::<Timestamp>().ok();
    let mail = || rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(value).ok();
    exact.or_else(mail).or_else(|| loose(value))
}

fn loose(value: &str) -> Option<Timestamp> {
    let (day, rest) = value.split_at_checked(value.find(['T', 't', ' ']).unwrap_or(value.len()))?;
    let [year, month, day] = numbers(day, ['-', '/', '.'])?;
    let rest = rest.trim_start_matches(['T', 't', ' ']);
    let clock = rest.find(|letter: char| !matches!(letter, '0'..='9' | ':' | '.')).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(clock);
    let [hour, minute, second] = time(clock)?;
    let date = DateTime::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        0,
    );
    offset(zone.trim())?.to_timestamp(date.ok()?).ok()
}

/// Three numbers with one of `separators` between them.
fn numbers(text: &str, separators: [char; 3]) -> Option<[u16; 3]> {
    let mut parts = text.split(separators).map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

/// Hour, minute and second, of which the last parts may be missing. Fractions of a second are dropped.
fn time(clock: &str) -> Option<[u16; 3]> {
    let whole = clock.split('.').next().unwrap_or_default();
    let mut parts = whole.split(':').filter(|part| !part.is_empty()).map(|part| part.parse().ok());
    Some([parts.next().unwrap_or(Some(0))?, parts.next().unwrap_or(Some(0))?, parts.next().unwrap_or(Some(0))?])
}

/// `Z`, `+0800`, `+08:00` or `-5`. The name of any other zone is ignored, as its offset is not known here.
fn offset(zone: &str) -> Option<Offset> {
    let sign = match zone.chars().next() {
        Some('+') => 1,
        Some('-') => -1,
        _ => return Some(Offset::UTC),
    };
    let digits: String = zone[1..].chars().take_while(|letter| !letter.is_whitespace()).filter(|l| *l != ':').collect();
    let (hours, minutes) = digits.split_at_checked(if digits.len().is_multiple_of(2) { 2 } else { 1 })?;
    let minutes = if minutes.is_empty() { 0 } else { minutes.parse::<i32>().ok()? };
    let seconds = hours.parse::<i32>().ok()?.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?;
    Offset::from_seconds(sign * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_feeds_and_generators_write_them() {
        let cases = [
            ("Thu, 22 Apr 2021 19:27:36 GMT", "2021-04-22T19:27:36Z"),
            ("Fri, 22 Apr 2021 19:27:36 +0800", "2021-04-22T11:27:36Z"),
            ("2021-08-30 14:08:02", "2021-08-30T14:08:02Z"),
            ("2021/8/3 4:08", "2021-08-03T04:08:00Z"),
            ("2017-10-09", "2017-10-09T00:00:00Z"),
            ("2014-11-18T14:06:00-05:00", "2014-11-18T19:06:00Z"),
            ("2014-11-18T14:06:00.123Z", "2014-11-18T14:06:00.123Z"),
            ("2014-11-18 14:06:00 +0800", "2014-11-18T06:06:00Z"),
            (" 2014-11-18 14:06:00 UTC ", "2014-11-18T14:06:00Z"),
        ];
        for (value, expected) in cases {
            assert_eq!(timestamp(value).map(|moment| moment.to_string()).as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for value in ["", "today", "2021-13-01", "2021-02-30", "1-2-3-4", "2021-08-30 25:00", "99999-1-1", "é-1-1 +é"]
        {
            assert_eq!(timestamp(value), None, "{value}");
        }
    }
}
