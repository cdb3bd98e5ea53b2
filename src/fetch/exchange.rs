//! One request and its answer.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED, LOCATION};
use reqwest::{Response, StatusCode};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::body::{Receiving, explanation, finished};
use super::classify::{is_connect_timeout, of_head};
use super::client::max_head_bytes;
use super::guard::{Reach, forbidden_address};
use super::host::Host;
use super::pace::Start;
use super::resume::{Partial, goes_on_at, validator};
use super::staging::Staging;
use super::{Inner, Judge, head, retry};
use crate::model::{Digest, Exchange, Failure, Reason, Validators};
use crate::staging::Staged;

/// A host that has not been heard of for so long, in this run, is listened to beside the requests in flight.
const FIRST_SIGN: Duration = Duration::from_millis(300);
/// The longest validator that is kept and sent back, in bytes.
const LONGEST_VALIDATOR: usize = 1 << 10;

/// What to ask, and of whom.
pub(super) struct Question<'a> {
    pub(super) url: &'a Url,
    pub(super) host: &'a Host,
    pub(super) reach: Reach,
    pub(super) headers: HeaderMap,
    pub(super) secret: Vec<HeaderName>,
    /// What arrived of the body before.
    pub(super) partial: Option<Partial>,
    pub(super) judge: &'a dyn Judge,
}

/// What a server gave.
pub(super) enum Given {
    Body { staged: Staged, validators: Validators },
    NotModified,
    Redirect(String),
}

/// How an exchange went.
pub(super) struct Exchanged {
    pub(super) record: Exchange,
    pub(super) given: Result<Given, Failure>,
    /// What arrived of a body that broke off, where the rest can be asked for.
    pub(super) partial: Option<Partial>,
    /// A body that the judge refused, where it is small enough to be kept as evidence.
    pub(super) refused: Option<Staged>,
    /// No connection came about within `fetch.connect_timeout`.
    pub(super) connect_timed_out: bool,
}

/// An exchange that is under way.
struct Conversation<'a> {
    inner: &'a Inner,
    question: Question<'a>,
    start: &'a mut Start,
    deadline: Instant,
    response_head: Option<Vec<u8>>,
    status: Option<u16>,
    peer: Option<SocketAddr>,
    protocol: Option<&'static str>,
    digest: Option<Digest>,
    length: u64,
    partial: Option<Partial>,
    refused: Option<Staged>,
    connect_timed_out: bool,
}

/// Asks and listens. The caller holds the host's turn.
pub(super) async fn exchange(inner: &Inner, question: Question<'_>, start: &mut Start) -> Exchanged {
    let (at, begun) = (Timestamp::now(), Instant::now());
    let request_head = head::request(question.url, &question.headers, &question.secret);
    let url = question.url.clone();
    let mut talk = Conversation {
        inner,
        question,
        start,
        deadline: inner.limits.deadline(),
        response_head: None,
        status: None,
        peer: None,
        protocol: None,
        digest: None,
        length: 0,
        partial: None,
        refused: None,
        connect_timed_out: false,
    };
    let given = talk.talk().await.map_err(|failure| Failure { status: failure.status.or(talk.status), ..failure });
    talk.record(Spoken { url, at, elapsed: begun.elapsed(), request_head }, given)
}

struct Spoken {
    url: Url,
    at: Timestamp,
    elapsed: Duration,
    request_head: Vec<u8>,
}

