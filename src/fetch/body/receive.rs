//! Receiving a body, within limits of size, time and rate.

use std::ops::Deref;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, TRANSFER_ENCODING};
use tokio::time::Instant;

use super::coding::{Decoder, PIECE};
use super::digest_fields::DigestFields;
use super::limits::Limits;
use super::rate::Rate;
use super::writer::BodyWriter;
use crate::clock;
use crate::config::Size;
use crate::fetch::host::permit::RequestPermit;
use crate::fetch::net::causes::whole_message;
use crate::fetch::net::classify::{broken_body, is_unclean_close};
use crate::model::{Digest, Failure, Reason};
use crate::staging::Staged;

/// How long a body is read that is not wanted.
const UNWANTED_TIME: Duration = Duration::from_secs(5);

/// A body that is being received.
pub(crate) struct Receiving<'a> {
    /// Its response, of which the head has been read.
    pub(crate) response: Response,
    /// Where the bytes go.
    pub(crate) body: &'a mut BodyWriter,
    /// The limits.
    pub(crate) limits: &'a Limits,
    /// When all of it must have arrived.
    pub(crate) deadline: Instant,
    /// The request is parked while little or nothing arrives.
    pub(crate) permit: &'a mut RequestPermit,
}

/// A body that arrived to its end.
pub(crate) struct Arrived {
    fields: DigestFields,
    /// The coding that was undone.
    pub(crate) coding: String,
    /// The coding that the header names and that was not undone.
    pub(crate) ignored_coding: Option<String>,
}

impl Receiving<'_> {
    /// Receives everything. After a failure the writer holds what arrived.
    pub(crate) async fn all(mut self) -> Result<Arrived, Failure> {
        let headers = self.response.headers();
        let mut fields = DigestFields::read(headers, headers.contains_key(CONTENT_RANGE));
        let mut decoder = Decoder::of(headers);
        let mut wire = WireLength::of(headers);
        let length = self.response.content_length().unwrap_or(0);
        self.refuse_larger(length)?;
        self.body.reserve(length);
        let delimited = is_delimited(&self.response);
        let (begun, mut rate) = (Instant::now(), self.rate());
        while !wire.is_complete()
            && let Some(piece) = self.piece(delimited).await?
        {
            wire.add(piece.len());
            fields.update(&piece);
            self.keep(&piece, &mut decoder).await?;
            let (bytes, since) = (piece.len() as u64, begun.elapsed());
            let is_slow = rate.add(bytes, self.permit.record_bytes(bytes))?;
            self.deadline += self.permit.record_rate(is_slow, since).await;
        }
        let rest = decoder.finish().map_err(|error| Failure::new(Reason::Truncated, whole_message(&error)))?;
        self.body.push(&rest);
        self.refuse_larger(0)?;
        let ignored_coding = decoder.ignored().map(str::to_owned);
        Ok(Arrived { fields, coding: decoder.undone().to_owned(), ignored_coding })
    }

    fn rate(&self) -> Rate {
        Rate::new(self.limits.min_rate, self.limits.timeout, self.permit.patience())
    }

    async fn piece(&mut self, delimited: bool) -> Result<Option<impl Deref<Target = [u8]> + use<>>, Failure> {
        let until = self.limits.next_piece(self.deadline);
        match self.permit.wait_for(self.response.chunk(), until).await {
            // The length of such a body is unknown, so its content decides whether it is whole.
            Some(Err(error)) if !delimited && is_unclean_close(&error) => Ok(None),
            Some(piece) => piece.map_err(|error| broken_body(&error)),
            None if until == self.deadline => Err(Failure::new(Reason::Timeout, "fetch.timeout ran out")),
            None => Err(Failure::new(Reason::Timeout, "no piece of the body arrived within fetch.read_timeout")),
        }
    }

    async fn keep(&mut self, piece: &[u8], decoder: &mut Decoder) -> Result<(), Failure> {
        if decoder.is_identity() {
            return self.push(piece).await;
        }
        for mut coded in piece.chunks(PIECE) {
            let mut more = true;
            while more || !coded.is_empty() {
                let (bytes, has_more) = decoder.decode(&mut coded).map_err(|error| {
                    Failure::new(Reason::Protocol, format!("the body does not decode: {}", whole_message(&error)))
                })?;
                more = has_more;
                self.push(&bytes).await?;
            }
        }
        Ok(())
    }

    async fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.refuse_larger(bytes.len() as u64)?;
        self.body.push(bytes);
        self.body.flush_full().await.map_err(|error| not_written(&error))
    }

    fn refuse_larger(&self, more: u64) -> Result<(), Failure> {
        if self.body.length().saturating_add(more) > self.limits.max_bytes {
            let detail = format!("the body is larger than fetch.max_bytes ({})", Size(self.limits.max_bytes));
            return Err(Failure::new(Reason::TooLarge, detail));
        }
        Ok(())
    }
}

