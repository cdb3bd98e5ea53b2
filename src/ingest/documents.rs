//! Documents that were requested → captures: what sources read, and robots.txt.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;
use tracing::warn;
use url::Url;

use super::bodies::Bodies;
use super::error::IngestError;
use crate::archive::{Archive, DocumentCapture};
use crate::config::MediaConfig;
use crate::fetch::RobotsLog;
use crate::model::{CaptureKind, Digest, Exchange, RunId};
use crate::staging::Staged;

/// Records what one run requested.
pub struct DocumentLog {
    archive: Arc<Archive>,
    bodies: Bodies,
    run: RunId,
    /// The texts that were taken down before the run.
    taken_down: OnceCell<HashSet<Digest>>,
}

impl DocumentLog {
    /// Records into the archive what this run requests.
    pub fn new(archive: &Arc<Archive>, limits: &MediaConfig, run: RunId) -> Self {
        Self { archive: Arc::clone(archive), bodies: Bodies::new(archive, limits), run, taken_down: OnceCell::new() }
    }

    /// Records a document. Its bodies are durable before its rows. What is as the newest capture has it is a revisit of
    /// that, and no body is kept.
    ///
    /// # Errors
    /// Where the archive cannot keep it.
    pub async fn record(&self, mut document: DocumentCapture, bodies: &[&Staged]) -> Result<(), IngestError> {
        if document.exchanges.is_empty() {
            return Ok(());
        }
        document.url.set_fragment(None);
        let facts = self.archive.catalog.document(&document.url, document.source.as_ref()).await?;
        if facts.keeps_bodies(document.kind) && facts.revisited(&document.exchanges).is_none() {
            for staged in bodies {
                self.keep(&mut document.exchanges, staged).await?;
            }
        }
        Ok(self.archive.catalog.record_document(self.run, &document).await?)
    }

    /// Keeps a body, unless it is a text that was taken down, or its place alone is not free.
    async fn keep(&self, exchanges: &mut [Exchange], staged: &Staged) -> Result<(), IngestError> {
        if self.taken_down.get_or_try_init(|| self.archive.texts_taken_down()).await?.contains(&staged.digest) {
            return Ok(());
        }
        match self.bodies.keep(exchanges, staged).await {
            Err(IngestError::Blob(error)) if error.is_of_one_place() => {
                warn!(%error, "a body is left out of its capture");
                Ok(())
            }
            kept => kept,
        }
    }
}

#[async_trait]
impl RobotsLog for DocumentLog {
    async fn received(&self, url: &Url, exchanges: &[Exchange], bodies: &[&Staged]) {
        let (url, exchanges) = (url.clone(), exchanges.to_vec());
        let document = DocumentCapture { url, kind: CaptureKind::Robots, source: None, exchanges };
        // An archive that cannot be written ends the run by what else needs it.
        if let Err(error) = self.record(document, bodies).await {
            warn!(%error, "the capture of a robots.txt cannot be recorded");
        }
    }
}
