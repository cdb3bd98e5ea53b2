//! What a request for a page accepts, and which redirects it follows.

use std::collections::HashSet;

use url::Url;

use super::frontier::{Frontier, Task};
use crate::fetch::{Fetcher, Judge, Purpose};
use crate::locks::Mutex;
use crate::model::{Failure, Reason};
use crate::staging::Staged;

/// Accepts any body. A redirect is followed only to a URL that the crawl would request, and has not.
pub(super) struct PageJudge<'a> {
    task: &'a Task,
    frontier: &'a Mutex<Frontier>,
    fetcher: &'a Fetcher,
    /// Where a redirect led that was not followed.
    led_to: Mutex<Option<Url>>,
    /// Where redirects led that were followed: a retry of the same request may follow them again.
    followed: Mutex<HashSet<Url>>,
}

impl<'a> PageJudge<'a> {
    pub(super) fn new(task: &'a Task, frontier: &'a Mutex<Frontier>, fetcher: &'a Fetcher) -> Self {
        Self { task, frontier, fetcher, led_to: Mutex::default(), followed: Mutex::default() }
    }

    /// Where a redirect led that was not followed.
    pub(super) fn led_to(&self) -> Option<Url> {
        self.led_to.lock().take()
    }

    /// Where redirects led that were followed.
    pub(super) fn followed(&self) -> Vec<Url> {
        self.followed.lock().drain().collect()
    }
}

impl Judge for PageJudge<'_> {
    type Accepted = Option<String>;

    async fn judge(&self, _: &Staged, content_type: Option<&str>) -> Result<Option<String>, Failure> {
        Ok(content_type.map(str::to_owned))
    }

    async fn follow(&self, to: &Url) -> Result<(), Failure> {
        let is_followed = self.followed.lock().contains(to);
        if !is_followed && !self.frontier.lock().follow(to, self.task) {
            *self.led_to.lock() = Some(to.clone());
            return Err(Failure::new(Reason::TooManyRedirects, format!("it leads to {to}, which is not asked for")));
        }
        self.followed.lock().insert(to.clone());
        self.fetcher.check_robots(Purpose::Page, to).await
    }
}
