//! Who takes note of requests for robots.txt.

use async_trait::async_trait;
use url::Url;

use crate::model::Exchange;
use crate::staging::Staged;

/// Takes note of what requests for robots.txt gave. These are sent by the fetcher itself, for whatever is to be fetched.
#[async_trait]
pub(crate) trait RobotsLog: Send + Sync {
    /// What came for this URL: the bodies of the exchanges that have their digests.
    async fn received(&self, url: &Url, exchanges: &[Exchange], bodies: &[&Staged]);
}