impl Conversation<'_> {
    fn record(self, spoken: Spoken, given: Result<Given, Failure>) -> Exchanged {
        let record = Exchange {
            url: spoken.url,
            at: spoken.at,
            elapsed: spoken.elapsed,
            request_head: spoken.request_head,
            response_head: self.response_head,
            status: self.status,
            peer: self.peer,
            protocol: self.protocol,
            coding: String::new(),
            digest: self.digest,
            length: self.length,
            body: None,
            reason: given.as_ref().err().map(|failure| failure.reason),
        };
        let Self { partial, refused, connect_timed_out, .. } = self;
        Exchanged { record, given, partial, refused, connect_timed_out }
    }

    async fn talk(&mut self) -> Result<Given, Failure> {
        let response = self.send().await?;
        self.hear(&response)?;
        match response.status() {
            StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => self.body(response).await,
            StatusCode::PARTIAL_CONTENT if self.question.partial.is_some() => self.body(response).await,
            StatusCode::NOT_MODIFIED if self.is_conditional() => Ok(Given::NotModified),
            status if is_redirect(status) => self.redirect(response).await,
            _ => self.refusal(response).await,
        }
    }

    async fn send(&mut self) -> Result<Response, Failure> {
        let client = self.inner.clients.get(self.question.url, self.question.reach);
        let request = client.get(self.question.url.clone()).headers(self.question.headers.clone());
        let limit = self.inner.limits.next_piece(self.deadline) + self.inner.config.connect_timeout;
        let sent = self.listen(request.send(), limit.min(self.deadline)).await;
        let Some(sent) = sent else { return Err(self.no_answer()) };
        sent.map_err(|error| {
            let failure = of_head(&error);
            self.connect_timed_out = is_connect_timeout(&error);
            match failure.reason {
                _ if self.connect_timed_out => self.question.host.unreachable(),
                reason if retry::is_silence(reason) => self.question.host.silent(),
                _ => {}
            }
            failure
        })
    }

    /// Waits for the head of the answer. Hosts that may be dead do not keep others waiting.
    async fn listen<E>(
        &mut self,
        sending: impl Future<Output = Result<Response, E>>,
        limit: Instant,
    ) -> Option<Result<Response, E>> {
        let mut sending = std::pin::pin!(sending);
        if !self.question.host.is_heard() {
            match timeout_at(limit.min(Instant::now() + FIRST_SIGN), &mut sending).await {
                Ok(sent) => return Some(sent),
                Err(_) => self.start.step_aside(&self.inner.aside),
            }
        }
        let sent = timeout_at(limit, sending).await.ok()?;
        if sent.is_ok() {
            let came = Instant::now();
            self.start.step_back().await;
            self.deadline += came.elapsed();
        }
        Some(sent)
    }

    /// The host took the connection, and then too long.
    fn no_answer(&self) -> Failure {
        self.question.host.pace().slow_down();
        self.question.host.silent();
        Failure::new(Reason::Timeout, "no answer came for fetch.read_timeout")
    }

    /// Takes the head down and judges it.
    fn hear(&mut self, response: &Response) -> Result<(), Failure> {
        self.question.host.answered();
        self.status = Some(response.status().as_u16());
        self.peer = response.remote_addr();
        self.protocol = Some(head::protocol(response.version()));
        let size = head::size(response.headers());
        if size > max_head_bytes(&self.inner.config) {
            let detail = format!("the head has {size} bytes, more than fetch.max_head_bytes");
            return Err(Failure::new(Reason::Protocol, detail));
        }
        self.response_head = Some(head::response(response, !self.question.secret.is_empty()));
        self.judge_peer()
    }

    /// The resolver and the guard have judged the address before. This would notice if anything got past them.
    fn judge_peer(&self) -> Result<(), Failure> {
        match self.peer.map(|peer| peer.ip()) {
            Some(address) if !self.inner.clients.proxied && !self.inner.guard.permits(address, self.question.reach) => {
                Err(forbidden_address(address))
            }
            _ => Ok(()),
        }
    }

    fn is_conditional(&self) -> bool {
        use reqwest::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
        self.question.headers.contains_key(IF_NONE_MATCH) || self.question.headers.contains_key(IF_MODIFIED_SINCE)
    }

    async fn redirect(&mut self, response: Response) -> Result<Given, Failure> {
        let Some(location) = response.headers().get(LOCATION) else {
            return self.refusal(response).await;
        };
        let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
        (self.digest, self.length) = explanation(response).await;
        self.question.host.pace().recover();
        Ok(Given::Redirect(location))
    }

    async fn refusal(&mut self, response: Response) -> Result<Given, Failure> {
        let status = response.status().as_u16();
        if status == 416 && self.question.partial.is_some() {
            return Err(Failure::new(Reason::Truncated, "the server no longer has the rest of the body"));
        }
        let wait = retry::retry_after(response.headers(), Timestamp::now());
        let mut failure = Failure::new(Reason::HttpStatus, format!("the answer was {}", response.status()));
        if retry::is_overtaxed(status) {
            self.question.host.pace().slow_down();
        }
        if let Some(wait) = wait.filter(|_| status == 429 || status >= 500) {
            failure.retry_at = self.question.host.pace().hold(wait);
        }
        (self.digest, self.length) = explanation(response).await;
        Err(failure.with_status(status))
    }

    async fn body(&mut self, response: Response) -> Result<Given, Failure> {
        let mut staging = self.staging(&response)?;
        let validator = validator(response.status(), response.headers());
        let (validators, content_type) = (validators(response.headers()), content_type(response.headers()));
        let (limits, deadline) = (&self.inner.limits, self.deadline);
        let received = Receiving { response, staging: &mut staging, limits, deadline }.all().await;
        self.length = staging.length();
        match received {
            Ok(promises) => {
                let staged = finished(staging, promises).await;
                self.judged(staged, content_type.as_deref()).map(|staged| Given::Body { staged, validators })
            }
            Err(failure) => {
                self.partial = Partial::keep(self.question.url, validator, staging).filter(|_| is_cut(&failure));
                Err(failure)
            }
        }
    }

    /// Where the body goes: after what arrived before, if the answer goes on there.
    fn staging(&mut self, response: &Response) -> Result<Staging, Failure> {
        let partial = self.question.partial.take().filter(|_| response.status() == StatusCode::PARTIAL_CONTENT);
        match partial {
            None => Ok(Staging::new(&self.inner.staging)),
            Some(partial) if goes_on_at(response.headers(), partial.staging.length()) => Ok(partial.staging),
            Some(_) => Err(Failure::new(Reason::Truncated, "the part that came is not the part that was asked for")),
        }
    }

    fn judged(
        &mut self,
        staged: Result<Staged, (Failure, Option<Digest>)>,
        content_type: Option<&str>,
    ) -> Result<Staged, Failure> {
        let staged = staged.map_err(|(failure, digest)| {
            self.digest = digest;
            failure
        })?;
        self.digest = Some(staged.digest);
        self.question.host.pace().recover();
        match self.question.judge.judge(&staged, content_type) {
            Ok(()) => Ok(staged),
            Err(reason) => {
                self.refused =
                    Some(staged).filter(|staged| (1..=self.inner.config.max_refused.0).contains(&staged.length));
                let said = content_type.unwrap_or("nothing");
                Err(Failure::new(reason, format!("the body is not what is wanted; its type says {said}")))
            }
        }
    }
}

fn is_cut(failure: &Failure) -> bool {
    matches!(failure.reason, Reason::Truncated | Reason::Timeout)
}

/// The redirects that name one place to go on (RFC 9110, section 15.4).
fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn validators(headers: &HeaderMap) -> Validators {
    let text =
        |value: &HeaderValue| value.to_str().ok().filter(|text| text.len() <= LONGEST_VALIDATOR).map(str::to_owned);
    Validators { etag: headers.get(ETAG).and_then(text), last_modified: headers.get(LAST_MODIFIED).and_then(text) }
}
