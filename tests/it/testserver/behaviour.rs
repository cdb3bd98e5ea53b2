//! How a path answers: rightly, or in one of the ways in which hosts on the web go wrong.
//!
//! A [`Behaviour`] is built from an answer and twists to it: `Behaviour::serve(photo).drips(1, wait)` sends a photo
//! one byte at a time; `Behaviour::status(503).with_header("Retry-After", "2").then(1, fine)` is busy once.

use std::fmt;
use std::ops::Not;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::Bytes;

use super::answer::{Answer, Body, End, Kind, Length, Reply};
use super::bomb;
use super::content::Content;
use super::gate::Wait;
use super::log::Request;

/// How a path answers. Clones share the count of [`Behaviour::then`] and [`Behaviour::in_turn`].
#[derive(Debug, Clone)]
pub struct Behaviour(Form);

#[derive(Debug, Clone)]
enum Form {
    Serve(Content),
    Reply(Reply),
    Raw(Bytes),
    Stop(End),
    If(Condition, Box<Behaviour>, Box<Behaviour>),
    InTurn(Arc<AtomicUsize>, Vec<Behaviour>),
    Twisted(Box<Behaviour>, Twist),
}

/// What makes an answer differ from a plain one.
#[derive(Debug, Clone)]
enum Twist {
    Status(u16),
    Header(String, String),
    Wait(Wait),
    Pace(usize, Wait),
    Length(Length),
    Claims(Portion),
    Cut(Portion),
    Stop(Portion, End),
}

/// A part of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Portion {
    /// So many bytes from its start, or all it has.
    Bytes(u64),
    /// So many hundredths of its length, rounded down.
    Percent(u8),
}

impl Portion {
    fn of(self, length: Option<u64>) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Percent(percent) => length.unwrap_or(0) * u64::from(percent) / 100,
        }
    }
}

/// What a request must be like.
#[derive(Clone)]
pub struct Condition(Arc<dyn Fn(&Request) -> bool + Send + Sync>);

impl Condition {
    /// Any condition.
    pub fn new(test: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(test))
    }

    /// The request has this header, whatever its value.
    pub fn has(name: &'static str) -> Self {
        Self::new(move |request| request.header(name).is_some())
    }

    /// The request has this header with this very value.
    pub fn is(name: &'static str, value: &str) -> Self {
        let value = value.to_owned();
        Self::new(move |request| request.header(name) == Some(value.as_str()))
    }

    /// The request's `Referer` starts so.
    pub fn referer_starts(prefix: &str) -> Self {
        let prefix = prefix.to_owned();
        Self::new(move |request| request.header("referer").is_some_and(|referer| referer.starts_with(&prefix)))
    }

    /// The request has no `Referer`, or one of its own host: a hotlink protection as most hosts have it.
    pub fn no_foreign_referer() -> Self {
        Self::new(|request| {
            let host = |referer: &str| url::Url::parse(referer).ok()?.host_str().map(ToOwned::to_owned);
            request.header("referer").is_none_or(|referer| host(referer).as_deref() == Some(request.host_name()))
        })
    }
}

impl Not for Condition {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(move |request| !(self.0)(request))
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condition")
    }
}

/// Answers.
impl Behaviour {
    /// The content, with 200, 206 or 304 as it is asked for.
    pub fn serve(content: Content) -> Self {
        Self(Form::Serve(content))
    }

    /// A status with a line of text.
    pub fn status(status: u16) -> Self {
        let body = Body::of(Bytes::from(format!("status {status}\n")));
        Self(Form::Reply(Reply::new(status, body).with_header("Content-Type", "text/plain; charset=utf-8")))
    }

    /// A redirect (RFC 9110, section 15.4) to anywhere at all; to its own address, a loop.
    pub fn redirect(status: u16, to: &str) -> Self {
        Self(Form::Reply(Reply::new(status, Body::default()).with_header("Location", to)))
    }

    /// The same, with a page for those whose browser does not follow it.
    pub fn redirect_with_page(status: u16, to: &str, page: &str) -> Self {
        let reply = Reply::new(status, Body::of(Bytes::from(page.to_owned())));
        Self(Form::Reply(reply.with_header("Location", to).with_header("Content-Type", "text/html")))
    }

    /// An HTML page that says it is something else, such as `image/jpeg`.
    pub fn html_as(mime: &str) -> Self {
        let page = "<!DOCTYPE html>\n<html><title>Sign in</title><p>Please sign in to see this image.</html>\n";
        Self::serve(Content::new(mime, page))
    }

    /// The GIF of one transparent pixel that counts readers.
    pub fn tracking_pixel() -> Self {
        const PIXEL: &[u8] =
            b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
        Self::serve(Content::new("image/gif", PIXEL))
    }

    /// A body that starts as `start` and never ends.
    pub fn endless(mime: &str, start: impl Into<Bytes>) -> Self {
        let unit = Bytes::from(vec![0x55; 64 * 1024]);
        let body = Body { head: start.into(), unit, times: None, tail: Bytes::new() };
        Self(Form::Reply(Reply::new(200, body).with_header("Content-Type", mime)))
    }

    /// A small gzip stream that decompresses to so many MiB of zeros, sent as the `Content-Encoding` of an image.
    pub fn gzip_bomb(mebibytes: u64) -> Self {
        let reply = Reply::new(200, bomb::gzip_of_zeros(mebibytes));
        Self(Form::Reply(reply.with_header("Content-Type", "image/png").with_header("Content-Encoding", "gzip")))
    }

