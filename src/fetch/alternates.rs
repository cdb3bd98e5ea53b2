//! Alternate locations of an image: the same URL over TLS, and web archives.

use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::error::FetchError;
use super::fetcher::Fetcher;
use super::memento::WebArchives;
use super::request::{Answer, Fetched, Judge, Request};
use crate::config::FallbackConfig;
use crate::model::{Failure, Reason, Validators};

/// Fetches from a URL, and else from its alternate locations.
pub struct Alternates {
    fetcher: Fetcher,
    archives: Option<WebArchives>,
}

/// When web archives are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskArchives {
    /// The image no longer exists at its URL, by the host's response.
    IfGone,
    /// The URL does not give the image, for whatever reason, including that its host is down for now.
    IfMissing,
}

impl Alternates {
    /// Alternate locations with these settings.
    ///
    /// # Errors
    /// A template of a web archive that gives no URL.
    pub fn new(fetcher: Fetcher, config: &FallbackConfig) -> Result<Self, FetchError> {
        Ok(Self { fetcher, archives: WebArchives::new(config)? })
    }

    /// Fetches from the URL; if that fails, from the same URL over TLS; if that fails too, from web archives, which are
    /// asked for the capture nearest to `published`. The result holds all exchanges. If no location has the image, the
    /// URL's own failure is the outcome. All of it takes no longer than `fetch.url_timeout`.
    pub async fn fetch<J: Judge>(
        &self,
        request: &Request<'_, J>,
        published: Timestamp,
        archives: AskArchives,
    ) -> Fetched<J::Accepted> {
        let (mut fetched, mut time) = self.fetcher.fetch_within(request, None, self.fetcher.url_timeout()).await;
        let Err(failure) = &fetched.outcome else { return fetched };
        let failure = failure.clone();
        let is_worth_it = |_: &Url| may_differ_over_tls(&failure) || self.fetcher.is_down_without_tls(request.url);
        if let Some(url) = over_tls(request.url).filter(is_worth_it) {
            let (answer, left) = self.fetcher.fetch_within(&Request { url: &url, ..*request }, None, time).await;
            (fetched, time) = (or_else(fetched, answer), left);
        }
        if fetched.outcome.is_err() && archives.are_asked(&failure) && is_public_name(request.url) {
            fetched = self.ask_archives(request, published, fetched, time).await;
        }
        fetched
    }

    async fn ask_archives<J: Judge>(
        &self,
        request: &Request<'_, J>,
        published: Timestamp,
        fetched: Fetched<J::Accepted>,
        time: Duration,
    ) -> Fetched<J::Accepted> {
        let Some(archives) = &self.archives else { return fetched };
        match archives.fetch_within(&self.fetcher, request, published, time).await {
            Some((answer, _)) => or_else(fetched, answer),
            None => fetched,
        }
    }
}

impl AskArchives {
    const fn are_asked(self, failure: &Failure) -> bool {
        match self {
            Self::IfGone => failure.is_gone() && failure.retry_at.is_none(),
            Self::IfMissing => true,
        }
    }
}

/// The same URL over TLS, for a URL without TLS on the default port of its scheme.
fn over_tls(url: &Url) -> Option<Url> {
    let mut secure = url.clone();
    let is_plain = url.scheme() == "http" && url.port().is_none();
    (is_plain && secure.set_scheme("https").is_ok()).then_some(secure)
}

/// Whether TLS may change the outcome. It does not for a host that has no IP address, must not be reached, or gets no
/// requests for now.
const fn may_differ_over_tls(failure: &Failure) -> bool {
    let is_final = matches!(
        failure.reason,
        Reason::Dns | Reason::ForbiddenAddress | Reason::BadUrl | Reason::Robots | Reason::HostDown
    );
    !is_final && failure.retry_at.is_none()
}

/// Whether a host name is public, so that a web archive may learn its URLs: not one of an intranet (RFC 6762, RFC 8375,
/// and `internal`, which ICANN reserved for private use).
fn is_public_name(url: &Url) -> bool {
    const PRIVATE: [&str; 8] = ["local", "localhost", "internal", "intranet", "lan", "home", "corp", "private"];
    let Some(name) = url.domain().map(|name| name.trim_end_matches('.')) else { return true };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.contains('.') && !PRIVATE.contains(&last) && !name.ends_with(".home.arpa")
}

/// Adds the exchanges of a second location, and takes its body if it is good. Its validators belong to another URL and
/// are dropped.
fn or_else<T>(mut fetched: Fetched<T>, answer: Fetched<T>) -> Fetched<T> {
    fetched.exchanges.extend(answer.exchanges);
    fetched.evidence.extend(answer.evidence);
    if let Ok(Answer::Body { staged, accepted, .. }) = answer.outcome {
        fetched.outcome = Ok(Answer::Body { staged, accepted, validators: Validators::default() });
    }
    fetched
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn only_plain_http_on_its_own_port_has_an_alternate_over_tls() {
        let check = |text: &str| over_tls(&url(text)).map(|url| url.to_string());
        assert_eq!(check("http://a.example/b?c=1").as_deref(), Some("https://a.example/b?c=1"));
        assert_eq!(check("http://a.example:80/").as_deref(), Some("https://a.example/"));
        assert_eq!(check("http://a.example:8080/"), None);
        assert_eq!(check("https://a.example/"), None);
        assert_eq!(check("file:///a.jpg"), None);
    }

    #[test]
    fn web_archives_learn_no_address_of_an_intranet() {
        for text in ["http://wiki/a.jpg", "https://nas.local/a.jpg", "http://a.corp.internal./", "http://b.home.arpa/"]
        {
            assert!(!is_public_name(&url(text)), "{text}");
        }
        assert!(is_public_name(&url("http://a.example/")) && is_public_name(&url("http://8.8.8.8/a.jpg")));
    }
}
