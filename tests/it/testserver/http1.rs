//! HTTP/1.1 as RFC 9112 has it, so long as a behaviour does not ask for something else.

use std::fmt::Write as _;
use std::io;

use hyper::StatusCode;
use hyper::body::Bytes;
use tokio::io::AsyncWriteExt;

use super::answer::{Answer, End, Kind, Length, Piece, Reply, Sending, broken_off};
use super::log::{Request, Ticket, Version};
use super::wire::{Connection, Wire};

/// The largest head, and the largest body, that a request may have.
const MOST: usize = 1024 * 1024;

/// How many headers a request may have.
const MOST_HEADERS: usize = 256;

/// Whether the connection serves another request.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Request,
    Close,
    Reset,
}

/// Answers requests until the connection ends or the origin closes.
pub(super) async fn serve(mut wire: Wire, connection: Connection) -> io::Result<()> {
    loop {
        let request = connection.closing.run_until_cancelled(receive(&mut wire)).await;
        let Some(request) = request.transpose()?.flatten() else { return wire.stream.shutdown().await };
        let (answer, mut ticket) = connection.state.receive(&request);
        match respond(&mut wire, &request, answer, &mut ticket).await? {
            Next::Request if keeps_open(&request) => {}
            Next::Request => return wire.stream.shutdown().await,
            Next::Close => return Ok(()),
            Next::Reset => return wire.reset(),
        }
    }
}

fn keeps_open(request: &Request) -> bool {
    let connection = request.header("connection").unwrap_or_default().to_ascii_lowercase();
    request.version == Version::Http11 && !connection.contains("close")
}

/// The next request; `None` where the connection ends instead.
async fn receive(wire: &mut Wire) -> io::Result<Option<Request>> {
    let (mut request, head, body) = loop {
        if let Some(parsed) = parse(&wire.buffer)? {
            break parsed;
        }
        if wire.buffer.len() > MOST || !wire.read().await? {
            return Ok(None);
        }
    };
    while wire.buffer.len() < head + body {
        if body > MOST || !wire.read().await? {
            return Ok(None);
        }
    }
    request.body = Bytes::copy_from_slice(&wire.buffer[head..head + body]);
    wire.buffer.drain(..head + body);
    Ok(Some(request))
}

/// The request at the start of the buffer, the length of its head and of its body; `None` while its head is not
/// complete. Bodies in chunks are not understood, because no client of this origin sends them.
fn parse(buffer: &[u8]) -> io::Result<Option<(Request, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let bad = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    let httparse::Status::Complete(head) = parsed.parse(buffer).map_err(bad)? else { return Ok(None) };
    let text = |header: &httparse::Header| String::from_utf8_lossy(header.value).into_owned();
    let mut request = Request {
        version: if parsed.version == Some(0) { Version::Http10 } else { Version::Http11 },
        method: parsed.method.unwrap_or_default().to_owned(),
        host: String::new(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers: parsed.headers.iter().map(|header| (header.name.to_owned(), text(header))).collect(),
        body: Bytes::new(),
    };
    request.host = request.header("host").unwrap_or_default().to_owned();
    let body = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    Ok(Some((request, head, body)))
}

async fn respond(wire: &mut Wire, request: &Request, answer: Answer, ticket: &mut Ticket) -> io::Result<Next> {
    for wait in &answer.waits {
        unless_left(wire, wait.pass()).await?;
    }
    match answer.kind {
        Kind::Reply(reply) => send(wire, request, &reply, ticket).await,
        Kind::Raw(bytes) => {
            ticket.end();
            wire.stream.write_all(&bytes).await?;
            wire.stream.shutdown().await?;
            Ok(Next::Close)
        }
        Kind::Stop(end) => stop(wire, end).await,
    }
}

async fn send(wire: &mut Wire, request: &Request, reply: &Reply, ticket: &mut Ticket) -> io::Result<Next> {
    ticket.answered(reply.status);
    let head = head(reply).into_bytes();
    if reply.has_body(&request.method) {
        return send_body(wire, head, reply, ticket).await;
    }
    ticket.end();
    wire.stream.write_all(&head).await?;
    wire.stream.flush().await?;
    Ok(Next::Request)
}

/// The status line and the headers.
fn head(reply: &Reply) -> String {
    let reason = StatusCode::from_u16(reply.status).ok().and_then(|status| status.canonical_reason());
    let mut head = format!("HTTP/1.1 {} {}\r\n", reply.status, reason.unwrap_or_default());
    for (name, value) in &reply.headers {
        // Writing to a String cannot fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = match (reply.length, reply.stated_length()) {
        (Length::Chunked, _) => write!(head, "Transfer-Encoding: chunked\r\n"),
        // A 304 describes the content that it does not carry; this origin leaves its length out.
        (_, Some(length)) if reply.status >= 200 && !matches!(reply.status, 204 | 304) => {
            write!(head, "Content-Length: {length}\r\n")
        }
        (_, Some(_)) => Ok(()),
        (_, None) => write!(head, "Connection: close\r\n"),
    };
    head + "\r\n"
}

async fn send_body(wire: &mut Wire, head: Vec<u8>, reply: &Reply, ticket: &mut Ticket) -> io::Result<Next> {
    let chunked = reply.length == Length::Chunked;
    let mut sending = Sending::of(reply);
    let mut out = head;
    if reply.pace.is_some() || reply.stop.is_some() {
        flush(wire, &mut out).await?;
    }
    loop {
        match unless_left(wire, sending.next()).await? {
            Piece::Bytes(bytes, last) => {
                if last && !chunked {
                    ticket.end();
                }
                push(&mut out, &bytes, chunked);
                flush(wire, &mut out).await?;
            }
            Piece::End => {
                ticket.end();
                out.extend_from_slice(if chunked { b"0\r\n\r\n" } else { b"" });
                flush(wire, &mut out).await?;
                return finish(wire, reply).await;
            }
            Piece::Broken(end) => return stop(wire, end).await,
        }
    }
}

fn push(out: &mut Vec<u8>, bytes: &[u8], chunked: bool) {
    if chunked {
        out.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
    }
    out.extend_from_slice(bytes);
    if chunked {
        out.extend_from_slice(b"\r\n");
    }
}

async fn flush(wire: &mut Wire, out: &mut Vec<u8>) -> io::Result<()> {
    wire.stream.write_all(out).await?;
    out.clear();
    wire.stream.flush().await
}

/// After a whole body: the connection serves on where the client knows that the body has ended.
async fn finish(wire: &mut Wire, reply: &Reply) -> io::Result<Next> {
    let is_delimited = match reply.length {
        Length::Right | Length::Chunked => true,
        Length::Claimed(length) => Some(length) == reply.body.length(),
        Length::UntilClose => false,
    };
    if is_delimited {
        return Ok(Next::Request);
    }
    wire.stream.shutdown().await?;
    Ok(Next::Close)
}

/// Ends the connection before its answer is complete.
async fn stop(wire: &mut Wire, end: End) -> io::Result<Next> {
    match end {
        End::Close => Ok(Next::Close),
        End::Reset => Ok(Next::Reset),
        End::Hang => unless_left(wire, std::future::pending()).await,
    }
}

/// Waits for something, unless the client leaves first. What the client sends meanwhile is kept.
async fn unless_left<T>(wire: &mut Wire, something: impl Future<Output = T>) -> io::Result<T> {
    let mut something = std::pin::pin!(something);
    loop {
        tokio::select! {
            biased;
            it = &mut something => return Ok(it),
            more = wire.read() => {
                if !more? || wire.buffer.len() > MOST {
                    return Err(broken_off());
                }
            }
        }
    }
}
