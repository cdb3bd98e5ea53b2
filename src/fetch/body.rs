//! Receiving a body, within limits of size, time and rate.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::CONTENT_RANGE;
use tokio::time::{Instant, timeout_at};

use super::classify::of_body;
use super::client::whole_message;
use super::coding::{Decoder, PIECE};
use super::promise::Promises;
use super::staging::Staging;
use crate::config::FetchConfig;
use crate::model::{Digest, Failure, Hasher, Reason};
use crate::staging::Staged;

/// Over how long the minimum rate is measured, at most.
const RATE_WINDOW: Duration = Duration::from_secs(30);
/// What is read of a body that only explains a refusal, in bytes, and for how long at most.
const EXPLANATION: u64 = 64 << 10;
const EXPLANATION_TIME: Duration = Duration::from_secs(5);
/// Stands for "no limit".
const LONG: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The limits on one body; 0 in the configuration lifts one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    max_bytes: u64,
    min_rate: u64,
    read_timeout: Duration,
    timeout: Duration,
}

impl Limits {
    pub(super) fn new(config: &FetchConfig) -> Self {
        let lifted = |limit: Duration| if limit.is_zero() { LONG } else { limit };
        Self {
            max_bytes: if config.max_bytes.0 == 0 { u64::MAX } else { config.max_bytes.0 },
            min_rate: config.min_rate.0,
            read_timeout: lifted(config.read_timeout),
            timeout: lifted(config.timeout),
        }
    }

    /// When an answer that is asked for now must have arrived.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.timeout
    }

    /// When the next piece of it must.
    pub(super) fn next_piece(&self, deadline: Instant) -> Instant {
        deadline.min(Instant::now() + self.read_timeout)
    }
}

/// A body being received.
pub(super) struct Receiving<'a> {
    pub(super) response: Response,
    pub(super) staging: &'a mut Staging,
    pub(super) limits: &'a Limits,
    pub(super) deadline: Instant,
}

impl Receiving<'_> {
    /// Receives everything. What arrived before a failure stays in the staging.
    pub(super) async fn all(&mut self) -> Result<Promises, Failure> {
        let headers = self.response.headers();
        let mut promises = Promises::of(headers, headers.contains_key(CONTENT_RANGE));
        let mut decoder = Decoder::of(headers).map_err(|coding| {
            Failure::new(Reason::Protocol, format!("the body has the coding {coding}, which was not asked for"))
        })?;
        let length = self.response.content_length().unwrap_or(0);
        self.refuse_larger(length)?;
        self.staging.expect(length);
        let mut rate = Rate::new(self.limits);
        while let Some(piece) = self.piece().await? {
            promises.update(&piece);
            self.keep(&piece, &mut decoder).await?;
            rate.arrived(piece.len())?;
        }
        let rest = decoder.finish().map_err(|error| Failure::new(Reason::Truncated, whole_message(&error)))?;
        self.staging.push(&rest);
        self.refuse_larger(0)?;
        Ok(promises)
    }

    async fn piece(&mut self) -> Result<Option<impl std::ops::Deref<Target = [u8]> + use<>>, Failure> {
        let until = self.limits.next_piece(self.deadline);
        match timeout_at(until, self.response.chunk()).await {
            Ok(piece) => piece.map_err(|error| of_body(&error)),
            Err(_) if until == self.deadline => Err(Failure::new(Reason::Timeout, "fetch.timeout ran out")),
            Err(_) => Err(Failure::new(Reason::Timeout, "no piece of the body came for fetch.read_timeout")),
        }
    }

    async fn keep(&mut self, piece: &[u8], decoder: &mut Decoder) -> Result<(), Failure> {
        if decoder.is_identity() {
            return self.push(piece).await;
        }
        for mut coded in piece.chunks(PIECE) {
            let mut more = true;
            while more || !coded.is_empty() {
                let bytes = decoder.decode(&mut coded).map_err(|error| {
                    Failure::new(Reason::Protocol, format!("the body does not decode: {}", whole_message(&error)))
                })?;
                more = bytes.1;
                self.push(&bytes.0).await?;
            }
        }
        Ok(())
    }

    async fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.refuse_larger(bytes.len() as u64)?;
        self.staging.push(bytes);
        self.staging.relieve().await.map_err(|error| not_written(&error))
    }

    fn refuse_larger(&self, more: u64) -> Result<(), Failure> {
        if self.staging.length().saturating_add(more) > self.limits.max_bytes {
            let detail = format!("the body is larger than fetch.max_bytes ({} bytes)", self.limits.max_bytes);
            return Err(Failure::new(Reason::TooLarge, detail));
        }
        Ok(())
    }
}

