//! A folder as web pages: lists of files, Markdown articles as HTML, and the files themselves.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use hyper::header::{ALLOW, CONTENT_DISPOSITION, HeaderMap, HeaderName, HeaderValue, LOCATION};
use hyper::{Method, StatusCode};

use super::host;
use super::response::{Response, file, head, text, whole};
use super::server::{Handler, Request, Server};
use super::tree::{Resource, Tree};

/// What every response carries. `sandbox` also gives each page an origin of its own, so that one archived page cannot
/// read another (CSP Level 3, section 6).
const HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-cache"),
];

/// Serves a folder at an address of this machine; port 0 is any free one.
///
/// # Errors
/// If the folder does not exist, or the address is taken.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn serve_folder(folder: &Path, address: SocketAddr) -> io::Result<Server> {
    let pages = Pages { tree: Arc::new(Tree::at(folder)?) };
    Server::start(address, Arc::new(pages))
}

struct Pages {
    tree: Arc<Tree>,
}

#[async_trait]
impl Handler for Pages {
    async fn respond(&self, request: Request) -> Response {
        let mut response = match refuse(&request) {
            Some(refused) => refused,
            None => self.find(request.uri().path().to_owned()).await,
        };
        add_headers(response.headers_mut());
        response
    }
}

impl Pages {
    async fn find(&self, path: String) -> Response {
        let tree = Arc::clone(&self.tree);
        let found = tokio::task::spawn_blocking(move || tree.find(&path)).await;
        respond(found.ok().flatten())
    }
}

fn add_headers(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// The response to a request for another host, or with a method that would change something.
fn refuse(request: &Request) -> Option<Response> {
    if !host::is_local(request) {
        return Some(text(StatusCode::MISDIRECTED_REQUEST, "this server answers only to names of this machine"));
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "this server only shows what there is");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    Some(response)
}

fn respond(found: Option<Resource>) -> Response {
    match found {
        None => text(StatusCode::NOT_FOUND, "there is nothing here"),
        Some(Resource::Page(page)) => whole(head(StatusCode::OK, "text/html; charset=utf-8"), page),
        Some(Resource::Elsewhere(to)) => {
            whole(head(StatusCode::PERMANENT_REDIRECT, "text/plain").header(LOCATION, to), String::new())
        }
        Some(Resource::File { file: opened, length, mime: Some(mime) }) => {
            file(head(StatusCode::OK, &mime), opened, length)
        }
        Some(Resource::File { file: opened, length, mime: None }) => {
            let head = head(StatusCode::OK, "application/octet-stream").header(CONTENT_DISPOSITION, "attachment");
            file(head, opened, length)
        }
    }
}
