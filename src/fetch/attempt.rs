//! Everything that is done for one URL: redirects are followed, transient failures retried, Referer strategies tried.

use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::time::Instant;
use url::Url;

use super::body::resume::Partial;
use super::exchange::request::{Outgoing, Wanted};
use super::exchange::{Body, Received, exchange};
use super::host::Host;
use super::host::breakers::Transport;
use super::host::referer::{Referer, is_refusal, referer};
use super::host::retry::{back_off, is_transient};
use super::host::settings::HostSettings;
use super::redirect;
use super::request::{Answer, Fetched, Judge, Request};
use super::session::Session;
use crate::model::{Exchange, Failure, HostKey, Reason, RefererStrategy, Validators};
use crate::staging::Staged;

/// The most bodies that are kept of one URL as evidence.
const MOST_EVIDENCE: usize = 16;

/// The work for one request, with what has come of it so far.
pub(crate) struct Attempt<'a, J: Judge> {
    session: &'a Session,
    request: Request<'a, J>,
    /// The date of the capture that a web archive is asked for.
    accept_datetime: Option<HeaderValue>,
    /// How much is left of the time for this URL. Only exchanges and back-off count, not the waits for the host's pace.
    time_left: Duration,
    exchanges: Vec<Exchange>,
    evidence: Vec<Staged>,
    partial: Option<Partial>,
    /// The last request found no connection within `fetch.connect_timeout`.
    connect_timed_out: bool,
}

impl<'a, J: Judge> Attempt<'a, J> {
    /// An attempt that may take all the time for a URL.
    pub(crate) const fn new(session: &'a Session, request: Request<'a, J>) -> Self {
        Self::within(session, request, session.limits.url_timeout)
    }

    /// An attempt that may take this time.
    pub(crate) const fn within(session: &'a Session, request: Request<'a, J>, time_left: Duration) -> Self {
        Self {
            session,
            request,
            accept_datetime: None,
            time_left,
            exchanges: Vec::new(),
            evidence: Vec::new(),
            partial: None,
            connect_timed_out: false,
        }
    }

    /// The same attempt, which asks a web archive for the capture nearest to a date (`Accept-Datetime`, RFC 7089).
    pub(crate) fn of_date(self, date: HeaderValue) -> Self {
        Self { accept_datetime: Some(date), ..self }
    }

    /// Everything that was sent and received, with how it ended; and how much time is left for the URL.
    pub(crate) fn finish(self, outcome: Result<Answer<J::Accepted>, Failure>) -> (Fetched<J::Accepted>, Duration) {
        (Fetched { exchanges: self.exchanges, outcome, evidence: self.evidence }, self.time_left)
    }

    /// Tries one Referer strategy after the other while the host refuses. Where none works, the first refusal is
    /// returned, because it answered the plainest request.
    pub(crate) async fn run(&mut self) -> Result<Answer<J::Accepted>, Failure> {
        self.session.connections.guard().judge_url(self.request.url)?;
        let (_, host) = self.session.known_host(self.request.url).await?;
        let mut refusal = None;
        let mut strategies = host.strategies();
        strategies.retain(|strategy| self.is_available(*strategy, &host.settings));
        for (step, strategy) in strategies.into_iter().enumerate() {
            match Box::pin(self.run_strategy(strategy)).await {
                Err(failure) if is_refusal(&failure) => refusal = refusal.or(Some(failure)),
                Err(failure) if self.time_left.is_zero() => return Err(refusal.unwrap_or(failure)),
                Err(failure) => return Err(failure),
                Ok(answer) => {
                    host.learn(strategy, step > 0);
                    return Ok(answer);
                }
            }
        }
        host.all_strategies_failed();
        let nothing = || Failure::new(Reason::HttpStatus, "no strategy of fetch.referer has a value to send");
        Err(refusal.unwrap_or_else(nothing))
    }

    /// Tries one strategy only.
    pub(crate) async fn run_only(&mut self, strategy: RefererStrategy) -> Result<Answer<J::Accepted>, Failure> {
        self.session.connections.guard().judge_url(self.request.url)?;
        Box::pin(self.run_strategy(strategy)).await
    }

    /// Every strategy that has a value to send, except the one that is tried first.
    pub(crate) fn other_strategies(&self, host: &Host) -> Vec<RefererStrategy> {
        let mut strategies = host.all_strategies();
        strategies.retain(|strategy| self.is_available(*strategy, &host.settings));
        strategies.into_iter().skip(1).collect()
    }

    fn is_available(&self, strategy: RefererStrategy, settings: &HostSettings) -> bool {
        self.referer(strategy, self.request.url, settings) != Referer::Unavailable
    }

    fn referer(&self, strategy: RefererStrategy, url: &Url, settings: &HostSettings) -> Referer {
        referer(strategy, url, self.request.article, settings.referer_value.as_ref())
    }

    /// Follows the URL with one strategy, and retries transient failures.
    async fn run_strategy(&mut self, strategy: RefererStrategy) -> Result<Answer<J::Accepted>, Failure> {
        let mut last: Option<Failure> = None;
        for attempt in 0..=self.session.config.retries {
            if attempt > 0 {
                self.wait(attempt).await;
            }
            if self.time_left.is_zero() {
                break;
            }
            match self.follow(strategy).await {
                // The breaker opened meanwhile. The failure before that is what is known of the URL.
                Err(failure) if failure.reason == Reason::HostDown && last.is_some() => break,
                Err(failure) if self.is_worth_a_retry(&failure) => last = Some(failure),
                ended => return ended,
            }
        }
        Err(last.unwrap_or_else(out_of_time))
    }

