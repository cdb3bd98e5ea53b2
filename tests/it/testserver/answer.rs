//! An answer before it is spoken: what both protocols send, each in its own way.

use std::io;

use hyper::body::Bytes;

use super::gate::Wait;

/// How large the pieces are in which a body is sent that nothing slows down.
const PIECE: usize = 16 * 1024;

/// Everything that can happen to a request.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// What it waits for before anything is sent.
    pub(super) waits: Vec<Wait>,
    /// What is sent then.
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A proper answer, though it may lie.
    Reply(Reply),
    /// These bytes instead of an answer, and then the end of the connection. HTTP/2 resets the stream.
    Raw(Bytes),
    /// The end of the connection.
    Stop(End),
}

/// How a connection ends before its answer is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// An orderly end (FIN). Over TLS without `close_notify`; over HTTP/2 the stream is reset.
    Close,
    /// A reset (RST). Over HTTP/2 the stream is reset.
    Reset,
    /// No end: the connection stays open and nothing more comes.
    Hang,
}

/// What is said about the length of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// `Content-Length` is what the body has; an endless one has none.
    Right,
    /// `Content-Length` is this.
    Claimed(u64),
    /// Nothing: chunks (RFC 9112, section 7.1), or HTTP/2's own framing.
    Chunked,
    /// Nothing: the body ends where the connection does.
    UntilClose,
}

/// Status, headers, body, and how they are sent.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    pub(super) length: Length,
    /// How many bytes at a time, and what each piece waits for.
    pub(super) pace: Option<(usize, Wait)>,
    /// After how many bytes of the body it breaks off, and how.
    pub(super) stop: Option<(u64, End)>,
}

impl Reply {
    pub(super) fn new(status: u16, body: Body) -> Self {
        Self { status, headers: Vec::new(), body, length: Length::Right, pace: None, stop: None }
    }

    /// Adds a header, or replaces those of that name.
    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What `Content-Length` says, where it is sent.
    pub(super) fn stated_length(&self) -> Option<u64> {
        match self.length {
            Length::Right => self.body.length(),
            Length::Claimed(length) => Some(length),
            Length::Chunked | Length::UntilClose => None,
        }
    }

    /// Whether this answer has a body at all (RFC 9110, sections 9.3.2 and 15).
    pub(super) fn has_body(&self, method: &str) -> bool {
        method != "HEAD" && self.status >= 200 && !matches!(self.status, 204 | 304)
    }
}

/// A body: some bytes, a unit that repeats, and some more bytes. So an endless body takes no memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Body {
    pub(super) head: Bytes,
    pub(super) unit: Bytes,
    /// How often the unit comes; `None` never ends.
    pub(super) times: Option<u64>,
    pub(super) tail: Bytes,
}

impl Body {
    pub(super) fn of(bytes: Bytes) -> Self {
        Self { head: bytes, times: Some(0), ..Self::default() }
    }

    /// How long it is; `None` for an endless one.
    pub(super) fn length(&self) -> Option<u64> {
        let repeated = if self.unit.is_empty() { 0 } else { self.times? * self.unit.len() as u64 };
        Some((self.head.len() + self.tail.len()) as u64 + repeated)
    }

    /// What remains of it when only so many bytes of its start are kept.
    pub(super) fn cut(mut self, keep: u64) -> Self {
        let mut bytes = Vec::new();
        while let Some(piece) = self.take(PIECE) {
            let room = usize::try_from(keep).unwrap_or(usize::MAX) - bytes.len();
            bytes.extend_from_slice(&piece[..piece.len().min(room)]);
            if bytes.len() as u64 == keep {
                break;
            }
        }
        Self::of(bytes.into())
    }

    /// Its next piece, which is taken from it.
    fn take(&mut self, most: usize) -> Option<Bytes> {
        if self.head.is_empty() {
            self.refill();
        }
        let piece = self.head.split_to(self.head.len().min(most));
        (!piece.is_empty()).then_some(piece)
    }

    fn refill(&mut self) {
        if self.unit.is_empty() || self.times == Some(0) {
            self.head = std::mem::take(&mut self.tail);
        } else {
            self.head = self.unit.clone();
            self.times = self.times.map(|times| times - 1);
        }
    }

    fn is_spent(&self) -> bool {
        self.head.is_empty() && self.tail.is_empty() && (self.unit.is_empty() || self.times == Some(0))
    }
}

/// A body on its way.
#[derive(Debug)]
pub(super) struct Sending {
    body: Body,
    pace: Option<(usize, Wait)>,
    stop: Option<(u64, End)>,
}

/// What comes next of a body.
#[derive(Debug)]
pub(super) enum Piece {
    /// These bytes; and whether they are known to be the last.
    Bytes(Bytes, bool),
    /// Its proper end.
    End,
    /// Its breaking off.
    Broken(End),
}

impl Sending {
    pub(super) fn of(reply: &Reply) -> Self {
        Self { body: reply.body.clone(), pace: reply.pace.clone(), stop: reply.stop }
    }

    /// The next piece, once its time has come.
    pub(super) async fn next(&mut self) -> Piece {
        if let Some((0, end)) = self.stop {
            return match end {
                End::Hang => std::future::pending().await,
                end => Piece::Broken(end),
            };
        }
        if self.body.is_spent() {
            return Piece::End;
        }
        if let Some((_, wait)) = &self.pace {
            wait.pass().await;
        }
        self.take()
    }

    fn take(&mut self) -> Piece {
        let paced = self.pace.as_ref().map_or(PIECE, |(bytes, _)| *bytes).max(1);
        let left = self.stop.map_or(u64::MAX, |(left, _)| left);
        let most = paced.min(usize::try_from(left).unwrap_or(usize::MAX));
        let Some(bytes) = self.body.take(most) else { return Piece::End };
        if let Some((left, _)) = &mut self.stop {
            *left -= bytes.len() as u64;
        }
        Piece::Bytes(bytes, self.stop.is_none() && self.body.is_spent())
    }
}

/// The error that a broken off answer ends with inside the server.
pub(super) fn broken_off() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the answer breaks off here, as the test asked")
}
