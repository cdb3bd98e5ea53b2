//! The origin that tests fetch from does what it is reported: each fault is seen here through a client that knows nothing
//! of it.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic, in its own functions as well")]

mod bulk;
pub(crate) mod canary;
mod faults;
pub(crate) mod tls;
mod validators;
mod versions;

use offprint::testing::demo::photo::Photo;

use crate::testserver::{Behaviour, Content, Origin, Site};

/// An image to be served.
pub(crate) fn image() -> Content {
    Content::new("image/jpeg", Photo::new(7, 64, 48).jpeg())
}

/// An origin with one path, `/a.jpg`.
pub(crate) fn origin(behaviour: Behaviour) -> Origin {
    Origin::start(Site::new().on("/a.jpg", behaviour)).unwrap()
}

/// A client that does nothing of its own accord.
pub(crate) fn client() -> reqwest::Client {
    builder().build().unwrap()
}

fn builder() -> reqwest::ClientBuilder {
    // Another test may have installed it before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none())
}

async fn get(origin: &Origin) -> reqwest::Result<reqwest::Response> {
    client().get(origin.url("/a.jpg")).send().await
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}
