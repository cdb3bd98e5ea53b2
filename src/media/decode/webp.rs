//! WebP. Stills by libwebp: the reference decoder, in C, twice as fast as the decoder in Rust. The decoder in Rust handles
//! animations, whose frames are checked here first.

use super::decoded::Decoded;
use super::limits::{check_memory, check_size};
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::icc;
use crate::media::probe::size_of_lossy_webp;
use crate::media::raster::{Channels, Raster};
use crate::media::riff::Chunks;

/// Bytes of memory per pixel: libwebp's image and its own buffers, or the image and a copy of it.
pub(super) const BYTES_PER_PIXEL: u64 = 8;

/// A still.
pub(super) fn decode(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let damaged = || MediaError::damaged("libwebp cannot decode it");
    let features = webp::BitstreamFeatures::new(bytes).ok_or_else(damaged)?;
    check_size(features.width(), features.height(), limits)?;
    check_memory(u64::from(features.width()) * u64::from(features.height()) * BYTES_PER_PIXEL, limits)?;
    let image = webp::Decoder::new(bytes).decode().ok_or_else(damaged)?;
    let channels = if image.is_alpha() { Channels::Rgba } else { Channels::Rgb };
    let raster = Raster::new(image.width(), image.height(), channels, image.to_vec())?;
    Ok(Decoded::interleaved(raster, icc::of_webp(bytes)))
}

/// Refuses an animation with a frame whose bitstream is not of the frame's size (RFC 9649, section 2.7.1.1). With alpha,
/// the decoder relies on that and would panic.
pub(super) fn check_frames(bytes: ByteReader<'_>) -> Result<(), MediaError> {
    let mut frames = Chunks::of_file(bytes).filter(|chunk| chunk.fourcc == b"ANMF");
    if frames.all(|frame| has_one_size(frame.body)) {
        Ok(())
    } else {
        Err(MediaError::damaged("a frame holds an image of another size"))
    }
}

fn has_one_size(frame: ByteReader<'_>) -> bool {
    let mut chunks = Chunks::nested(frame.window(16, frame.len()));
    if chunks.next().is_none_or(|first| first.fourcc != b"ALPH") {
        return true;
    }
    let declared = frame.le24(6).zip(frame.le24(9)).map(|(width, height)| (width + 1, height + 1));
    let actual = chunks.next().and_then(|bitstream| size_of_lossy_webp(bitstream.body));
    actual.is_none() || actual == declared
}
