//! WebP stills, by libwebp: the reference decoder, in C, twice as fast as what there is in Rust.

use super::super::error::MediaError;
use super::super::icc;
use super::super::picture::{Channels, Picture};
use super::{Decoded, check_memory, check_size};
use crate::config::MediaConfig;

/// Bytes a pixel: libwebp's picture and its own buffers, or the picture and a copy of it.
pub(super) const PER_PIXEL: u64 = 8;

pub(super) fn decode(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let damaged = || MediaError::damaged("libwebp cannot decode it");
    let features = webp::BitstreamFeatures::new(bytes).ok_or_else(damaged)?;
    check_size(features.width(), features.height(), limits)?;
    check_memory(u64::from(features.width()) * u64::from(features.height()) * PER_PIXEL, limits)?;
    let image = webp::Decoder::new(bytes).decode().ok_or_else(damaged)?;
    let channels = if image.is_alpha() { Channels::Rgba } else { Channels::Rgb };
    let picture = Picture::new(image.width(), image.height(), channels, image.to_vec())?;
    Ok(Decoded::packed(picture, icc::of_webp(bytes)))
}
