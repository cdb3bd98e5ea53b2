//! Images that articles hold themselves, as jobs of the queue.

use std::sync::Arc;

use crate::archive::{Archive, UrlId, UrlRow};
use crate::config::Config;
use crate::extract::{self, ExtractOptions};
use crate::fetch::Answer;
use crate::ingest::{ImageJudge, Ingest, InlineLimits, inline_name, take_inline};
use crate::model::{Asset, Digest, Failure, MediaType, Reason};

/// Originals that are read for an image whose blob is lost: one that shows it is enough, unless it is damaged itself.
const ORIGINALS_READ: usize = 4;

/// Gives the images that articles hold themselves.
pub(in crate::mirror) struct InlineSource {
    archive: Arc<Archive>,
    ingest: Arc<Ingest>,
    options: ExtractOptions,
    limits: InlineLimits,
}

impl InlineSource {
    pub(in crate::mirror) fn new(archive: Arc<Archive>, ingest: Arc<Ingest>, config: &Config) -> Self {
        let options = ExtractOptions::new(&config.rewrite, None);
        Self { archive, ingest, options, limits: InlineLimits::new(config) }
    }

    /// The image that was taken out of its article when that was read. If its blob is lost, it is taken out again.
    pub(super) async fn image(&self, url: &UrlRow, judge: &ImageJudge<'_>) -> Result<Answer<Asset>, Failure> {
        let (digest, types) = inline_name(&url.url).ok_or_else(|| Failure::new(Reason::BadUrl, "it names no bytes"))?;
        let kept = match self.kept(digest, types).await {
            Some(bytes) => Some(bytes),
            None => self.take_from_original(url.id, digest).await,
        };
        let bytes = kept.ok_or_else(|| Failure::new(Reason::LocalFile, "neither its blob nor its article holds it"))?;
        self.ingest.adopt(|| Ok(std::io::Cursor::new(bytes)), judge).await
    }

    /// The blob of that digest, whichever of some types it is kept as.
    async fn kept(&self, digest: Digest, types: impl Iterator<Item = MediaType>) -> Option<Vec<u8>> {
        for media_type in types {
            if let Ok(bytes) = self.archive.read_verified(digest, media_type).await {
                return Some(bytes);
            }
        }
        None
    }

    /// The same bytes out of an original that shows them.
    async fn take_from_original(&self, url: UrlId, digest: Digest) -> Option<Vec<u8>> {
        for key in self.archive.catalog.articles_of(url, ORIGINALS_READ).await.ok()? {
            let Ok(Some(row)) = self.archive.catalog.article(&key).await else { continue };
            let format = row.version.format;
            let Ok(original) = self.archive.read_verified(row.version.original, format.blob_type()).await else {
                continue;
            };
            let mut references = extract::extract(&original, format, &self.options).references;
            if let Some((_, bytes)) = take_inline(&mut references, &self.limits).remove(&digest) {
                return Some(bytes);
            }
        }
        None
    }
}
