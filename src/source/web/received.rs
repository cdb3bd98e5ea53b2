//! Bodies that came before those who need them ask for them.

use std::collections::HashMap;
use std::sync::Arc;

use url::Url;

use super::location::normal;
use crate::fetch::{Answer, Fetched};
use crate::locks::Mutex;
use crate::model::Validators;
use crate::staging::Staged;

/// The most bytes that wait, in memory or on the disk. A response beyond them is dropped, and requested again.
const MOST: u64 = 1 << 30;

/// A response that was not judged: its body, and the type that it claims.
pub type Response = Fetched<Option<String>>;

/// Responses by the requested URLs: an image that was requested as a page, and a page that the user passed in. They are
/// used instead of a request.
#[derive(Debug, Clone, Default)]
pub struct Received(Arc<Mutex<HashMap<Url, Response>>>);

impl Received {
    /// Keeps a response for the next request of its URL.
    pub fn hold(&self, url: Url, response: Response) {
        let mut held = self.0.lock();
        let waiting: u64 = held.values().map(length).sum();
        if waiting + length(&response) <= MOST {
            held.insert(url, response);
        }
    }

    /// Keeps a page that was not fetched. It is read as UTF-8 if it is valid, else as it declares itself.
    pub fn hold_page(&self, url: Url, staged: Staged) {
        let is_utf8 = staged.read().is_ok_and(|bytes| std::str::from_utf8(&bytes).is_ok());
        let accepted = Some(if is_utf8 { "text/html; charset=utf-8" } else { "text/html" }.to_owned());
        let answer = Answer::Body { staged, validators: Validators::default(), accepted };
        self.hold(normal(url), Fetched::without_request(Ok(answer)));
    }

    /// Whether any response waits.
    pub fn is_any_held(&self) -> bool {
        !self.0.lock().is_empty()
    }

    /// Whether there is a response for a URL.
    pub fn holds(&self, url: &Url) -> bool {
        self.0.lock().contains_key(url)
    }

    /// Whether the user hands over the page of an address, and it waits.
    pub fn is_handed(&self, url: &Url) -> bool {
        self.0.lock().get(url).is_some_and(|response| response.exchanges.is_empty() && response.outcome.is_ok())
    }

    /// The response that came for an address, if one waits.
    pub fn take(&self, url: &Url) -> Option<Response> {
        self.0.lock().remove(url)
    }
}

fn length(response: &Response) -> u64 {
    match &response.outcome {
        Ok(Answer::Body { staged, .. }) => staged.length,
        _ => 0,
    }
}
