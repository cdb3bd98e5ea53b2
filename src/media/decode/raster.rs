//! PNG, BMP and icons, by the decoders of the `image` crate, which are written in safe Rust.

use std::io::Cursor;

use image::codecs::{bmp::BmpDecoder, ico::IcoDecoder, png::PngDecoder};
use image::{ColorType, ImageDecoder, ImageError, Limits};

use super::super::error::MediaError;
use super::super::fields::Fields;
use super::super::picture::{Channels, Picture};
use super::super::probe;
use super::{Decoded, check_memory, check_size, tiff};
use crate::config::MediaConfig;
use crate::model::MediaType;

pub(super) fn png(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    read(PngDecoder::with_limits(Cursor::new(bytes), bounds(limits)).map_err(reason)?, 1, limits)
}

pub(super) fn bmp(bytes: &[u8], limits: &MediaConfig) -> Result<Decoded, MediaError> {
    read(BmpDecoder::new(Cursor::new(bytes)).map_err(reason)?, 1, limits)
}

/// The largest picture of an icon or a cursor.
pub(super) fn icon(bytes: Fields<'_>, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let entry = probe::largest_in_icon(bytes).ok_or_else(|| MediaError::damaged("no picture in the icon"))?;
    let body = bytes.window(entry.start, entry.length);
    if body.has(0, b"\x89PNG") {
        return png(body.0, limits);
    }
    // An icon of this one picture, because the decoder chooses by other rules and knows no cursors.
    let length = u32::try_from(body.len()).map_err(MediaError::damaged)?;
    let mut single = Vec::with_capacity(22 + body.len());
    single.extend_from_slice(b"\0\0\x01\0\x01\0");
    single.extend_from_slice(&[entry.width, entry.height, 0, 0, 1, 0, 32, 0]);
    single.extend_from_slice(&length.to_le_bytes());
    single.extend_from_slice(&22_u32.to_le_bytes());
    single.extend_from_slice(body.0);
    read(IcoDecoder::new(Cursor::new(single)).map_err(reason)?, 1, limits)
}

/// The limits as the decoders take them.
pub(super) fn bounds(limits: &MediaConfig) -> Limits {
    let mut bounds = Limits::no_limits();
    bounds.max_alloc = (limits.max_alloc.0 > 0).then_some(limits.max_alloc.0);
    bounds
}

/// Bytes a pixel of a picture whose header was probed.
pub(super) fn per_pixel(media_type: MediaType, bit_depth: u64, alpha: bool) -> u64 {
    let copies = if media_type == MediaType::Tiff { tiff::COPIES } else { 1 };
    memory(3 + u64::from(alpha), bit_depth.div_ceil(8).next_power_of_two(), alpha, copies)
}

/// Bytes a pixel: the samples as often as the decoder holds them and, where they are deeper than eight bits, the bytes
/// made of them; then those bytes and, where some are transparent, a copy with premultiplied alpha.
fn memory(channels: u64, depth: u64, alpha: bool, copies: u64) -> u64 {
    let decoding = channels * depth * copies;
    let deep = if depth > 1 { channels * (depth + 1) } else { 0 };
    let scaling = if alpha { channels * 2 } else { channels };
    decoding.max(deep).max(scaling)
}

/// Lets a decoder work, after its own idea of the size has been checked: it may differ from the header that was probed.
pub(super) fn read(mut decoder: impl ImageDecoder, copies: u64, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    let (width, height) = decoder.dimensions();
    check_size(width, height, limits)?;
    let color = decoder.color_type();
    let (channels, samples) = (u64::from(color.channel_count()), u64::from(color.bytes_per_pixel()));
    let per_pixel = memory(channels, samples / channels.max(1), color.has_alpha(), copies);
    check_memory((u64::from(width) * u64::from(height)).saturating_mul(per_pixel), limits)?;
    decoder.set_limits(bounds(limits)).map_err(reason)?;
    let profile = decoder.icc_profile().ok().flatten();
    let mut data = vec![0; usize::try_from(decoder.total_bytes()).map_err(MediaError::damaged)?];
    decoder.read_image(&mut data).map_err(reason)?;
    let (channels, data) = eight_bits(color, data)?;
    Ok(Decoded::packed(Picture::new(width, height, channels, data)?, profile))
}

/// Samples of any depth as bytes.
fn eight_bits(color: ColorType, data: Vec<u8>) -> Result<(Channels, Vec<u8>), MediaError> {
    let channels = match color {
        ColorType::L8 | ColorType::L16 => Channels::Gray,
        ColorType::La8 | ColorType::La16 => Channels::GrayAlpha,
        ColorType::Rgb8 | ColorType::Rgb16 | ColorType::Rgb32F => Channels::Rgb,
        ColorType::Rgba8 | ColorType::Rgba16 | ColorType::Rgba32F => Channels::Rgba,
        other => return Err(MediaError::damaged(format!("samples of an unknown kind: {other:?}"))),
    };
    let data = match usize::from(color.bytes_per_pixel()) / channels.count() {
        1 => data,
        2 => data.chunks_exact(2).map(|pair| from_16(u16::from_ne_bytes([pair[0], pair[1]]))).collect(),
        _ => data
            .chunks_exact(4)
            .map(|four| from_float(f32::from_ne_bytes([four[0], four[1], four[2], four[3]])))
            .collect(),
    };
    Ok((channels, data))
}

/// The nearest of 256 levels: 65535 / 255 is 257.
fn from_16(sample: u16) -> u8 {
    u8::try_from((u32::from(sample) + 128) / 257).unwrap_or(u8::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped, and NaN becomes 0")]
fn from_float(sample: f32) -> u8 {
    (sample.clamp(0.0, 1.0) * 255.0).round() as u8
}

pub(super) fn reason(error: ImageError) -> MediaError {
    match error {
        ImageError::Unsupported(error) => MediaError::Variant(error.to_string()),
        ImageError::Limits(error) => MediaError::Variant(format!("within the limits: {error}")),
        error => MediaError::damaged(error),
    }
}
