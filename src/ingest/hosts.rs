//! What requests show of hosts, in the catalog.

use std::sync::Arc;

use async_trait::async_trait;
use tracing::warn;

use crate::archive::{Archive, CatalogError};
use crate::fetch::HostMemory;
use crate::model::{HostKey, HostState};

/// Keeps what is learned of hosts in the catalog of an archive.
pub struct CatalogHosts(Arc<Archive>);

impl CatalogHosts {
    /// The hosts of an archive.
    pub fn of(archive: &Arc<Archive>) -> Arc<Self> {
        Arc::new(Self(Arc::clone(archive)))
    }
}

#[async_trait]
impl HostMemory for CatalogHosts {
    async fn recall(&self, host: &HostKey) -> Option<HostState> {
        known(host, self.0.catalog.host(host).await).flatten()
    }

    async fn keep(&self, host: &HostKey, state: &HostState) {
        known(host, self.0.catalog.record_host(host, state).await);
    }
}

/// A catalog that cannot be used ends the run by what else needs it. A request goes on without it.
fn known<T>(host: &HostKey, result: Result<T, CatalogError>) -> Option<T> {
    result.inspect_err(|error| warn!(%host, %error, "what is known of the host cannot be read or kept")).ok()
}
