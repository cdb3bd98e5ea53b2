//! Images that stand inside an article, as `data:` URLs → blobs.
//!
//! Each gets a URL of its own: the name of its bytes (RFC 6920), `ni:///sha-256;…?ct=image/png`. From then on it is
//! handled as every image is, but without a request. Data that is no image, not whole, or too small to be more than a
//! placeholder is not a reference: it stays in the article, and does not count as missing.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use data_url::DataUrl;
use url::Url;

use crate::config::{Config, MediaConfig, Size};
use crate::media;
use crate::model::{Digest, Ending, MediaType, Reference, UrlProblem};

/// The scheme of URLs that name their bytes.
pub const NI_SCHEME: &str = "ni";

/// The images that an article holds itself, by their digest.
pub type InlineImages = BTreeMap<Digest, (MediaType, Vec<u8>)>;

/// The size limit of an inline image that is kept as a blob: that of an image that is fetched.
#[derive(Debug, Clone)]
pub struct InlineLimits {
    media: MediaConfig,
    max_bytes: Size,
}

impl InlineLimits {
    /// The limits that the settings give.
    pub fn new(config: &Config) -> Self {
        Self { media: config.media.clone(), max_bytes: config.fetch.max_bytes }
    }
}

/// Decodes every `data:` URL among some references, and replaces it by the name of its bytes. References whose data is
/// not kept lose their URL.
pub fn take_inline(references: &mut [Reference], limits: &InlineLimits) -> InlineImages {
    let mut images = InlineImages::new();
    for reference in references {
        let Some(url) = reference.url.as_ref().ok().filter(|url| url.scheme() == "data") else { continue };
        let decoded = decode(url, limits);
        reference.url = Err(UrlProblem::Inline);
        let Some((media_type, bytes)) = decoded else { continue };
        let digest = Digest::of(&bytes);
        reference.url = name(digest, media_type).ok_or(UrlProblem::Inline);
        images.insert(digest, (media_type, bytes));
    }
    images
}

/// The image that a `data:` URL holds, judged as one that is fetched.
fn decode(url: &Url, limits: &InlineLimits) -> Option<(MediaType, Vec<u8>)> {
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
    Url::parse(&format!("{NI_SCHEME}:///sha-256;{hash}?ct={}", media_type.mime())).ok()
}

/// The digest in the name of an inline image, and its possible media types; `None` for any other URL.
pub fn inline_name(url: &Url) -> Option<(Digest, impl Iterator<Item = MediaType>)> {
    let hash = url.path().strip_prefix("/sha-256;")?;
    let digest = Digest::from_bytes(BASE64URL_NOPAD.decode(hash.as_bytes()).ok()?.try_into().ok()?);
    let mime = url.query()?.strip_prefix("ct=")?.to_owned();
    Some((digest, MediaType::ALL.iter().copied().filter(move |media_type| media_type.mime() == mime)))
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
        let (found, types) = inline_name(&url).expect("it is a name");
        assert_eq!((found, types.collect::<Vec<_>>()), (digest, vec![MediaType::Svg]));
        for other in ["ni:///sha-256;AAAA?ct=image/png", "ni:///md5;AAAA", "ni:///sha-256;", "file:///sha-256;x"] {
            assert!(inline_name(&Url::parse(other).expect("a URL")).is_none(), "{other}");
        }
    }
}
