//! WebP stills, by libwebp: the reference decoder, in C, twice as fast as what there is in Rust.

use super::super::error::MediaError;
use super::super::icc;
use super::super::picture::{Channels, Picture};
use super::{Decoded, check_memory, check_size};
use crate::config::MediaConfig;

pub(super) fn decode(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let damaged = || MediaError::damaged("libwebp cannot decode it");
    let features = webp::BitstreamFeatures::new(bytes).ok_or_else(damaged)?;
    check_size(features.width(), features.height(), limits)?;
    // libwebp's own buffers are smaller than another copy of the pixels.
    check_memory(u64::from(features.width()) * u64::from(features.height()) * 8, limits)?;
    let image = webp::Decoder::new(bytes).decode().ok_or_else(damaged)?;
    let channels = if image.is_alpha() { Channels::Rgba } else { Channels::Rgb };
    let picture = Picture::new(image.width(), image.height(), channels, image.to_vec())?;
    Ok(Decoded::packed(picture, icc::of_webp(bytes)))
}
