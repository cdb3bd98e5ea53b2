//! Web archives that have images which are gone from their hosts (Memento, RFC 7089).

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::header::HeaderValue;
use url::Url;

use super::clock::Clock;
use super::error::FetchError;
use super::fetcher::Fetcher;
use super::host::pacer::Pacer;
use super::host::permit::Slots;
use super::host::promptness::Standing;
use super::request::{Fetched, Judge, Request};
use crate::config::FallbackConfig;
use crate::model::{Exchange, Validators};

/// The web archives of the settings. They are asked one after the other, and slowly.
pub struct WebArchives {
    templates: Vec<String>,
    pacer: Pacer,
    slots: Slots,
}

impl WebArchives {
    /// The archives of these settings; `None` if there are none, which is the default.
    ///
    /// # Errors
    /// A template that gives no URL.
    pub fn new(config: &FallbackConfig) -> Result<Option<Self>, FetchError> {
        let sample =
            Url::parse("https://example.org/image.jpg").map_err(|error| FetchError::Client(error.to_string()))?;
        for (at, template) in config.templates.iter().enumerate() {
            let names_a_host = Url::parse(template).is_ok_and(|url| url.has_host());
            let filled = memento_url(template, &sample, Timestamp::UNIX_EPOCH);
            if !names_a_host || !template.contains("{url}") || filled.is_none() {
                return Err(FetchError::Template(at + 1));
            }
        }
        let pacer = Pacer::new(Clock::start(), 1, config.delay, Duration::MAX);
        let archives = Self { templates: config.templates.clone(), pacer, slots: Slots::new(1, 0) };
        Ok((!config.templates.is_empty()).then_some(archives))
    }

    /// Asks the archives for the capture nearest to `when`, until one has a body that the request's judge accepts.
    /// Returns the outcome of the last one, and how much of `time` is left. The archives do not get the URL of an
    /// article.
    pub(crate) async fn fetch_within<J: Judge>(
        &self,
        fetcher: &Fetcher,
        request: &Request<'_, J>,
        when: Timestamp,
        mut time: Duration,
    ) -> Option<(Fetched<J::Accepted>, Duration)> {
        let (mut exchanges, mut evidence, mut last) = (Vec::new(), Vec::new(), None);
        for template in &self.templates {
            let Some(url) = memento_url(template, request.url, when) else { continue };
            let validators = Validators::default();
            let request = Request { url: &url, article: None, validators: &validators, ..*request };
            let turn = async { (self.pacer.in_flight().await, self.pacer.start(&self.slots, Standing::New).await) };
            let _turn = tokio::select! {
                turn = turn => Some(turn),
                // The request says so itself.
                () = fetcher.closed() => None,
            };
            let (answer, left) = fetcher.fetch_within(&request, Some(&http_date(when)), time).await;
            time = left;
            exchanges.extend(answer.exchanges);
            evidence.extend(answer.evidence);
            let found = answer.outcome.is_ok();
            last = Some(answer.outcome);
            if found {
                break;
            }
        }
        last.map(|outcome| (Fetched { exchanges, outcome, evidence }, time))
    }
}

/// Fills in a template: `{timestamp}` with 14 digits (UTC), `{url}` with the URL unchanged. A query in it becomes the
/// archive's own, as web archives expect.
fn memento_url(template: &str, url: &Url, when: Timestamp) -> Option<Url> {
    let mut url = url.clone();
    url.set_fragment(None);
    let timestamp = when.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S").to_string();
    let filled = template.replace("{timestamp}", &timestamp).replace("{url}", url.as_str());
    Url::parse(&filled).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

fn http_date(when: Timestamp) -> HeaderValue {
    let text = httpdate::fmt_http_date(when.max(Timestamp::UNIX_EPOCH).into());
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"))
}

/// When an archive captured the body that it sent (`Memento-Datetime`, RFC 7089, section 2.1.1).
#[cfg(any(test, feature = "testing"))]
pub fn memento_datetime(exchange: &Exchange) -> Option<Timestamp> {
    let head = String::from_utf8_lossy(exchange.response_head.as_deref()?).into_owned();
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.rfind(|(name, _)| name.eq_ignore_ascii_case("memento-datetime"))?;
    Timestamp::try_from(httpdate::parse_http_date(value.trim()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, url: &str) -> Option<String> {
        let when = "2026-11-22T03:04:05.9Z".parse().unwrap();
        memento_url(template, &Url::parse(url).unwrap(), when).map(|url| url.to_string())
    }

    #[test]
    fn templates_are_filled_in_as_web_archives_expect() {
        let wayback = "https://web.archive.org/web/{timestamp}id_/{url}";
        let wanted = "https://web.archive.org/web/20261122030405id_/https://img.example/a%20b.jpg?w=1&h=2";
        assert_eq!(check(wayback, "https://img.example/a b.jpg?w=1&h=2#x").as_deref(), Some(wanted));
        let timegate = "http://archive.example/timegate/{url}";
        let wanted = "http://archive.example/timegate/http://img.example/";
        assert_eq!(check(timegate, "http://img.example").as_deref(), Some(wanted));
        assert_eq!(check("file:///{url}", "http://img.example"), None);
    }

    #[test]
    fn templates_that_give_no_url_are_refused_without_repeating_them() {
        let new = |template: &str| {
            let templates = if template.is_empty() { vec![] } else { vec![template.to_owned()] };
            WebArchives::new(&FallbackConfig { templates, delay: std::time::Duration::ZERO }).map(|made| made.is_some())
        };
        assert!(!new("").unwrap() && new("https://a.example/{url}").unwrap());
        for bad in ["https://a.example/", "{url}x y", "//a.example/{url}", "ftp://a.example/{url}"] {
            let message = new(bad).map_err(|error| error.to_string());
            assert!(
                message.as_ref().is_err_and(|message| message.contains("number 1") && !message.contains(bad)),
                "{bad}: {message:?}"
            );
        }
    }

    #[test]
    fn the_date_sent_is_one_that_http_knows() {
        assert_eq!(http_date("2026-11-22T03:04:05Z".parse().unwrap()), "Sun, 22 Nov 2026 03:04:05 GMT");
        assert_eq!(http_date("1905-01-01T00:00:00Z".parse().unwrap()), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
