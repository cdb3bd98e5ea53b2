//! What all connections of an origin share.

use std::sync::{PoisonError, RwLock};

use super::answer::Answer;
use super::log::{Log, Request, Ticket};
use super::site::Site;

/// The site and the log.
#[derive(Debug)]
pub(super) struct State {
    pub(super) site: RwLock<Site>,
    pub(super) log: Log,
}

impl State {
    pub(super) fn new(site: Site) -> Self {
        Self { site: RwLock::new(site), log: Log::new() }
    }

    /// Writes the request down and looks up what happens to it.
    pub(super) fn receive(&self, request: &Request) -> (Answer, Ticket) {
        let ticket = self.log.arrived(request);
        let site = self.site.read().unwrap_or_else(PoisonError::into_inner);
        (site.answer(request), ticket)
    }
}
