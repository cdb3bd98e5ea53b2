//! Reads the decoders of the `image` crate into rasters of eight bits.

use image::{ColorType, ImageDecoder, ImageError, Limits};

use super::decoded::Decoded;
use super::limits::{check_memory, check_size};
use super::tone_map::ToneMap;
use crate::config::MediaConfig;
use crate::media::error::MediaError;
use crate::media::raster::{Channels, Raster};
use crate::model::Asset;

/// The limits in the form that the decoders take.
pub(super) fn decoder_limits(limits: &MediaConfig) -> Limits {
    let mut of_decoder = Limits::no_limits();
    of_decoder.max_alloc = (limits.max_alloc.0 > 0).then_some(limits.max_alloc.0);
    of_decoder
}

/// Bytes of memory per pixel for a probed image whose decoder holds the samples `copies` times.
pub(super) fn bytes_per_pixel(asset: &Asset, copies: u64) -> u64 {
    let bytes_per_sample = u64::from(asset.bit_depth).div_ceil(8).next_power_of_two();
    peak_bytes(3 + u64::from(asset.alpha), bytes_per_sample, asset.alpha, copies)
}

/// Bytes per pixel at the peak: the samples as often as the decoder holds them; for samples deeper than eight bits, the
/// samples and the bytes made of them; then those bytes and, with alpha, a premultiplied copy.
fn peak_bytes(channels: u64, bytes_per_sample: u64, alpha: bool, copies: u64) -> u64 {
    let decoding = channels * bytes_per_sample * copies;
    let converting = if bytes_per_sample > 1 { channels * (bytes_per_sample + 1) } else { 0 };
    let scaling = if alpha { channels * 2 } else { channels };
    decoding.max(converting).max(scaling)
}

/// Runs a decoder. Its own idea of the size is checked first, since it may differ from the probed one.
pub(super) fn read(decoder: impl ImageDecoder, copies: u64, limits: &MediaConfig) -> Result<Decoded, MediaError> {
    read_mapped(decoder, copies, limits, None)
}

/// The same, of an image whose colors are HDR where there is a map for them.
pub(super) fn read_mapped(
    mut decoder: impl ImageDecoder,
    copies: u64,
    limits: &MediaConfig,
    tones: Option<&ToneMap>,
) -> Result<Decoded, MediaError> {
    let (width, height) = decoder.dimensions();
    check_size(width, height, limits)?;
    let color = decoder.color_type();
    let (channels, bytes) = (u64::from(color.channel_count()), u64::from(color.bytes_per_pixel()));
    let per_pixel = peak_bytes(channels, bytes / channels.max(1), color.has_alpha(), copies);
    check_memory((u64::from(width) * u64::from(height)).saturating_mul(per_pixel), limits)?;
    decoder.set_limits(decoder_limits(limits)).map_err(reason)?;
    let profile = decoder.icc_profile().ok().flatten();
    let mut data = vec![0; usize::try_from(decoder.total_bytes()).map_err(MediaError::damaged)?];
    decoder.read_image(&mut data).map_err(reason)?;
    let (channels, data) = to_eight_bits(color, data, tones)?;
    Ok(Decoded::interleaved(Raster::new(width, height, channels, data)?, profile))
}

/// Converts samples of any depth to bytes.
fn to_eight_bits(color: ColorType, data: Vec<u8>, tones: Option<&ToneMap>) -> Result<(Channels, Vec<u8>), MediaError> {
    let channels = match color {
        ColorType::L8 | ColorType::L16 => Channels::Gray,
        ColorType::La8 | ColorType::La16 => Channels::GrayAlpha,
        ColorType::Rgb8 | ColorType::Rgb16 | ColorType::Rgb32F => Channels::Rgb,
        ColorType::Rgba8 | ColorType::Rgba16 | ColorType::Rgba32F => Channels::Rgba,
        other => return Err(MediaError::damaged(format!("samples of an unknown kind: {other:?}"))),
    };
    let width = usize::from(color.bytes_per_pixel()) / channels.count();
    let data = match (tones, width) {
        (Some(tones), _) => mapped(data, channels, width, tones),
        (None, 1) => data,
        (None, 2) => data.chunks_exact(2).map(|pair| from_16(u16::from_ne_bytes([pair[0], pair[1]]))).collect(),
        _ => data.chunks_exact(4).map(|four| from_float(fraction(four))).collect(),
    };
    Ok((channels, data))
}

/// HDR as bytes of sRGB, of samples that are so many bytes wide. Gray stands for red, green and blue. It takes no memory
/// beside that of the samples.
fn mapped(mut data: Vec<u8>, channels: Channels, width: usize, tones: &ToneMap) -> Vec<u8> {
    let colors = channels.count() - usize::from(channels.has_alpha());
    let pixels = data.len() / (width * channels.count());
    for pixel in 0..pixels {
        let sample = |at: usize| fraction(&data[(pixel * channels.count() + at) * width..][..width]);
        let coded = if colors == 1 { [sample(0); 3] } else { [0, 1, 2].map(sample) };
        let alpha = channels.has_alpha().then(|| from_float(sample(colors)));
        let out = &mut data[pixel * channels.count()..][..channels.count()];
        out[..colors].copy_from_slice(&tones.bytes(coded)[..colors]);
        out[colors..].copy_from_slice(alpha.as_slice());
    }
    data.truncate(pixels * channels.count());
    data
}

/// A sample of 8, 16 or 32 bits, from 0 to 1.
fn fraction(sample: &[u8]) -> f32 {
    match *sample {
        [byte] => f32::from(byte) / 255.0,
        [first, second] => f32::from(u16::from_ne_bytes([first, second])) / 65_535.0,
        [a, b, c, d] => f32::from_ne_bytes([a, b, c, d]),
        _ => 0.0,
    }
}

/// The nearest of 256 levels: 65535 / 255 is 257.
pub(super) fn from_16(sample: u16) -> u8 {
    u8::try_from((u32::from(sample) + 128) / 257).unwrap_or(u8::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped, and NaN becomes 0")]
fn from_float(sample: f32) -> u8 {
    (sample.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// The error of a decoder in our terms.
pub(super) fn reason(error: ImageError) -> MediaError {
    match error {
        ImageError::Unsupported(error) => MediaError::Variant(error.to_string()),
        ImageError::Limits(error) => MediaError::Variant(format!("within the limits: {error}")),
        error => MediaError::damaged(error),
    }
}
