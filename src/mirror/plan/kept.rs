//! Whether a text that somebody may have written is kept already, and as which original.

use std::collections::HashMap;

use url::Url;

use super::super::error::MirrorError;
use super::trace_original::{Agreement, CANDIDATES, MirrorText, Originals, shown};
use crate::archive::StoreKey;
use crate::model::{Digest, MediaType, Reference, Span};

impl Originals {
    /// Whether nothing is lost when a text is replaced: it is a mirror on record, an original that is kept, or such an
    /// original with links in place of its references and nothing else changed.
    pub(in crate::mirror) async fn keep(&self, found: &MirrorText<'_>, text: &[u8]) -> Result<bool, MirrorError> {
        let digest = Digest::of(text);
        if !self.archive.catalog.originals_of_mirror(digest).await?.is_empty() {
            return Ok(true);
        }
        let key = StoreKey::Blob { digest, media_type: found.format.blob_type() };
        if matches!(self.archive.objects.stat(&key).await, Ok(Some(_))) {
            return Ok(true);
        }
        let links = found.links(text);
        let Some(first) = found.spans(text, &links).first().map(|(span, _)| span.start) else { return Ok(false) };
        let versions = self.versions(found).await?;
        if self.any_aligned(found, text, versions).await {
            return Ok(true);
        }
        let others = self.text_blobs().await?.beginning_like(text, first);
        Ok(self.any_aligned(found, text, others).await)
    }

    /// Those of some originals that a text can be a mirror of: where the catalog proves some, these alone. `other` is what
    /// other mirrors show for URLs that the catalog does not know.
    pub(super) async fn fitting(
        &self,
        found: &MirrorText<'_>,
        text: &[u8],
        candidates: &[(Digest, MediaType)],
        other: &HashMap<Url, Digest>,
    ) -> Result<Vec<(Digest, MediaType)>, MirrorError> {
        let (digest, spans) = (Digest::of(text), found.spans(text, &found.links(text)));
        let mut fitting: Vec<((Digest, MediaType), Agreement)> = Vec::new();
        for candidate in candidates {
            let Ok(original) = self.archive.read_verified(candidate.0, candidate.1).await else { continue };
            let pairs = found.pairs(&original, text, &spans).unwrap_or_default();
            let agreement = match pairs.is_empty() {
                true if candidate.0 == digest => Agreement::Proven,
                true => Agreement::None,
                false if contradicts(&pairs, &spans, other) => Agreement::None,
                false => self.agreement(found, &original, text, &spans).await?,
            };
            fitting.push((*candidate, agreement));
        }
        let best = fitting.iter().map(|(_, agreement)| *agreement).max().filter(|best| *best > Agreement::None);
        Ok(fitting.into_iter().filter(|(_, agreement)| Some(*agreement) == best).map(|(one, _)| one).collect())
    }

    /// The newest versions of the article under the path of a text.
    async fn versions(&self, found: &MirrorText<'_>) -> Result<Vec<(Digest, MediaType)>, MirrorError> {
        let Some(row) = found.row else { return Ok(Vec::new()) };
        let versions = self.archive.catalog.versions(row.id).await?.into_iter().rev().take(CANDIDATES);
        Ok(versions.map(|version| (version.original, version.format.blob_type())).collect())
    }

    async fn any_aligned(&self, found: &MirrorText<'_>, text: &[u8], blobs: Vec<(Digest, MediaType)>) -> bool {
        let spans = found.spans(text, &found.links(text));
        for (digest, media_type) in blobs {
            let Ok(original) = self.archive.read_verified(digest, media_type).await else { continue };
            if found.pairs(&original, text, &spans).is_some() {
                return true;
            }
        }
        false
    }
}

/// Whether a link leads to something else than what other mirrors show for the address that stood there.
fn contradicts(pairs: &[(Reference, usize)], links: &[(Span, StoreKey)], other: &HashMap<Url, Digest>) -> bool {
    pairs.iter().any(|(reference, link)| {
        let known = reference.url.as_ref().ok().and_then(|url| other.get(url));
        known.zip(shown(&links[*link].1)).is_some_and(|(known, shown)| *known != shown)
    })
}
