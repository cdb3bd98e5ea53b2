//! Where what is learned of hosts is kept.

use async_trait::async_trait;

use crate::model::{HostKey, HostState};

/// Keeps what is learned of hosts from run to run. A fetcher recalls a host before its first request to it, and keeps what
/// it learned with each response, so that it makes no difference what was asked for: an image, a page, a feed.
#[async_trait]
pub(crate) trait HostMemory: Send + Sync {
    /// What is known of a host; `None` where nothing is.
    async fn recall(&self, host: &HostKey) -> Option<HostState>;

    /// Keeps what is known of a host now.
    async fn keep(&self, host: &HostKey, state: &HostState);
}
