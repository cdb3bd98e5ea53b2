//! Images that stand inside an article, as `data:` URLs → blobs.
//!
//! Each gets an address of its own: the name of its bytes (RFC 6920), `ni:///sha-256;…?ct=image/png`. From there on it
//! goes the way of every image, but for the request. What is no image, not whole, or too small to be more than a
//! place-holder is no reference: it stays where it is, and nothing is missing.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use data_url::DataUrl;
use url::Url;

use super::{Mirror, MirrorError};
use crate::archive::{ObjectError, UrlId, UrlRow};
use crate::config::{Config, MediaConfig, Size};
use crate::extract::{self, ExtractOptions};
use crate::fetch::Answer;
use crate::ingest::Verdict;
use crate::media;
use crate::model::{Digest, Ending, Failure, MediaType, Reason, Reference, UrlProblem};

/// Originals that are read for an image whose blob is gone: one that shows it is enough, unless it is damaged itself.
const ORIGINALS_READ: usize = 4;

/// The scheme of addresses that name their bytes.
pub const NAMED_BY_CONTENT: &str = "ni";

/// The images that were lifted out of an article.
pub(super) type Lifted = BTreeMap<Digest, (MediaType, Vec<u8>)>;

/// How large an image may be that is lifted: as large as one that is fetched.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    media: MediaConfig,
    max_bytes: Size,
}

impl Limits {
    /// The limits that the settings give.
    pub(super) fn of(config: &Config) -> Self {
        Self { media: config.media.clone(), max_bytes: config.fetch.max_bytes }
    }
}

/// Decodes every `data:` URL among some references and gives it the name of its bytes instead; those that are no image
/// to be lifted lose their URL.
pub(super) fn lift(references: &mut [Reference], limits: &Limits) -> Lifted {
    let mut lifted = Lifted::new();
    for reference in references {
        let Some(url) = reference.url.as_ref().ok().filter(|url| url.scheme() == "data") else { continue };
        let decoded = decode(url, limits);
        reference.url = Err(UrlProblem::Inline);
        let Some((media_type, bytes)) = decoded else { continue };
        let digest = Digest::of(&bytes);
        reference.url = name(digest, media_type).ok_or(UrlProblem::Inline);
        lifted.insert(digest, (media_type, bytes));
    }
    lifted
}

/// The image that a `data:` URL holds, by the same measure as one that is fetched.
fn decode(url: &Url, limits: &Limits) -> Option<(MediaType, Vec<u8>)> {
    let limit = limits.max_bytes.0;
    let (bytes, _) = DataUrl::process(url.as_str()).ok()?.decode_to_vec().ok()?;
    let fits = limit == 0 || bytes.len() as u64 <= limit;
    let asset = media::probe(&bytes, &limits.media);
    let shown = asset.media_type.is_image()
        && asset.ending != Ending::Truncated
        && !limits.media.is_tracker(asset.width, asset.height);
    (fits && shown).then_some((asset.media_type, bytes))
}

fn name(digest: Digest, media_type: MediaType) -> Option<Url> {
    let hash = BASE64URL_NOPAD.encode(digest.as_bytes());
    Url::parse(&format!("{NAMED_BY_CONTENT}:///sha-256;{hash}?ct={}", media_type.mime())).ok()
}

/// The bytes that a name stands for, and what they can be.
fn named(url: &Url) -> Option<(Digest, impl Iterator<Item = MediaType>)> {
    let hash = url.path().strip_prefix("/sha-256;")?;
    let digest = Digest::from_bytes(BASE64URL_NOPAD.decode(hash.as_bytes()).ok()?.try_into().ok()?);
    let mime = url.query()?.strip_prefix("ct=")?.to_owned();
    Some((digest, MediaType::ALL.iter().copied().filter(move |media_type| media_type.mime() == mime)))
}

impl Mirror {
    /// Keeps what was lifted as blobs, before any row says that they are there.
    pub(super) async fn keep_lifted(&self, lifted: Lifted) -> Result<(), MirrorError> {
        for (media_type, bytes) in lifted.into_values() {
            let staging = self.archive.objects.staging().clone();
            let place = staging.folder().display().to_string();
            let staged = tokio::task::spawn_blocking(move || staging.write(&bytes)).await;
            let staged = staged.expect("writing a file does not panic");
            let staged = staged.map_err(|cause| ObjectError::Io { action: "write to", place, cause })?;
            self.archive.keep(staged, media_type).await?;
        }
        Ok(())
    }

    /// What was lifted when its article was read; out of the article once more, where the blob is gone.
    pub(super) async fn lifted(&self, url: &UrlRow, verdict: &Verdict<'_>) -> Result<Answer, Failure> {
        let (digest, types) = named(&url.url).ok_or_else(|| Failure::new(Reason::BadUrl, "it names no bytes"))?;
        let kept = match self.kept(digest, types).await {
            Some(bytes) => Some(bytes),
            None => self.lift_again(url.id, digest).await,
        };
        let bytes = kept.ok_or_else(|| Failure::new(Reason::LocalFile, "neither its blob nor its article holds it"))?;
        self.ingest.adopt(|| Ok(std::io::Cursor::new(bytes)), verdict).await
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
    async fn lift_again(&self, url: UrlId, digest: Digest) -> Option<Vec<u8>> {
        let options = ExtractOptions::new(&self.config.rewrite, None);
        for key in self.archive.catalog.articles_of(url, ORIGINALS_READ).await.ok()? {
            let Ok(Some(row)) = self.archive.catalog.article(&key).await else { continue };
            let format = row.version.format;
            let Ok(original) = self.archive.read_verified(row.version.original, format.blob_type()).await else {
                continue;
            };
            let mut references = extract::extract(&original, format, &options).references;
            if let Some((_, bytes)) = lift(&mut references, &Limits::of(&self.config)).remove(&digest) {
                return Some(bytes);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_bytes() {
        // RFC 6920, section 8.1.
        let digest = Digest::of(b"Hello World!");
        let url = name(digest, MediaType::Svg).expect("it is a URL");
        assert_eq!(url.as_str(), "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk?ct=image/svg+xml");
        let (found, types) = named(&url).expect("it is a name");
        assert_eq!((found, types.collect::<Vec<_>>()), (digest, vec![MediaType::Svg]));
        for other in ["ni:///sha-256;AAAA?ct=image/png", "ni:///md5;AAAA", "ni:///sha-256;", "file:///sha-256;x"] {
            assert!(named(&Url::parse(other).expect("a URL")).is_none(), "{other}");
        }
    }
}
