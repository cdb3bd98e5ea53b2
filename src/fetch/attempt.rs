//! Everything that is done for one URL: redirects followed, failures tried again, the Referer ladder climbed.

use std::sync::Arc;

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE,
    REFERER,
};
use url::Url;

use super::exchange::{Given, Question, exchange};
use super::guard::Reach;
use super::host::{Host, HostSettings};
use super::ladder::{Referer, is_refusal, referer};
use super::resume::Partial;
use super::retry::{back_off, is_passing};
use super::{Answer, Fetched, Inner, Request};
use crate::model::{Exchange, Failure, HostKey, Reason, RefererStrategy};
use crate::staging::Staged;

/// The work for one request, with what has been said so far.
pub(super) struct Attempt<'a> {
    inner: &'a Inner,
    request: &'a Request<'a>,
    pub(super) exchanges: Vec<Exchange>,
    partial: Option<Partial>,
    refused: Option<Staged>,
    /// The last request found no connection within `fetch.connect_timeout`.
    connect_timed_out: bool,
    /// The date of which an archive is asked for a capture.
    pub(super) date: Option<HeaderValue>,
}

impl<'a> Attempt<'a> {
    pub(super) const fn new(inner: &'a Inner, request: &'a Request<'a>) -> Self {
        Self {
            inner,
            request,
            exchanges: Vec::new(),
            partial: None,
            refused: None,
            connect_timed_out: false,
            date: None,
        }
    }

    /// All that was said, with how it ended.
    pub(super) fn fetched(self, outcome: Result<Answer, Failure>) -> Fetched {
        Fetched { exchanges: self.exchanges, outcome, refused: self.refused }
    }

    /// Tries one rung of the ladder after the other, while the host refuses. Where none works, the first refusal is
    /// what is told, because it answered the plainest request.
    pub(super) async fn climb(&mut self) -> Result<Answer, Failure> {
        self.inner.guard.judge_url(self.request.url)?;
        let host = self.inner.host(self.request.url)?;
        let mut refusal = None;
        let mut rungs = host.rungs();
        rungs.retain(|rung| self.has(*rung, &host.settings));
        for (step, rung) in rungs.into_iter().enumerate() {
            match self.try_rung(rung).await {
                Err(failure) if is_refusal(failure.reason, failure.status) => refusal = refusal.or(Some(failure)),
                Err(failure) => return Err(failure),
                Ok(answer) => {
                    host.learn(rung, step > 0);
                    return Ok(answer);
                }
            }
        }
        host.climbed_in_vain();
        Err(refusal.unwrap_or_else(|| Failure::new(Reason::HttpStatus, "no step of fetch.referer can be sent")))
    }

    /// Tries one rung only.
    pub(super) async fn only(&mut self, rung: RefererStrategy) -> Result<Answer, Failure> {
        self.inner.guard.judge_url(self.request.url)?;
        self.try_rung(rung).await
    }

    /// Every rung that has something to send but the one that is tried first.
    pub(super) fn other_referers(&self, host: &Host) -> Vec<RefererStrategy> {
        let mut rungs = host.whole_ladder();
        rungs.retain(|rung| self.has(*rung, &host.settings));
        rungs.into_iter().skip(1).collect()
    }

    fn has(&self, rung: RefererStrategy, settings: &HostSettings) -> bool {
        let (url, article) = (self.request.url, self.request.article);
        referer(rung, url, article, settings.referer_value.as_ref()) != Referer::Missing
    }

    /// Follows the URL with one Referer, again and again while a failure may pass.
    async fn try_rung(&mut self, rung: RefererStrategy) -> Result<Answer, Failure> {
        let mut last: Option<Failure> = None;
        for attempt in 0..=self.inner.config.retries {
            if attempt > 0 {
                let (first, longest) = (self.inner.config.retry_wait, self.inner.config.max_wait);
                tokio::time::sleep(back_off(attempt, first, longest)).await;
            }
            match self.follow(rung).await {
                // The host is left alone from now on; what was said before is what is known of the URL.
                Err(failure) if failure.reason == Reason::HostDown && last.is_some() => break,
                Err(failure) if self.is_worth_a_retry(&failure) => last = Some(failure),
                settled => return settled,
            }
        }
        Err(last.unwrap_or_else(|| Failure::new(Reason::Connect, "nothing was tried")))
    }

    /// Whether the same request may succeed a moment later. After a connect timeout it hardly can: the kernel has
    /// retransmitted SYN all that time. Further URLs of the host serve as retries.
    fn is_worth_a_retry(&self, failure: &Failure) -> bool {
        is_passing(failure) && failure.retry_at.is_none() && !self.connect_timed_out
    }

