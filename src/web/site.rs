//! The pages of an archive: which one answers a request.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hyper::StatusCode;
use hyper::header::CACHE_CONTROL;
use hyper::http::request::Parts;

use super::access::{Access, refusal};
use super::address::Address;
use super::assets::{ICON, KEYS, STYLE};
use super::error::PageError;
use super::pages::{article, articles, failure, feed, home, hosts, image, images, missing, runs, search};
use super::policy::own;
use super::query::Query;
use super::response::{Response, whole};
use super::server::{Handler, Request, Server};
use super::{files, shown};
use crate::archive::Archive;

/// How long a response may take to begin.
const RESPONSE_TIME: Duration = Duration::from_secs(30);

/// Serves the pages of an archive at an address of this machine, to whom `access` lets in; port 0 is any free one. There
/// are at most so many connections at a time.
///
/// # Errors
/// If the address is taken, or not of this machine.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn serve(archive: Archive, address: SocketAddr, access: Access, connections: usize) -> io::Result<Server> {
    Server::start_with(address, Arc::new(Site { archive, access }), connections)
}

struct Site {
    archive: Archive,
    access: Access,
}

#[async_trait]
impl Handler for Site {
    async fn respond(&self, request: Request) -> Response {
        let (request, _) = request.into_parts();
        if let Some(refused) = self.access.refuse(&request) {
            return refused;
        }
        let answer = tokio::time::timeout(RESPONSE_TIME, self.answer(&request)).await;
        answer.unwrap_or(Err(PageError::TooLong)).unwrap_or_else(|error| failed(&error))
    }
}

impl Site {
    async fn answer(&self, request: &Parts) -> Result<Response, PageError> {
        let (archive, query) = (&self.archive, &Query::parse(request.uri.query()));
        let address = Address::parse(request.uri.path()).ok_or(PageError::NotFound)?;
        match address {
            Address::Home => home::page(archive, query).await,
            Address::Articles => articles::page(archive, query).await,
            Address::Article(key) => article::page(archive, &key, query).await,
            Address::Images => images::page(archive, query).await,
            Address::Image(digest) => image::page(archive, digest, query).await,
            Address::Missing => missing::page(archive, query).await,
            Address::Hosts => hosts::page(archive, query).await,
            Address::Runs => runs::page(archive, query).await,
            Address::Run(began) => runs::one(archive, began, query).await,
            Address::Feed => feed::page(archive).await,
            Address::Search => search::page(archive, query).await,
            Address::SearchDescription => search::description(request),
            Address::Health => health(archive).await,
            Address::Style => Ok(asset("text/css; charset=utf-8", STYLE)),
            Address::Keys => Ok(asset("text/javascript; charset=utf-8", KEYS)),
            Address::Icon => Ok(asset("image/svg+xml", ICON)),
            Address::Blob(digest) => files::blob(archive, digest, &request.headers).await,
            Address::Thumbnail(name, digest) => files::thumbnail(archive, &name, digest, &request.headers).await,
            Address::Mirror(key) => shown::article(archive, &key).await,
        }
    }
}

fn failed(error: &PageError) -> Response {
    if error.status().is_server_error() {
        tracing::warn!(error = error as &dyn std::error::Error, "a page cannot be shown");
    }
    failure::page(error).unwrap_or_else(|_| refusal(error.status(), &error.to_string()))
}

/// Whether the catalog answers.
async fn health(archive: &Archive) -> Result<Response, PageError> {
    archive.catalog.totals().await?;
    Ok(whole(own(StatusCode::OK, "text/plain; charset=utf-8"), "ok\n"))
}

fn asset(mime: &str, text: &'static str) -> Response {
    let mut response = whole(own(StatusCode::OK, mime), text);
    response.headers_mut().insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("private, max-age=600"));
    response
}
