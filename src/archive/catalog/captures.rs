//! URLs, their captures, and the assets and thumbnails behind them.

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::error::CatalogError;
use super::runs::MissingReport;
use crate::archive::key::StoreKey;
use crate::model::{
    Asset, Capture, CaptureId, Digest, HostKey, HostState, MediaType, Reason, ThumbnailName, UrlId, Validators,
};

/// What became of the attempts to get a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlState {
    /// No article shows it: it is requested as a document, such as a feed or a page.
    Document,
    /// It was never requested as an image.
    New,
    /// A good capture is kept, and the last attempt was good.
    Good,
    /// The last attempt failed. A good capture from before may still be kept.
    Failed,
    /// It was not requested when it was last due, because requests to its host were suspended or a budget was used up.
    Deferred,
    /// It failed too often, or permanently: it is no longer requested.
    Retired,
}

/// What is known of the attempts to get a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct UrlFacts {
    /// What became of them.
    pub state: UrlState,
    /// Why the last one failed.
    pub reason: Option<Reason>,
    /// What happened then, in one sentence for a person; `None` also where an earlier version of the program failed.
    pub detail: Option<String>,
    /// The status of the last one.
    pub status: Option<u16>,
    /// Failures since the last good one.
    pub attempts: u32,
    /// When the next one is due; `None` if it never is.
    pub next_attempt: Option<Timestamp>,
    /// When the first and the last good one were made.
    pub good: Option<(Timestamp, Timestamp)>,
    /// The asset of the newest good one.
    pub kept: Option<Digest>,
    /// Its validators, for conditional requests.
    pub validators: Validators,
    /// Whether it was reported as missing. A good capture resets this.
    pub reported: MissingReport,
}

impl Default for UrlFacts {
    /// A URL that was never requested.
    fn default() -> Self {
        Self {
            state: UrlState::New,
            reason: None,
            detail: None,
            status: None,
            attempts: 0,
            next_attempt: None,
            good: None,
            kept: None,
            validators: Validators::default(),
            reported: MissingReport::None,
        }
    }
}

/// A URL on record.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct UrlRow {
    /// Its row.
    pub id: UrlId,
    /// The URL.
    pub url: Url,
    /// What is known of the attempts to get it.
    pub facts: UrlFacts,
    /// What is known of the asset of its newest good capture, [`UrlFacts::kept`].
    pub asset: Option<AssetRow>,
}

/// A blob on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct BlobRow {
    /// The digest.
    pub digest: Digest,
    /// What it is, and so the extension it is kept under.
    pub media_type: MediaType,
    /// Its size in bytes.
    pub size: u64,
    /// When it was recorded.
    pub created: Timestamp,
}

impl BlobRow {
    /// Where it is stored.
    pub const fn key(&self) -> StoreKey {
        StoreKey::Blob { digest: self.digest, media_type: self.media_type }
    }
}

/// What is known of a blob that is media.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct AssetRow {
    /// The digest of the blob.
    pub digest: Digest,
    /// The blob's size in bytes.
    pub size: u64,
    /// What is known.
    pub asset: Asset,
}

/// A thumbnail that was made or could not be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct ThumbnailRow {
    /// The blob it was made from.
    pub original: Digest,
    /// The name of its size.
    pub name: ThumbnailName,
    /// The digest of all that shaped it. With another one, it is to be made again.
    pub recipe: Digest,
    /// What it is; why it could not be made, otherwise.
    pub made: Result<RenditionRow, String>,
}

impl ThumbnailRow {
    /// Where it is stored; `None` if it could not be made.
    pub fn key(&self) -> Option<StoreKey> {
        let made = self.made.as_ref().ok()?;
        Some(StoreKey::Thumbnail { name: self.name.clone(), original: self.original, media_type: made.media_type })
    }
}

/// What is known of a rendition that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), non_exhaustive)]
pub struct RenditionRow {
    /// What it is, and so the extension it is kept under.
    pub media_type: MediaType,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Its size in bytes.
    pub size: u64,
    /// The digest of its bytes.
    pub digest: Digest,
}

/// What keeping, rendering and showing captures needs.
#[async_trait]
pub trait Captures: Send + Sync {
    /// What is known of a URL.
    async fn url(&self, url: &Url) -> Result<Option<UrlRow>, CatalogError>;

    /// Up to `limit` URLs after this one that have no good capture or whose last attempt failed.
    async fn failing_urls(&self, after: Option<UrlId>, limit: usize) -> Result<Vec<UrlRow>, CatalogError>;

    /// Every capture of a URL, oldest first.
    async fn captures(&self, url: UrlId) -> Result<Vec<Capture>, CatalogError>;

    /// Up to `limit` captures of all URLs after this one, in the order in which they were recorded.
    async fn captures_after(&self, after: Option<CaptureId>, limit: usize) -> Result<Vec<Capture>, CatalogError>;

    /// Every host that was ever asked, with what was learned of it.
    async fn hosts(&self) -> Result<Vec<(HostKey, HostState)>, CatalogError>;

    /// The kind of a blob that is on record, and its size. Where it is kept as an article and as an asset: the asset.
    async fn blob(&self, digest: Digest) -> Result<Option<(MediaType, u64)>, CatalogError>;

    /// The thumbnails on record of some blobs, in the order of their digests and names.
    async fn thumbnails(&self, originals: &[Digest]) -> Result<Vec<ThumbnailRow>, CatalogError>;

    /// Records thumbnails that were made or could not be, in place of earlier ones of the same names, and perceptual
    /// hashes of assets. The files are durable already.
    async fn record_thumbnails(
        &self,
        thumbnails: &[ThumbnailRow],
        perceptual_hashes: &[(Digest, u64)],
    ) -> Result<(), CatalogError>;

    /// Up to `limit` assets after this digest, in the order of digests, of which a thumbnail is not on record for each
    /// of these names and recipes, made or not.
    async fn assets_lacking(
        &self,
        recipes: &[(ThumbnailName, Digest)],
        after: Option<Digest>,
        limit: usize,
    ) -> Result<Vec<AssetRow>, CatalogError>;
}
