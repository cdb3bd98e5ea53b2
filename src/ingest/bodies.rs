//! Bodies that are kept as what hosts sent.

use std::sync::Arc;

use super::error::IngestError;
use crate::archive::{Archive, Body, StoreKey};
use crate::config::MediaConfig;
use crate::media;
use crate::model::{Exchange, KeptBody, MediaType};
use crate::staging::Staged;

/// Keeps bodies beside what they are judged to be.
pub(super) struct Bodies {
    archive: Arc<Archive>,
    limits: MediaConfig,
}

impl Bodies {
    pub(super) fn new(archive: &Arc<Archive>, limits: &MediaConfig) -> Self {
        Self { archive: Arc::clone(archive), limits: limits.clone() }
    }

    /// Keeps a body, and names it in the exchanges that it belongs to.
    ///
    /// # Errors
    /// Where the archive cannot keep it.
    pub(super) async fn keep(&self, exchanges: &mut [Exchange], staged: &Staged) -> Result<(), IngestError> {
        let (digest, length) = (staged.digest, staged.length);
        // Whoever hands it over bounds its size.
        let content = staged.content();
        let read = tokio::task::spawn_blocking(move || content.into_vec()).await.map_err(std::io::Error::other);
        let bytes = read.and_then(|read| read).map_err(IngestError::Staging)?;
        let known = self.archive.catalog.blob(digest).await?;
        let media_type = known.map_or_else(|| self.type_of(&bytes), |(media_type, _)| media_type);
        self.archive.objects.put(&StoreKey::Blob { digest, media_type }, Body::Bytes(bytes)).await?;
        for exchange in exchanges.iter_mut().filter(|exchange| exchange.digest == Some(digest)) {
            exchange.body = Some(KeptBody { digest, media_type, length });
        }
        Ok(())
    }

    fn type_of(&self, bytes: &[u8]) -> MediaType {
        media::probe(bytes, &self.limits).media_type
    }
}