    /// So many headers of so many bytes each, and then the content.
    pub fn many_headers(content: Content, count: usize, bytes: usize) -> Self {
        let filler = "x".repeat(bytes);
        (0..count).fold(Self::serve(content), |all, number| all.with_header(&format!("X-Filler-{number}"), &filler))
    }

    /// These bytes in place of an HTTP/1.1 answer. Over HTTP/2 the stream is reset.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self(Form::Raw(bytes.into()))
    }

    /// No answer at all.
    pub fn stop(end: End) -> Self {
        Self(Form::Stop(end))
    }

    /// One after the other, a request each; the last one stays.
    pub fn in_turn(behaviours: impl IntoIterator<Item = Self>) -> Self {
        Self(Form::InTurn(Arc::default(), behaviours.into_iter().collect()))
    }

    /// This for the first `count` requests, and then the other.
    #[must_use]
    pub fn then(self, count: usize, other: Self) -> Self {
        Self::in_turn(std::iter::repeat_n(self, count).chain([other]))
    }

    /// This where the condition holds, and else the other.
    #[must_use]
    pub fn only_if(self, condition: Condition, otherwise: Self) -> Self {
        Self(Form::If(condition, Box::new(self), Box::new(otherwise)))
    }
}

/// Twists.
impl Behaviour {
    /// With another status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        self.twisted(Twist::Status(status))
    }

    /// With a header added or replaced.
    #[must_use]
    pub fn with_header(self, name: &str, value: &str) -> Self {
        self.twisted(Twist::Header(name.to_owned(), value.to_owned()))
    }

    /// With everything held back for some time.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        self.twisted(Twist::Wait(delay.into()))
    }

    /// With everything held back for time, or at a gate.
    #[must_use]
    pub fn held(self, wait: impl Into<Wait>) -> Self {
        self.twisted(Twist::Wait(wait.into()))
    }

    /// With a body of which so many bytes come at a time, each time after a wait.
    #[must_use]
    pub fn drips(self, bytes: usize, wait: impl Into<Wait>) -> Self {
        self.twisted(Twist::Pace(bytes, wait.into()))
    }

    /// With a `Content-Length` that may be wrong, while the whole body is sent and the connection closed.
    #[must_use]
    pub fn claims(self, length: u64) -> Self {
        self.twisted(Twist::Claims(Portion::Bytes(length)))
    }

    /// With a `Content-Length` of so many hundredths of the body, more or less than it has.
    #[must_use]
    pub fn claims_percent(self, percent: u8) -> Self {
        self.twisted(Twist::Claims(Portion::Percent(percent)))
    }

    /// With a body cut short, and with the `Content-Length` of what is sent: only its content shows it.
    #[must_use]
    pub fn cut(self, portion: Portion) -> Self {
        self.twisted(Twist::Cut(portion))
    }

    /// With a body that breaks off, although its `Content-Length` or its chunks promise more.
    #[must_use]
    pub fn breaks_off(self, portion: Portion, end: End) -> Self {
        self.twisted(Twist::Stop(portion, end))
    }

    /// With a body in chunks.
    #[must_use]
    pub fn chunked(self) -> Self {
        self.twisted(Twist::Length(Length::Chunked))
    }

    /// With a body that ends where the connection does.
    #[must_use]
    pub fn until_close(self) -> Self {
        self.twisted(Twist::Length(Length::UntilClose))
    }

    fn twisted(self, twist: Twist) -> Self {
        Self(Form::Twisted(Box::new(self), twist))
    }

    /// What happens to this request.
    pub(super) fn answer(&self, request: &Request) -> Answer {
        match &self.0 {
            Form::Serve(content) => Kind::Reply(content.reply(request)).into(),
            Form::Reply(reply) => Kind::Reply(reply.clone()).into(),
            Form::Raw(bytes) => Kind::Raw(bytes.clone()).into(),
            Form::Stop(end) => Kind::Stop(*end).into(),
            Form::If(Condition(test), then, otherwise) => if test(request) { then } else { otherwise }.answer(request),
            Form::InTurn(count, behaviours) => {
                let turn = count.fetch_add(1, Ordering::SeqCst).min(behaviours.len().saturating_sub(1));
                behaviours.get(turn).map_or_else(|| Kind::Stop(End::Close).into(), |next| next.answer(request))
            }
            Form::Twisted(plain, twist) => twist.twist(plain.answer(request)),
        }
    }
}

impl From<Kind> for Answer {
    fn from(kind: Kind) -> Self {
        Self { waits: Vec::new(), kind }
    }
}

impl Twist {
    fn twist(&self, mut answer: Answer) -> Answer {
        match (self, answer.kind) {
            (Self::Wait(wait), kind) => {
                answer.waits.insert(0, wait.clone());
                Answer { kind, ..answer }
            }
            (_, Kind::Reply(reply)) => Answer { kind: Kind::Reply(self.twist_reply(reply)), ..answer },
            (_, kind) => Answer { kind, ..answer },
        }
    }

    fn twist_reply(&self, mut reply: Reply) -> Reply {
        let length = reply.body.length();
        match self {
            Self::Status(status) => reply.status = *status,
            Self::Header(name, value) => return reply.with_header(name, value),
            Self::Pace(bytes, wait) => reply.pace = Some((*bytes, wait.clone())),
            Self::Length(length) => reply.length = *length,
            Self::Claims(portion) => reply.length = Length::Claimed(portion.of(length)),
            Self::Cut(portion) => reply.body = reply.body.cut(portion.of(length)),
            Self::Stop(portion, end) => reply.stop = Some((portion.of(length), *end)),
            Self::Wait(_) => {}
        }
        reply
    }
}
