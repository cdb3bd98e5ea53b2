//! The result of making thumbnails.

use super::error::MediaError;
use crate::model::MediaType;

/// A smaller rendition of an image: upright, in sRGB, without metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// The format of `bytes`.
    pub media_type: MediaType,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The encoded image.
    pub bytes: Vec<u8>,
}

/// What decoding an image gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renditions {
    /// One result per size, in the order of the sizes.
    pub sizes: Vec<Result<Rendition, MediaError>>,
    /// The perceptual hash of the image as shown; see `similar`. `None` if it was not decoded, or has
    /// too little structure.
    pub perceptual_hash: Option<u64>,
}

impl Renditions {
    /// The same error for each of so many sizes.
    pub(crate) fn failed(error: MediaError, count: usize) -> Self {
        Self { sizes: vec![Err(error); count], perceptual_hash: None }
    }
}
