//! Responses and their bodies.

use std::fs::File;
use std::io;

use futures_util::TryStreamExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::StatusCode;
use hyper::body::{Bytes, Frame};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use hyper::http::response::Builder;
use tokio_util::io::ReaderStream;

/// A response; its body may be a file that is read while it is sent.
pub type Response = hyper::Response<UnsyncBoxBody<Bytes, io::Error>>;

/// The start of a response with this status and media type.
pub fn head(status: StatusCode, mime: &str) -> Builder {
    hyper::Response::builder().status(status).header(CONTENT_TYPE, mime)
}

/// A response with these bytes for a body.
pub fn whole(head: Builder, body: impl Into<Bytes>) -> Response {
    finish(head, Full::new(body.into()).map_err(|never| match never {}).boxed_unsync())
}

/// A response with the first `length` bytes of a file.
pub fn file(head: Builder, file: File, length: u64) -> Response {
    let pieces = ReaderStream::new(tokio::fs::File::from_std(file)).map_ok(Frame::data);
    finish(head.header(CONTENT_LENGTH, length), StreamBody::new(pieces).boxed_unsync())
}

/// A response of one line of text: the status and a sentence.
pub fn text(status: StatusCode, sentence: &str) -> Response {
    whole(head(status, "text/plain; charset=utf-8"), format!("{status}: {sentence}\n"))
}

fn finish(head: Builder, body: UnsyncBoxBody<Bytes, io::Error>) -> Response {
    // A redirect to a name that no header can hold is the only head that cannot be sent.
    head.body(body).unwrap_or_else(|_| text(StatusCode::NOT_FOUND, "no header can hold this name"))
}