    /// Follows the redirects of one URL.
    async fn follow(&mut self, rung: RefererStrategy) -> Result<Answer, Failure> {
        let mut url = self.request.url.clone();
        let mut seen = vec![];
        loop {
            url.set_fragment(None);
            match self.ask(&url, rung).await? {
                Given::Body { staged, validators } => return Ok(Answer::Body { staged, validators }),
                Given::NotModified => return Ok(Answer::NotModified),
                Given::Redirect(location) => {
                    let next = self.redirected(&url, &location)?;
                    seen.push(std::mem::replace(&mut url, next));
                }
            }
            url.set_fragment(None);
            self.refuse_loops(&url, &seen)?;
        }
    }

    fn redirected(&self, from: &Url, location: &str) -> Result<Url, Failure> {
        let location = location.get(..self.inner.config.max_url_length).unwrap_or(location);
        from.join(location)
            .map_err(|error| Failure::new(Reason::BadUrl, format!("the redirect leads to what is no URL: {error}")))
    }

    fn refuse_loops(&self, url: &Url, seen: &[Url]) -> Result<(), Failure> {
        let tell = |why: String| Err(Failure::new(Reason::TooManyRedirects, why));
        if seen.contains(url) {
            return tell(format!("the redirects lead back to {url}"));
        }
        if seen.len() > self.inner.config.max_redirects {
            return tell(format!("there are more redirects than fetch.max_redirects ({})", seen.len() - 1));
        }
        Ok(())
    }

    /// One hop, judged and paced like any other.
    async fn ask(&mut self, url: &Url, rung: RefererStrategy) -> Result<Given, Failure> {
        self.connect_timed_out = false;
        let reach = self.inner.guard.judge_url(url)?;
        let host = self.inner.host(url)?;
        let mut turn = host.enter(&self.inner.all).await?;
        let question = self.question(url, &host, reach, rung);
        let exchanged = exchange(self.inner, question, &mut turn.start).await;
        drop(turn);
        self.exchanges.push(exchanged.record);
        self.connect_timed_out = exchanged.connect_timed_out;
        self.partial = exchanged.partial;
        self.refused = self.refused.take().or(exchanged.refused);
        exchanged.given
    }

    fn question<'q>(&mut self, url: &'q Url, host: &'q Arc<Host>, reach: Reach, rung: RefererStrategy) -> Question<'q>
    where
        'a: 'q,
    {
        let settings = &host.settings;
        let partial = self.partial.take().filter(|partial| partial.url == *url);
        let mut headers = self.plain_headers();
        if let Referer::Value(value) = referer(rung, url, self.request.article, settings.referer_value.as_ref()) {
            headers.insert(REFERER, value);
        }
        match &partial {
            Some(partial) => ask_for_rest(&mut headers, partial),
            None => self.ask_for_change(&mut headers),
        }
        let mut secret: Vec<HeaderName> = Vec::new();
        for (name, value) in &settings.headers {
            // The first of a name replaces what is said otherwise; a second is another one.
            if secret.contains(name) {
                headers.append(name, value.clone());
            } else {
                headers.insert(name, value.clone());
                secret.push(name.clone());
            }
        }
        Question { url, host, reach, headers, secret, partial, judge: self.request.judge }
    }

    fn plain_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(reqwest::header::USER_AGENT, self.inner.user_agent.clone());
        headers.insert(ACCEPT, HeaderValue::from_static(self.request.purpose.accept()));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.extend(self.date.clone().map(|date| (HeaderName::from_static("accept-datetime"), date)));
        headers
    }

    /// Conditions of RFC 9110, section 13.1: the answer is 304 where nothing changed.
    fn ask_for_change(&self, headers: &mut HeaderMap) {
        let validators = self.request.validators;
        let pairs = [(IF_NONE_MATCH, &validators.etag), (IF_MODIFIED_SINCE, &validators.last_modified)];
        for (name, value) in pairs {
            if let Some(value) = value.as_ref().and_then(|text| HeaderValue::try_from(text).ok()) {
                headers.insert(name, value);
            }
        }
    }
}

fn ask_for_rest(headers: &mut HeaderMap, partial: &Partial) {
    if let Ok(range) = HeaderValue::try_from(format!("bytes={}-", partial.staging.length())) {
        headers.insert(RANGE, range);
        headers.insert(IF_RANGE, partial.validator.clone());
    }
}

impl Inner {
    /// The host that answers a URL.
    pub(super) fn host(&self, url: &Url) -> Result<Arc<Host>, Failure> {
        let key = HostKey::of(url).ok_or_else(|| Failure::new(Reason::BadUrl, "the URL names no host"))?;
        Ok(self.hosts.get(&key))
    }
}
