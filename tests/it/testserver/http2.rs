//! HTTP/2 through hyper. What breaks a connection in HTTP/1.1 resets a stream here.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncReadExt;

use super::answer::{End, Kind, Piece, Reply, Sending, broken_off};
use super::log::{Request, Ticket, Version};
use super::wire::{Connection, Wire};

/// The largest body that a request may have.
const MOST: usize = 1024 * 1024;

/// How long the pieces of a body have to leave before its stream is reset.
const AHEAD: Duration = Duration::from_millis(50);

type Response = hyper::Response<UnsyncBoxBody<Bytes, io::Error>>;

/// Answers requests until the connection ends or the origin closes.
pub(super) async fn serve(wire: Wire, connection: Connection) -> io::Result<()> {
    let (read, write) = tokio::io::split(wire.stream);
    let stream = tokio::io::join(io::Cursor::new(wire.buffer).chain(read), write);
    let closing = connection.closing.clone();
    let service = service_fn(move |request| answer(request, connection.clone()));
    let connection = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        end = &mut connection => return end.map_err(io::Error::other),
        () = closing.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await.map_err(io::Error::other)
}

/// An error resets the stream.
async fn answer(request: hyper::Request<Incoming>, connection: Connection) -> io::Result<Response> {
    let request = receive(request).await?;
    let (answer, ticket) = connection.state.receive(&request);
    for wait in &answer.waits {
        wait.pass().await;
    }
    match answer.kind {
        Kind::Reply(reply) => respond(&reply, &request, ticket),
        Kind::Stop(End::Hang) => std::future::pending().await,
        Kind::Stop(_) | Kind::Raw(_) => Err(broken_off()),
    }
}

async fn receive(request: hyper::Request<Incoming>) -> io::Result<Request> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MOST).collect().await.map_err(io::Error::other)?.to_bytes();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Request {
        version: Version::Http2,
        method: head.method.to_string(),
        host: head.uri.authority().map(ToString::to_string).unwrap_or_default(),
        target: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body,
    })
}

fn respond(reply: &Reply, request: &Request, ticket: Ticket) -> io::Result<Response> {
    ticket.answered(reply.status);
    let mut response = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(io::Error::other)?;
        response = response.header(name, value);
    }
    let has_body = reply.has_body(&request.method);
    if let Some(length) = reply.stated_length().filter(|_| has_body || request.method == "HEAD") {
        response = response.header(CONTENT_LENGTH, length);
    }
    let body = if has_body { pieces(Sending::of(reply), ticket) } else { nothing(ticket) };
    response.body(body).map_err(io::Error::other)
}

fn nothing(mut ticket: Ticket) -> UnsyncBoxBody<Bytes, io::Error> {
    ticket.end();
    http_body_util::Empty::new().map_err(|error: Infallible| match error {}).boxed_unsync()
}

fn pieces(sending: Sending, ticket: Ticket) -> UnsyncBoxBody<Bytes, io::Error> {
    let frames = stream::unfold(Some((sending, ticket)), |state| async {
        let (mut sending, mut ticket) = state?;
        match sending.next().await {
            Piece::Bytes(bytes, last) => {
                if last {
                    ticket.end();
                }
                Some((Ok(Frame::data(bytes)), Some((sending, ticket))))
            }
            Piece::End => None,
            Piece::Broken(_) => {
                // A reset overtakes the pieces before it and discards them, so they are let go first.
                tokio::time::sleep(AHEAD).await;
                Some((Err(broken_off()), None))
            }
        }
    });
    StreamBody::new(frames).boxed_unsync()
}
