//! Responses and their bodies.

use std::io;

use futures_util::TryStreamExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::StatusCode;
use hyper::body::{Bytes, Frame};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use hyper::http::response::Builder;
use tokio_util::io::ReaderStream;

use crate::archive::ObjectReader;

/// A response; its body may be read while it is sent.
pub type Response = hyper::Response<UnsyncBoxBody<Bytes, io::Error>>;

/// The start of a response with this status and media type.
pub fn head(status: StatusCode, mime: &str) -> Builder {
    hyper::Response::builder().status(status).header(CONTENT_TYPE, mime)
}

/// A response with these bytes for a body.
pub fn whole(head: Builder, body: impl Into<Bytes>) -> Response {
    finish(head, Full::new(body.into()).map_err(|never| match never {}).boxed_unsync())
}

/// A response with `length` bytes of an object.
pub(super) fn object(head: Builder, object: ObjectReader, length: u64) -> Response {
    let pieces = ReaderStream::new(object).map_ok(Frame::data);
    finish(head.header(CONTENT_LENGTH, length), StreamBody::new(pieces).boxed_unsync())
}

/// A response of one line of text: the status and a sentence.
pub fn text(status: StatusCode, sentence: &str) -> Response {
    whole(head(status, "text/plain; charset=utf-8"), format!("{status}: {sentence}\n"))
}

fn finish(head: Builder, body: UnsyncBoxBody<Bytes, io::Error>) -> Response {
    // What no header can hold is the only reason why a head cannot be sent.
    head.body(body).unwrap_or_else(|_| text(StatusCode::NOT_FOUND, "no header can hold this name"))
}