/// Whether the message says itself where its body ends, so that its end needs no end of the connection.
fn is_delimited(response: &Response) -> bool {
    let headers = response.headers();
    let chunked = headers.get(TRANSFER_ENCODING).is_some_and(|value| value.as_bytes().ends_with(b"chunked"));
    response.version() > reqwest::Version::HTTP_11 || chunked || response.content_length().is_some()
}

/// The length of a body whose connection stays open although its `Transfer-Encoding` says that the body ends with it, such
/// as `identity` of RFC 2616: what `Content-Length` says.
struct WireLength {
    left: Option<u64>,
}

impl WireLength {
    fn of(headers: &HeaderMap) -> Self {
        let is_until_close =
            headers.get(TRANSFER_ENCODING).is_some_and(|value| !value.as_bytes().ends_with(b"chunked"));
        let length = headers.get(CONTENT_LENGTH).filter(|_| is_until_close);
        Self { left: length.and_then(|length| length.to_str().ok()?.parse().ok()) }
    }

    fn add(&mut self, bytes: usize) {
        self.left = self.left.map(|left| left.saturating_sub(bytes as u64));
    }

    fn is_complete(&self) -> bool {
        self.left == Some(0)
    }
}

/// The whole body, if it has the digests of its headers. An error comes with the digest that it has.
pub(crate) async fn finish(body: BodyWriter, arrived: Arrived) -> Result<Staged, (Failure, Option<Digest>)> {
    let staged = body.finish().await.map_err(|error| (not_written(&error), None))?;
    if arrived.fields.matches(staged.digest) {
        return Ok(staged);
    }
    let detail = "the body does not match the digest in its headers";
    Err((Failure::new(Reason::DigestMismatch, detail), Some(staged.digest)))
}

/// A full disk is no fault of the URL: it is deferred, and not counted as failed.
fn not_written(error: &std::io::Error) -> Failure {
    let detail = format!("cannot write to the archive: {error}");
    Failure::new(Reason::Budget, detail).deferred_until(clock::now())
}

/// A body that is not wanted: that of a redirect or of an error.
#[derive(Debug, Default)]
pub(crate) struct Unwanted {
    /// Its digest, where all of it was read.
    pub(crate) digest: Option<Digest>,
    /// How many bytes were read.
    pub(crate) length: u64,
    /// The coding that was undone.
    pub(crate) coding: String,
    /// Its bytes, where they can be kept as evidence.
    pub(crate) staged: Option<Staged>,
}

/// Reads a body that is not wanted, where it is short. Reading it to its end keeps the connection usable.
pub(crate) async fn receive_unwanted(
    response: Response,
    limits: &Limits,
    mut body: BodyWriter,
    permit: &mut RequestPermit,
) -> Unwanted {
    if response.content_length().is_some_and(|length| length > limits.max_unwanted()) {
        return Unwanted::default();
    }
    let mut decoder = Decoder::of(response.headers());
    let is_whole = read_short(response, &mut decoder, &mut body, limits.max_unwanted(), permit).await;
    let (length, coding) = (body.length(), decoder.undone().to_owned());
    if is_whole.is_none() || decoder.finish().is_err() {
        return Unwanted { length, ..Unwanted::default() };
    }
    if !(1..=limits.max_evidence).contains(&length) {
        return Unwanted { digest: body.discard(), length, coding, staged: None };
    }
    let staged = body.finish().await.ok();
    Unwanted { digest: staged.as_ref().map(|staged| staged.digest), length, coding, staged }
}

/// Reads a body to its end; `None` if it is longer, takes longer or does not decode.
async fn read_short(
    mut response: Response,
    decoder: &mut Decoder,
    body: &mut BodyWriter,
    most: u64,
    permit: &mut RequestPermit,
) -> Option<()> {
    let until = Instant::now() + UNWANTED_TIME;
    while let Some(piece) = permit.wait_for(response.chunk(), until).await?.ok()? {
        let room = most.saturating_sub(body.length());
        body.push(&decode_piece(decoder, &piece, room)?);
        body.flush_full().await.ok()?;
    }
    Some(())
}

/// Decodes a piece; `None` if it does not decode, or yields more than `most` bytes.
fn decode_piece(decoder: &mut Decoder, piece: &[u8], most: u64) -> Option<Vec<u8>> {
    let mut output = Vec::new();
    for mut coded in piece.chunks(PIECE) {
        let mut more = true;
        while more || !coded.is_empty() {
            let (bytes, has_more) = decoder.decode(&mut coded).ok()?;
            more = has_more;
            output.extend(bytes);
            if output.len() as u64 > most {
                return None;
            }
        }
    }
    Some(output)
}
