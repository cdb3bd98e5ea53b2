//! Which failures are worth a retry, and when.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::model::{Failure, HostState, Reason};

/// The longest `Retry-After` that counts; a longer one is cut to it.
pub(crate) const LONGEST_RETRY_AFTER: Duration = HostState::LONGEST_HOLD;

/// Whether the same request may succeed a moment later.
pub(crate) fn is_transient(failure: &Failure) -> bool {
    match failure.reason {
        Reason::HttpStatus => failure.status.is_some_and(is_transient_status),
        Reason::Connect | Reason::Dns | Reason::Timeout | Reason::Truncated | Reason::DigestMismatch => true,
        _ => false,
    }
}

/// Request Timeout, Too Early, Too Many Requests, and server errors except "not implemented" and "version not
/// supported" (RFC 9110, section 15; RFC 6585; RFC 8470).
const fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502..=504 | 506..=599)
}

/// Whether a status says that the host is overloaded.
pub(crate) const fn is_overload(status: u16) -> bool {
    matches!(status, 429 | 503)
}

/// How long to wait before the n-th retry: exponential back-off with jitter, so that many retries do not coincide.
pub(crate) fn back_off(attempt: u32, first: Duration, longest: Duration) -> Duration {
    let whole = first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(longest.max(first));
    whole / 2 + whole.mul_f64(fastrand::f64() / 2.0)
}

/// The pause that a response asks for, given in seconds or as a date (RFC 9110, section 10.2.3). A date is compared with
/// the server's own clock, where the response has a `Date`.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        let then = httpdate::parse_http_date(value).ok()?;
        let stated = headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        then.duration_since(stated.unwrap_or_else(|| now.into())).unwrap_or_default()
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        let now = "2026-11-22T03:00:00Z".parse().unwrap();
        retry_after(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        assert_eq!(check("120", None), Some(120));
        assert_eq!(check(" 0 ", None), Some(0));
        assert_eq!(check("Sun, 22 Nov 2026 03:02:00 GMT", None), Some(120));
        assert_eq!(check("Sunday, 22-Nov-26 03:02:00 GMT", None), Some(120));
        assert_eq!(check("Sun Nov 22 03:02:00 2026", None), Some(120));
    }

    #[test]
    fn a_date_is_compared_with_the_server_s_clock() {
        let date = "Sun, 22 Nov 2026 03:59:30 GMT";
        assert_eq!(check("Sun, 22 Nov 2026 04:00:00 GMT", Some(date)), Some(30));
        assert_eq!(check("Sun, 22 Nov 2026 03:02:00 GMT", Some(date)), Some(0), "it is past");
    }

    #[test]
    fn absurd_values_are_bounded_or_ignored() {
        assert_eq!(check("99999999999999999999999", None), Some(86_400));
        assert_eq!(check("Sun, 22 Nov 2099 03:02:00 GMT", None), Some(86_400));
        for value in ["", "-1", "soon", "1.5", "12 parsecs"] {
            assert_eq!(check(value, None), None, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_value_gives_a_bounded_wait(value in "[ -~]{0,40}") {
            proptest::prop_assert!(check(&value, None).is_none_or(|seconds| seconds <= 86_400));
        }
    }

    #[test]
    fn waits_grow_and_are_jittered_within_bounds() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(30));
        for (attempt, whole) in [(1, 1), (2, 2), (3, 4), (6, 30), (4_000_000, 30)] {
            let wait = back_off(attempt, first, longest).as_millis();
            assert!((whole * 500..=whole * 1000).contains(&wait), "{attempt}: {wait}");
        }
    }

    #[test]
    fn only_transient_failures_are_retried() {
        let status = |status| is_transient(&Failure::new(Reason::HttpStatus, "").with_status(status));
        assert!([408, 425, 429, 500, 502, 503, 504, 522].into_iter().all(status));
        assert!(![400, 401, 403, 404, 410, 451, 501, 505].into_iter().any(status));
        assert!(is_transient(&Failure::new(Reason::Connect, "")));
        assert!(!is_transient(&Failure::new(Reason::ForbiddenAddress, "")));
        assert!(!is_transient(&Failure::new(Reason::TooLarge, "")));
    }
}
