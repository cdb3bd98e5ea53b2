//! Bodies that came before those who need them ask for them.

use std::collections::HashMap;
use std::sync::Arc;

use url::Url;

use super::location::normal;
use crate::fetch::{Answer, Fetched};
use crate::locks::Mutex;
use crate::model::Validators;
use crate::staging::Staged;

/// The most bytes that wait, on the disk. Beyond them what came is given up, and requested again.
const MOST: u64 = 1 << 30;

/// A response that was not judged: its body, and the type that it claims.
pub type Response = Fetched<Option<String>>;

/// Responses by the addresses that were asked for: an image that was asked for as a page, and a page that the user hands
/// over. Whoever needs one takes it in place of a request.
#[derive(Debug, Clone, Default)]
pub struct Received(Arc<Mutex<HashMap<Url, Response>>>);

impl Received {
    /// Keeps a response for whoever asks for its address next.
    pub fn hold(&self, url: Url, response: Response) {
        let mut held = self.0.lock();
        let waiting: u64 = held.values().map(length).sum();
        if waiting + length(&response) <= MOST {
            held.insert(url, response);
        }
    }

    /// Keeps a page that came from nowhere, in UTF-8.
    pub fn hold_page(&self, url: Url, staged: Staged) {
        let accepted = Some("text/html; charset=utf-8".to_owned());
        let answer = Answer::Body { staged, validators: Validators::default(), accepted };
        self.hold(normal(url), Fetched::without_request(Ok(answer)));
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