/// The whole body in its file, if it is what the headers promised.
pub(super) async fn finished(staging: Staging, promises: Promises) -> Result<Staged, (Failure, Option<Digest>)> {
    let staged = staging.finish().await.map_err(|error| (not_written(&error), None))?;
    if promises.kept(staged.digest) {
        return Ok(staged);
    }
    let detail = "the body does not match the digest in its headers";
    Err((Failure::new(Reason::DigestMismatch, detail), Some(staged.digest)))
}

/// A full disk is no fault of the URL: it is put off, and not counted as failed.
fn not_written(error: &std::io::Error) -> Failure {
    let detail = format!("cannot write to the archive: {error}");
    Failure::new(Reason::Budget, detail).deferred_until(jiff::Timestamp::now())
}

/// The digest and length of a body that only explains a refusal or a redirect, where it is short. Reading it to its
/// end lets the connection be used again.
pub(super) async fn explanation(mut response: Response) -> (Option<Digest>, u64) {
    let (mut hasher, mut length, until) = (Hasher::default(), 0, Instant::now() + EXPLANATION_TIME);
    if response.content_length().is_some_and(|length| length > EXPLANATION) {
        return (None, 0);
    }
    while let Ok(Ok(Some(piece))) = timeout_at(until, response.chunk()).await.map(|piece| piece.map_err(drop)) {
        hasher.update(&piece);
        length += piece.len() as u64;
        if length > EXPLANATION {
            return (None, length);
        }
    }
    (Some(hasher.finish()), length)
}

/// Watches that a body does not come slower than the minimum rate.
struct Rate {
    least: u64,
    window: Duration,
    since: Instant,
    bytes: u64,
}

impl Rate {
    /// The window is a part of the time that an answer has at all, so that the rule counts under every limit.
    fn new(limits: &Limits) -> Self {
        let window = RATE_WINDOW.min(limits.timeout / 4);
        Self { least: limits.min_rate, window, since: Instant::now(), bytes: 0 }
    }

    fn arrived(&mut self, bytes: usize) -> Result<(), Failure> {
        self.bytes += bytes as u64;
        let elapsed = self.since.elapsed();
        if elapsed < self.window {
            return Ok(());
        }
        if u128::from(self.bytes) * 1000 < u128::from(self.least) * elapsed.as_millis() {
            return Err(Failure::new(Reason::TooSlow, "the body comes slower than fetch.min_rate"));
        }
        (self.since, self.bytes) = (Instant::now(), 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The defaults: 1 KiB a second, two minutes.
    fn limits() -> Limits {
        Limits::new(&crate::config::Config::default().fetch)
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_is_given_up_after_the_window_and_a_slow_stream_is_not() {
        let seconds = async |bytes_per_second: usize| {
            let (mut rate, begin) = (Rate::new(&limits()), Instant::now());
            for _ in 0..300 {
                tokio::time::advance(Duration::from_secs(1)).await;
                if rate.arrived(bytes_per_second).is_err() {
                    return Some(begin.elapsed().as_secs());
                }
            }
            None
        };
        assert_eq!(seconds(1).await, Some(30));
        assert_eq!(seconds(1023).await, Some(30));
        assert_eq!(seconds(1024).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_turns_into_a_drip_is_given_up() {
        let mut rate = Rate::new(&limits());
        rate.arrived(10 << 20).unwrap();
        tokio::time::advance(RATE_WINDOW).await;
        rate.arrived(1).unwrap();
        tokio::time::advance(RATE_WINDOW).await;
        assert_eq!(rate.arrived(1).unwrap_err().reason, Reason::TooSlow);
    }
}