    /// Waits before a retry.
    async fn wait(&mut self, attempt: u32) {
        let (first, longest) = (self.session.config.retry_wait, self.session.config.max_wait);
        let wait = back_off(attempt, first, longest).min(self.time_left);
        tokio::time::sleep(wait).await;
        self.time_left = self.time_left.saturating_sub(wait);
    }

    /// Whether the same request may succeed a moment later. After a connect timeout it hardly can: the kernel has
    /// retransmitted SYN all that time. Further URLs of the host serve as retries.
    fn is_worth_a_retry(&self, failure: &Failure) -> bool {
        is_transient(failure) && failure.retry_at.is_none() && !self.connect_timed_out
    }

    /// Follows the redirects of the URL.
    async fn follow(&mut self, strategy: RefererStrategy) -> Result<Answer<J::Accepted>, Failure> {
        let mut url = self.request.url.clone();
        url.set_fragment(None);
        let mut before = vec![];
        loop {
            match self.send(&url, strategy).await? {
                Received::Body(mut body) => {
                    if !HostKey::of(&url).is_some_and(|key| self.is_own_host(&key)) {
                        body.validators = Validators::default();
                    }
                    return self.judge(body).await;
                }
                Received::NotModified => return Ok(Answer::NotModified),
                Received::Redirect(location) => {
                    let next = redirect::target(&url, &location, self.session.config.max_url_length)?;
                    before.push(std::mem::replace(&mut url, next));
                    redirect::check_chain(&url, &before, self.session.config.max_redirects)?;
                    self.request.judge.follow(&url).await?;
                }
            }
        }
    }

    /// Sends one request, judged and paced like any other.
    async fn send(&mut self, url: &Url, strategy: RefererStrategy) -> Result<Received, Failure> {
        self.connect_timed_out = false;
        let reach = self.session.connections.guard().judge_url(url)?;
        let (key, host) = self.session.known_host(url).await?;
        let mut permit = host.permit(&self.session.slots, Transport::of(url)).await?;
        let partial = self.partial.take().filter(|partial| partial.url == *url);
        let mut outgoing = Outgoing {
            url,
            key: &key,
            host: &host,
            reach,
            headers: self.wanted(&key).headers(self.referer(strategy, url, &host.settings), partial.as_ref()),
            secret: Vec::new(),
            secrets_withheld: false,
            partial,
        };
        outgoing.add_secrets();
        let begun = Instant::now();
        let completed = Box::pin(exchange(self.session, outgoing, &mut permit, self.time_left)).await;
        drop(permit);
        self.session.keep_host(&key, &host).await;
        self.time_left = self.time_left.saturating_sub(begun.elapsed());
        self.exchanges.push(completed.record);
        self.keep_evidence(completed.evidence);
        self.partial = completed.partial;
        self.connect_timed_out = completed.connect_timed_out;
        completed.received.map_err(|failure| match failure.reason {
            Reason::Timeout if self.time_left.is_zero() => Failure { status: failure.status, ..out_of_time() },
            _ => failure,
        })
    }

    /// Whether this is the host of the URL, and not one that redirects lead to. The validators of a host are sent back
    /// to that host only: another one could identify readers by them.
    fn is_own_host(&self, key: &HostKey) -> bool {
        HostKey::of(self.request.url).as_ref() == Some(key)
    }

    fn wanted(&self, key: &HostKey) -> Wanted<'_> {
        Wanted {
            user_agent: self.session.connections.user_agent(),
            accept: self.request.purpose.accept(),
            accept_datetime: self.accept_datetime.as_ref(),
            validators: self.is_own_host(key).then_some(self.request.validators),
        }
    }

    /// Judges the body of the last exchange.
    async fn judge(&mut self, body: Body) -> Result<Answer<J::Accepted>, Failure> {
        let Body { staged, validators, content_type, ignored_coding } = body;
        let mut failure = match self.request.judge.judge(&staged, content_type.as_deref()).await {
            Ok(accepted) => return Ok(Answer::Body { staged, validators, accepted }),
            Err(failure) => explain(failure, ignored_coding.as_deref(), content_type.as_deref()),
        };
        self.keep_evidence(Some(staged));
        if let Some(exchange) = self.exchanges.last_mut() {
            exchange.reason = Some(failure.reason);
            failure.status = exchange.status;
        }
        Err(failure)
    }

    /// Keeps a body that was not accepted, unless it is large, kept already, or one too many.
    fn keep_evidence(&mut self, staged: Option<Staged>) {
        let kept = |evidence: &[Staged], new: &Staged| evidence.iter().any(|staged| staged.digest == new.digest);
        if let Some(staged) = staged
            && (1..=self.session.limits.max_evidence).contains(&staged.length)
            && self.evidence.len() < MOST_EVIDENCE
            && !kept(&self.evidence, &staged)
        {
            self.evidence.push(staged);
        }
    }
}

/// Adds to the judge's refusal what the response said of the body. A body in an unknown coding is judged as it is, and may
/// be refused because of that coding.
fn explain(mut failure: Failure, ignored_coding: Option<&str>, content_type: Option<&str>) -> Failure {
    if let Some(coding) = ignored_coding
        && failure.reason == Reason::NotAnImage
    {
        let detail = format!("the body has the coding {coding}, which was not asked for");
        return Failure::new(Reason::Protocol, detail);
    }
    let detail = format!("{}; its type says {}", failure.detail, content_type.unwrap_or("nothing"));
    failure.detail = detail;
    failure
}

fn out_of_time() -> Failure {
    Failure::new(Reason::Timeout, "the time for one URL is used up (fetch.url_timeout)")
}
