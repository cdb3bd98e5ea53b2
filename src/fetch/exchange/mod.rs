//! One request and its response.

mod head;
pub(crate) mod request;
mod response;

use std::time::Duration;

use reqwest::{Response, StatusCode};
use tokio::time::{Instant, sleep};
use tracing::{Instrument, debug};

use super::body::receive::{Arrived, Receiving, finish, receive_unwanted};
use super::body::resume::{Partial, Version};
use super::body::writer::BodyWriter;
use super::host::breakers::Transport;
use super::host::permit::RequestPermit;
use super::host::retry;
use super::net::classify::{HostSign, NoResponse, no_response};
use super::net::connections::max_head_bytes;
use super::net::guard::forbidden_address;
use super::session::Session;
use crate::clock;
use crate::model::{Exchange, Failure, Reason, Validators};
use crate::staging::Staged;
use crate::trace;
use request::Outgoing;
use response::ResponseKind;

/// How long to wait before a connection is tried again for which no descriptor was left.
const DESCRIPTOR_WAIT: Duration = Duration::from_millis(100);

/// What a server sent.
pub(crate) enum Received {
    /// A whole body.
    Body(Body),
    /// The kept capture is still current.
    NotModified,
    /// A redirect to this location, which may hold any bytes.
    Redirect(Vec<u8>),
}

/// A whole body, of which the content has not been judged.
pub(crate) struct Body {
    /// The bytes.
    pub(crate) staged: Staged,
    /// What a later request can compare with.
    pub(crate) validators: Validators,
    /// The type that the response claims.
    pub(crate) content_type: Option<String>,
    /// The coding that the response names and that was not undone.
    pub(crate) ignored_coding: Option<String>,
}

/// An exchange that has ended.
pub(crate) struct Completed {
    /// What was sent and received.
    pub(crate) record: Exchange,
    /// What came of it.
    pub(crate) received: Result<Received, Failure>,
    /// The first part of a body that broke off, where the rest can be asked for.
    pub(crate) partial: Option<Partial>,
    /// The body of a redirect or an error.
    pub(crate) evidence: Option<Staged>,
    /// No connection came about within `fetch.connect_timeout`.
    pub(crate) connect_timed_out: bool,
}

/// An exchange that is under way.
struct Ongoing<'a> {
    session: &'a Session,
    request: Outgoing<'a>,
    permit: &'a mut RequestPermit,
    deadline: Instant,
    record: Exchange,
    partial: Option<Partial>,
    evidence: Option<Staged>,
    connect_timed_out: bool,
}

/// Sends a request and receives its response, within `limit`.
pub(crate) async fn exchange(
    session: &Session,
    request: Outgoing<'_>,
    permit: &mut RequestPermit,
    limit: Duration,
) -> Completed {
    let begun = Instant::now();
    let mut ongoing = Ongoing {
        session,
        record: unanswered(&request),
        request,
        permit,
        deadline: begun + session.limits.timeout.min(limit),
        partial: None,
        evidence: None,
        connect_timed_out: false,
    };
    let span = trace::exchange(&ongoing.record.url);
    let received = tokio::select! {
        received = ongoing.run().instrument(span.clone()) => received,
        () = session.slots.given_up() => Err(given_up()),
    };
    ongoing.record_end();
    let Ongoing { mut record, partial, evidence, connect_timed_out, .. } = ongoing;
    let received = received.map_err(|failure| Failure { status: failure.status.or(record.status), ..failure });
    record.elapsed = begun.elapsed();
    record.reason = received.as_ref().err().map(|failure| failure.reason);
    span.in_scope(
        || debug!(status = record.status, bytes = record.length, elapsed = ?record.elapsed, reason = ?record.reason),
    );
    Completed { record, received, partial, evidence, connect_timed_out }
}

/// The record of a request that is about to be sent.
fn unanswered(request: &Outgoing<'_>) -> Exchange {
    Exchange {
        url: request.url.clone(),
        at: clock::now(),
        elapsed: Duration::ZERO,
        request_head: head::request(request.url, &request.headers, &request.secret),
        response_head: None,
        status: None,
        peer: None,
        protocol: None,
        coding: String::new(),
        digest: None,
        length: 0,
        body: None,
        reason: None,
    }
}

/// The run has ended, and with it the time that a response may still take.
fn given_up() -> Failure {
    let detail = "the response was still coming when the run had to end";
    Failure::new(Reason::Budget, detail).deferred_until(clock::now())
}

