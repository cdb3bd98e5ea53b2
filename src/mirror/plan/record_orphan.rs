//! Records originals without a source that lists them, to rebuild a lost catalog.

use std::collections::HashMap;
use std::sync::Arc;

use url::Url;

use super::super::error::MirrorError;
use super::super::sources::{RunSource, Sources};
use super::moved::Moved;
use super::read_article::{ReadArticle, read_original};
use super::trace_original::{MirrorText, Originals};
use crate::archive::{Archive, ArticleId};
use crate::config::Config;
use crate::extract::{self, ExtractOptions};
use crate::model::{Digest, Fingerprint, MediaType, RelativePath};
use crate::source::Source;

/// Records originals of one source as a run does.
pub struct OriginalRecorder {
    config: Arc<Config>,
    archive: Arc<Archive>,
    source: Arc<RunSource>,
    moved: Moved,
}

impl OriginalRecorder {
    /// Records articles of a source into an archive.
    pub fn new(config: &Arc<Config>, archive: &Arc<Archive>, source: Source) -> Self {
        let sources = Sources::new(config, vec![source], Some(archive));
        let source = sources.iter().next().map(Arc::clone).expect("there is one source");
        let moved = Moved::new(Arc::clone(archive));
        Self { config: Arc::clone(config), archive: Arc::clone(archive), source, moved }
    }

    /// The source.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What extraction needs to know about an article.
    pub fn options(&self, path: &RelativePath) -> ExtractOptions {
        self.source.options(path, None, None)
    }

    /// Which of some originals a mirror can be made from, by the catalog and by what other mirrors `show`.
    ///
    /// # Errors
    /// Where the archive cannot be read.
    pub async fn fitting(
        &self,
        path: &RelativePath,
        mirror: &[u8],
        candidates: &[(Digest, MediaType)],
        shown: &HashMap<Url, Digest>,
    ) -> Result<Vec<(Digest, MediaType)>, MirrorError> {
        let (format, options) = (extract::format_of(path, mirror), self.options(path));
        let prefix = self.source.config.links.as_str();
        let found = MirrorText { format, options: &options, prefix, row: None };
        Originals::new(Arc::clone(&self.archive)).fitting(&found, mirror, candidates, shown).await
    }

    /// Records an article whose original is a blob already. The images that it holds itself are kept.
    ///
    /// # Errors
    /// Where the archive cannot keep it.
    pub async fn record(
        &self,
        path: &RelativePath,
        fingerprint: Fingerprint,
        original: Vec<u8>,
    ) -> Result<ArticleId, MirrorError> {
        let size = original.len() as u64;
        let (read, resolved) =
            read_original(&self.config, &self.source, path, fingerprint, original, (None, None)).await;
        let ReadArticle { version, inline, bytes, .. } = *read;
        let moved = (&self.moved, &*bytes);
        let references = resolved.keep_copies(&self.archive, &self.source, None, moved).await?;
        for (media_type, image) in inline.into_values() {
            let staged = self.archive.objects.staging().write(&image);
            let failed = crate::archive::ObjectError::io("write", &version.key);
            self.archive.keep(staged.map_err(failed)?, media_type).await?;
        }
        Ok(self.archive.catalog.record_article(&version, size, &references).await?.0)
    }
}
