//! A plain server for a folder on this machine: what `offprint demo` ends with.
//!
//! What it serves was written by strangers. So it answers only to names of this machine, which defeats DNS rebinding;
//! it never leaves the folder, not by `..` and not by a symbolic link; and every answer carries a policy under which a
//! browser runs no script, sends no form and fetches nothing from elsewhere.

mod page;
mod tree;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{ALLOW, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, HOST, LOCATION};
use hyper::http::response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::tree::{Found, Tree};

/// What a browser may do with anything that is served. `sandbox` also gives every page an origin of its own, so that
/// one archived page cannot read another (CSP Level 3, section 6).
const POLICY: &str = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox";

/// How long a client may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// How long [`FolderServer::stop`] lets answers go on.
const FAREWELL: Duration = Duration::from_secs(2);

type Response = hyper::Response<UnsyncBoxBody<Bytes, io::Error>>;

/// A running server. It stops when it is dropped.
#[derive(Debug)]
pub struct FolderServer {
    address: SocketAddr,
    closing: CancellationToken,
    gone: CancellationToken,
    tasks: TaskTracker,
}

impl FolderServer {
    /// Serves a folder at an address of this machine; port 0 is any free one.
    ///
    /// # Errors
    /// If the folder does not exist, or the address is taken.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(folder: &Path, address: SocketAddr) -> io::Result<Self> {
        let tree = Arc::new(Tree::at(folder)?);
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let server = Self {
            address: listener.local_addr()?,
            closing: CancellationToken::new(),
            gone: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        server.tasks.spawn(server.door(TcpListener::from_std(listener)?, tree));
        Ok(server)
    }

    /// Takes connections until the server closes.
    fn door(&self, listener: TcpListener, tree: Arc<Tree>) -> impl Future<Output = ()> + use<> {
        let (closing, gone, tasks) = (self.closing.clone(), self.gone.clone(), self.tasks.clone());
        async move {
            while let Some(accepted) = closing.run_until_cancelled(listener.accept()).await {
                // An accept fails when the client is gone already or descriptors run out: both pass.
                let Ok((stream, _)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                let talk = talk(stream, Arc::clone(&tree), closing.clone());
                let gone = gone.clone();
                tasks.spawn(async move { gone.run_until_cancelled(talk).await });
            }
        }
    }

    /// The address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the folder.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Stops: takes no new connections, lets answers under way end for a short time, and then ends the rest.
    pub async fn stop(self) {
        self.closing.cancel();
        self.tasks.close();
        // What has not ended by itself ends when `self` is dropped.
        let _ = tokio::time::timeout(FAREWELL, self.tasks.wait()).await;
    }
}

impl Drop for FolderServer {
    fn drop(&mut self) {
        self.closing.cancel();
        self.gone.cancel();
    }
}

/// Serves one connection to its end. Its errors are the client's business and end with it.
async fn talk(stream: TcpStream, tree: Arc<Tree>, closing: CancellationToken) {
    let service = service_fn(move |request| answer(request, Arc::clone(&tree)));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = &mut connection => return,
        () = closing.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

async fn answer(request: Request<Incoming>, tree: Arc<Tree>) -> Result<Response, Infallible> {
    if !is_of_this_machine(&request) {
        return Ok(text(StatusCode::MISDIRECTED_REQUEST, "this server answers to names of this machine only"));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "there is only something to read here");
        response.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return Ok(response);
    }
    let path = request.uri().path().to_owned();
    let found = tokio::task::spawn_blocking(move || tree.find(&path)).await;
    Ok(respond(found.ok().flatten()))
}

/// Whether the request was meant for a name that only this machine goes by, with any port.
fn is_of_this_machine(request: &Request<Incoming>) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let asked = request.uri().authority().map(hyper::http::uri::Authority::as_str).or(host);
    let Some(authority) = asked.and_then(|asked| asked.parse::<hyper::http::uri::Authority>().ok()) else {
        return false;
    };
    matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]")
}

fn respond(found: Option<Found>) -> Response {
    match found {
        None => text(StatusCode::NOT_FOUND, "there is nothing here"),
        Some(Found::Page(page)) => whole(head(StatusCode::OK, "text/html; charset=utf-8"), page),
        Some(Found::Elsewhere(to)) => {
            whole(head(StatusCode::PERMANENT_REDIRECT, "text/plain").header(LOCATION, to), String::new())
        }
        Some(Found::File { file, length, mime: Some(mime) }) => send(head(StatusCode::OK, &mime), file, length),
        Some(Found::File { file, length, mime: None }) => {
            let head = head(StatusCode::OK, "application/octet-stream").header(CONTENT_DISPOSITION, "attachment");
            send(head, file, length)
        }
    }
}

fn head(status: StatusCode, mime: &str) -> response::Builder {
    hyper::Response::builder()
        .status(status)
        .header(CONTENT_TYPE, mime)
        .header("Content-Security-Policy", POLICY)
        .header("X-Content-Type-Options", "nosniff")
        .header("Referrer-Policy", "no-referrer")
        .header("Cache-Control", "no-cache")
}

fn text(status: StatusCode, text: &str) -> Response {
    whole(head(status, "text/plain; charset=utf-8"), format!("{status}: {text}\n"))
}

fn whole(head: response::Builder, body: String) -> Response {
    finish(head, Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync())
}

fn send(head: response::Builder, file: std::fs::File, length: u64) -> Response {
    let pieces = ReaderStream::new(tokio::fs::File::from_std(file)).map_ok(Frame::data);
    finish(head.header(CONTENT_LENGTH, length), StreamBody::new(pieces).boxed_unsync())
}

fn finish(head: response::Builder, body: UnsyncBoxBody<Bytes, io::Error>) -> Response {
    // A redirect to a name that no header can hold is the only head that cannot be sent.
    head.body(body).unwrap_or_else(|_| text(StatusCode::NOT_FOUND, "this name cannot be asked for"))
}
