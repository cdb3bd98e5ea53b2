//! PNG, BMP, icons and cursors, by the decoders of the `image` crate, which are written in safe Rust.

use std::io::Cursor;

use image::codecs::{bmp::BmpDecoder, ico::IcoDecoder, png::PngDecoder};

use super::decoded::Decoded;
use super::image_decoder::{decoder_limits, read, reason};
use crate::config::MediaConfig;
use crate::media::byte_reader::ByteReader;
use crate::media::error::MediaError;
use crate::media::probe;

/// A PNG still, or the default image of an APNG.
pub(super) fn png(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    read(PngDecoder::with_limits(Cursor::new(bytes), decoder_limits(limits)).map_err(reason)?, 1, limits)
}

/// A Windows bitmap.
pub(super) fn bmp(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    read(BmpDecoder::new(Cursor::new(bytes)).map_err(reason)?, 1, limits)
}

/// The largest image of an icon or a cursor.
pub(super) fn ico(bytes: ByteReader<'_>, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let entry = probe::largest_in_icon(bytes).ok_or_else(|| MediaError::damaged("no image in the icon"))?;
    let body = bytes.window(entry.start, entry.length);
    if body.has(0, b"\x89PNG") {
        return png(body.0, limits);
    }
    // The decoder chooses by other rules and knows no cursors, so it gets an icon of this one image.
    let length = u32::try_from(body.len()).map_err(MediaError::damaged)?;
    let mut single = Vec::with_capacity(22 + body.len());
    single.extend_from_slice(b"\0\0\x01\0\x01\0");
    single.extend_from_slice(&[entry.width, entry.height, 0, 0, 1, 0, 32, 0]);
    single.extend_from_slice(&length.to_le_bytes());
    single.extend_from_slice(&22_u32.to_le_bytes());
    single.extend_from_slice(body.0);
    read(IcoDecoder::new(Cursor::new(single)).map_err(reason)?, 1, limits)
}
