//! Fetching: one URL at a time, politely, and never fooled.
//!
//! A [`Fetcher`] gets a URL and a [`Judge`] that decides which bodies are good. It waits for the host's pace (`host`),
//! connects only to IP addresses that articles may reach (`net`), follows redirects itself (`attempt`, `redirect`),
//! receives the body within limits (`body`), retries transient failures, tries other Referers if the host refuses, and
//! returns every request and response as sent and received (`exchange`). [`Alternates`] adds the places where an image
//! may be that its URL does not give.

mod alternates;
mod attempt;
mod body;
mod clock;
mod error;
mod exchange;
mod fetcher;
mod host;
mod memento;
mod net;
mod redirect;
mod request;
mod robots;
mod robots_txt;
mod session;

pub use alternates::{Alternates, AskArchives};
pub use error::FetchError;
pub use fetcher::Fetcher;
pub(crate) use host::memory::HostMemory;
pub use memento::WebArchives;
#[cfg(any(test, feature = "testing"))]
pub use memento::memento_datetime;
pub(crate) use net::causes::whole_message;
pub use net::resolve::{Lookup, SystemLookup};
pub use net::tls::client_config as tls_config;
pub use request::{Answer, Fetched, Judge, Purpose, Request};
pub(crate) use robots::log::RobotsLog;
pub use robots::rules::Robots;
