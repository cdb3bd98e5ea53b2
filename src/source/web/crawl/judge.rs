//! What a request for a page accepts, and which redirects it follows.

use url::Url;

use super::frontier::{Frontier, Task};
use crate::fetch::{Fetcher, Judge, Purpose};
use crate::locks::Mutex;
use crate::model::{Failure, Reason};
use crate::staging::Staged;

/// Accepts any body. A redirect is followed only to what the crawl would ask for, and has not.
pub(super) struct PageJudge<'a> {
    pub(super) task: &'a Task,
    pub(super) frontier: &'a Mutex<Frontier>,
    pub(super) fetcher: &'a Fetcher,
    /// Where a redirect led that was not followed.
    pub(super) led_to: Mutex<Option<Url>>,
}

impl PageJudge<'_> {
    /// Where a redirect led that was not followed.
    pub(super) fn led_to(&self) -> Option<Url> {
        self.led_to.lock().take()
    }
}

impl Judge for PageJudge<'_> {
    type Accepted = Option<String>;

    async fn judge(&self, _: &Staged, content_type: Option<&str>) -> Result<Option<String>, Failure> {
        Ok(content_type.map(str::to_owned))
    }

    async fn follow(&self, to: &Url) -> Result<(), Failure> {
        if !self.frontier.lock().follow(to, self.task) {
            *self.led_to.lock() = Some(to.clone());
            return Err(Failure::new(Reason::TooManyRedirects, format!("it leads to {to}, which is not asked for")));
        }
        self.fetcher.check_robots(Purpose::Page, to).await
    }
}
