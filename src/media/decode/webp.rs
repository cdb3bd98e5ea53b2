//! WebP. Stills by libwebp: the reference decoder, in C, twice as fast as what there is in Rust. Animations are decoded
//! elsewhere, and looked at here first.

use super::super::error::MediaError;
use super::super::fields::Fields;
use super::super::icc;
use super::super::picture::{Channels, Picture};
use super::super::probe::size_of_lossy_webp;
use super::super::riff::Chunks;
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

/// Refuses an animation with a frame whose picture is not of the frame's size (RFC 9649, section 2.7.1.1): its decoder
/// trusts that where there is alpha, and would panic.
pub(super) fn check_frames(bytes: Fields<'_>) -> Result<(), MediaError> {
    let mut frames = Chunks::of_file(bytes).filter(|chunk| chunk.kind == b"ANMF");
    if frames.all(|frame| is_of_one_size(frame.body)) {
        Ok(())
    } else {
        Err(MediaError::damaged("a frame holds a picture of another size"))
    }
}

fn is_of_one_size(frame: Fields<'_>) -> bool {
    let mut parts = Chunks::of_part(frame.window(16, frame.len()));
    if parts.next().is_none_or(|first| first.kind != b"ALPH") {
        return true;
    }
    let declared = frame.le24(6).zip(frame.le24(9)).map(|(width, height)| (width + 1, height + 1));
    let actual = parts.next().and_then(|color| size_of_lossy_webp(color.body));
    actual.is_none() || actual == declared
}