impl Ongoing<'_> {
    async fn run(&mut self) -> Result<Received, Failure> {
        let response = self.send().await?;
        self.read_head(&response)?;
        match response::kind(&self.request, response.status(), response.headers()) {
            ResponseKind::NotModified => {
                self.request.host.pacer().recover();
                Ok(Received::NotModified)
            }
            ResponseKind::Redirect(location) => self.receive_redirect(response, location).await,
            ResponseKind::Error => Err(self.receive_error(response).await),
            ResponseKind::WrongPart => {
                let detail = "the response does not continue the part of the body that arrived before";
                Err(Failure::new(Reason::Truncated, detail))
            }
            ResponseKind::Body => self.receive_body(response, None).await,
            ResponseKind::Rest => {
                let partial = self.request.partial.take();
                self.receive_body(response, partial).await
            }
        }
    }

    /// Sends the request until there is a descriptor for its connection.
    async fn send(&mut self) -> Result<Response, Failure> {
        loop {
            let NoResponse { failure, sign } = match self.try_send().await {
                Ok(response) => return Ok(response),
                Err(no_response) => no_response,
            };
            if sign != HostSign::NoDescriptors {
                self.record_sign(sign);
                return Err(failure);
            }
            if Instant::now() + DESCRIPTOR_WAIT >= self.deadline {
                let detail = "this process may open no more files: raise its limit (ulimit -n)";
                return Err(Failure::new(Reason::Budget, detail).deferred_until(clock::now()));
            }
            self.session.connections.close_all();
            sleep(DESCRIPTOR_WAIT).await;
        }
    }

    async fn try_send(&mut self) -> Result<Response, NoResponse> {
        let Outgoing { url, key, reach, headers, .. } = &self.request;
        let client = self.session.connections.client(url, key, *reach).map_err(|error| no_response(&error))?;
        let sending = client.get((*url).clone()).headers(headers.clone()).send();
        let limit = self.session.limits.next_piece(self.deadline) + self.session.config.connect_timeout;
        if let Some(sent) = self.wait_for_head(sending, limit.min(self.deadline)).await {
            return sent.map_err(|error| no_response(&error));
        }
        self.request.host.pacer().slow_down();
        let failure = Failure::new(Reason::Timeout, "no response came within fetch.read_timeout");
        Err(NoResponse { failure, sign: HostSign::Unreachable })
    }

    /// Waits for the head of the response. A host that is silent does not keep requests to others waiting.
    async fn wait_for_head<E>(
        &mut self,
        sending: impl Future<Output = Result<Response, E>>,
        limit: Instant,
    ) -> Option<Result<Response, E>> {
        let begun = Instant::now();
        let sent = self.permit.wait_for(sending, limit).await?;
        if sent.is_ok() {
            self.deadline += self.permit.record_head(begun.elapsed()).await;
        }
        Some(sent)
    }

    /// A host whose response came to its end, whatever it is, has answered in time unless it was slow.
    fn record_end(&self) {
        if self.record.status.is_some() {
            self.permit.record_end();
        }
    }

    fn record_sign(&mut self, sign: HostSign) {
        self.connect_timed_out = sign == HostSign::ConnectTimeout;
        let (host, transport) = (self.request.host, Transport::of(self.request.url));
        match sign {
            HostSign::ConnectTimeout => host.record_connect_timeout(transport),
            HostSign::Unreachable => host.record_no_response(transport),
            HostSign::Alive => host.record_broken_exchange(transport),
            HostSign::Nothing | HostSign::NoDescriptors => {}
        }
    }

    /// Records the head and judges it.
    fn read_head(&mut self, response: &Response) -> Result<(), Failure> {
        self.request.host.record_response(Transport::of(self.request.url));
        self.record.status = Some(response.status().as_u16());
        self.record.peer = response.remote_addr();
        self.record.protocol = Some(head::protocol(response.version()));
        let size = head::size(response.headers());
        if size > max_head_bytes(&self.session.config) {
            let detail = format!("the head has {size} bytes, more than fetch.max_head_bytes");
            return Err(Failure::new(Reason::Protocol, detail));
        }
        self.record.response_head = Some(head::response(response, !self.request.secret.is_empty()));
        self.judge_peer()
    }

    /// Judges the address once more. The resolver and the guard judged it before; this finds what got past them.
    fn judge_peer(&self) -> Result<(), Failure> {
        let connections = &self.session.connections;
        let peer = self.record.peer.map(|peer| peer.ip()).filter(|_| !connections.is_proxied());
        match peer {
            Some(address) if !connections.guard().permits(address, self.request.reach) => {
                Err(forbidden_address(address))
            }
            _ => Ok(()),
        }
    }

    async fn receive_redirect(&mut self, response: Response, location: Vec<u8>) -> Result<Received, Failure> {
        self.receive_evidence(response).await;
        self.request.host.pacer().recover();
        Ok(Received::Redirect(location))
    }

    async fn receive_error(&mut self, response: Response) -> Failure {
        let status = response.status();
        let code = status.as_u16();
        let mut wait = retry::retry_after(response.headers(), clock::now());
        let mut failure = Failure::new(Reason::HttpStatus, self.describe(status)).with_status(code);
        if retry::is_overload(code) {
            // Where asking ever more slowly did not help, it is left alone for now.
            let is_slowest = self.request.host.pacer().slow_down();
            wait = wait.max(is_slowest.then_some(self.session.config.breaker_wait));
        } else if matches!(code, 404 | 410) {
            self.request.host.pacer().recover();
        }
        if let Some(wait) = wait.filter(|_| code == 429 || code >= 500) {
            failure.retry_at = self.request.host.pacer().hold(wait);
        }
        self.receive_evidence(response).await;
        failure
    }

    /// A status in words, with the way out where the settings withheld what the host may want.
    fn describe(&self, status: StatusCode) -> String {
        let withheld = self.request.secrets_withheld && matches!(status.as_u16(), 401 | 403);
        if withheld {
            return format!(
                "the host answered {status}; the headers of fetch.host were not sent, because the URL is not https on \
                 the default port: name the scheme or port in host to permit it"
            );
        }
        format!("the host answered {status}")
    }

    /// Receives a body that is not wanted.
    async fn receive_evidence(&mut self, response: Response) {
        let body = BodyWriter::new(&self.session.staging);
        let unwanted = receive_unwanted(response, &self.session.limits, body, self.permit).await;
        (self.record.digest, self.record.length) = (unwanted.digest, unwanted.length);
        (self.record.coding, self.evidence) = (unwanted.coding, unwanted.staged);
    }

    /// Receives a body: the whole, or the rest of `partial`.
    async fn receive_body(&mut self, response: Response, partial: Option<Partial>) -> Result<Received, Failure> {
        let wanted = partial.as_ref().map(|partial| partial.version.total);
        let version = match &partial {
            Some(partial) => Some(partial.version.clone()),
            None => Version::of_whole(response.status(), response.headers()),
        };
        let mut writer = partial.map_or_else(|| BodyWriter::new(&self.session.staging), |partial| partial.body);
        let validators = response::validators(response.headers());
        let content_type = response::content_type(response.headers());
        let arrived = self.receive_into(&mut writer, response, wanted).await;
        self.record.length = writer.length();
        match arrived {
            Ok(arrived) => {
                let ignored_coding = arrived.ignored_coding.clone();
                let staged = self.finish(writer, arrived).await?;
                Ok(Received::Body(Body { staged, validators, content_type, ignored_coding }))
            }
            Err(failure) => {
                let is_cut = matches!(failure.reason, Reason::Truncated | Reason::Timeout);
                self.partial = Partial::keep(self.request.url, version, writer).filter(|_| is_cut);
                Err(failure)
            }
        }
    }

    /// Receives a body that must have the length `wanted`, where that is known.
    async fn receive_into(
        &mut self,
        writer: &mut BodyWriter,
        response: Response,
        wanted: Option<u64>,
    ) -> Result<Arrived, Failure> {
        let (limits, deadline) = (&self.session.limits, self.deadline);
        let receiving = Receiving { response, body: &mut *writer, limits, deadline, permit: self.permit };
        let arrived = receiving.all().await?;
        if wanted.is_some_and(|total| total != writer.length()) {
            return Err(Failure::new(Reason::Truncated, "the rest of the body ended early"));
        }
        Ok(arrived)
    }

    /// Stages the body and checks its digests.
    async fn finish(&mut self, writer: BodyWriter, arrived: Arrived) -> Result<Staged, Failure> {
        self.record.coding.clone_from(&arrived.coding);
        let staged = finish(writer, arrived).await.map_err(|(failure, digest)| {
            self.record.digest = digest;
            failure
        })?;
        self.record.digest = Some(staged.digest);
        self.request.host.pacer().recover();
        Ok(staged)
    }
}
